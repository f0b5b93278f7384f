/** `fovea compare`: which rows stand in the table, and that every number is what another way of counting says. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { check } from "../../src/compile.ts";
import { readTensors, writeTensorFile } from "../../src/runtime/load.ts";
import { referenceOf } from "../../src/verify/likeness.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { failure, fovea, foveaOf, scratch } from "./support.ts";

const { folder, file } = scratch();
const [L, D] = [48, 8];
const example = `example L = ${L}, D = ${D}`;
const dense = file("dense.attn", `attention dense(q, k, v: f32[L, D]) { ${example} }`);
const local = file("local.attn", `param w = 4 attention local(q, k, v: f32[L, D]) { mask around(w) ${example} }`);

interface Compared {
  readonly rows: { readonly compared: number; readonly all: number };
  readonly results: readonly {
    readonly attention: string;
    readonly set: object;
    readonly dims: Readonly<Record<string, number>>;
    readonly keptPairs: number;
    readonly flops: number;
    readonly medianMs: number;
    readonly error: number | null;
    readonly massKept: number | null;
  }[];
}

const compared = async (...args: readonly string[]): Promise<Compared> =>
  JSON.parse((await fovea("compare", "--json", ...args)).out) as Compared;

describe("rows", () => {
  test("a value of --set makes a row where it makes another attention; the first file comes first", async () => {
    const { results } = await compared(dense, local, "--set", "w=2,8");
    expect(results.map(({ attention, set }) => ({ attention, set }))).toEqual([
      { attention: "dense", set: {} },
      { attention: "local", set: { w: 2 } },
      { attention: "local", set: { w: 8 } },
    ]);
  });

  test("lists of two parameters make every pair; --name picks; an attention that no value changes stands once", async () => {
    const path = file(
      "many.attn",
      `param n = 1 param m = 1 attention both(q, k, v: f32[L, D]) { mask sinks(n) or around(m) ${example} }
      attention none(q, k, v: f32[L, D]) { mask causal ${example} } attention other = none()`,
    );
    const { results } = await compared(path, "--set", "n=1,2", "--set", "m=3,4", "--name", "none,both");
    expect(results.map(({ attention, set }) => [attention, set])).toEqual([
      ["both", { n: 1, m: 3 }],
      ["both", { n: 1, m: 4 }],
      ["both", { n: 2, m: 3 }],
      ["both", { n: 2, m: 4 }],
      ["none", { n: 1, m: 3 }],
    ]);
  });

  test("sizes of the first hold for all", async () => {
    const longer = file("longer.attn", `attention longer(q, k, v: f32[L, D]) { mask causal example L = 96, D = 16 }`);
    const { results } = await compared(dense, longer);
    expect(results.map((result) => result.dims)).toEqual([
      { L, D },
      { L, D },
    ]);
  });

  test.each([
    ["FOV0007", "--set: no parameter is named `x`", ["--set", "x=1,2"]],
    ["FOV0007", "--dim: no dimension is named `M`", ["--dim", "M=1"]],
    ["FOV0007", "--name: no attention is named `nothing`", ["--name", "local,nothing"]],
    ["FOV0001", "--set gives `w` twice", ["--set", "w=1", "--set", "w=2"]],
    ["FOV0001", "--set needs NAME=a number, not `w=`", ["--set", "w=1,"]],
    ["FOV0001", "--set needs NAME=a number, not `w=1=2`", ["--set", "w=1=2"]],
    [
      "FOV0001",
      "65 attentions are to be compared; a table takes 64",
      ["--set", `w=${Array.from({ length: 64 }, (_, n) => n + 1).join()}`],
    ],
    ["FOV5001", "there is no target wasn", ["--target", "wasn"]],
  ] as const)("%s: %s", async (code, message, args) => {
    const said = await failure("", "compare", dense, local, ...args);
    expect(said.code).toBe(2);
    expect(said.diagnostics).toMatchObject([{ code, message }]);
  });
});

describe("numbers", () => {
  test("the error is what the outputs of the oracle say, the weight what even weights say", async () => {
    const numbers = (at: number): Float32Array => Float32Array.from({ length: L * D }, (_, n) => Math.sin(n * at));
    const of = (data: Float32Array) => ({ dtype: "f32" as const, dims: [L, D], data });
    const inputs = join(folder, "in.npz");
    // Queries of zero see every key alike.
    writeTensorFile(
      inputs,
      new Map(Object.entries({ q: of(new Float32Array(L * D)), k: of(numbers(2)), v: of(numbers(0.7)) })),
    );
    const output = async (path: string): Promise<ArrayLike<number>> => {
      const out = join(folder, "o.npy");
      await fovea("run", path, "--target", "oracle", "--inputs", inputs, "-o", out);
      return readTensors(out).get("")?.data ?? [];
    };
    const [full, near] = [Array.from(await output(dense)), Array.from(await output(local))];
    const norm = (values: readonly number[]): number => Math.hypot(...values);
    const error = norm(near.map((x, n) => x - (full[n] ?? 0))) / norm(full);
    const pairs = 9 * L - 2 * (4 + 3 + 2 + 1);
    const { rows, results } = await compared(dense, local, "--inputs", inputs);
    expect(rows).toEqual({ compared: L, all: L });
    expect(results).toMatchObject([
      { keptPairs: 1, flops: 4 * D * L * L, error: 0, massKept: expect.closeTo(1, 12) as number },
      {
        keptPairs: pairs / (L * L),
        flops: 4 * D * pairs,
        error: expect.closeTo(error, 5) as number,
        massKept: expect.closeTo(pairs / (L * L), 12) as number,
      },
    ]);
    for (const { medianMs } of results) expect(medianMs).toBeGreaterThan(0);
  });

  test("what has other queries, keys or values is not measured against the first", async () => {
    const grouped = `attention grouped(q: f32[H, L, D], k, v: f32[G, L, D]) { example H = 4, G = 2, L = 16, D = 8 }
      attention whole(q, k, v: f32[H, L, D]) { example H = 4, L = 16, D = 8 }`;
    const { out } = await foveaOf(grouped, "compare", "-", "--json");
    const { results } = JSON.parse(out) as Compared;
    expect(results).toMatchObject([{ error: 0 }, { error: null, massKept: null }]);
  });

  test("rows are a fair sample where all would take too long", () => {
    const [spec, causal] = check(
      "attention a(q, k, v: f32[L, D]) {} attention c(q, k, v: f32[L, D]) { mask causal }",
      "-",
    ).specs;
    if (!spec || !causal) throw new Error("the specs of this test have a mistake");
    const sizes = { L: 600, D: 4 };
    const inputs = sampleInputs(spec, sizes);
    inputs.set("q", { dims: [600, 4], data: new Float32Array(2400) });
    const reference = referenceOf({ spec, sizes, inputs }, 100 * 600 * 8);
    expect(reference).toMatchObject({ rows: 100, allRows: 600 });
    // Of a causal mask half of an even weight is left, half a row more or less.
    expect(reference.like({ spec: causal, sizes, inputs })?.massKept).toBeCloseTo(0.5, 2);
  });
});

test("the text says what each column is; times aside it is the same every time", async () => {
  const { out, err, code } = await fovea("compare", dense, local, "--set", "w=2,8");
  expect({ code, err }).toEqual({ code: 0, err: "dense …\nlocal w=2 …\nlocal w=8 …\n" });
  const timeless = out
    .replace(/^-+ .*$/m, "---")
    .replaceAll(/ +[0-9.]+ m?s +[0-9.]+ x/g, "  <time>  <speed>")
    .replace(/ +time +speed/, "  time  speed");
  expect(timeless).toMatchInlineSnapshot(`
    "L=48 D=8, sampled tensors (seed 0), on wasm; each is measured against dense

    attention     kept  looked at  operations  in + out  workspace  time  speed    error   weight    layer
    ---
    dense      100.0 %    100.0 %      73.7 k   6.14 kB    31.7 kB  <time>  <speed>    0.0 %  100.0 %    0.0 %
    local w=2   10.2 %     72.2 %      7.49 k   6.14 kB    31.7 kB  <time>  <speed>  270.1 %   10.7 %  -44.9 %
    local w=8   32.3 %     72.2 %      23.8 k   6.14 kB    31.7 kB  <time>  <speed>  144.2 %   32.7 %  -33.9 %

    kept        pairs of a query and a key that the attention keeps, of all there are; looked at: those that a kernel
                computes to find them, and then masks or keeps
    operations  multiplications and additions that the kept pairs need
    in + out    bytes of the tensors, each once; workspace: what a kernel needs beside them
    time        of one call here, the fastest of many; speed: how many times as fast as the first
    error       how far the output is from that of dense, relative (all 48 rows)
    weight      of dense's attention that lies on keys this one keeps
    layer       operations of a whole transformer layer that the mask saves, against keeping every pair

    Sampled queries and keys agree on nothing, so that attention is nearly even and every pattern loses about what it
    leaves out. What a pattern loses on a model, only tensors of the model can say: \`--inputs FILE\`.
    "
  `);
});
