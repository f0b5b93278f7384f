/** The plan as a whole: its text, its state, its linear forms. */
import { describe, expect, test } from "vitest";
import { normal } from "../../src/plan/linear.ts";
import { formulaScalar, normalForm } from "../../src/plan/formula.ts";
import { printPlan } from "../../src/plan/print.ts";
import { stateOf } from "../../src/plan/weights.ts";
import { evaluate } from "../../src/scalar/evaluate.ts";
import { printScalar } from "../../src/scalar/print.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import * as m from "./masks.ts";

test("a plan prints as text", () => {
  expect(printPlan(m.planOf(s.and(m.causal, s.or(m.window(64), m.sinks(4)))))).toBe(`plan test
  inputs q: f32[B, H, L, D]  k: f32[B, H, L, D]  v: f32[B, H, L, D]
  axis i < L, at row
  axis j < L
  attend
    visit in runs of 8, the same for all heads
      may  [i0 - 63, i1 + 1)  # causal and window(64)
      may  [0, min(i1 + 1, 4))  # causal and sinks(4)
      must [i1 - 63, i0 + 1)  # causal and window(64)
      must [0, min(i0 + 1, 4))  # causal and sinks(4)
    mask j <= i and (0 <= i - j < 64 or j < 4)
    score s of scale 1.0
    state softmax: reference max from -Infinity, sum from 0.0, online
      weight exp2(s - m), divided by the sum
  fold o
`);
});

test("an axis of blocks is split", () => {
  expect(printPlan(m.planOf(m.diagonal(32), { blocks: 32 }))).toContain(
    "axis j < L = 32 · (bj < (L + 31) div 32) + (j in block < 32)",
  );
});

describe("weights", () => {
  const none = { sizes: {}, read: () => 0, dims: () => [] };
  const weight = (x: Scalar, logit: number, reference: number): number =>
    evaluate(x, { ...none, variables: { s: logit, m: reference } }, "f64");

  test("softmax is 2^(s − m), and exactly 0 where masked", () => {
    const state = stateOf({ kind: "softmax" });
    expect(weight(state.weight, 3, 5)).toBe(0.25);
    expect(weight(state.weight, Number.NEGATIVE_INFINITY, 5)).toBe(0);
    expect(state).toMatchObject({
      reference: "max",
      normalised: true,
      init: { reference: { value: Number.NEGATIVE_INFINITY }, sum: { value: 0 } },
    });
  });

  test("a sink starts the sum with its own weight", () => {
    const { init } = stateOf({ kind: "softmax", sink: s.read("sink", "f32", [m.h]) });
    expect(printScalar(init.reference)).toBe("sink[h] * 1.442695");
    expect(init.sum).toEqual(s.float(1));
  });

  test("sigmoid of base-2 logits", () => {
    const state = stateOf({ kind: "sigmoid" });
    expect(weight(state.weight, 2 * Math.LOG2E, 0)).toBeCloseTo(1 / (1 + Math.exp(-2)), 14);
    expect(weight(state.weight, Number.NEGATIVE_INFINITY, 0)).toBe(0);
    expect(weight(state.weight, -2000, 0)).toBe(0);
    expect(state.normalised).toBe(false);
  });
});

describe("linear forms", () => {
  const text = (x: Scalar): string => printScalar(normal(x));
  const { add, sub, mul, idiv, mod, int } = s;

  test.each([
    ["like terms", add(sub(m.i, m.j), m.i), "i * 2 - j"],
    ["what cancels", sub(m.j, sub(m.j, m.i)), "i"],
    ["a constant product", mul(int(3), sub(m.i, int(2))), "i * 3 - 6"],
    ["multiples out of a quotient", idiv(add(m.j, int(70)), int(32)), "(j + 6) div 32 + 2"],
    ["a quotient of a quotient", idiv(idiv(m.j, int(4)), int(8)), "j div 32"],
    ["multiples out of a remainder", mod(add(mul(m.i, int(64)), sub(m.j, int(1))), int(32)), "(j + 31) mod 32"],
    ["a remainder taken away", sub(m.i, mod(m.i, int(8))), "i div 8 * 8"],
    ["nothing left", sub(m.i, m.i), "0"],
    ["only taken away", sub(int(0), m.i), "-i"],
  ])("%s", (_, x, expected) => {
    expect(text(x)).toBe(expected);
  });

  test("numbers of any size keep their sums", () => {
    const w = s.read("w", "i32", []);
    expect(text(idiv(sub(w, int(33)), int(32)))).toBe("(w - 33) div 32");
  });

  test("a form is its own normal form", () => {
    const x = add(mul(int(-2), m.j), add(idiv(m.i, int(3)), int(7)));
    expect(normal(normal(x))).toEqual(normal(x));
  });
});

describe("negation normal form", () => {
  const text = (x: Scalar): string => printScalar(formulaScalar(normalForm(x)));
  test.each([
    ["not and", s.not(s.and(m.causal, m.lt(m.j, 4))), "j >= i + 1 or j >= 4"],
    ["abs", m.around(3), "j + 3 >= i and i + 3 >= j"],
    ["not equal", s.call("ne", m.i, m.j), "i >= j + 1 or j >= i + 1"],
    ["min", m.le(m.j, s.min(m.i, s.int(9))), "i >= j and 9 >= j"],
    ["max on the other side", m.le(s.max(m.j, s.int(3)), m.i), "i >= j and i >= 3"],
    ["select", m.le(m.j, s.select(m.lt(m.i, 5), s.int(1), m.i)), "4 >= i and 1 >= j or i >= 5 and i >= j"],
  ])("%s", (_, x, expected) => {
    expect(text(x)).toBe(expected);
  });

  test("a comparison of reals is never turned around", () => {
    const x = s.not(s.call("lt", s.read("bias", "f32", [m.j]), s.float(1)));
    expect(text(x)).toBe("not bias[j] < 1.0");
  });

  test("what grows without end stays as it is", () => {
    let x: Scalar = m.causal;
    for (let n = 0; n < 40; n++) x = s.call("eq", x, m.lt(m.j, s.add(m.i, s.int(n))));
    expect(text(x).length).toBeLessThan(2_000_000);
  });
});
