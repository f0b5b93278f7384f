/**
 * The runs of a visited range: pieces of at most `keys` keys from its start on, the last may be short. Takes the
 * ranges of a query tile, one of its may ranges and the length of a run; gives which runs every row sees whole, which
 * need the mask, and which clause asked for how many. By arithmetic: a range may have millions of runs.
 */
import type { Keys, TileRanges } from "./tiles.ts";

export interface Runs {
  /** By number, half open. */
  readonly runs: readonly Keys[];
  /** The keys in them. */
  readonly keys: readonly Keys[];
}

export interface RunsOfRange {
  readonly full: Runs;
  readonly mixed: Runs;
  /** A run belongs to the first clause that asked for one of its keys; what rounding added, to the first of all. */
  readonly byClause: readonly (readonly [clause: string, runs: number])[];
}

export function runsOf({ must, asked }: TileRanges, range: Keys, keys: number): RunsOfRange {
  const [start, end] = range;
  const all: Keys = [0, Math.ceil((end - start) / keys)];
  const full = must.flatMap((each) => inside(range, each, keys));
  const mixed = full.reduce<readonly Keys[]>(without, [all]);
  const keysOf = ([from, to]: Keys): Keys => [start + from * keys, Math.min(end, start + to * keys)];
  const byClause: (readonly [string, number])[] = [];
  let left: readonly Keys[] = [all];
  for (const { origin, keys: wanted } of asked) {
    const [from, to] = [Math.max(wanted[0], start), Math.min(wanted[1], end)];
    if (from >= to) continue;
    const rest = without(left, [Math.floor((from - start) / keys), Math.ceil((to - start) / keys)]);
    byClause.push([origin, lengthOf(left) - lengthOf(rest)]);
    left = rest;
  }
  byClause.push([asked[0]?.origin ?? "all", lengthOf(left)]);
  return {
    full: { runs: full, keys: full.map(keysOf) },
    mixed: { runs: mixed, keys: mixed.map(keysOf) },
    byClause: byClause.filter(([, count]) => count > 0),
  };
}

export const lengthOf = (parts: readonly Keys[]): number => parts.reduce((sum, [from, to]) => sum + to - from, 0);

/** The runs of a range that lie inside `must`. */
function inside([start, end]: Keys, [from, to]: Keys, keys: number): readonly Keys[] {
  const last = to >= end ? Math.ceil((end - start) / keys) : Math.floor((to - start) / keys);
  const first = Math.max(0, Math.ceil((from - start) / keys));
  return first < last ? [[first, last]] : [];
}

function without(parts: readonly Keys[], [from, to]: Keys): readonly Keys[] {
  const pieces = ([lo, hi]: Keys): readonly Keys[] => [
    [lo, Math.min(hi, from)],
    [Math.max(lo, to), hi],
  ];
  return parts.flatMap(pieces).filter(([lo, hi]) => lo < hi);
}
