/**
 * From a Spec to a Plan. Engine A solves the mask for ranges of keys; where an atom stays open, Engine B's
 * transfer functions over summaries give a verdict that is asked at run time, once a pair of tiles. A mask whose
 * openness a table or a bound settles needs no verdict.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Spec } from "../spec/spec.ts";
import { answer, constant, type Bounds, type Tile } from "./interval.ts";
import type { Axis, Plan, Range, Summary, Verdict, Visit } from "../plan/plan.ts";
import { solve } from "./ranges.ts";
import { stateOf } from "./weights.ts";

export const granule = 8;

export function plan(spec: Spec): Plan {
  const { query, key } = spec.extents;
  return {
    name: spec.name,
    inputs: spec.inputs,
    sizes: spec.sizes,
    roles: spec.roles,
    extents: spec.extents,
    position: spec.position,
    axes: { query: axis("i", query, spec.blocks?.rows), key: axis("j", key, spec.blocks?.columns) },
    stages: [
      {
        kind: "attend",
        visit: visitOf(spec.mask, key),
        mask: spec.mask,
        scale: spec.scale,
        score: spec.score,
        state: stateOf(spec),
      },
      { kind: "fold", outputs: spec.outputs },
    ],
  };
}

/** `blocks N` splits an axis: x = N · block + offset. */
function axis(name: string, extent: Scalar, by: number | undefined): Axis {
  if (by === undefined) return { name, extent };
  const outer: Axis = { name: `b${name}`, extent: s.ceilDiv(extent, s.int(by)) };
  return { name, extent, split: { by: s.int(by), outer, inner: { name: `${name}_in`, extent: s.int(by) } } };
}

export function visitOf(mask: Scalar, keys: Scalar): Visit {
  const { may, must, open } = solve(mask, keys);
  const verdict = open ? verdictOf(mask) : undefined;
  const named = (range: Range): readonly Scalar[] => [
    range.when,
    range.lo,
    range.hi,
    ...range.over.flatMap((o) => [o.from, o.to]),
  ];
  const all = [
    ...[...may, ...must].flatMap(named),
    ...(verdict ? [verdict.may, verdict.must, ...verdict.summaries.map((x) => x.value)] : []),
  ];
  return { may, must, granule, perHead: all.some((x) => s.dependsOn(x, "h")), ...(verdict ? { verdict } : {}) };
}

/** Summaries are made for reads that vary along one side only; any other read stays undecided. */
export function verdictOf(mask: Scalar): Verdict | undefined {
  const summaries: Summary[] = [];
  const tile: Tile = {
    of: (name) => boundsOf[name],
    read: (x): Bounds | undefined => {
      const side = !s.dependsOn(x, "j") ? "query" : !s.dependsOn(x, "i") ? "key" : undefined;
      if (!side || x.indices.some((index) => !simple(index))) return undefined;
      let known = summaries.find((each) => s.sameScalar(each.value, x));
      if (!known) {
        const name = `${x.tensor}_${side}${summaries.length}`;
        known = { side, value: x, min: `${name}_min`, max: `${name}_max` };
        summaries.push(known);
      }
      return { lo: s.variable(known.min, x.type), hi: s.variable(known.max, x.type) };
    },
  };
  const { may, must } = answer(mask, tile);
  return s.isConst(may, 1) && s.isConst(must, 0) ? undefined : { may, must, summaries };
}

const boundsOf: Readonly<Record<string, Bounds>> = {
  i: { lo: s.variable("i0"), hi: s.variable("i1") },
  j: { lo: s.variable("j0"), hi: s.variable("j1") },
};
const rowsAndKeys: Tile = { of: (name) => boundsOf[name], read: () => undefined };

/** An index that the summary can evaluate for each row or key: a position, or something fixed. */
const simple = (index: Scalar): boolean =>
  constant(index, rowsAndKeys) || !s.some(index, (n) => n.kind === "var" && n.name === "row");
