/**
 * Linear attention: numbers by hand, the chunked kernels beside a plain recurrence, awkward shapes on every CPU target,
 * earlier rows that no later key changes, and what is refused.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { check, lower } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { host } from "../../src/targets/index.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { runSpec } from "../../src/verify/run.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import { caseOf, compiled } from "../loaders/support.ts";
import { specFrom } from "../support/examples.ts";
import { cpuTargets, kernelOf, type Target } from "../support/kernels.ts";
import { codesOf, expectRight } from "./support.ts";

const elu1 = "fn phi(x) = if x > 0 then x + 1 else exp(x)";
const positive = "fn phi(x) = exp(W @ x - x @ x / 2)";
const head = "attention a(q: f32[B, H, L, D], k: f32[B, Hkv, S, D], v: f32[B, Hkv, S, E]";
const withW = `${head}, W: f32[M, D]`;

function specOf(text: string): Spec {
  const { specs, diagnostics } = check(text, "test.attn");
  const [spec] = specs;
  if (!spec) throw new Error(diagnostics.map((d) => `${d.code} ${d.message}`).join("; "));
  return spec;
}

const tensor = (dims: readonly number[], data: readonly number[]): SampleTensor => ({
  dims,
  data: Float32Array.from(data),
});

async function numbers(spec: Spec, target: string, sizes: Record<string, number>, inputs: Map<string, SampleTensor>) {
  return Array.from((await runSpec(spec, target, sizes, inputs)).get("o")?.data ?? [], Number);
}

const cpu = ["oracle", "tiles", "wasm", "c"] as const;

test.each(cpu.slice(0, 3))("by hand, with relu features: %s", async (target) => {
  const spec = specOf(
    "attention a(q, k, v: f32[L, D]) { fn phi(x) = max(x, 0) scale 1 mask causal weights linear(phi) }",
  );
  const inputs = new Map([
    ["q", tensor([3, 2], [1, 0, 1, 1, -1, 0])],
    ["k", tensor([3, 2], [2, 0, 1, 3, 5, 5])],
    ["v", tensor([3, 2], [1, 2, 3, 4, 5, 6])],
  ]);
  // Row 1 weighs its keys 2 and 4; row 2 has no feature that is not 0, and so no weight.
  const want = [1, 2, (2 * 1 + 4 * 3) / 6, (2 * 2 + 4 * 4) / 6, 0, 0];
  const found = await numbers(spec, target, { L: 3, D: 2 }, inputs);
  found.forEach((x, n) => expect(x).toBeCloseTo(want[n] ?? Number.NaN, 6));
  expect(found).toHaveLength(6);
});

/** S ← S + φ(k) vᵀ, z ← z + φ(k), o = φ(q) S / φ(q) z, token by token in float64. */
function recurrence(
  { L, D, E }: { readonly L: number; readonly D: number; readonly E: number },
  inputs: ReadonlyMap<string, SampleTensor>,
): readonly number[] {
  const [q, k, v] = ["q", "k", "v"].map((name) => Array.from(inputs.get(name)?.data ?? [], Number));
  const phi = (x: number): number => (x > 0 ? x + 1 : Math.exp(x));
  const root = D ** -0.25;
  const S = new Float64Array(D * E);
  const z = new Float64Array(D);
  const out: number[] = [];
  for (let i = 0; i < L; i++) {
    for (let m = 0; m < D; m++) {
      const f = phi((k?.[i * D + m] ?? 0) * root);
      z[m] = (z[m] ?? 0) + f;
      for (let c = 0; c < E; c++) S[m * E + c] = (S[m * E + c] ?? 0) + f * (v?.[i * E + c] ?? 0);
    }
    const features = Array.from({ length: D }, (_, m) => phi((q?.[i * D + m] ?? 0) * root));
    const sum = features.reduce((all, f, m) => all + f * (z[m] ?? 0), 0);
    for (let c = 0; c < E; c++) out.push(features.reduce((all, f, m) => all + f * (S[m * E + c] ?? 0), 0) / sum);
  }
  return out;
}

test.each(cpu)("chunks are the recurrence: %s", async (target) => {
  const spec = specOf(`attention a(q, k: f32[L, D], v: f32[L, E]) { ${elu1} mask causal weights linear(phi) }`);
  const sizes = { L: 201, D: 7, E: 9 };
  const inputs = sampleInputs(spec, sizes);
  const want = recurrence(sizes, inputs);
  const found = await numbers(spec, target, sizes, inputs);
  found.forEach((x, n) => expect(Math.abs(x - (want[n] ?? Number.NaN))).toBeLessThan(2e-6));
});

