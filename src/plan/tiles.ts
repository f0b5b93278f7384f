/**
 * A plan's visit on concrete tiles, as kernels make it: takes the Plan, an environment (sizes, tensors, `b h hk`) and
 * a tile of rows i0 … i1; gives the keys that it visits and those that all rows see, as sorted disjoint numbers, and
 * the verdict for a run of keys. Used by counts, tests and pictures.
 */
import { cell, prepare, type Environment, type Frame, type Source } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Plan, Range, Stage, Verdict } from "./plan.ts";

export type Keys = readonly [lo: number, hi: number];

export interface TileRanges {
  /** Rounded out to the granule, cut to 0 … S, then joined. */
  readonly may: readonly Keys[];
  /** Cut to 0 … S and joined: keys that every row of the tile sees. */
  readonly must: readonly Keys[];
  /** The may ranges one by one, each with the clause that asked for it. */
  readonly asked: readonly { readonly origin: string; readonly keys: Keys }[];
  /** How many ranges were evaluated for it. */
  readonly examined: number;
}

export interface TileVerdict {
  readonly may: boolean;
  readonly must: boolean;
}

export type Attend = Extract<Stage, { kind: "attend" }>;

export const attendsOf = (plan: Plan): readonly Attend[] => plan.stages.filter((each) => each.kind === "attend");

/** The first of them. */
export function attendOf(plan: Plan): Attend {
  const [stage] = attendsOf(plan);
  if (!stage) throw new Error(`the plan ${plan.name} attends to nothing`);
  return stage;
}

/** The union: what is empty dropped, the rest rounded out, cut and then joined, in that order. */
export function united(ranges: readonly Keys[], granule: number, extent: number): readonly Keys[] {
  const cut = ranges
    .filter(([lo, hi]) => lo < hi)
    .map(([lo, hi]): Keys => [
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

/** A visit made ready for many tiles of one head; `set` moves on to another. */
export interface PreparedVisit {
  readonly set: (variables: Readonly<Record<string, number>>) => void;
  readonly ranges: (i0: number, i1: number) => TileRanges;
  /** Undefined where the ranges settle everything. */
  readonly verdict: ((i0: number, i1: number, j0: number, j1: number) => TileVerdict) | undefined;
}

export function prepareVisit(plan: Plan, env: Environment, attend: Attend = attendOf(plan)): PreparedVisit {
  const { may, must, granule, verdict } = attend.visit;
  const frame: Frame = new Map();
  const variables = env.variables instanceof Map ? Object.fromEntries(env.variables) : env.variables;
  const set = (values: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(values)) cell(frame, name).value = value;
  };
  set({ b: 0, h: 0, hk: 0, i0: 0, i1: 0, j0: 0, j1: 0, ...variables });
  const extent = prepare(plan.extents.key, frame, env, "f32");
  const prepared = {
    may: may.map((r) => prepareRange(r, frame, env)),
    must: must.map((r) => prepareRange(r, frame, env)),
  };
  const ask = verdict && prepareVerdict(verdict, frame, env);
  return {
    set: (values) => {
      set(values);
      ask?.forget();
    },
    ranges: (i0, i1) => {
      set({ i0, i1 });
      const keys = extent();
      let examined = 0;
      const gather = (from: readonly PreparedRange[]): { origin: string; keys: Keys }[] =>
        from.flatMap((range) => {
          const found: { origin: string; keys: Keys }[] = [];
          examined += range.each((lo, hi) => found.push({ origin: range.origin, keys: [lo, hi] }));
          return found;
        });
      const asked = gather(prepared.may);
      const all = gather(prepared.must);
      return {
        may: united(
          asked.map((x) => x.keys),
          granule,
          keys,
        ),
        must: united(
          all.map((x) => x.keys),
          1,
          keys,
        ),
        asked: asked.filter(({ keys: [lo, hi] }) => lo < hi),
        examined,
      };
    },
    verdict:
      ask &&
      ((i0, i1, j0, j1) => {
        set({ i0, i1, j0, j1 });
        return ask.of(i0, i1, j0, j1);
      }),
  };
}

export interface PreparedRange {
  readonly origin: string;
  /** Calls back with each range that stands; gives how many were looked at. */
  readonly each: (found: (lo: number, hi: number) => void) => number;
}

/** Made ready in a frame that has a cell for every variable that the range speaks of. */
export function prepareRange(range: Range, outer: Frame, source: Source): PreparedRange {
  const frame: Frame = new Map(outer);
  const go = (x: Scalar): (() => number) => prepare(x, frame, source, "f32");
  const overs = range.over.map(({ name, from, to }) => {
    const ends = { from: go(from), to: go(to) };
    const own = { value: 0 };
    frame.set(name, own);
    return { own, ...ends };
  });
  const [when, lo, hi] = [go(range.when), go(range.lo), go(range.hi)];
  const walk = (depth: number, found: (lo: number, hi: number) => void): number => {
    const over = overs[depth];
    if (depth === overs.length) {
      if (when() !== 0) found(lo(), hi());
      return 1;
    }
    let examined = 0;
    const end = over.to();
    for (let n = over.from(); n < end; n++) {
      over.own.value = n;
      examined += walk(depth + 1, found);
    }
    return examined;
  };
  return { origin: range.origin, each: (found) => walk(0, found) };
}

interface PreparedVerdict {
  readonly of: (i0: number, i1: number, j0: number, j1: number) => TileVerdict;
  readonly forget: () => void;
}

function prepareVerdict(verdict: Verdict, frame: Frame, source: Source): PreparedVerdict {
  const summaries = verdict.summaries.map(({ side, value, min, max }) => {
    const at = cell(frame, side === "query" ? "i" : "j");
    const [least, greatest] = [cell(frame, min), cell(frame, max)];
    const element = prepare(value, frame, source, "f32");
    const known = new Map<string, Keys>();
    const over = (first: number, last: number): void => {
      const key = `${first} ${last}`;
      let found = known.get(key);
      if (!found) {
        let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
        for (at.value = first; at.value <= last; at.value++) {
          const x = element();
          [lo, hi] = [Math.min(lo, x), Math.max(hi, x)];
        }
        known.set(key, (found = [lo, hi]));
      }
      [least.value, greatest.value] = found;
    };
    return { side, over, known };
  });
  const [may, must] = [prepare(verdict.may, frame, source, "f32"), prepare(verdict.must, frame, source, "f32")];
  return {
    of: (i0, i1, j0, j1) => {
      for (const { side, over } of summaries) {
        if (side === "query") over(i0, i1);
        else over(j0, j1);
      }
      return { may: may() !== 0, must: must() !== 0 };
    },
    forget: () => summaries.forEach(({ known }) => known.clear()),
  };
}

export const rangesOfTile = (plan: Plan, env: Environment, i0: number, i1: number): TileRanges =>
  prepareVisit(plan, env).ranges(i0, i1);

/** What the run-time verdict says of rows i0 … i1 and keys j0 … j1; "perhaps" where the plan has none. */
export function verdictOfTile(
  plan: Plan,
  env: Environment,
  i0: number,
  i1: number,
  j0: number,
  j1: number,
): TileVerdict {
  return prepareVisit(plan, env).verdict?.(i0, i1, j0, j1) ?? { may: true, must: false };
}
