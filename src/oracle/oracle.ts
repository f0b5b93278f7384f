/**
 * What a Spec means, in plain float64 loops over rows, straight from the Spec: scale, score, mask, weights, sum.
 * Takes a Spec, sizes and inputs; gives every output in double precision and the bounds of the error measure.
 * Reals of a mask are f32, each operation rounded, as the language decides; all else is float64. Shares no code
 * with plans, tiles or kernels.
 *
 * Masked keys enter nothing, whatever their numbers are; NaN in an allowed key reaches its row as IEEE arithmetic
 * carries it there. A row without a key has o = 0 and lse = −∞ (or the sink's value), and so has one whose logits are
 * all −∞, as a score that adds a bias of −∞ gives it.
 */
import { cell, prepare, type Frame, type Source } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { numbersOf } from "../scalar/storage.ts";
import type { Role, Sizes, Spec } from "../spec/spec.ts";
import { dequantise } from "./dequantise.ts";
import { pairsOf, type OperandRows } from "./features.ts";
import { project } from "./project.ts";
import { rotate } from "./rotate.ts";
import { finite, weigh } from "./weigh.ts";

/** A tensor as it is stored: row-major, a scalar has no dims; a bool is 0 or 1, f16 and bf16 are their bits, i4 two a byte. */
export interface Values {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Row {
  readonly b: number;
  readonly h: number;
  readonly row: number;
}

export interface OracleOutput {
  /** q's dimensions in q's order; with `rows` chosen, [rows] or [rows, channel]. */
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

export interface OracleResult {
  readonly outputs: ReadonlyMap<string, OracleOutput>;
  /** For error = max |x − oracle| / (maxV · max(1, weightSum)); maxV is over the finite numbers of v. */
  readonly bounds: {
    readonly maxV: number;
    readonly weightSum: number;
    /** Rounding grows with it: the largest |s|, a scaled product of q and k, of a pair that is kept, or score of a row. */
    readonly logit: number;
    /** How much larger an error of the weighted sum can become in `o`: more than 1 only by an `output`. */
    readonly gain: number;
    /** The largest angle of a rotation whose frequencies a target makes itself: what it rounds there turns q and k. */
    readonly turn: number;
  };
  /** Pairs of the evaluated rows that the mask keeps. */
  readonly kept: number;
}

export interface OracleOptions {
  /** Only these rows, in this order. */
  readonly rows?: readonly Row[];
  /** Is shown, of each evaluated row, the keys that it sees and their weights; both are gone with the next row. */
  readonly see?: (row: Row, keys: Int32Array, weights: Float64Array) => void;
}

/** Element (b, h, position, c) of an operand stands at b·batch + h·head + position·position + c·channel. */
type Strides = Readonly<Record<Role, number>>;

function stridesOf(roles: readonly Role[], dims: readonly number[]): Strides {
  const strides = { batch: 0, head: 0, position: 0, channel: 0 };
  let stride = 1;
  for (let n = roles.length - 1; n >= 0; n--) {
    strides[roles[n]] = stride;
    stride *= dims[n];
  }
  return strides;
}

function sourceOf(sizes: Sizes, inputs: ReadonlyMap<string, Values>): Source {
  const tensor = (name: string): Values => {
    const found = inputs.get(name);
    if (!found) throw new Error(`oracle: no input ${name}`);
    return found;
  };
  return {
    sizes,
    dims: (name) => tensor(name).dims,
    read: (name, indices) => {
      const { dims, data } = tensor(name);
      let at = 0;
      for (let n = 0; n < indices.length; n++) at = at * dims[n] + indices[n];
      return data[at] ?? 0;
    },
  };
}

interface Operand extends Values {
  readonly strides: Strides;
}

export function oracle(
  spec: Spec,
  sizes: Sizes,
  stored: ReadonlyMap<string, Values>,
  options: OracleOptions = {},
): OracleResult {
  const inputs = new Map(stored);
  for (const { name, dtype } of spec.inputs) {
    const given = stored.get(name);
    if (given) inputs.set(name, { dims: given.dims, data: numbersOf(dtype, given.data) });
  }
  dequantise(spec, sizes, inputs);
  const source = sourceOf(sizes, inputs);
  const turn = rotate(spec, sizes, inputs, source);
  project(spec, sizes, inputs);
  const operand = (name: string): Operand => {
    const values = inputs.get(name);
    if (!values) throw new Error(`oracle: no input ${name}`);
    return { ...values, strides: stridesOf(spec.roles, values.dims) };
  };
  const size = (x: Scalar): number => prepare(x, new Map(), source, "f64")();
  const { extents } = spec;
  const [batches, heads, queries, channels] = [extents.batch, extents.head, extents.query, extents.valueChannel].map(
    size,
  );
  const maxV = largestFinite(operand("v").data);
  const evaluateRow = rowEvaluator(spec, source, operand, size, 1e-3 * (maxV || 1));
  const chosen = options.rows;
  const count = chosen ? chosen.length : batches * heads * queries;

  const full = { batch: batches, head: heads, position: queries, channel: channels };
  const oDims = chosen ? [count, channels] : spec.roles.map((role) => full[role]);
  const lseRoles = spec.roles.filter((role) => role !== "channel");
  const lseDims = chosen ? [count] : lseRoles.map((role) => full[role]);
  const flat: Strides = { batch: 0, head: 0, position: 0, channel: 1 };
  const oAt = chosen ? flat : stridesOf(spec.roles, oDims);
  const lseAt = chosen ? flat : stridesOf(lseRoles, lseDims);
  const o = new Float64Array(count * channels);
  const lse = new Float64Array(count);
  const entropy = new Float64Array(count);

  let weightSum = 0;
  let logit = 0;
  let gain = 1;
  let kept = 0;
  const put = (b: number, h: number, row: number, n: number): void => {
    const made = evaluateRow(b, h, row);
    weightSum = Math.max(weightSum, made.weightSum);
    logit = Math.max(logit, made.logit);
    gain = Math.max(gain, made.gain);
    kept += made.keys.length;
    options.see?.({ b, h, row }, made.keys, made.weights);
    const at = chosen ? n * channels : b * oAt.batch + h * oAt.head + row * oAt.position;
    for (let c = 0; c < channels; c++) o[at + c * oAt.channel] = made.o[c];
    const place = chosen ? n : b * lseAt.batch + h * lseAt.head + row * lseAt.position;
    lse[place] = made.lse;
    entropy[place] = made.entropy;
  };
  if (chosen) for (const [n, { b, h, row }] of chosen.entries()) put(b, h, row, n);
  else
    for (let b = 0; b < batches; b++)
      for (let h = 0; h < heads; h++) for (let row = 0; row < queries; row++) put(b, h, row, 0);

  const outputs = new Map<string, OracleOutput>();
  for (const { name, value } of spec.outputs)
    outputs.set(
      name,
      value === "o" ? { dims: oDims, data: o } : { dims: lseDims, data: value === "lse" ? lse : entropy },
    );
  return { outputs, bounds: { maxV, weightSum, logit, gain, turn }, kept };
}

interface RowResult {
  readonly o: Float64Array;
  readonly lse: number;
  readonly entropy: number;
  readonly weightSum: number;
  readonly logit: number;
  readonly gain: number;
  readonly keys: Int32Array;
  readonly weights: Float64Array;
}

function rowEvaluator(
  spec: Spec,
  source: Source,
  operand: (name: string) => Operand,
  size: (x: Scalar) => number,
  step: number,
): (b: number, h: number, row: number) => RowResult {
  const { extents, weights } = spec;
  const [heads, keyHeads, keys, depth, channels] = [
    extents.head,
    extents.keyHead,
    extents.key,
    extents.channel,
    extents.valueChannel,
  ].map(size);
  const [q, k, v] = [operand("q"), operand("k"), operand("v")];
  const group = Math.max(1, heads / keyHeads);
  const frame: Frame = new Map();
  const [vb, vh, vrow, vi, vj, vs, vo, vc] = ["b", "h", "row", "i", "j", "s", "o", "c"].map((n) => cell(frame, n));
  const position = prepare(spec.position, frame, source, "f64");
  const mask = prepare(spec.mask, frame, source, "f32");
  const scale = prepare(spec.scale, frame, source, "f64");
  const score = prepare(spec.score, frame, source, "f64");
  const sink = weights.kind === "softmax" && weights.sink ? prepare(weights.sink, frame, source, "f64") : undefined;
  const rowsOf = ({ data, strides }: Operand): OperandRows => ({
    data,
    at: (b, h, position) => b * strides.batch + h * strides.head + position * strides.position,
    stride: strides.channel,
  });
  const pairs = weights.kind === "linear" ? pairsOf(spec, source, { q: rowsOf(q), k: rowsOf(k) }, size) : undefined;
  const kind = weights.kind === "linear" && weights.exponent ? "softmax" : weights.kind;
  const output = spec.output ? prepare(spec.output, frame, source, "f64") : undefined;
  const allowed = new Int32Array(keys);
  const logits = new Float64Array(keys);

  /** `output` in place of the sums; gives how much it grows a small difference of one. */
  const applied = (o: Float64Array, output: () => number): number => {
    let gain = 1;
    for (let c = 0; c < channels; c++) {
      vc.value = c;
      vo.value = o[c] + step;
      const above = output();
      vo.value = o[c];
      o[c] = output();
      gain = Math.max(gain, finite(Math.abs(above - o[c]) / step));
    }
    return gain;
  };

  return (b, h, row) => {
    vb.value = b;
    vh.value = h;
    vrow.value = row;
    vi.value = position();
    const factor = scale();
    const keyHead = Math.floor(h / group);
    const qAt = b * q.strides.batch + h * q.strides.head + row * q.strides.position;
    let kept = 0;
    let logit = 0;
    const pair = pairs?.of(b, h, row);
    for (let j = 0; j < keys; j++) {
      vj.value = j;
      if (mask() === 0) continue;
      if (pair) {
        logits[kept] = pair(j);
        allowed[kept++] = j;
        continue;
      }
      const kAt = b * k.strides.batch + keyHead * k.strides.head + j * k.strides.position;
      let dot = 0;
      for (let c = 0; c < depth; c++) dot += q.data[qAt + c * q.strides.channel] * k.data[kAt + c * k.strides.channel];
      vs.value = dot * factor;
      logit = Math.max(logit, finite(Math.abs(vs.value)));
      allowed[kept] = j;
      logits[kept] = score();
      kept++;
    }
    // What a score adds is rounded with the product; far below the largest of the row it weighs nothing.
    let largest = Number.NEGATIVE_INFINITY;
    for (let n = 0; n < kept; n++) largest = Math.max(largest, logits[n]);
    logit = Math.max(logit, pairs ? pairs.exponent() : finite(Math.abs(largest)));
    const { lse, weightSum, entropy } = weigh(kind, logits, kept, sink?.());
    const weighing = lse === -Infinity ? 0 : kept;
    logits.fill(0, weighing, kept);
    const o = new Float64Array(channels);
    for (let n = 0; n < weighing; n++) {
      const vAt = b * v.strides.batch + keyHead * v.strides.head + allowed[n] * v.strides.position;
      for (let c = 0; c < channels; c++) o[c] += logits[n] * v.data[vAt + c * v.strides.channel];
    }
    const gain = output ? applied(o, output) : 1;
    return {
      o,
      lse,
      entropy,
      weightSum,
      logit,
      gain,
      keys: allowed.subarray(0, kept),
      weights: logits.subarray(0, kept),
    };
  };
}

function largestFinite(data: ArrayLike<number>): number {
  let most = 0;
  for (let n = 0; n < data.length; n++) {
    const size = Math.abs(data[n]);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}