/** Lengths around tiles and chunks, none at all, more queries than keys, groups, more features than a tile has columns. */
const shapes: readonly Record<string, number>[] = [
  { B: 1, H: 2, Hkv: 1, L: 1, S: 130, D: 5, E: 3, M: 70 },
  { B: 2, H: 6, Hkv: 2, L: 33, S: 65, D: 3, E: 17, M: 1 },
  { B: 1, H: 1, Hkv: 1, L: 70, S: 33, D: 16, E: 1, M: 9 },
  { B: 1, H: 7, Hkv: 1, L: 129, S: 129, D: 8, E: 8, M: 24 },
  { B: 1, H: 2, Hkv: 2, L: 3, S: 0, D: 4, E: 4, M: 5 },
  { B: 1, H: 2, Hkv: 2, L: 0, S: 9, D: 4, E: 4, M: 5 },
];
const specs: readonly (readonly [string, string])[] = [
  ["elements, causal", `${head}) { ${elu1} mask causal weights linear(phi) }`],
  ["elements", `${head}) { ${elu1} weights linear(phi) output 2 * o + c }`],
  ["exponents, causal", `${withW}) { ${positive} mask j <= i weights linear(phi) }`],
  ["exponents", `${withW}) { ${positive} weights linear(phi) }`],
  ["from the start", `${withW}) { ${positive} align start mask causal weights linear(phi) }`],
  ["beyond the keys", `${withW}) { ${positive} align at 40 mask causal weights linear(phi) }`],
  [
    "products of a part and a bias",
    `${withW}, u: f32[M]) { fn phi(x) = max(W @ (x / sqrt(x @ x + 1)) + u, 0) + 0.001 mask causal weights linear(phi) }`,
  ],
  [
    "a matrix a head, in another order",
    "attention a(q, k: f32[L, B, D, H], v: f32[L, B, E, H], W: f16[H, M, D]) { fn phi(x) = abs(W[h] @ x) + 0.1 mask causal weights linear(phi) }",
  ],
  [
    "keys projected",
    `${head}, G: f32[R, S]) { ${elu1} project k along S by G project v along S by G weights linear(phi) }`,
  ],
  [
    "rotated",
    "attention a(q: f32[B, H, L, 8], k: f32[B, Hkv, S, 8], v: f32[B, Hkv, S, E]) { fn phi(x) = max(x, 0) + 0.01 rotate q, k by rope(base: 100) mask causal weights linear(phi) }",
  ],
  ["exponents of elements", `${head}) { fn phi(x) = exp(x) mask causal weights linear(phi) }`],
];

/** A C compiler takes its time, so it gets the two that hold all there is. */
const targetsOf = (title: string): readonly Target[] =>
  ["exponents, causal", "products of a part and a bias"].includes(title)
    ? ["tiles", "wasm relaxed", "c"]
    : ["tiles", "wasm relaxed"];

describe.each(specs)("%s", (title, text) => {
  const spec = specOf(text);
  test.each(targetsOf(title))("%s", async (target) => {
    const kernel = await kernelOf(spec, target);
    onTestFinished(() => kernel.close());
    for (const shape of shapes) {
      const sizes = Object.fromEntries(spec.sizes.map((name) => [name, shape[name] ?? 1]));
      const inputs = sampleInputs(spec, sizes);
      const right = oracle(spec, sizes, inputs);
      const found = await kernel.call(sizes, inputs);
      expect(compare(spec, right, found, limitFor("f32", right, 64)).reason).toBeUndefined();
    }
  });
});

describe("no later key changes an earlier row", () => {
  const spec = specOf(`${withW}) { ${positive} mask causal weights linear(phi) }`);
  const sizes = { B: 1, H: 2, Hkv: 1, L: 150, S: 150, D: 4, E: 4, M: 12 };
  const plain = sampleInputs(spec, sizes);
  /** The key and the value at `position` replaced. */
  const changed = (position: number, key: number, value: number): Map<string, SampleTensor> =>
    new Map(
      [...plain].map(([name, t]) => {
        const data = Float32Array.from(t.data as Float32Array);
        if (name === "k" || name === "v") data.fill(name === "k" ? key : value, position * 4, position * 4 + 4);
        return [name, { ...t, data }];
      }),
    );
  const before = (all: readonly number[], position: number): readonly number[] =>
    all.filter((_, n) => Math.floor(n / 4) % sizes.L < position);

  test.each<Target>(["tiles", "wasm plain", "c"])("%s", async (target) => {
    const kernel = await kernelOf(spec, target);
    onTestFinished(() => kernel.close());
    const oOf = async (inputs: Map<string, SampleTensor>): Promise<readonly number[]> =>
      Array.from((await kernel.call(sizes, inputs)).get("o")?.data ?? [], Number);
    const usual = await oOf(plain);
    for (const position of [70, 130]) {
      for (const [key, value] of [
        [Number.NaN, 1],
        [1, Number.NaN],
        [Infinity, Infinity],
      ] as const) {
        const found = await oOf(changed(position, key, value));
        expect(before(found, position)).toEqual(before(usual, position));
      }
    }
  });

  // φ = e^x, where a key of 80 outweighs the others e^80 times: in f32 their features would be nothing beside it.
  test.each(["tiles", "wasm"])("a huge one leaves them as right as they were: %s", async (target) => {
    const large = specOf(`${head}) { fn phi(x) = exp(x) mask causal weights linear(phi) }`);
    for (const position of [70, 149]) {
      const inputs = changed(position, 160, 1);
      inputs.delete("W");
      const right = oracle(large, sizes, inputs);
      const found = await runSpec(large, target, sizes, inputs);
      expect(right.bounds.logit).toBeGreaterThan(100);
      expect(compare(large, right, found, 3e-6).reason).toBeUndefined();
    }
  });
});

