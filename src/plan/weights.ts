/**
 * How scores become weights: one row a kind. Takes the spec's weights, gives the State that an attend stage keeps
 * a row. Formulas are in base-2 logits (natural ones times log2 e), so that one exp2 is all a weight costs: `s` is
 * the logit, `m` the reference. A kernel hands in a finite `m`: a row that has seen no key has none, and 0 does.
 */
import { add, call, float, mul, select, sub, variable, type Scalar } from "../scalar/scalar.ts";
import type { Weights } from "../spec/spec.ts";
import type { State } from "./plan.ts";

type Row<K extends Weights["kind"]> = (weights: Extract<Weights, { kind: K }>) => State;

const log2e = float(Math.fround(Math.LOG2E));
const lowest = float(Number.NEGATIVE_INFINITY);
const s = variable("s", "f32");
const m = variable("m", "f32");

const rows: { readonly [K in Weights["kind"]]: Row<K> } = {
  /** 2^(s − m); a sink is a key with a logit and no value: the sum starts with its weight, 1 under itself. */
  softmax: ({ sink }) => ({
    kind: sink ? "softmax with a sink" : "softmax",
    reference: "max",
    init: { reference: sink ? mul(asReal(sink), log2e) : lowest, sum: float(sink ? 1 : 0) },
    weight: call("exp2", sub(s, m)),
    normalised: true,
    strategy: "online",
  }),
  /** 1 / (1 + 2^−s), and exactly 0 where masked; NaN stays NaN. No reference, no normaliser. */
  sigmoid: () => ({
    kind: "sigmoid",
    reference: "none",
    init: { reference: lowest, sum: float(0) },
    weight: select(call("eq", s, lowest), float(0), call("div", float(1), add(float(1), call("exp2", call("neg", s))))),
    normalised: false,
    strategy: "online",
  }),
  /** max(s, 0) in natural units. */
  relu: () => ({
    kind: "relu",
    reference: "none",
    init: { reference: lowest, sum: float(0) },
    weight: select(call("le", s, float(0)), float(0), mul(s, float(Math.fround(Math.LN2)))),
    normalised: false,
    strategy: "online",
  }),
  /** s itself, a product of features, and exactly 0 where masked; of exponents s is its logarithm. */
  linear: ({ exponent }) => ({
    kind: exponent ? "linear, of exponents" : "linear",
    reference: exponent ? "max" : "none",
    init: { reference: lowest, sum: float(0) },
    weight: exponent
      ? call("exp2", sub(s, m))
      : select(call("eq", s, lowest), float(0), mul(s, float(Math.fround(Math.LN2)))),
    normalised: true,
    strategy: "online",
  }),
};

const asReal = (x: Scalar): Scalar => (x.type === "f32" ? x : call("float", x));

export function stateOf(weights: Weights): State {
  switch (weights.kind) {
    case "softmax":
      return rows.softmax(weights);
    case "sigmoid":
      return rows.sigmoid(weights);
    case "relu":
      return rows.relu(weights);
    case "linear":
      return rows.linear(weights);
  }
  weights satisfies never;
  return rows.relu({ kind: "relu" });
}
