/** What the command line promises: what goes where, exit codes, and the shape of each command's document. */
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { check } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import { readTensors, writeTensorFile } from "../../src/runtime/load.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { failure, fovea, foveaOf, scratch } from "./support.ts";

const { folder, file } = scratch();
const spec = "attention a(q, k, v: f32[L, D]) { mask causal return o, lse example L = 12, D = 8 }";
const two = `${spec} ${spec.replace(" a(", " b(")}`;

describe("everywhere", () => {
  test("a failing command prints one document and nothing else", async () => {
    const text = "attention a(q, k, v: f32[L, D]) {\n  mask causl\n}\n";
    const { out, err, code, ...said } = await failure(text, "check", "-");
    expect(out.trim().split("\n")).toHaveLength(1);
    expect({ err, code }).toEqual({ err: "", code: 1 });
    expect(said).toMatchObject({ version: 1, ok: false });
    expect(said.diagnostics).toEqual([
      {
        code: "FOV3001",
        severity: "error",
        message: "nothing in scope is named `causl`",
        file: "-",
        span: { start: 41, end: 46, line: 2, column: 8 },
        notes: ["help: did you mean `causal`?"],
        fixes: [expect.anything()],
      },
    ]);
  });

  test("without --json diagnostics go to stderr and stdout stays empty", async () => {
    const { out, err } = await foveaOf("attention a(q, k, v: f32[L, D]) { mask causl }", "check", "-");
    expect(out).toBe("");
    expect(err).toContain("error[FOV3001]");
    expect(err).not.toContain("\u001b");
  });

  test.each([
    ["check"],
    ["frobnicate"],
    ["check", "-", "--bogus"],
    ["run", "-"],
    ["run", "-", "--target", "oracle", "--dim", "L=-1"],
    ["run", "-", "--target", "oracle", "--dim", "L= "],
    ["run", "-", "--target", "oracle", "--dim", "L=8", "--dim", "L=9"],
    ["run", "-", "--target", "oracle", "--seed", "1.5"],
    ["run", "-", "--target", "oracle", "--input", "q"],
    ["run", "-", "--target", "oracle", "--output", "mass"],
    ["run", "-", "--target", "wasm,c"],
    ["verify", "-", "--target", "wasm,"],
    ["fmt", "-", "--check", "--write"],
    ["explain", "-", "--dim", "Q=3"],
    ["explain", "-", "--set", "w=3"],
  ])("wrong usage ends in 2: %s %s %s %s %s", async (...args) => {
    const { code, diagnostics } = await failure(spec, ...args);
    expect(code).toBe(2);
    expect(diagnostics[0]?.code).toMatch(/^FOV(0001|0007|5001)$/);
  });

  test("the help of a command names its options and ends in 0", async () => {
    const { code, out } = await fovea("run", "--help");
    expect(code).toBe(0);
    for (const option of ["--target", "--dim", "--input", "--inputs", "--seed", "--output", "--json"])
      expect(out).toContain(option);
  });

  test("several attentions: the names are listed, --name picks, compile and verify take all", async () => {
    const { code, diagnostics } = await failure(two, "explain", "-");
    expect(code).toBe(2);
    expect(diagnostics).toMatchObject([
      { code: "FOV0004", notes: ["its attentions are a, b", "help: pick one: `--name a`"] },
    ]);
    expect((await foveaOf(two, "explain", "-", "--name", "b")).out).toMatch(/^b {2}/);
    const { out } = await foveaOf(two, "verify", "-", "--target", "tiles", "--json");
    expect((JSON.parse(out) as { results: object[] }).results).toMatchObject([{ attention: "a" }, { attention: "b" }]);
  });
});

describe("check", () => {
  test("says yes silently on stdout, and goes through the files of a folder and of its folders", async () => {
    mkdirSync(join(folder, "specs", "deep"), { recursive: true });
    writeFileSync(join(folder, "specs", "deep", "one.attn"), spec);
    writeFileSync(join(folder, "specs", "two.attn"), spec.replace(" a(", " second("));
    expect(await fovea("check", join(folder, "specs"))).toMatchObject({ code: 0, out: "", err: "ok: a, second\n" });
    expect(await failure(spec, "check", "-")).toMatchObject({ version: 1, ok: true, diagnostics: [] });
  });

  test("one file that cannot be read hides nothing of the others", async () => {
    const { diagnostics } = await failure("attention a(q, k, v: f32[L, D]) { mask causl }", "check", "nowhere", "-");
    expect(diagnostics.map((d) => d.code)).toEqual(["FOV0002", "FOV3001"]);
  });
});

