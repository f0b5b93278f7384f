/**
 * Counts what a Plan does for given sizes: kept and visited pairs, full, mixed and skipped pieces, and how many
 * decisions planning took. It evaluates the same ranges that the kernels evaluate, tile by tile, so the figures are
 * the kernels' own; only mixed pieces are looked at pair by pair.
 */
import { cell, prepare, type Frame, type Source } from "../scalar/evaluate.ts";
import { children, dependsOn, type Scalar } from "../scalar/scalar.ts";
import type { Plan, Range, Stage, Summary } from "../plan/plan.ts";

export interface TileShape {
  readonly rows: number;
  readonly keys: number;
}

export interface Count {
  /** Shares of B · H · L · S. */
  readonly keptPairs: number;
  readonly visitedPairs: number;
  readonly planning: { readonly examined: number; readonly built: number };
  /** Pieces of at most `keys` keys; skipped ones are counted on the grid of key chunks. */
  readonly tiles: {
    readonly full: number;
    readonly mixed: number;
    readonly skipped: number;
    readonly byClause: Readonly<Record<string, number>>;
  };
}

type Piece = readonly [lo: number, hi: number];

export interface TileRanges {
  readonly may: readonly Piece[];
  readonly must: readonly Piece[];
  readonly examined: number;
  readonly byClause: Readonly<Record<string, number>>;
}

interface Counter {
  readonly attend: Extract<Stage, { kind: "attend" }>;
  readonly keys: number;
  readonly set: (name: string, value: number) => void;
  readonly value: (x: Scalar) => number;
}

function counterOf(plan: Plan, source: Source): Counter {
  const attend = plan.stages.find((stage) => stage.kind === "attend");
  if (!attend) throw new Error("count: the plan has no attend stage");
  const frame: Frame = new Map();
  const declare = (x: Scalar): void => {
    if (x.kind === "var") cell(frame, x.name);
    children(x).forEach(declare);
  };
  const prepared = new WeakMap<Scalar, () => number>();
  const value = (x: Scalar): number => {
    let compiled = prepared.get(x);
    if (!compiled) {
      declare(x);
      compiled = prepare(x, frame, source, "f32");
      prepared.set(x, compiled);
    }
    return compiled();
  };
  const set = (name: string, x: number): void => {
    cell(frame, name).value = x;
  };
  return { attend, keys: value(plan.extents.key), set, value };
}

/** The ranges of one query tile, united as the kernels unite them; positions i0 … i1 included. */
export function rangesOfTile(
  plan: Plan,
  source: Source,
  at: { readonly b: number; readonly h: number; readonly hk: number; readonly i0: number; readonly i1: number },
): TileRanges {
  return tileRanges(counterOf(plan, source), at);
}

function tileRanges(counter: Counter, at: Readonly<Record<string, number>>): TileRanges {
  const { attend, keys, set, value } = counter;
  for (const [name, x] of Object.entries(at)) set(name, x);
  let examined = 0;
  const byClause: Record<string, number> = {};
  const evaluated = (range: Range, depth = 0): Piece[] => {
    const over = range.over[depth];
    if (!over) {
      examined += 1;
      const piece: Piece = [value(range.lo), value(range.hi)];
      if (!value(range.when) || piece[0] >= piece[1]) return [];
      return [piece];
    }
    const found: Piece[] = [];
    const to = value(over.to);
    for (let n = value(over.from); n < to; n++) {
      set(over.name, n);
      found.push(...evaluated(range, depth + 1));
    }
    return found;
  };
  const may = attend.visit.may.flatMap((range) => {
    const pieces = evaluated(range);
    if (pieces.length) byClause[range.origin] = (byClause[range.origin] ?? 0) + pieces.length;
    return pieces;
  });
  const must = attend.visit.must.filter((range) => range.over.length === 0).flatMap((range) => evaluated(range));
  return { may: unite(may, attend.visit.granule, keys), must: unite(must, 1, keys), examined, byClause };
}

function unite(pieces: readonly Piece[], granule: number, extent: number): Piece[] {
  const cut = pieces
    .map(([lo, hi]): [number, number] => [
      Math.max(0, Math.floor(lo / granule) * granule),
      Math.min(extent, Math.ceil(hi / granule) * granule),
    ])
    .filter(([lo, hi]) => lo < hi)
    .sort((x, y) => x[0] - y[0]);
  const joined: [number, number][] = [];
  for (const [lo, hi] of cut) {
    const last = joined.at(-1);
    if (last && lo <= last[1]) last[1] = Math.max(last[1], hi);
    else joined.push([lo, hi]);
  }
  return joined;
}

