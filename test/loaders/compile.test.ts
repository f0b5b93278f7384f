/** What `fovea compile` writes for wasm and WGSL: which files, the same bytes again, licensed, whole manifests. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { command } from "../support/command.ts";
import { specOf, caseOf, type Result } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-compile-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text =
  "attention t(q, k, v: f32[B, H, L, D]) { mask causal and window(8) example B = 1, H = 2, L = 64, D = 16 }\n";
writeFileSync(join(folder, "t.attn"), text);

async function compile(out: string, ...more: readonly string[]) {
  const said = await command("compile", join(folder, "t.attn"), "-o", join(folder, out), ...more);
  return { ...said, paths: said.stdout.split("\n").filter(Boolean) };
}
const contents = (out: string): Record<string, Buffer> =>
  Object.fromEntries(readdirSync(join(folder, out)).map((name) => [name, readFileSync(join(folder, out, name))]));

test("both targets: every file, the same bytes again, licensed; the combined loader runs", async () => {
  const first = await compile("one", "--target", "wgsl,wasm");
  expect(first).toMatchObject({ status: 0, stderr: "" });
  const endings = "d.mts mjs relaxed.wasm wasm wasm.d.mts wasm.json wasm.mjs wgsl wgsl.d.mts wgsl.json wgsl.mjs";
  const names = endings.split(" ").map((ending) => `t.${ending}`);
  const made = contents("one");
  expect(Object.keys(made).toSorted()).toEqual(names.toSorted());
  expect(first.paths.toSorted()).toEqual(names.map((name) => join(folder, "one", name)).toSorted());
  expect((await compile("two", "--target", "wasm,wgsl")).status).toBe(0);
  expect(contents("two")).toEqual(made);
  for (const [name, content] of Object.entries(made)) {
    if (name.endsWith(".wasm") || name.endsWith(".json")) continue;
    expect(content.toString().split("\n")[0]).toBe("// SPDX-License-Identifier: 0BSD");
    expect(content.toString()).not.toMatch(/https?:\/\//);
  }
  manifests(made);

  const { create } = (await import(pathToFileURL(join(folder, "one/t.mjs")).href)) as {
    create: (options: object) => Promise<{ target: string; run: (inputs: object, dims: object) => Promise<Result> }>;
  };
  const kernel = await create({ gpu: { requestAdapter: () => Promise.resolve(null) } });
  expect(kernel.target).toBe("wasm");
  const sizes = { B: 1, H: 2, L: 33, D: 7 };
  const { inputs, judge } = caseOf(specOf(text), sizes);
  expect(judge(await kernel.run(inputs, sizes))).toMatchObject({ ok: true });
  await expect(create({ target: "wgsl", gpu: { requestAdapter: () => Promise.resolve(null) } })).rejects.toThrow(
    "FOV5002",
  );
  await expect(create({ targets: "wasm" })).rejects.toThrow("FOV2110 t: there is no option targets; ");
  await expect(create({ target: "npu" })).rejects.toThrow('FOV2110 t: target is npu; it is "auto", "wasm" or "wgsl"');
});

/** Hashes are those of the files, work is counted, and the loaders carry the same manifest. */
function manifests(made: Readonly<Record<string, Buffer>>): void {
  const parse = (name: string) => JSON.parse(String(made[name])) as Record<string, never>;
  const common = {
    version: 1,
    attention: "t",
    fixed: {},
    free: ["B", "H", "L", "D"],
    outputs: [{ name: "o", dtype: "f32", dims: ["B", "H", "L", "D"] }],
    specHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  };
  const counted = {
    dims: { B: 1, H: 2, L: 64, D: 16 },
    keptPairs: (64 * 8 - 28) / 4096,
    flops: 4 * 16 * 2 * (64 * 8 - 28),
  };
  expect(parse("t.wasm.json")).toMatchObject({
    ...common,
    target: "wasm",
    modules: { plain: { file: "t.wasm", bytes: made["t.wasm"]?.length }, relaxed: { file: "t.relaxed.wasm" } },
    work: { ...counted, workspaceBytes: expect.any(Number) as number },
  });
  expect(parse("t.wgsl.json")).toMatchObject({
    ...common,
    target: "wgsl",
    module: { file: "t.wgsl" },
    work: { ...counted, workgroups: 4 },
  });
  for (const target of ["wasm", "wgsl"]) {
    const [, literal] = /^export const manifest = (\{.*?^\});/ms.exec(String(made[`t.${target}.mjs`])) ?? [];
    expect(JSON.parse(literal ?? "")).toEqual(parse(`t.${target}.json`));
  }
}

test("--simd picks modules; another word is wrong usage", async () => {
  expect((await compile("plain", "--target", "wasm", "--simd", "plain")).status).toBe(0);
  expect(Object.keys(contents("plain"))).not.toContain("t.relaxed.wasm");
  const wrong = await compile("wrong", "--target", "wasm", "--simd", "fast");
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("FOV0001");
  const json = await compile("wrong", "--target", "wasm", "--simd", "fast", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, ok: false, diagnostics: [{ code: "FOV0001" }] });
});

test("--prefix and --std reach the C; other words are wrong usage", async () => {
  expect((await compile("c", "--target", "c", "--prefix", "acme", "--std", "c11")).status).toBe(0);
  const made = contents("c");
  expect(Object.keys(made)).toEqual(["acme_t.c", "acme_t.c.json", "acme_t.h", "fovea_dma.h"]);
  expect(String(made["acme_t.h"])).toContain("int32_t acme_t_run(");
  expect(String(made["acme_t.c"])).toContain("_Static_assert");
  for (const wrong of [
    ["--prefix", "../up"],
    ["--std", "c89"],
  ]) {
    const { status, stderr } = await compile("wrong", "--target", "c", ...wrong);
    expect(status).toBe(2);
    expect(stderr).toContain(`FOV0001`);
  }
});

test("a file that is not of this spec is not written over", async () => {
  expect((await compile("kept", "--target", "wgsl")).status).toBe(0);
  expect((await compile("kept", "--target", "wgsl")).status).toBe(0);
  const fixed = await compile("kept", "--target", "wgsl", "--dim", "D=16");
  expect(fixed).toMatchObject({ status: 1, stdout: "" });
  expect(fixed.stderr).toMatch(/FOV0006.*was made from another spec/);
  expect((await compile("kept", "--target", "wgsl", "--dim", "D=16", "--force")).status).toBe(0);
  expect(String(contents("kept")["t.wgsl.json"])).toContain('"D": 16');
  rmSync(join(folder, "kept/t.wgsl.json"));
  writeFileSync(join(folder, "kept/t.wgsl.mjs"), "mine\n");
  expect((await compile("kept", "--target", "wgsl")).stderr).toMatch(/FOV0006.*no manifest says what it is of/);
  expect(String(contents("kept")["t.wgsl.mjs"])).toBe("mine\n");
});