describe("fmt", () => {
  const loose = "attention a(q,k,v:f32[L,D]){mask causal}\n";
  const canonical = "attention a(q, k, v: f32[L, D]) { mask causal }\n";

  test("prints the canonical layout, says whether a file has it, and writes it through links with the mode kept", async () => {
    const path = file("loose.attn", loose);
    expect((await fovea("fmt", path)).out).toBe(canonical);
    expect(await fovea("fmt", "--check", path)).toMatchObject({ code: 1, out: "" });
    expect(readFileSync(path, "utf8")).toBe(loose);
    const link = join(folder, "link.attn");
    symlinkSync(path, link);
    const { mode } = statSync(path);
    expect((await fovea("fmt", "-w", link)).code).toBe(0);
    expect(readFileSync(path, "utf8")).toBe(canonical);
    expect(statSync(path).mode).toBe(mode);
    expect((await fovea("fmt", "--check", link)).code).toBe(0);
  });

  test("where one file has errors none is written", async () => {
    const path = file("good.attn", loose);
    expect((await fovea("fmt", "-w", path, file("bad.attn", "attention {"))).code).toBe(1);
    expect(readFileSync(path, "utf8")).toBe(loose);
  });
});

describe("run", () => {
  const [only] = check(spec, "-").specs;
  if (!only) throw new Error("the spec of this test has a mistake");
  const right = (seed: number) => {
    const sizes = { L: 12, D: 8 };
    return oracle(only, sizes, sampleInputs(only, sizes, { seed })).outputs;
  };
  const values = (path: string, member = ""): readonly number[] =>
    Array.from(readTensors(path).get(member)?.data ?? []);
  const wanted = (output: string, seed = 0): readonly number[] =>
    Array.from(Float32Array.from(right(seed).get(output)?.data ?? []));

  test("a .npy gets o, --output another, .npz and .safetensors all", async () => {
    const args = ["run", "-", "--target", "oracle", "-o"];
    const [npy, lse, npz, all] = ["o.npy", "lse.npy", "all.npz", "all.safetensors"].map((name) => join(folder, name));
    await foveaOf(spec, ...args, npy);
    await foveaOf(spec, ...args, lse, "--output", "lse");
    await foveaOf(spec, ...args, npz);
    await foveaOf(spec, ...args, all);
    expect(values(npy)).toEqual(wanted("o"));
    expect(values(lse)).toEqual(wanted("lse"));
    for (const path of [npz, all])
      for (const output of ["o", "lse"]) expect(values(path, output)).toEqual(wanted(output));
  });

  test("`-o -` puts the tensor alone on stdout", async () => {
    const { bytes, err } = await foveaOf(spec, "run", "-", "--target", "oracle", "--seed", "7", "-o", "-");
    expect(values(file("stdout.npy", bytes))).toEqual(wanted("o", 7));
    expect(err).toMatch(/^o: f32\[12, 8\], sum /);
  });

  test("the document names the attention, the target, the sizes and each output", async () => {
    const { out } = await foveaOf(spec, "run", "-", "--target", "tiles", "--json");
    const sum = wanted("o").reduce((a, x) => a + x, 0);
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      ok: true,
      attention: "a",
      target: "tiles",
      dims: { L: 12, D: 8 },
      outputs: [
        { name: "o", dims: [12, 8], sum: expect.closeTo(sum, 4) as number },
        { name: "lse", dims: [12] },
      ],
    });
  });

  test("tensors by --inputs, by --input FILE#MEMBER, and sizes from them", async () => {
    const tensors = new Map(
      ["q", "k", "v"].map((name, n) => [
        name,
        { dtype: "f32" as const, dims: [3, 2], data: Float32Array.from({ length: 6 }, (_, i) => Math.sin(i + n)) },
      ]),
    );
    const path = join(folder, "in.npz");
    writeTensorFile(path, tensors);
    const dense = "attention a(q, k, v: f32[L, D]) {}";
    const one = await foveaOf(dense, "run", "-", "--target", "oracle", "--inputs", path, "--json");
    const each = ["q", "k", "v"].flatMap((name) => ["--input", `${name}=${path}#${name}`]);
    const other = await foveaOf(dense, "run", "-", "--target", "oracle", ...each, "--json");
    expect(one.code).toBe(0);
    expect(JSON.parse(one.out)).toMatchObject({ dims: { L: 3, D: 2 } });
    expect(other.out).toBe(one.out);
  });

  test("a tensor that an example names is read beside the spec", async () => {
    const tensor = { dtype: "i32" as const, dims: [4], data: Int32Array.from([0, 0, 1, 1]) };
    writeTensorFile(join(folder, "doc.npy"), new Map([["doc", tensor]]));
    const text =
      'attention a(q, k, v: f32[L, D], doc: i32[L]) { mask doc[i] == doc[j] example L = 4, D = 2, doc = file("doc.npy") }';
    const { out } = await fovea("explain", file("documents.attn", text), "--json");
    expect(JSON.parse(out)).toMatchObject({ keptPairs: 0.5 });
  });
});

