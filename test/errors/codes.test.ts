/** Every code is raised by its smallest input, points at the right text and says the way out; each has its page. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { guarded } from "../../src/cli/terminal.ts";
import { codes } from "../../src/diagnostics/codes.ts";
import { failure, fovea, foveaOf, scratch, type Failure } from "../cli/support.ts";
import { specRows } from "./rows.ts";

const { folder, file } = scratch();
const dense = "attention a(q, k, v: f32[L, D]) { example L = 4, D = 8 }";
const documents =
  "attention a(q, k, v: f32[L, D], doc: i32[L]) { mask doc[i] == doc[j] example L = 4, D = 8, doc = segments(2) }";
const run = ["run", "-", "--target", "oracle"];

describe("mistakes of a spec", () => {
  test.each(specRows)("$code", async ({ code, spec, says }) => {
    const text = spec.replace("«", "").replace("»", "");
    const { diagnostics, ...said } = await failure(text, "check", "-");
    const found = diagnostics.find((d) => d.code === code);
    const at = found?.span ?? { start: 0, end: 0 };
    expect(text.slice(at.start, at.end)).toBe(spec.slice(spec.indexOf("«") + 1, spec.indexOf("»")));
    expect(at).toMatchObject({ line: 1, column: spec.indexOf("«") + 1 });
    expect(found?.notes.join("\n")).toContain(says);
    // What the grammar expects is said in the message.
    if (!code.startsWith("FOV100")) expect(found?.notes, "a way out").not.toEqual([]);
    expect(found).toMatchObject({ file: "-", severity: code === "FOV3011" ? "warning" : "error" });
    expect(said.code).toBe(code === "FOV3011" ? 0 : 1);
  });
});

/** A .npy file of version 1.0. */
function npy(descr: string, shape: readonly number[], bytes: number): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(" ")}), }`;
  const padded = `${header.padEnd(117)}\n`;
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"), Buffer.from(padded), Buffer.alloc(bytes)]);
}

const npyOf = (name: string, descr: string, shape: readonly number[], width = 4): string =>
  file(name, npy(descr, shape, shape.reduce((all, n) => all * n, 1) * width));

interface CommandRow {
  readonly code: string;
  readonly exit: number;
  /** Named in the message. */
  readonly names: string;
  /** In a note or in help. */
  readonly says: string;
  readonly run: () => Promise<Failure & { readonly code: number }>;
}

const row = (
  code: string,
  exit: number,
  names: string,
  says: string,
  input: string,
  ...args: readonly (string | (() => string))[]
): CommandRow => ({
  code,
  exit,
  names,
  says,
  run: () => failure(input, ...args.map((arg) => (typeof arg === "string" ? arg : arg()))),
});

const q = (path: string) => (): string => `q=${path}`;
const commandRows: readonly CommandRow[] = [
  row("FOV0001", 2, "chek", "did you mean `check`?", "", "chek"),
  row("FOV0002", 1, "nowhere.attn", "check the path", "", "check", "nowhere.attn"),
  row("FOV0003", 1, "nowhere/o.npy", "check that the directory exists", dense, ...run, "-o", "nowhere/o.npy"),
  row("FOV0004", 2, "several", "--name a", `${dense} ${dense.replace(" a(", " b(")}`, ...run),
  row("FOV0005", 1, "no attention", "declare one", "param w = 1", ...run),
  row("FOV0007", 2, "`b`", "its attentions are a", dense, ...run, "--name", "b"),
  row("FOV0008", 1, "`-`", "fovea fmt -w", "attention a(q,k,v:f32[L,D]){}", "fmt", "--check", "-"),
  row(
    "FOV2005",
    1,
    "dimension L is 4 (from input q) and 5",
    "one size in all",
    dense,
    ...run,
    "--input",
    q(npyOf("q.npy", "<f4", [4, 8])),
    "--input",
    () => `k=${npyOf("k.npy", "<f4", [5, 8])}`,
    "--input",
    () => `v=${npyOf("v.npy", "<f4", [5, 8])}`,
  ),
  row("FOV2101", 1, "input k is missing", "--input k=FILE", dense, ...run, "--input", q(npyOf("q.npy", "<f4", [4, 8]))),
  row(
    "FOV2102",
    1,
    "no input docs",
    "did you mean `doc`?",
    documents,
    ...run,
    "--input",
    () => `docs=${npyOf("doc.npy", "<i4", [4])}`,
  ),
  row(
    "FOV2104",
    1,
    "doc is f32; i32[L=4] is needed",
    "store it as i32",
    documents,
    ...run,
    "--input",
    () => `doc=${npyOf("doc.npy", "<f4", [4])}`,
  ),
  row(
    "FOV2105",
    1,
    "doc has dimensions [4, 1]; i32[L] has 1",
    "reshape",
    documents,
    ...run,
    "--input",
    () => `doc=${npyOf("doc.npy", "<i4", [4, 1])}`,
  ),
  row("FOV2106", 1, "needs the dimension L", "--dim L=64", "attention a(q, k, v: f32[L, 8]) {}", ...run),
  row("FOV2107", 1, "cut.npy", "np.save", dense, ...run, "--input", () => `q=${file("cut.npy", "no")}`),
  row(
    "FOV2108",
    1,
    "never holds",
    "",
    "attention a(q, k, v: f32[L, 8]) where L mod 2 == 0 { example L = 4 }",
    ...run,
    "--dim",
    "L=3",
  ),
  row(
    "FOV2109",
    1,
    "input doc of a has no value",
    "--input doc=FILE",
    documents.replace(", doc = segments(2)", ""),
    ...run,
  ),
  row("FOV4005", 1, "q has 3840000000", "split", dense, ...run, "--dim", "L=60000000", "--dim", "D=64"),
  row(
    "FOV4005",
    1,
    "L=67108864",
    "the limit is 67108863",
    dense.replace("D = 8", "D = 1"),
    ...run,
    "--dim",
    "L=67108864",
  ),
  row(
    "FOV4006",
    1,
    "the target can address 2147418112",
    "smaller sizes",
    dense,
    "run",
    "-",
    "--target",
    "wasm",
    "--dim",
    "L=40000000",
  ),
  row(
    "FOV4007",
    1,
    "i * i * 600",
    "smaller sizes",
    dense.replace("{", "{ mask i * i * 600 < j").replace("L = 4", "L = 2000"),
    ...run,
  ),
  row("FOV4007", 1, "row + (2147483647", "smaller", dense.replace("{", "{ align at 2147483647 - L"), ...run),
  row("FOV5001", 2, "wsam", "did you mean `wasm`?", dense, "run", "-", "--target", "wsam"),
  row(
    "FOV5010",
    1,
    "the schedule of a for wgsl",
    "smaller tiles",
    `${dense} schedule a for wgsl { tile: 128 by 64 }`,
    "compile",
    "-",
    "--target",
    "wgsl",
    "-o",
    () => join(folder, "none"),
  ),
  row(
    "FOV5003",
    1,
    "generic-scratchpad",
    "smaller head size",
    dense,
    "explain",
    "-",
    "--target",
    "c:generic-scratchpad",
    "--dim",
    "D=512",
  ),
  row("FOV5006", 1, "device.json", "", dense, "explain", "-", "--target", () => `c:${file("device.json", "{")}`),
  row("FOV5008", 1, "4 are asked for", "leave out", dense, "bench", "-", "--threads", "4"),
];

describe("mistakes of a call", () => {
  test.each(commandRows)("$code: $names", async ({ code, exit, names, says, run }) => {
    const { diagnostics, ok, version, ...said } = await run();
    const found = diagnostics.find((d) => d.code === code);
    expect(found?.message).toContain(names);
    expect(found?.notes.join("\n")).toContain(says);
    // What the grammar expects is said in the message.
    if (!code.startsWith("FOV100")) expect(found?.notes, "a way out").not.toEqual([]);
    expect({ ok, version, exit: said.code }).toEqual({ ok: false, version: 1, exit });
  });
});

describe("what machines lack", () => {
  const { PATH } = process.env;
  afterEach(() => {
    process.env["PATH"] = PATH;
  });

  test("FOV5002: a compiler that is not there", async () => {
    process.env["PATH"] = folder;
    const { code, diagnostics } = await failure(dense, "run", "-", "--target", "c");
    expect(code).toBe(1);
    expect(diagnostics[0]).toMatchObject({ code: "FOV5002", message: expect.stringContaining("compiler") as string });
  });

  test("FOV9001: whatever a command did not expect ends in 70 and says how to repeat it", async () => {
    let out = "";
    const terminal = {
      out: (x: unknown) => void (out += String(x)),
      err: () => {},
      input: () => new Uint8Array(),
      color: false,
      sources: new Map(),
    };
    const code = await guarded(terminal, { json: true, args: ["run", "x.attn"] }, () =>
      Promise.reject(new Error("lost")),
    );
    expect(code).toBe(70);
    const [found] = (JSON.parse(out) as Failure).diagnostics;
    expect(found).toMatchObject({ code: "FOV9001", message: expect.stringContaining("lost") as string });
    expect(found?.notes.join("\n")).toContain("fovea run x.attn");
  });
});

describe("artifacts", () => {
  test("FOV0006 and FOV5004: another spec, a changed byte", async () => {
    const out = join(folder, "kernels");
    mkdirSync(out);
    expect((await foveaOf(dense, "compile", "-", "--target", "wgsl", "-o", out)).code).toBe(0);
    const other = await failure(dense.replace("{", "{ mask causal"), "compile", "-", "--target", "wgsl", "-o", out);
    expect(other.diagnostics[0]).toMatchObject({
      code: "FOV0006",
      message: expect.stringContaining("a.wgsl") as string,
    });

    const { create } = (await import(pathToFileURL(join(out, "a.wgsl.mjs")).href)) as {
      readonly create: (options: object) => Promise<unknown>;
    };
    const text = readFileSync(join(out, "a.wgsl"), "utf8").replace("fn main", "fn mein");
    const device = { lost: new Promise(() => {}), features: new Set(), limits: {}, createShaderModule: () => ({}) };
    await expect(create({ device, wgsl: text })).rejects.toThrow("FOV5004 a: a.wgsl is not as it was");
  });
});

describe("the table of codes", () => {
  /** Held where a kernel is at hand: FOV2103 by the loaders, FOV5005 by a device, FOV5007 by a wrong target. */
  const elsewhere = {
    FOV2103: "spec",
    FOV2110: "loaders",
    FOV5005: "loaders",
    FOV5007: "cli",
    FOV5009: "loaders",
  };

  test("every code is raised by a test", () => {
    const here = ["FOV0006", "FOV5002", "FOV5004", "FOV9001"];
    const raised = new Set<string>(
      [...specRows, ...commandRows].map((r) => r.code).concat(here, Object.keys(elsewhere)),
    );
    expect(Object.keys(codes).filter((code) => !raised.has(code))).toEqual([]);
    for (const [code, name] of Object.entries(elsewhere)) {
      const tests = new URL(`../${name}/`, import.meta.url);
      const texts = readdirSync(tests).map((test) => readFileSync(new URL(test, tests), "utf8"));
      expect(texts.some((text) => text.includes(code))).toBe(true);
    }
  });

  test.each(Object.entries(codes))("%s has a page with its title and the way out", (code, title) => {
    const url = new URL(`../../docs/errors/${code}.md`, import.meta.url);
    expect(existsSync(url)).toBe(true);
    const text = readFileSync(url, "utf8");
    expect(text.startsWith(`# ${code}: ${title}\n`)).toBe(true);
    expect(text).toContain("\n## How to mend it\n");
    expect(text).toContain("```");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)\)/g)) expect(existsSync(new URL(target, url))).toBe(true);
  });

  test("the examples of the grammar and of the families are specs without a mistake", async () => {
    const families = new URL("../../docs/families/", import.meta.url);
    const pages = readdirSync(families)
      .filter((name) => name !== "README.md")
      .map((name) => new URL(name, families));
    for (const page of [new URL("../../grammar/README.md", import.meta.url), ...pages]) {
      const text = readFileSync(page, "utf8");
      const blocks = [...text.matchAll(/```attn\n([^]*?)```/g)].map(([, block = ""]) => block);
      expect(blocks.length).toBeGreaterThan(0);
      for (const block of blocks) expect((await foveaOf(block, "check", "-")).err).toMatch(/^ok: /);
    }
    expect((await fovea("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