test("through the loader of wasm, a size after another", async () => {
  const text =
    "attention a(q, k, v: f32[H, L, D], W: f32[M, D]) { fn phi(x) = exp(W @ x - x @ x / 2) mask causal weights linear(phi) }";
  const { spec, create } = await compiled("wasm", text, onTestFinished);
  const kernel = await create({});
  onTestFinished(() => kernel.dispose());
  for (const sizes of [
    { H: 2, L: 200, D: 8, M: 70 },
    { H: 1, L: 1, D: 8, M: 3 },
    { H: 1, L: 0, D: 8, M: 2 },
  ]) {
    const { inputs, judge } = caseOf(spec, sizes, "gpu");
    expect(judge(await kernel.run(inputs, sizes)).reason).toBeUndefined();
  }
});

test("a product with a matrix is one, and no buffer is as wide as the features", () => {
  const { program } = lower(specOf(`${withW}) { ${positive} weights linear(phi) }`), host);
  const dots = JSON.stringify(program.body).split('"kind":"dot"').length - 1;
  expect(dots).toBe(4);
  expect(JSON.stringify(program.buffers.map(({ columns }) => columns))).not.toContain('"M"');
  expect(program.intermediates?.map((t) => t.name)).toEqual(["k_features", "q_features", "key_state"]);
});

test("what is refused", () => {
  const codes = (clauses: string, inputs = "W: f32[M, D]"): readonly string[] => codesOf(clauses, inputs);
  const relu = "fn f(x) = max(x, 0) weights linear(f)";
  expect(codes(relu)).toEqual([]);
  expect(codes(`${relu} score s * 2`)).toEqual(["FOV3018"]);
  expect(codes(`${relu} mask causal and window(3)`)).toEqual(["FOV3018"]);
  expect(codes(`${relu} return o, lse`)).toEqual(["FOV3009"]);
  expect(codes("weights linear")).toEqual(["FOV2003"]);
  expect(codes("weights linear(phi)")).toEqual(["FOV3002"]);
  expect(codes("fn f(x, y) = x weights linear(f)")).toEqual(["FOV2001"]);
  expect(codes("fn f(x) = x > 0 weights linear(f)")).toEqual(["FOV2001"]);
  expect(codes("fn f(x) = W @ x + x weights linear(f)")).toEqual(["FOV2004"]);
  expect(codes("fn f(x) = W @ (W @ x) weights linear(f)")).toEqual(["FOV2004"]);
  expect(codes("fn f(x) = U @ (W @ x) weights linear(f)", "W: f32[M, D], U: f32[N, M]")).toEqual(["FOV3018"]);
  expect(codes("fn f(x) = x @ W weights linear(f)")).toEqual(["FOV2001"]);
  expect(codes("fn f(x) = x + i weights linear(f)")).toEqual(["FOV3010"]);
  const grouped = "attention a(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D], W: f32[H, M, D])";
  const found = check(`${grouped} { fn f(x) = exp(W[h] @ x) weights linear(f) }`, "t.attn").diagnostics;
  expect(found.map((d) => d.code)).toEqual(["FOV3018"]);
});

test.each(cpuTargets)("integers have the features of the numbers that they stand for: %s", (target) => {
  const spec = specFrom(
    `fn phi(x) = exp(W @ x - x @ x / 2)
     attention a(q: i8[H, L, D] scale qs, k: i4[H, L, D] scale ks, v: i8[H, L, D] scale vs, qs, ks: f32[H, L], vs: f32, W: f32[M, D]) {
       weights linear(phi) mask causal
     }`,
  );
  return expectRight(spec, target, [{ H: 2, L: 70, D: 6, M: 5 }]);
});
