/**
 * What a plan costs on given sizes and inputs, counted as kernels would do it: takes the Plan, sizes, inputs (flat,
 * row-major) and the tile; gives exact shares of B·H·L·S that are kept by the mask and visited, the planning work,
 * and the key tiles by kind. Guarantees: keptPairs <= visitedPairs, which is over 1 only where digits of split keys
 * name keys that there are not, for kernels compute these too; a head that sees what another sees is counted once and
 * multiplied.
 */
import { evaluate, type Environment } from "../scalar/evaluate.ts";
import { dependsOn, type Scalar } from "../scalar/scalar.ts";
import type { Sizes } from "../spec/spec.ts";
import { prepareBoxes, type BoxVisit } from "./boxes.ts";
import { inRange, inVerdict } from "./build.ts";
import { pairCounter, type Kept, type PairCounter } from "./pairs.ts";
import type { Plan } from "./plan.ts";
import { rowTiles, type TileSize } from "./row-tiles.ts";
import { lengthOf, runsOf } from "./runs.ts";
import { sourceOf, type Inputs } from "./source.ts";
import { attendsOf, prepareVisit, type Attend, type Keys, type PreparedVisit, type TileRanges } from "./tiles.ts";

export interface Counts {
  readonly keptPairs: number;
  readonly visitedPairs: number;
  readonly planning: {
    /** Ranges evaluated, over all query tiles, and verdicts asked for. */
    readonly examined: number;
    /** Disjoint ranges made of them. */
    readonly built: number;
  };
  /** Runs of at most `keys` keys of a query tile; skipped: as many whole ones as the keys passed over would make. */
  readonly tiles: {
    readonly full: number;
    readonly mixed: number;
    readonly skipped: number;
    /** Visited tiles by the first clause, in the plan's order, that asked for them. */
    readonly byClause: Readonly<Record<string, number>>;
  };
}

interface Tally {
  kept: number;
  visited: number;
  examined: number;
  built: number;
  full: number;
  mixed: number;
  skipped: number;
  readonly byClause: Record<string, number>;
}

export function countPlan(plan: Plan, sizes: Sizes, inputs: Inputs, tile: TileSize): Counts {
  const source = sourceOf(plan, sizes, inputs);
  const env: Environment = { ...source, variables: { b: 0, h: 0, hk: 0 } };
  const value = (x: Scalar): number => evaluate(x, env, "f32");
  const [batch, head, keyHead] = [plan.extents.batch, plan.extents.head, plan.extents.keyHead].map(value);
  const [rows, keys] = [plan.extents.query, plan.extents.key].map(value);
  const changes = (...names: string[]): boolean => names.some((name) => visitDependsOn(plan, name));
  const batches = changes("b") ? batch : Math.min(batch, 1);
  const heads = changes("h", "hk") ? head : Math.min(head, 1);
  const tally: Tally = { kept: 0, visited: 0, examined: 0, built: 0, full: 0, mixed: 0, skipped: 0, byClause: {} };
  const pairs = pairCounter(plan, source);
  const attends = attendsOf(plan).map((attend) =>
    attend.split || plan.rows
      ? countTiles(plan, attend, env, pairs, tile, tally)
      : countRuns(plan, attend, env, pairs, tile, tally),
  );
  for (let b = 0; b < batches; b++) {
    for (let h = 0; h < heads; h++) {
      const at = { b, h, hk: keyHead === 0 ? 0 : Math.floor((h * keyHead) / head) };
      pairs.set(at);
      const known = pairs.byDistance?.(rows, keys);
      if (known !== undefined) tally.kept += known;
      for (const count of attends) count({ at, rows, keys, known: known !== undefined });
    }
  }
  const each = batches * heads === 0 ? 0 : (batch * head) / (batches * heads);
  const all = batches * heads * rows * keys;
  const share = (n: number): number => (all === 0 ? 0 : n / all);
  const whole = (n: number): number => n * each;
  return {
    keptPairs: share(tally.kept),
    visitedPairs: share(tally.visited),
    planning: { examined: whole(tally.examined), built: whole(tally.built) },
    tiles: {
      full: whole(tally.full),
      mixed: whole(tally.mixed),
      skipped: whole(tally.skipped),
      byClause: Object.fromEntries(Object.entries(tally.byClause).map(([name, n]) => [name, whole(n)])),
    },
  };
}

