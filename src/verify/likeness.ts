/**
 * How far one attention is from another on the same tensors: the relative error of its output, and how much of the
 * other's attention weight lies on keys that it keeps. Takes both specs with their calls; gives two numbers from the
 * float64 oracle over rows spread evenly over batches, heads and positions, as many as the work allowed holds.
 */
import { oracle, type OracleOptions, type Row, type Values } from "../oracle/oracle.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Sizes, Spec } from "../spec/spec.ts";

export interface Subject {
  readonly spec: Spec;
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, Values>;
}

export interface Likeness {
  /** |o − other's o| / |other's o| over the rows looked at, as Euclidean norms; NaN where numbers are not finite. */
  readonly error: number;
  /** Of the other's weight in these rows; 1 where it has none. */
  readonly massKept: number;
}

export interface Reference {
  /** Rows looked at, and of how many. */
  readonly rows: number;
  readonly allRows: number;
  /** Undefined where queries, keys or values have other sizes, or are other tensors. */
  readonly like: (subject: Subject) => Likeness | undefined;
}

/** Multiplications that the oracle may do for one attention: a second or so. */
const mostWork = 2 ** 28;
/** Weights that are remembered, 8 bytes each. */
const mostWeights = 2 ** 22;

export function referenceOf(subject: Subject, work = mostWork): Reference {
  const { spec, sizes } = subject;
  const value = (x: Scalar): number => sizeValue(x, sizes);
  const { batch, head, query, key, channel, valueChannel } = spec.extents;
  const [B, H, L, S] = [batch, head, query, key].map(value);
  const each = Math.max(1, S * (value(channel) + value(valueChannel)));
  const allRows = B * H * L;
  const count = Math.max(1, Math.floor(Math.min(allRows, work / each, mostWeights / Math.max(1, S))));
  const rows = spread(count, allRows).map((at): Row => ({
    b: Math.floor(at / (H * L)),
    h: Math.floor(at / L) % H,
    row: at % L,
  }));
  const seen = new Float64Array(rows.length * S);
  let [total, n] = [0, 0];
  const see = (_: Row, keys: Int32Array, weights: Float64Array): void => {
    for (let at = 0; at < keys.length; at++) {
      seen[n * S + keys[at]] = weights[at];
      total += weights[at];
    }
    n++;
  };
  const right = outputOf(subject, { rows, see });
  return {
    rows: rows.length,
    allRows,
    like: (other) => {
      if (!sameOperands(subject, other)) return undefined;
      let [mass, row] = [0, 0];
      const gather = (_: Row, keys: Int32Array): void => {
        for (const j of keys) mass += seen[row * S + j];
        row++;
      };
      const made = outputOf(other, { rows, see: gather });
      const error = ratio(normOf(made.map((x, at) => x - right[at])), normOf(right));
      return { error, massKept: total === 0 ? 1 : mass / total };
    },
  };
}

/** Whatever the spec returns, its `o`. */
const outputOf = ({ spec, sizes, inputs }: Subject, options: OracleOptions): Float64Array => {
  const outputs: Spec["outputs"] = spec.outputs.slice(0, 1).map((output) => ({ ...output, name: "o", value: "o" }));
  return oracle({ ...spec, outputs }, sizes, inputs, options).outputs.get("o")?.data ?? new Float64Array();
};

const normOf = (values: Float64Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

const ratio = (part: number, whole: number): number => (part === 0 ? 0 : part / whole);

/** Steps of the golden ratio: even in any part, and in step with no period of a mask. */
function spread(count: number, all: number): readonly number[] {
  if (count >= all) return Array.from({ length: all }, (_, n) => n);
  const golden = (Math.sqrt(5) - 1) / 2;
  const places = new Set([0, all - 1].slice(0, count));
  for (let n = 1; places.size < count; n++) places.add(Math.floor(((n * golden) % 1) * all));
  return [...places].toSorted((a, b) => a - b);
}

/** Are q, k and v the same numbers in the same order? */
function sameOperands(one: Subject, other: Subject): boolean {
  if (one.spec.roles.join() !== other.spec.roles.join()) return false;
  return ["q", "k", "v"].every((name) => {
    const [a, b] = [one.inputs.get(name), other.inputs.get(name)];
    return a !== undefined && b !== undefined && a.dims.join() === b.dims.join() && sameNumbers(a.data, b.data);
  });
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  for (let n = 0; n < a.length; n++) if (!Object.is(a[n], b[n])) return false;
  return a.length === b.length;
}
