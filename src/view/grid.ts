/**
 * The mask of the first head of the first batch as a grid. Takes the Spec, its plan, sizes and tensors, and how many
 * cells a side may have. Guarantees: a cell of one pair is exact; a larger one is sampled inside the keys that its
 * queries visit, so that what is thin does not fall between the samples.
 */
import { sourceOf, type Inputs } from "../plan/source.ts";
import { prepareBoxes, type BoxVisit } from "../plan/boxes.ts";
import type { Plan } from "../plan/plan.ts";
import { rowTiles, type TileSize } from "../plan/row-tiles.ts";
import { attendsOf, prepareVisit, type Keys } from "../plan/tiles.ts";
import { cell as variable, evaluate, prepare, type Environment, type Frame, type Source } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { counted, type Cell, type Grid } from "./mask.ts";

/** What is looked at of one large cell: so many of its queries, and of each so many keys a visited run. */
const samples = { queries: 8, keys: 8 };

const head = { b: 0, h: 0, hk: 0 };

export interface Pictured {
  readonly spec: Spec;
  readonly plan: Plan;
  readonly sizes: Sizes;
  readonly inputs: Inputs;
  /** Rows and keys of a kernel's tile. */
  readonly tile: TileSize;
}

export function gridOf({ spec, plan, sizes, inputs, tile }: Pictured, limit: number): Grid {
  const source = sourceOf(plan, sizes, inputs);
  const value = (x: Scalar): number => evaluate(x, { ...source, variables: {} }, "f32");
  const [queries, keys] = [value(spec.extents.query), value(spec.extents.key)];
  const [rows, columns] = [Math.min(queries, limit), Math.min(keys, limit)];
  const pairs = pairsOf(spec, source);
  const runsOf = runsOfRow(plan, source, pairs.position, queries, tile);
  const [kept, visited] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  for (let r = 0; r < rows; r++) {
    const chosen = spread(Math.floor((r * queries) / rows), Math.floor(((r + 1) * queries) / rows), samples.queries);
    for (const [n, row] of chosen.entries()) {
      for (const run of disjoint(runsOf(row))) addRun(run, row, n / chosen.length, r);
    }
    for (let c = r * columns; c < (r + 1) * columns; c++) {
      kept[c] /= chosen.length;
      visited[c] /= chosen.length;
    }
  }

  /** Adds a visited run of a row to the cells that it passes through, as shares of their keys. */
  function addRun({ lo, hi, full }: Run, row: number, shift: number, r: number): void {
    for (let c = Math.floor((lo * columns) / keys); c < columns; c++) {
      const [start, end] = [Math.floor((c * keys) / columns), Math.floor(((c + 1) * keys) / columns)];
      const [from, to] = [Math.max(lo, start), Math.min(hi, end)];
      if (start >= hi) break;
      if (from >= to) continue;
      const share = (to - from) / (end - start);
      const tried = full ? [] : spread(from, to, samples.keys, shift);
      const hits = full ? 1 : tried.filter((j) => pairs.keeps(row, j)).length / tried.length;
      visited[r * columns + c] += share;
      kept[r * columns + c] += share * hits;
    }
  }

  const cell = (r: number, c: number): Cell => ({ kept: kept[r * columns + c], visited: visited[r * columns + c] });
  const title = `${spec.name}, ${counted(queries, "query", "queries")} by ${counted(keys, "key", "keys")}`;
  return { title, rows, columns, queries, keys, cell };
}

/** At most `most` whole numbers of from … to − 1, evenly; all where there are no more. `shift`: a part of a step. */
function spread(from: number, to: number, most: number, shift = 0): readonly number[] {
  const count = Math.min(most, to - from);
  const step = (to - from) / count;
  return Array.from({ length: count }, (_, n) => from + Math.floor((n + (step === 1 ? 0 : shift)) * step));
}

interface Pairs {
  readonly position: (row: number) => number;
  readonly keeps: (row: number, j: number) => boolean;
}

function pairsOf(spec: Spec, source: Source): Pairs {
  const frame: Frame = new Map();
  for (const [name, value] of Object.entries(head)) variable(frame, name).value = value;
  const [at, i, j] = ["row", "i", "j"].map((name) => variable(frame, name));
  const position = prepare(spec.position, frame, source, "f32");
  const mask = prepare(spec.mask, frame, source, "f32");
  return {
    position: (row) => {
      at.value = row;
      return position();
    },
    keeps: (row, key) => {
      at.value = row;
      i.value = position();
      j.value = key;
      return mask() !== 0;
    },
  };
}

