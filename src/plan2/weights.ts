/**
 * The table of weights: one row a kind, saying how base-2 logits become weights and what a row starts from. The
 * weight of s = −∞ is exactly 0. Softmax is the online form (Milakov & Gimelshein 2018, algorithm 3) with a sink
 * as a first key of weight 1 and no value; sigmoid is a plain sum without a reference.
 */
import * as s from "../scalar/scalar.ts";
import type { Spec, Weights } from "../spec/spec.ts";
import type { State } from "../plan/plan.ts";

const logit = s.variable("s", "f32");
const reference = s.variable("m", "f32");
const minusInfinity = s.float(Number.NEGATIVE_INFINITY);
const log2e = s.float(Math.fround(Math.LOG2E));

const rows: { readonly [K in Weights["kind"]]: (weights: Extract<Weights, { kind: K }>) => State } = {
  softmax: ({ sink }) => ({
    kind: "softmax",
    reference: "max",
    init: sink ? { reference: s.mul(sink, log2e), sum: s.float(1) } : { reference: minusInfinity, sum: s.float(0) },
    weight: s.call("exp2", s.sub(logit, reference)),
    normalised: true,
    strategy: "online",
  }),
  sigmoid: () => ({
    kind: "sigmoid",
    reference: "none",
    init: { reference: s.float(0), sum: s.float(0) },
    weight: s.select(
      s.call("eq", logit, minusInfinity),
      s.float(0),
      s.call("div", s.float(1), s.add(s.float(1), s.call("exp2", s.sub(s.float(0), logit)))),
    ),
    normalised: false,
    strategy: "online",
  }),
};

export function stateOf({ weights }: Spec): State {
  switch (weights.kind) {
    case "softmax":
      return rows.softmax(weights);
    case "sigmoid":
      return rows.sigmoid(weights);
  }
}
