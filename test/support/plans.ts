/** Plans made by hand, so that the levels below can be tested without the planner. */
import type { Plan, Range, State } from "../../src/plan/plan.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";

const v = s.variable;
const all: Range = { when: s.truth(true), lo: s.int(0), hi: s.size("S"), over: [], origin: "all" };

const softmax: State = {
  kind: "softmax",
  reference: "max",
  init: { reference: s.float(Number.NEGATIVE_INFINITY), sum: s.float(0) },
  weight: s.call("exp2", s.sub(v("s", "f32"), v("m", "f32"))),
  normalised: true,
  strategy: "online",
};

export interface PlanOptions {
  readonly mask?: Scalar;
  readonly may?: readonly Range[];
  readonly must?: readonly Range[];
  readonly score?: Scalar;
  readonly grouped?: boolean;
}

/** q: f32[B, H, L, D], k, v: f32[B, H or Hkv, S, D], softmax, returning o and lse. */
export function handPlan(name: string, { mask, may, must, score, grouped }: PlanOptions = {}): Plan {
  const keyHead = s.size(grouped ? "Hkv" : "H");
  const tensor = (head: Scalar, length: string): readonly Scalar[] => [s.size("B"), head, s.size(length), s.size("D")];
  const span = { file: "hand", start: 0, end: 0 };
  return {
    name,
    inputs: [
      { name: "q", dtype: "f32", dims: tensor(s.size("H"), "L"), span },
      { name: "k", dtype: "f32", dims: tensor(keyHead, "S"), span },
      { name: "v", dtype: "f32", dims: tensor(keyHead, "S"), span },
    ],
    sizes: ["B", "H", ...(grouped ? ["Hkv"] : []), "L", "S", "D"],
    roles: ["batch", "head", "position", "channel"],
    extents: {
      batch: s.size("B"),
      head: s.size("H"),
      keyHead,
      query: s.size("L"),
      key: s.size("S"),
      channel: s.size("D"),
      valueChannel: s.size("D"),
    },
    position: s.add(v("row"), s.sub(s.size("S"), s.size("L"))),
    axes: { query: { name: "i", extent: s.size("L") }, key: { name: "j", extent: s.size("S") } },
    stages: [
      {
        kind: "attend",
        visit: { may: may ?? [all], must: must ?? (mask ? [] : [all]), granule: 8, perHead: false },
        mask: mask ?? s.truth(true),
        scale: s.call("div", s.float(1), s.call("sqrt", s.call("float", s.size("D")))),
        score: score ?? v("s", "f32"),
        state: softmax,
      },
      {
        kind: "fold",
        outputs: [
          { name: "o", value: "o", dtype: "f32" },
          { name: "lse", value: "lse", dtype: "f32" },
        ],
      },
    ],
  };
}

export const dense = handPlan("dense");

export const causal = handPlan("causal", {
  mask: s.call("le", v("j"), v("i")),
  may: [{ ...all, hi: s.add(v("i1"), s.int(1)), origin: "causal" }],
  must: [{ ...all, hi: s.add(v("i0"), s.int(1)), origin: "causal" }],
});

/** causal and window(w): 0 <= i - j < w */
export const windowed = (w: number): Plan =>
  handPlan("windowed", {
    mask: s.and(s.call("le", v("j"), v("i")), s.call("lt", s.sub(v("i"), v("j")), s.int(w))),
    may: [{ ...all, lo: s.sub(v("i0"), s.int(w - 1)), hi: s.add(v("i1"), s.int(1)), origin: "window" }],
    must: [{ ...all, lo: s.sub(v("i1"), s.int(w - 1)), hi: s.add(v("i0"), s.int(1)), origin: "window" }],
  });

export const groupedCausal = handPlan("grouped", {
  grouped: true,
  mask: s.call("le", v("j"), v("i")),
  may: [{ ...all, hi: s.add(v("i1"), s.int(1)), origin: "causal" }],
  must: [{ ...all, hi: s.add(v("i0"), s.int(1)), origin: "causal" }],
});

/** ALiBi: s + 2^(−8 (h + 1) / H) · (j − i) under causal. */
export const alibi = handPlan("alibi", {
  mask: s.call("le", v("j"), v("i")),
  may: [{ ...all, hi: s.add(v("i1"), s.int(1)), origin: "causal" }],
  must: [{ ...all, hi: s.add(v("i0"), s.int(1)), origin: "causal" }],
  score: s.add(
    v("s", "f32"),
    s.mul(
      s.call(
        "exp2",
        s.call("div", s.call("float", s.mul(s.int(-8), s.add(v("h"), s.int(1)))), s.call("float", s.size("H"))),
      ),
      s.call("float", s.sub(v("j"), v("i"))),
    ),
  ),
});