const visitDependsOn = (plan: Plan, name: string): boolean =>
  dependsOn(plan.position, name) ||
  attendsOf(plan).some(
    ({ mask, visit, split }) =>
      dependsOn(mask, name) ||
      [...visit.may, ...visit.must].some((r) => inRange(r, name)) ||
      (split?.inner ?? []).some(({ lo, hi }) => dependsOn(lo, name) || dependsOn(hi, name)) ||
      (visit.verdict !== undefined && inVerdict(visit.verdict, name)),
  );

interface Head {
  readonly at: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly keys: number;
  /** Are kept pairs counted already? */
  readonly known: boolean;
}

type CountHead = (head: Head) => void;

/** An attend over ranges of keys, by tiles of consecutive rows. */
function countRuns(
  plan: Plan,
  attend: Attend,
  env: Environment,
  pairs: PairCounter,
  tile: TileSize,
  tally: Tally,
): CountHead {
  const visit = prepareVisit(plan, env, attend);
  const own = attendsOf(plan).length > 1 ? pairs.within(attend.mask) : pairs.kept;
  return ({ at, rows, keys, known }) => {
    visit.set(at);
    for (let first = 0; first < rows; first += tile.rows) {
      const last = Math.min(rows, first + tile.rows) - 1;
      const [i0, i1] = [pairs.position(first), pairs.position(last)];
      const ranges = visit.ranges(i0, i1);
      tally.examined += ranges.examined;
      tally.built += ranges.may.length;
      const height = last - first + 1;
      const kept = known ? undefined : own;
      const counted = visit.verdict
        ? countByVerdict(visit, ranges, { i0, i1, first, last }, kept, tile, tally)
        : countByRange(ranges, { first, last }, kept, tile, tally);
      tally.kept += counted.kept;
      tally.visited += height * counted.visited;
      tally.skipped += Math.floor((keys - counted.visited) / tile.keys);
    }
  };
}

/** An attend over boxes of keys, or by tiles of other rows. */
function countTiles(
  plan: Plan,
  attend: Attend,
  outer: Environment,
  pairs: PairCounter,
  tile: TileSize,
  tally: Tally,
): CountHead {
  return ({ at, keys, known }) => {
    const env: Environment = { ...outer, variables: at };
    const boxes = attend.split ? prepareBoxes(attend, env) : rangesAsBoxes(plan, attend, env, pairs);
    for (const { rows, variables } of rowTiles(plan, attend, env, tile)) {
      const { runs, full, keeps, examined } = boxes({ ...at, ...variables });
      tally.examined += examined;
      tally.built += runs.length;
      let visited = 0;
      for (const [start, end] of runs) {
        for (let lo = start; lo < end; lo += tile.keys) {
          const hi = Math.min(end, lo + tile.keys);
          const whole = full(lo, hi);
          visited += hi - lo;
          tally[whole ? "full" : "mixed"]++;
          if (known) continue;
          if (whole) tally.kept += rows.length * (hi - lo);
          else
            for (const row of rows) for (let n = lo; n < hi; n++) if (keeps(pairs.position(row), row, n)) tally.kept++;
        }
      }
      const clause = attend.split?.origin ?? attend.visit.may[0]?.origin ?? "all";
      const count = runs.reduce((sum, [lo, hi]) => sum + Math.ceil((hi - lo) / tile.keys), 0);
      if (count > 0) tally.byClause[clause] = (tally.byClause[clause] ?? 0) + count;
      tally.visited += rows.length * visited;
      tally.skipped += Math.max(0, Math.floor((keys - visited) / tile.keys));
    }
  };
}