describe("explain", () => {
  interface Explained {
    readonly tiles: {
      readonly byClause: Readonly<Record<string, number>>;
      readonly full: number;
      readonly mixed: number;
    };
    readonly [field: string]: unknown;
  }
  const explained = async (text: string, ...args: readonly string[]): Promise<Explained> =>
    JSON.parse((await foveaOf(text, "explain", "-", "--json", ...args)).out) as Explained;

  test("shares of B·H·L·S that the language's own numbers confirm, and work that follows from them", async () => {
    const text = "attention a(q, k, v: f32[B, H, L, D]) { mask causal example B = 2, H = 3, L = 64, D = 16 }";
    const { tiles, workspaceBytes, ...said } = await explained(text);
    const keptPairs = 65 / 128;
    const dense = 4 * 16 * 2 * 3 * 64 * 64;
    const layer = dense + 24 * 48 ** 2 * 2 * 64;
    expect(said).toEqual({
      version: 1,
      attention: "a",
      dims: { B: 2, H: 3, L: 64, D: 16 },
      target: "wasm",
      tile: { rows: 32, keys: 64 },
      keptPairs,
      visitedPairs: 0.75,
      planning: { examined: 24, built: 12 },
      flops: dense * keptPairs,
      bytes: 4 * 4 * (2 * 3 * 64 * 16),
      layerShare: { attention: dense / layer, saving: (dense * (1 - keptPairs)) / layer },
    });
    expect(tiles).toMatchObject({ full: 0, mixed: 12, byClause: { causal: 12 } });
    expect(workspaceBytes).toBeGreaterThan(0);
  });

  test("the workspace is that of the target, whatever the length", async () => {
    const text = "attention a(q, k, v: f32[L, D]) { mask causal and window(64) example L = 512, D = 16 }";
    const bytes: number[] = [];
    for (const target of ["wasm", "c", "wgsl"]) {
      const short = await explained(text, "--target", target);
      const long = await explained(text, "--target", target, "--dim", "L=100000");
      expect(long["workspaceBytes"]).toBe(short["workspaceBytes"]);
      bytes.push(Number(short["workspaceBytes"]));
    }
    expect(bytes.every((n) => Number.isInteger(n) && n > 0)).toBe(true);
    expect(bytes[2]).toBeLessThanOrEqual(16 * 1024);
  });
});

describe("view", () => {
  const text = "attention a(q, k, v: f32[L, D]) { mask causal and window(2) example L = 4, D = 2 }";
  test("draws rows of queries: kept, visited without being kept, never looked at", async () => {
    const { out } = await foveaOf(text, "view", "-");
    expect(out.split("\n").slice(1, 5)).toEqual(["█▒▒▒", "██▒▒", "▒██▒", "▒▒██"]);
  });
  test("as SVG in a file or on stdout, as a document under --json", async () => {
    const path = join(folder, "mask.svg");
    expect(await foveaOf(text, "view", "-", "-o", path)).toMatchObject({ code: 0, out: "" });
    expect((await foveaOf(text, "view", "-", "-o", "-")).out).toBe(readFileSync(path, "utf8"));
    expect(readFileSync(path, "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
    const { out } = await foveaOf(text, "view", "-", "--json");
    expect(JSON.parse(out)).toMatchObject({ version: 1, attention: "a", cells: ["#+++", "##++", "+##+", "++##"] });
  });
});

test("compile prints the paths that it wrote, and nothing where it refuses", async () => {
  const out = join(folder, "kernels");
  const said = await foveaOf(spec, "compile", "-", "--target", "c,wgsl", "-o", out);
  expect(said.code).toBe(0);
  const paths = said.out.trim().split("\n");
  expect(paths).toEqual(expect.arrayContaining([join(out, "a.c"), join(out, "a.h"), join(out, "a.wgsl")]));
  for (const path of paths) expect(existsSync(path)).toBe(true);
});
