/**
 * Level 2 to level 3: takes a Spec, gives its Plan. One attend over the key ranges solved from the mask, and a fold.
 * Guarantees: `may` and `must` are sound for every tile of rows; the verdict is there only for what the ranges could
 * not settle; nothing depends on a number of tiles.
 */
import { ceilDiv, dependsOn, int, sub, substitute, variable, type Scalar } from "../scalar/scalar.ts";
import type { Spec } from "../spec/spec.ts";
import type { Axis, Plan, Range, Verdict, Visit } from "./plan.ts";
import { rangesFor } from "./ranges.ts";
import type { Surroundings } from "./solve.ts";
import { verdictFor } from "./truth.ts";
import { stateOf } from "./weights.ts";

/** Keys are visited in whole runs of this many: a vector of eight. */
const granule = 8;

export function plan(spec: Spec): Plan {
  const { mask, scale, score, extents, blocks } = spec;
  return {
    name: spec.name,
    inputs: spec.inputs,
    sizes: spec.sizes,
    roles: spec.roles,
    extents,
    position: spec.position,
    axes: { query: axis("i", extents.query, blocks?.rows), key: axis("j", extents.key, blocks?.columns) },
    stages: [
      { kind: "attend", visit: visitOf(spec), mask, scale, score, state: stateOf(spec.weights) },
      { kind: "fold", outputs: spec.outputs },
    ],
  };
}

function axis(name: "i" | "j", extent: Scalar, by: number | undefined): Axis {
  if (by === undefined) return { name, extent };
  const outer: Axis = { name: `b${name}`, extent: ceilDiv(extent, int(by)) };
  return { name, extent, split: { by: int(by), outer, inner: { name: `${name} in block`, extent: int(by) } } };
}

export function visitOf(spec: Pick<Spec, "mask" | "position" | "extents" | "inputs">): Visit {
  const { position, extents, inputs } = spec;
  // A row is its position less that of row 0, so that everything depends on i alone.
  const row = sub(variable("i"), substitute(position, { row: int(0) }));
  const mask = substitute(spec.mask, { row });
  const around: Surroundings = {
    query: extents.query,
    key: extents.key,
    position,
    dims: (tensor) => inputs.find((input) => input.name === tensor)?.dims,
    extents: { b: extents.batch, h: extents.head, hk: extents.keyHead },
  };
  const { may, must, solved } = rangesFor(mask, around);
  const verdict = solved ? undefined : verdictFor(mask);
  const perHead =
    dependsOn(mask, "h") ||
    may.some((r) => inRange(r, "h")) ||
    must.some((r) => inRange(r, "h")) ||
    (verdict !== undefined && inVerdict(verdict, "h"));
  return { may, must, ...(verdict ? { verdict } : {}), granule, perHead };
}

export const inRange = (range: Range, name: string): boolean =>
  [range.when, range.lo, range.hi, ...range.over.flatMap(({ from, to }) => [from, to])].some((x) => dependsOn(x, name));

export const inVerdict = ({ may, must, summaries }: Verdict, name: string): boolean =>
  [may, must, ...summaries.map(({ value }) => value)].some((x) => dependsOn(x, name));