/** Ranges of keys, for tiles of any rows between i0 and i1; verdicts are not asked. */
function rangesAsBoxes(
  plan: Plan,
  attend: Attend,
  env: Environment,
  pairs: PairCounter,
): (variables: Readonly<Record<string, number>>) => BoxVisit {
  const visit = prepareVisit(plan, env, attend);
  const keeps = pairs.pair(attend.mask);
  return (variables) => {
    const { may, must, examined } = visit.ranges(variables["i0"] ?? 0, variables["i1"] ?? 0);
    return {
      runs: may,
      keyOf: (number) => number,
      full: (lo, hi) => must.some((range) => inside(range, lo, hi)),
      keeps: (_, row, number) => keeps(row, number),
      examined,
    };
  };
}

interface Counted {
  /** Keys that are looked at. */
  readonly visited: number;
  /** Pairs kept; 0 where they are not to be counted. */
  readonly kept: number;
}

interface Rows {
  readonly first: number;
  readonly last: number;
}

/** A verdict is asked for every run of keys. */
function countByVerdict(
  visit: PreparedVisit,
  ranges: TileRanges,
  { i0, i1, first, last }: Rows & { readonly i0: number; readonly i1: number },
  kept: Kept | undefined,
  tile: TileSize,
  tally: Tally,
): Counted {
  let [visited, sum] = [0, 0];
  for (const [start, end] of ranges.may) {
    for (let lo = start; lo < end; lo += tile.keys) {
      const hi = Math.min(end, lo + tile.keys);
      const kind = kindOf(visit, ranges, i0, i1, lo, hi, tally);
      if (kind === "skipped") continue;
      visited += hi - lo;
      tally[kind]++;
      const clause = clauseOf(ranges, lo, hi);
      tally.byClause[clause] = (tally.byClause[clause] ?? 0) + 1;
      if (kept) sum += kind === "full" ? (last - first + 1) * (hi - lo) : kept(first, last, lo, hi);
    }
  }
  return { visited, kept: sum };
}

/** Without a verdict the ranges say it all: runs are counted by arithmetic, however many there are. */
function countByRange(
  ranges: TileRanges,
  { first, last }: Rows,
  keep: Kept | undefined,
  { keys }: TileSize,
  tally: Tally,
): Counted {
  let [visited, kept] = [0, 0];
  for (const range of ranges.may) {
    const { full, mixed, byClause } = runsOf(ranges, range, keys);
    visited += range[1] - range[0];
    tally.full += lengthOf(full.runs);
    tally.mixed += lengthOf(mixed.runs);
    for (const [clause, n] of byClause) tally.byClause[clause] = (tally.byClause[clause] ?? 0) + n;
    if (!keep) continue;
    kept += (last - first + 1) * lengthOf(full.keys);
    for (const [lo, hi] of mixed.keys) kept += keep(first, last, lo, hi);
  }
  return { visited, kept };
}

function kindOf(
  visit: PreparedVisit,
  ranges: TileRanges,
  i0: number,
  i1: number,
  lo: number,
  hi: number,
  tally: Tally,
): "full" | "mixed" | "skipped" {
  if (ranges.must.some((range) => inside(range, lo, hi))) return "full";
  if (!visit.verdict) return "mixed";
  tally.examined++;
  const verdict = visit.verdict(i0, i1, lo, hi - 1);
  return verdict.must ? "full" : verdict.may ? "mixed" : "skipped";
}

const inside = ([from, to]: Keys, lo: number, hi: number): boolean => from <= lo && hi <= to;

/** What rounding added belongs to whoever is next to it. */
const clauseOf = ({ asked }: TileRanges, lo: number, hi: number): string =>
  (asked.find(({ keys: [from, to] }) => from < hi && lo < to) ?? asked[0])?.origin ?? "all";
