/** What the command line promises: exit codes, what goes where, and the shape of its JSON. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fovea-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fovea(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/fovea.mjs", ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { code: status, out: stdout, err: stderr };
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test("check is silent on stdout and says yes", () => {
  expect(fovea("check", "examples/01-dense.attn")).toMatchObject({ code: 0, out: "" });
});

test("a misspelt pattern ends in 1, with a code, a span and a suggestion", () => {
  const path = file("typo.attn", "attention a(q, k, v: f32[L, D]) { mask causl }\n");
  const { code, out } = fovea("check", path, "--json");
  expect(code).toBe(1);
  const said = JSON.parse(out) as {
    version: number;
    ok: boolean;
    diagnostics: { code: string; span: { line: number; column: number }; notes: string[] }[];
  };
  expect(said).toMatchObject({ version: 1, ok: false });
  expect(said.diagnostics[0]).toMatchObject({ code: "FOV3001", span: { line: 1, column: 40 } });
  expect(said.diagnostics[0]?.notes.join()).toContain("causal");
});

test("wrong usage ends in 2", () => {
  expect(fovea("check").code).toBe(2);
  expect(fovea("frobnicate").code).toBe(2);
  expect(fovea("run", "examples/01-dense.attn", "--target", "wsam").code).toBe(2);
  expect(fovea("run", "examples/01-dense.attn", "--target", "tiles", "--dim", "L=-1").code).toBe(2);
});

test("a file with several attentions needs a name, and the names are listed", () => {
  const { code, err } = fovea("explain", "examples/03-local.attn");
  expect(code).toBe(2);
  expect(err).toMatch(/FOV0004[^]*local, local64/);
});

test("sizes are refused before anything is allocated", () => {
  const { code, err } = fovea("run", "examples/01-dense.attn", "--target", "tiles", "--dim", "L=100000000");
  expect(code).toBe(1);
  expect(err).toContain("FOV4005");
});

test("a file that is not there and one without an attention each have a code", () => {
  expect(fovea("check", join(folder, "none.attn"))).toMatchObject({
    code: 1,
    err: expect.stringContaining("FOV0002") as string,
  });
  expect(fovea("run", file("empty.attn", "param w = 1\n"), "--target", "tiles")).toMatchObject({
    code: 1,
    err: expect.stringContaining("FOV0005") as string,
  });
});

test("compile writes kernels once, prints their paths and refuses to overwrite those of another spec", () => {
  const out = join(folder, "kernels");
  const path = file("a.attn", "attention a(q, k, v: f32[L, D]) { mask causal }\n");
  const first = fovea("compile", path, "--target", "wasm,wgsl,c", "-o", out);
  expect(first.code).toBe(0);
  const paths = first.out.trim().split("\n");
  expect(paths).toContain(join(out, "a.wasm"));
  for (const each of paths) expect(existsSync(each)).toBe(true);
  const bytes = readFileSync(join(out, "a.c"), "utf8");
  expect(bytes).toContain("SPDX-License-Identifier: 0BSD");
  expect(fovea("compile", path, "--target", "c", "-o", out).code).toBe(0);
  expect(readFileSync(join(out, "a.c"), "utf8")).toBe(bytes);
  file("a.attn", "attention a(q, k, v: f32[L, D]) {}\n");
  for (const target of ["wasm", "wgsl", "c"]) {
    expect(fovea("compile", path, "--target", target, "-o", out)).toMatchObject({
      code: 1,
      err: expect.stringContaining("FOV0006") as string,
    });
  }
  expect(readFileSync(join(out, "a.c"), "utf8")).toBe(bytes);
});

test("run writes a tensor that another target agrees with", () => {
  const sizes = ["--dim", "L=20", "--dim", "H=1"];
  const one = fovea("run", "examples/02-causal.attn", "--target", "tiles", ...sizes, "--json");
  const two = fovea(
    "run",
    "examples/02-causal.attn",
    "--target",
    "oracle",
    ...sizes,
    "--json",
    "-o",
    join(folder, "o.npy"),
  );
  const sum = (text: string): number =>
    (JSON.parse(text) as { outputs: { sum: number }[] }).outputs[0]?.sum ?? Number.NaN;
  expect(sum(one.out)).toBeCloseTo(sum(two.out), 4);
  expect(existsSync(join(folder, "o.npy"))).toBe(true);
});

test("explain gives shares that the language's own numbers confirm", () => {
  const said = JSON.parse(fovea("explain", "examples/02-causal.attn", "--dim", "L=64", "--json").out) as {
    keptPairs: number;
    visitedPairs: number;
    version: number;
  };
  expect(said.version).toBe(1);
  expect(said.keptPairs).toBeCloseTo(65 / 128, 12);
  expect(said.visitedPairs).toBeGreaterThanOrEqual(said.keptPairs);
});

test("fmt --check says no to another layout and leaves the file", () => {
  const path = file("loose.attn", "attention a(q,k,v:f32[L,D]){mask causal}\n");
  expect(fovea("fmt", "--check", path).code).toBe(1);
  expect(fovea("fmt", path).out).toBe("attention a(q, k, v: f32[L, D]) { mask causal }\n");
  expect(fovea("fmt", "-w", path).code).toBe(0);
  expect(fovea("fmt", "--check", path).code).toBe(0);
});
