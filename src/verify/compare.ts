/**
 * How right is right: the error of a result against the oracle and the limit that the target must keep.
 * Error = max |x − oracle| / (max |v| · max(1, largest row sum of |weights|)); `lse` by 2e-6 · max(1, |lse|).
 */
import type { OracleResult } from "../oracle/oracle.ts";
import type { Spec } from "../spec/spec.ts";

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

/** The limit for inputs as they are: rows of the oracle say how large their logits become. */
export const limitFor = (accuracy: Accuracy, { bounds }: OracleResult, headSize: number): number =>
  limitOf(accuracy, bounds.logit > largestCool, headSize);

export function compare(
  spec: Spec,
  right: OracleResult,
  outputs: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
  limit: number,
): Comparison {
  let maxError = 0;
  const scale = (right.bounds.maxV || 1) * Math.max(1, right.bounds.weightSum);
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
    for (const [n, want] of expected.data.entries()) {
      const got = Number(found.data[n]);
      if (Object.is(want, got) || want === got) continue;
      const error =
        output.value === "o"
          ? Math.abs(got - want) / scale
          : (Math.abs(got - want) / Math.max(1, Math.abs(want)) / 2e-6) * limit;
      if (!(error <= limit))
        return { ok: false, maxError: error, limit, reason: `${output.name}[${n}] is ${got}, the oracle says ${want}` };
      maxError = Math.max(maxError, error);
    }
  }
  return { ok: true, maxError, limit };
}
