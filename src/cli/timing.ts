/** How long a prepared call takes: warmed up, then run until a budget is spent. Gives the milliseconds, least first. */
import type { Prepared } from "../../backends/backend.ts";

export interface Budget {
  readonly warmMs: number;
  readonly timedMs: number;
  readonly leastRuns: number;
}

const budget: Budget = { warmMs: 200, timedMs: 1000, leastRuns: 5 };
const mostRuns = 1000;

/** The warm-up also says how many runs the budget holds. */
export async function timesOf(
  prepared: Prepared,
  { warmMs, timedMs, leastRuns }: Budget = budget,
): Promise<readonly number[]> {
  const [first = 0] = await prepared.time(1);
  const times = await prepared.time(runsFor(warmMs, first, 1));
  const each = Math.min(first, ...times);
  return (await prepared.time(runsFor(timedMs, each, leastRuns))).toSorted((a, b) => a - b);
}

const runsFor = (ms: number, each: number, least: number): number =>
  Math.min(mostRuns, Math.max(least, Math.round(ms / Math.max(each, 1e-3))));
