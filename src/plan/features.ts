/**
 * `weights linear(phi)` as stages: features of k and of q, a scan that sums φ(k)ᵀ · [v, 1] over chunks of keys, and an
 * attend that begins with the sum before its rows' chunk and adds the pairs inside it one by one. Takes the Spec
 * and the names of its operands; gives the stages before the fold. Without a mask one sum holds all keys and the attend
 * adds no pair.
 *
 * Where features are exponents a key's are stored relative to its largest, which stands behind them, so that a pair has
 * the logit log(φ(q) · φ(k)) + that: inside a chunk later keys can push no earlier pair out of range.
 */
import { add, call, ceilDiv, dependsOn, float, idiv, int, isConst, max, min, mul } from "../scalar/scalar.ts";
import { read, select, truth, variable, type Scalar } from "../scalar/scalar.ts";
import type { Spec } from "../spec/spec.ts";
import type { FreeName } from "./names.ts";
import type { Operands, Range, Stage, Visit } from "./plan.ts";
import { stateOf } from "./weights.ts";

/**
 * Keys of a chunk: pairs inside it cost about as many operations a row as the state that it saves, M · Dv / 64 numbers a
 * key in memory. A whole number of granules.
 */
const scanChunk = 64;

const lowest = float(Number.NEGATIVE_INFINITY);

export function featureStages(spec: Spec, operands: Operands, free: FreeName, granule: number): readonly Stage[] {
  const { weights, extents, scale } = spec;
  if (weights.kind !== "linear") return [];
  const { feature, exponent, count } = weights;
  const causal = !isConst(spec.mask, 1);
  const [q, k, state] = ["q_features", "k_features", "key_state"].map(free);
  const common = { kind: "features", feature, exponent, count, scale: call("sqrt", scale) } as const;
  const chunks = ceilDiv(extents.key, int(scanChunk));
  const chunk = causal ? max(int(0), min(chunks, idiv(variable("i0"), int(scanChunk)))) : int(0);
  const index = { batch: variable("b"), head: variable("hk"), position: variable("j"), channel: count };
  const largest = read(
    k,
    "f32",
    spec.roles.map((role) => index[role]),
  );
  const s = variable("s", "f32");
  const logit = select(call("eq", s, float(0)), lowest, add(call("log", s), largest));
  return [
    { ...common, to: k, operand: operands.k, side: "key" },
    { ...common, to: q, operand: operands.q, side: "query" },
    {
      kind: "scan",
      to: state,
      features: k,
      values: operands.v,
      count,
      exponent,
      ...(causal ? { chunk: scanChunk } : {}),
    },
    {
      kind: "attend",
      visit: causal ? insideChunk(spec, mul(chunk, int(scanChunk)), granule) : nothing(granule),
      mask: causal ? spec.mask : truth(false),
      scale: float(1),
      score: exponent ? logit : s,
      state: stateOf(weights),
      operands: { q, k, v: operands.v },
      channels: count,
      initial: { state, chunk, exponent },
    },
  ];
}

/** From the chunk of the tile's first row to its last row: rows of a tile may be in two chunks. */
function insideChunk({ mask, position }: Spec, lo: Scalar, granule: number): Visit {
  const range = (last: string): Range => ({
    when: truth(true),
    lo,
    hi: add(variable(last), int(1)),
    over: [],
    origin: `${mask.origin ?? "causal"}, inside a chunk`,
  });
  return { may: [range("i1")], must: [range("i0")], granule, perHead: dependsOn(position, "h") };
}

const nothing = (granule: number): Visit => ({ may: [], must: [], granule, perHead: false });