/** `source` holds the sizes and inputs of one call. */
export function countPlan(plan: Plan, source: Source, tile: TileShape): Count {
  const counter = counterOf(plan, source);
  const { attend, keys, set, value } = counter;
  const { batch, head, keyHead, query } = plan.extents;
  const [B, H, Hkv, L] = [value(batch), value(head), value(keyHead), value(query)];
  const said = [
    attend.mask,
    plan.position,
    ...attend.visit.may.flatMap((r) => [r.when, r.lo, r.hi, ...r.over.flatMap((o) => [o.from, o.to])]),
  ];
  const heads = said.some((x) => dependsOn(x, "h") || dependsOn(x, "hk")) ? H : Math.min(1, H);
  const batches = said.some((x) => dependsOn(x, "b")) ? B : Math.min(1, B);
  const total = { kept: 0, visited: 0, examined: 0, built: 0, full: 0, mixed: 0, skipped: 0 };
  const byClause: Record<string, number> = {};
  const positionOf = (row: number): number => {
    set("row", row);
    return value(plan.position);
  };
  for (let b = 0; b < batches; b++) {
    for (let h = 0; h < heads; h++) {
      for (let row = 0; row < L; row += tile.rows) {
        const hk = H ? Math.floor(h / (H / Hkv)) : 0;
        const rows = Math.min(tile.rows, L - row);
        set("b", b);
        const found = tileRanges(counter, { b, h, hk, i0: positionOf(row), i1: positionOf(row + rows - 1) });
        total.examined += found.examined;
        total.built += found.may.length;
        for (const [origin, n] of Object.entries(found.byClause)) byClause[origin] = (byClause[origin] ?? 0) + n;
        let pieces = 0;
        for (const [lo, hi] of found.may) {
          for (let at = lo; at < hi; at += tile.keys) {
            const end = Math.min(hi, at + tile.keys);
            const seen = piece(counter, plan, found, { row, rows, lo: at, hi: end });
            pieces += seen.kind === "skipped" ? 0 : 1;
            total.full += seen.kind === "full" ? 1 : 0;
            total.mixed += seen.kind === "mixed" ? 1 : 0;
            total.visited += seen.kind === "skipped" ? 0 : rows * (end - at);
            total.kept += seen.kept;
          }
        }
        total.skipped += Math.max(0, Math.ceil(keys / tile.keys) - pieces);
      }
    }
  }
  const all = Math.max(1, batches * heads * L * keys);
  return {
    keptPairs: total.kept / all,
    visitedPairs: total.visited / all,
    planning: { examined: total.examined, built: total.built },
    tiles: { full: total.full, mixed: total.mixed, skipped: total.skipped, byClause },
  };
}

interface Rectangle {
  readonly row: number;
  readonly rows: number;
  readonly lo: number;
  readonly hi: number;
}

function piece(
  counter: Counter,
  plan: Plan,
  found: TileRanges,
  { row, rows, lo, hi }: Rectangle,
): { readonly kind: "full" | "mixed" | "skipped"; readonly kept: number } {
  const { attend, set, value } = counter;
  const whole = { kind: "full", kept: rows * (hi - lo) } as const;
  if (found.must.some(([a, b]) => a <= lo && hi <= b)) return whole;
  const { verdict } = attend.visit;
  if (verdict) {
    set("j0", lo);
    set("j1", hi - 1);
    for (const summary of verdict.summaries) summarise(counter, plan, summary, { row, rows, lo, hi });
    if (!value(verdict.may)) return { kind: "skipped", kept: 0 };
    if (value(verdict.must)) return whole;
  }
  let kept = 0;
  for (let r = row; r < row + rows; r++) {
    set("row", r);
    set("i", value(plan.position));
    for (let j = lo; j < hi; j++) {
      set("j", j);
      kept += value(attend.mask) ? 1 : 0;
    }
  }
  return { kind: "mixed", kept };
}

function summarise(
  { set, value }: Counter,
  plan: Plan,
  { side, value: x, min, max }: Summary,
  { row, rows, lo, hi }: Rectangle,
): void {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const [from, to] = side === "query" ? [row, row + rows] : [lo, hi];
  for (let n = from; n < to; n++) {
    if (side === "query") {
      set("row", n);
      set("i", value(plan.position));
    } else set("j", n);
    const v = value(x);
    least = Math.min(least, v);
    most = Math.max(most, v);
  }
  set(min, least);
  set(max, most);
}
