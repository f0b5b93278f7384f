/**
 * How right is right: the error of a result against the oracle and the limit that the target must keep.
 * Error = max |x − oracle| / (max |v| · max(1, largest row sum of |weights|)); `lse` by 2e-6 · max(1, |lse|), `entropy` by 1e-5 · max(1, entropy). What an
 * `output` makes of the sum is measured by how much that can grow an error, and by its own size where that is larger.
 * A result that is stored as a half may be off by its rounding, and by no more than an f32 one beyond that.
 */
import type { OracleResult } from "../oracle/oracle.ts";
import { halves, isHalf, rounded, type RealDtype } from "../scalar/storage.ts";
import type { Spec, SpecOutput } from "../spec/spec.ts";

export type Accuracy = "f32" | "gpu";

export interface Comparison {
  readonly ok: boolean;
  readonly maxError: number;
  readonly limit: number;
  /** What is wrong, where something is. */
  readonly reason?: string;
}

/** `hot`: logits to ±30 instead of order 1. Head sizes over 256 get half as much again. */
export function limitOf(accuracy: Accuracy, hot: boolean, headSize: number): number {
  const table = { f32: { cool: 5e-7, hot: 1e-5 }, gpu: { cool: 2e-6, hot: 2e-5 } } as const;
  return table[accuracy][hot ? "hot" : "cool"] * (headSize > 256 ? 1.5 : 1);
}

/** What still counts as logits of order 1: those of normal inputs stay under it from head size 8 on. */
const largestCool = 8;

/** By how much a frequency that a target computes is off, as a share of it: two f32 roundings and those of its 2^x. */
const roundedFrequency = 2 ** -22;

/** What rounded frequencies add to a limit. */
export const roomOfTurns = ({ bounds }: OracleResult): number => bounds.turn * roundedFrequency;

/** The limit for inputs as they are: rows of the oracle say how large their logits become. */
export const limitFor = (accuracy: Accuracy, right: OracleResult, headSize: number): number =>
  limitOf(accuracy, right.bounds.logit > largestCool, headSize) + roomOfTurns(right);

/** What is promised of results that are stored as halves: their rounding, and room. */
const storageLimits: Readonly<Record<RealDtype, number>> = { f32: 0, f16: 2e-3, bf16: 4e-3 };

/** How far storing moves a number at most. */
const roundingOf = (dtype: RealDtype, x: number): number =>
  isHalf(dtype) ? Math.max(halves[dtype].unit * Math.abs(x), halves[dtype].least) * (1 + 1e-3) : 0;

const largest = (data: ArrayLike<number>): number =>
  Array.from(data).reduce((most, x) => (Math.abs(x) < Infinity ? Math.max(most, Math.abs(x)) : most), 0);

/** How an output is measured: the error of a number that is off by so much, and how far one may be off. */
export interface Measure {
  readonly error: (off: number, want: number) => number;
  readonly within: (want: number) => number;
}

export function measureOf(spec: Spec, { name, value, dtype }: SpecOutput, right: OracleResult, limit: number): Measure {
  const { maxV, weightSum, gain } = right.bounds;
  const sum = (maxV || 1) * Math.max(1, weightSum) * gain;
  const scale = spec.output ? Math.max(sum, largest(right.outputs.get(name)?.data ?? [])) : sum;
  const rows = value === "entropy" ? 1e-5 : 2e-6;
  const unit = (want: number): number => (value === "o" ? scale : (Math.max(1, Math.abs(want)) * rows) / limit);
  return {
    error: (off, want) => off / unit(want),
    within: (want) => limit * unit(want) + roundingOf(dtype, want),
  };
}

/** `limit` is that of f32 results; the comparison says which one holds for what is stored. */
export function compare(
  spec: Spec,
  right: OracleResult,
  outputs: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
  f32Limit: number,
): Comparison {
  let maxError = 0;
  const limit = Math.max(f32Limit, ...spec.outputs.map(({ dtype }) => storageLimits[dtype]));
  for (const output of spec.outputs) {
    const expected = right.outputs.get(output.name);
    const found = outputs.get(output.name);
    if (!expected || !found || found.data.length !== expected.data.length) {
      return {
        ok: false,
        maxError: Number.POSITIVE_INFINITY,
        limit,
        reason: `the output ${output.name} is missing or has the wrong size`,
      };
    }
    const { dtype } = output;
    const measure = measureOf(spec, output, right, f32Limit);
    for (const [n, want] of expected.data.entries()) {
      const got = Number(found.data[n]);
      if (Object.is(want, got) || want === got || Object.is(rounded(dtype, want), got)) continue;
      const off = Math.abs(got - want);
      const error = measure.error(off, want);
      if (!(off <= measure.within(want)))
        return { ok: false, maxError: error, limit, reason: `${output.name}[${n}] is ${got}, the oracle says ${want}` };
      maxError = Math.max(maxError, error);
    }
  }
  return { ok: true, maxError, limit };
}
