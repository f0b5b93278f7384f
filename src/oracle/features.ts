/**
 * Linear attention in float64, as the quotient that it is: Σ_j φ(q_i) · φ(k_j) v_j / Σ_j φ(q_i) · φ(k_j), over the keys
 * that row i sees (Katharopoulos et al. 2020, equation 4; Choromanski et al. 2021, equation 4). Takes the spec and
 * the operands; gives what stands for a logit: φ(q_i) · φ(k_j) itself, or its natural logarithm where features are
 * exponents, each row's own largest apart. Features of a key are made once a key head.
 */
import { cell, prepare, type Frame, type Source } from "../scalar/evaluate.ts";
import { featureRow, type Spec } from "../spec/spec.ts";

/** Where a row of an operand begins, and from one channel to the next. */
export interface OperandRows {
  readonly data: ArrayLike<number>;
  readonly at: (b: number, h: number, position: number) => number;
  readonly stride: number;
}

interface Rows {
  readonly features: Float64Array;
  /** The largest exponent of each row; 0 where features are not exponents. */
  readonly largest: Float64Array;
}

export interface Pairs {
  /** Of query row `row` and, by its number, each key. */
  readonly of: (b: number, h: number, row: number) => (key: number) => number;
  /** The largest exponents of a query and of a key that were met, added as a pair adds them: rounding grows with it. */
  readonly exponent: () => number;
}

export function pairsOf(
  spec: Spec,
  source: Source,
  { q, k }: { readonly q: OperandRows; readonly k: OperandRows },
  size: (x: Spec["scale"]) => number,
): Pairs {
  const { weights, extents } = spec;
  if (weights.kind !== "linear") throw new Error("oracle: these weights have no features");
  const [heads, keyHeads, keys, depth, count] = [
    extents.head,
    extents.keyHead,
    extents.key,
    extents.channel,
    weights.count,
  ].map(size);
  const group = Math.max(1, heads / keyHeads);
  const frame: Frame = new Map();
  const [vb, vh, vc] = ["b", "h", "c"].map((name) => cell(frame, name));
  const row = new Float64Array(depth);
  const own: Source = {
    sizes: source.sizes,
    dims: (tensor) => (tensor === featureRow ? [depth] : source.dims(tensor)),
    read: (tensor, indices) => (tensor === featureRow ? row[indices[0]] : source.read(tensor, indices)),
  };
  const feature = prepare(weights.feature, frame, own, "f64");
  const scale = prepare(spec.scale, frame, source, "f64");
  const most = { q: 0, k: 0 };

  const rowsOf = (operand: OperandRows, b: number, h: number, first: number, rows: number, head: number): Rows => {
    const features = new Float64Array(rows * count);
    const largest = new Float64Array(rows);
    vb.value = b;
    vh.value = head;
    const root = Math.sqrt(scale());
    for (let n = 0; n < rows; n++) {
      const at = operand.at(b, h, first + n);
      for (let d = 0; d < depth; d++) row[d] = operand.data[at + d * operand.stride] * root;
      for (let m = 0; m < count; m++) {
        vc.value = m;
        features[n * count + m] = feature();
      }
      if (!weights.exponent) continue;
      const line = features.subarray(n * count, (n + 1) * count);
      largest[n] = line.reduce((a, x) => (x > a ? x : a), -Infinity);
      const own = operand === q ? "q" : "k";
      if (Math.abs(largest[n]) < Infinity) most[own] = Math.max(most[own], Math.abs(largest[n]));
      const reference = largest[n] === -Infinity ? 0 : largest[n];
      line.forEach((x, m) => (line[m] = Math.exp(x - reference)));
    }
    return { features, largest };
  };

  const known = new Map<number, Rows>();
  const keysOf = (b: number, hk: number): Rows => {
    const at = b * keyHeads + hk;
    const made = known.get(at) ?? rowsOf(k, b, hk, 0, keys, hk * group);
    known.set(at, made);
    return made;
  };
  return {
    exponent: () => most.q + most.k,
    of: (b, h, at) => {
      const query = rowsOf(q, b, h, at, 1, h);
      const { features, largest } = keysOf(b, Math.floor(h / group));
      return (key) => {
        let dot = 0;
        for (let m = 0; m < count; m++) dot += query.features[m] * features[key * count + m];
        return weights.exponent ? Math.log(dot) + query.largest[0] + largest[key] : dot;
      };
    },
  };
}