interface Run {
  readonly lo: number;
  readonly hi: number;
  /** Does every row of the tile see all of it? */
  readonly full: boolean;
}

/** Without what several attends visit both: the mask of a pair is the same, whichever looks at it. */
function disjoint(runs: readonly Run[]): readonly Run[] {
  let end = Number.NEGATIVE_INFINITY;
  return runs
    .toSorted((one, other) => one.lo - other.lo)
    .flatMap((run) => {
      const lo = Math.max(run.lo, end);
      end = Math.max(run.hi, end);
      return lo < run.hi ? [{ ...run, lo }] : [];
    });
}

/** What the kernel visits for a row: that of its tile, which is remembered for the rows after it. */
function runsOfRow(
  plan: Plan,
  source: Source,
  position: (row: number) => number,
  queries: number,
  tile: Pictured["tile"],
): (row: number) => readonly Run[] {
  if (plan.rows || attendsOf(plan).some(({ split }) => split)) return runsOfDigits(plan, source, tile);
  const visit = prepareVisit(plan, { ...source, variables: head });
  let known: { readonly tile: number; readonly runs: readonly Run[] } | undefined;
  return (row) => {
    const n = Math.floor(row / tile.rows);
    if (known?.tile === n) return known.runs;
    const [i0, i1] = [position(n * tile.rows), position(Math.min(queries, (n + 1) * tile.rows) - 1)];
    const { may, must } = visit.ranges(i0, i1);
    const runs = may.flatMap((range) => {
      const parts = visit.verdict ? runsIn(range, tile.keys) : cutAt(range, must);
      return parts.flatMap(([lo, hi]): readonly Run[] => {
        const full = must.some(([from, to]) => from <= lo && hi <= to);
        const verdict = full ? undefined : visit.verdict?.(i0, i1, lo, hi - 1);
        return verdict?.may === false ? [] : [{ lo, hi, full: full || verdict?.must === true }];
      });
    });
    known = { tile: n, runs };
    return runs;
  };
}

/** The same where keys are told apart by digits, or tiles are of other rows. */
function runsOfDigits(plan: Plan, source: Source, tile: Pictured["tile"]): (row: number) => readonly Run[] {
  const env: Environment = { ...source, variables: head };
  const tiles = new Map<number, (() => readonly Run[])[]>();
  for (const attend of attendsOf(plan)) {
    const boxes = attend.split ? prepareBoxes(attend, env) : undefined;
    const visit = boxes ? undefined : prepareVisit(plan, env, attend);
    for (const { rows, variables } of rowTiles(plan, attend, env, tile)) {
      const runs = (): readonly Run[] => {
        const box = boxes?.({ ...head, ...variables });
        if (box) return box.runs.flatMap((run) => runsIn(run, tile.keys).flatMap((piece) => keysIn(box, piece)));
        const { may, must } = visit?.ranges(variables["i0"] ?? 0, variables["i1"] ?? 0) ?? { may: [], must: [] };
        return may.flatMap((range) =>
          cutAt(range, must).map(([lo, hi]) => ({ lo, hi, full: must.some(([from, to]) => from <= lo && hi <= to) })),
        );
      };
      for (const row of rows) tiles.set(row, [...(tiles.get(row) ?? []), runs]);
    }
  }
  return (row) => (tiles.get(row) ?? []).flatMap((runs) => runs());
}

/** The keys behind a piece of numbers, neighbours together. */
function keysIn({ keyOf, full }: BoxVisit, [from, to]: Keys): readonly Run[] {
  const whole = full(from, to);
  const runs: { lo: number; hi: number; full: boolean }[] = [];
  for (let n = from; n < to; n++) {
    const key = keyOf(n);
    const last = runs.at(-1);
    if (last?.hi === key) last.hi++;
    else runs.push({ lo: key, hi: key + 1, full: whole });
  }
  return runs;
}

const runsIn = ([lo, hi]: Keys, keys: number): readonly Keys[] =>
  Array.from({ length: Math.ceil((hi - lo) / keys) }, (_, n) => [lo + n * keys, Math.min(hi, lo + (n + 1) * keys)]);

/** A range in pieces, each inside or outside of all the others. */
function cutAt([lo, hi]: Keys, others: readonly Keys[]): readonly Keys[] {
  const ends = others.flat().filter((end) => lo < end && end < hi);
  const places = [...new Set([lo, ...ends, hi])].toSorted((a, b) => a - b);
  return places.slice(1).map((end, n): Keys => [places[n] ?? lo, end]);
}
