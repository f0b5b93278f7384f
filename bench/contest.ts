/**
 * Times contenders against each other: interleaved in one process, each round in another order, each call with
 * other inputs than the one before. Guarantees: no time is taken before every contender's outputs were compared
 * with the reference's for every input set; one that is wrong, or throws, is reported and not timed.
 */
import { limitOf } from "../src/verify/compare.ts";
import { now } from "./clock.ts";

export interface Prepared {
  readonly run: () => void | Promise<void>;
  readonly output: () => Float32Array;
}

export interface Contender {
  readonly name: string;
  /** One for each set of inputs. */
  readonly sets: readonly Prepared[];
}

export interface Limits {
  /** Rounds at least, even where the budget is spent. */
  readonly rounds: number;
  readonly budgetMs: number;
}

export interface Timed {
  readonly name: string;
  /** Largest difference from the reference, over max |v|. */
  readonly error: number;
  readonly median: number;
  readonly min: number;
  readonly runs: number;
}

export interface Failed {
  readonly name: string;
  readonly failed: string;
}

/** Two results, each as far from the truth as `verify` lets an f32 target be, in units of max |v|. */
export const tolerance = 2 * limitOf("f32", false, 64);

export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let n = 0; n < a.length; n++) {
    const d = Math.abs((a[n] ?? Number.NaN) - (b[n] ?? Number.NaN));
    if (!(d <= most)) most = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
  }
  return most;
}

/** `right` gives how far an output of an input set is from what it should be. */
export async function contest(
  contenders: readonly Contender[],
  right: (output: Float32Array, set: number) => number,
  { rounds, budgetMs }: Limits,
): Promise<(Timed | Failed)[]> {
  const failures = new Map<string, string>();
  const errors = new Map<string, number>();
  for (const { name, sets } of contenders) {
    try {
      for (const [n, { run, output }] of sets.entries()) {
        await run();
        const error = right(output(), n);
        errors.set(name, Math.max(error, errors.get(name) ?? 0));
        if (!(error <= tolerance)) throw new Error(`the outputs differ by ${error.toExponential(1)}`);
      }
    } catch (problem) {
      failures.set(name, problem instanceof Error ? problem.message : String(problem));
    }
  }
  const racing = contenders.filter((c) => !failures.has(c.name));
  const times = new Map(racing.map((c) => [c.name, [] as number[]]));
  const end = now() + budgetMs;
  for (let round = 0; racing.length && (round < rounds || now() < end); round++) {
    for (let n = 0; n < racing.length; n++) {
      const contender = racing[(n + round) % racing.length];
      const prepared = contender?.sets[round % contender.sets.length];
      if (!contender || !prepared) continue;
      const begun = now();
      await prepared.run();
      times.get(contender.name)?.push(now() - begun);
    }
  }
  return contenders.map(({ name }) => {
    const failed = failures.get(name);
    if (failed !== undefined) return { name, failed };
    const sorted = (times.get(name) ?? []).sort((a, b) => a - b);
    const [min = Number.NaN, high = Number.NaN] = [sorted[0], sorted[sorted.length >> 1]];
    const low = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
    return { name, error: errors.get(name) ?? 0, median: (low + high) / 2, min, runs: sorted.length };
  });
}
