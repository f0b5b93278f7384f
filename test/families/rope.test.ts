/**
 * Rotary embedding: by hand on one pair, scores that depend on distances alone, each form of it on the CPU targets
 * beside the oracle, and what the sizes must fulfil.
 */
import { expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { checkInputs } from "../../src/spec/inputs.ts";
import { limitFor } from "../../src/verify/compare.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import { specFrom } from "../support/examples.ts";
import { cpuTargets } from "../support/kernels.ts";
import { expectRight } from "./support.ts";

const row = (...data: readonly number[]): SampleTensor => ({
  dims: [data.length / 2, 2],
  data: Float32Array.from(data),
});

test("one pair turns by its position", () => {
  const spec = specFrom("attention a(q, k, v: f32[L, D]) { rotate q, k by rope() scale 1 return lse }");
  const inputs = new Map([
    ["q", row(1, 0, 1, 0)],
    ["k", row(2, 0, 2, 0)],
    ["v", row(0, 0, 0, 0)],
  ]);
  // Scores 2 cos(i − j): the turns of q and k differ by the distance.
  const lse = oracle(spec, { L: 2, D: 2 }, inputs).outputs.get("lse")?.data ?? [];
  const want = Math.log(Math.exp(2) + Math.exp(2 * Math.cos(1)));
  expect(lse[0]).toBeCloseTo(want, 12);
  expect(lse[1]).toBeCloseTo(want, 12);
});

test("scores depend on distances alone: every position a thousand later, the same result", () => {
  const at = (n: number) =>
    specFrom(
      `attention a(q, k, v: f32[L, D]) { rotate q by rope(at: i + ${n}) rotate k by rope(at: j + ${n}) mask causal }`,
    );
  const sizes = { L: 40, D: 16 };
  const inputs = sampleInputs(at(0), sizes);
  const [here, there] = [0, 1000].map((n) => oracle(at(n), sizes, inputs).outputs.get("o")?.data ?? []);
  here.forEach((x, n) => expect(there[n]).toBeCloseTo(x, 3));
  expect(here).not.toEqual(there);
});

const forms: readonly (readonly [name: string, text: string])[] = [
  ["plain", "(q, k, v: f32[B, H, L, D]) { rotate q, k by rope() mask causal }"],
  [
    "grouped, wide values, keys longer",
    "(q: f32[B, H, L, D], k: f32[B, Hkv, S, D], v: f32[B, Hkv, S, Dv]) { rotate q, k by rope(base: 500.0) }",
  ],
  ["channels last but one, neighbours", "(q, k, v: f32[D, L]) { rotate q, k by rope(interleaved: true) }"],
  ["part of the channels", "(q, k, v: f16[B, L, H, D]) { rotate q, k by rope(channels: 4, from: 2) mask window(9) }"],
  [
    "a canvas: rows by one half, columns by the other",
    `(q, k, v: f32[H, L, D]) {
      rotate q by rope(base: 100, channels: D div 2, at: i div 8)
      rotate q by rope(base: 100, channels: D div 2, from: D div 2, at: i mod 8)
      rotate k by rope(base: 100, channels: D div 2, at: j div 8)
      rotate k by rope(base: 100, channels: D div 2, from: D div 2, at: j mod 8) }`,
  ],
  [
    "frequencies and positions from tensors",
    `(q, k, v: f32[B, L, D], f: f32[P], at: i32[B, L]) {
      rotate q by rope(frequencies: f, at: at[b, row]) rotate k by rope(frequencies: f, at: at[b, j])
      example f = between(0, 1), at = between(0, 5000) }`,
  ],
  [
    "rotated, then projected",
    "(q, k, v: f32[L, D], E: f32[R, L]) { rotate q, k by rope() project k along L by E project v along L by E }",
  ],
];

const shapes = [
  { B: 2, H: 4, Hkv: 2, L: 37, S: 70, D: 9, Dv: 5, P: 3, R: 11 },
  { B: 1, H: 2, Hkv: 2, L: 66, S: 66, D: 16, Dv: 16, P: 8, R: 4 },
  { B: 1, H: 2, Hkv: 1, L: 0, S: 3, D: 8, Dv: 8, P: 4, R: 2 },
];

test.each(forms.flatMap(([name, text]) => cpuTargets.map((target) => [name, target, text] as const)))(
  "%s on %s",
  (_, target, text) => expectRight(specFrom(`attention a${text}`), target, shapes),
);

test("frequencies of a model leave the limit as it is; of a base they widen it with the farthest position", () => {
  const [given, made] = ["frequencies: f", "base: 100"].map((how) => {
    const spec = specFrom(`attention a(q, k, v: f32[L, D], f: f32[D/2]) { rotate q, k by rope(${how}) }`);
    const sizes = { L: 50, D: 4 };
    return limitFor("f32", oracle(spec, sizes, sampleInputs(spec, sizes)), 4);
  });
  expect(given).toBe(5e-7);
  expect(made).toBeCloseTo(5e-7 + 49 * 2 ** -22, 9);
});

test("more pairs than channels are refused before anything runs", () => {
  const spec = specFrom("attention a(q, k, v: f32[L, D], f: f32[P]) { rotate q by rope(frequencies: f) }");
  const sizes = { L: 2, D: 4, P: 3 };
  const [fault] = checkInputs(spec, sizes, sampleInputs(spec, sizes)).diagnostics;
  expect(fault).toMatchObject({ code: "FOV2108" });
  expect(fault?.message).toContain("the channels that `rotate` turns are channels of q");
});

test.each(cpuTargets)("integers are turned as the numbers that they stand for: %s", (target) => {
  const spec = specFrom(
    "attention a(q: f32[H, L, D], k: i4[H, L, D] scale ks, v: i8[H, L, D] scale vs, ks: f32[H, L], vs: f32) { rotate q, k by rope() }",
  );
  return expectRight(spec, target, [{ H: 2, L: 37, D: 10 }]);
});
