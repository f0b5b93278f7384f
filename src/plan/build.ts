/**
 * Level 2 to level 3: takes a Spec, gives its Plan. One attend over the key ranges solved from the mask, and a fold.
 * Guarantees: `may` and `must` are sound for every tile of rows; the verdict is there only for what the ranges could
 * not settle; nothing depends on a number of tiles.
 */
import { ceilDiv, dependsOn, int, sub, substitute, variable, type Scalar } from "../scalar/scalar.ts";
import type { Spec } from "../spec/spec.ts";
import { atLeastOne } from "./digits.ts";
import { featureStages } from "./features.ts";
import { freeNames } from "./names.ts";
import { operandStages } from "./operands.ts";
import type { Axis, Plan, Range, Split, Stage, Verdict, Visit } from "./plan.ts";
import { rangesFor } from "./ranges.ts";
import type { Surroundings } from "./solve.ts";
import { strandsFor, type Strand } from "./strands.ts";
import { verdictFor } from "./truth.ts";
import { stateOf } from "./weights.ts";

/** Keys are visited in whole runs of this many: a vector of eight. */
const granule = 8;

export function plan(spec: Spec): Plan {
  const { scale, score, extents, blocks } = spec;
  const around = surroundings(spec);
  const mask = ofPositions(spec);
  const [query, keys] = [axis("i", extents.query), axis("j", extents.key)];
  const { strands, rows } = strandsFor(mask, query, keys, around);
  const free = freeNames(spec.inputs);
  const { stages: prepared, operands } = operandStages(spec, free);
  const linear = featureStages(spec, operands, free, granule);
  const others = linear.length > 0 ? [] : strands;
  const attends = others.map((strand): Stage => {
    const visit = strand.split ? boxVisit(strand) : visitOf({ ...spec, mask: strand.mask });
    const split = strand.split && splitOf(strand.split);
    // Without a split the mask is as it was written.
    const own = strands.length === 1 && !split ? spec.mask : strand.mask;
    return {
      kind: "attend",
      visit,
      mask: own,
      scale,
      score,
      state: stateOf(spec.weights),
      ...(spec.outputs.some(({ value }) => value === "entropy") ? { entropy: true } : {}),
      ...(split ? { split } : {}),
      ...(prepared.length > 0 ? { operands } : {}),
    };
  });
  return {
    name: spec.name,
    ...(spec.schedules ? { schedules: spec.schedules } : {}),
    inputs: spec.inputs,
    sizes: spec.sizes,
    roles: spec.roles,
    extents,
    position: spec.position,
    axes: { query: axis("i", extents.query, blocks?.rows), key: axis("j", extents.key, blocks?.columns) },
    ...(strands.some((strand) => strand.split) ? { mask } : {}),
    ...(rows ? { rows } : {}),
    stages: [
      ...prepared,
      ...linear,
      ...attends,
      ...(attends.length > 1 ? [{ kind: "merge", parts: attends.length } as const] : []),
      { kind: "fold", ...(spec.output ? { output: spec.output } : {}), outputs: spec.outputs },
    ],
  };
}

function splitOf({ digits, box, origin, residues }: Extract<Strand["split"], object>): Split {
  const [query, keys] = [atLeastOne(digits.query), atLeastOne(digits.keys)];
  return { query, keys, inner: box.inner, origin, ...(residues ? { residues } : {}) };
}

function boxVisit({ mask, split }: Strand): Visit {
  const { outermost, inner } = split?.box ?? { outermost: { may: [], must: [] }, inner: [] };
  const ranges = [...outermost.may, ...outermost.must, ...inner.flatMap((side) => side.must)];
  const perHead =
    dependsOn(mask, "h") ||
    ranges.some((r) => inRange(r, "h")) ||
    inner.some(({ lo, hi }) => dependsOn(lo, "h") || dependsOn(hi, "h"));
  return { ...outermost, granule, perHead };
}

function axis(name: "i" | "j", extent: Scalar, by?: number): Axis {
  if (by === undefined) return { name, extent };
  const outer: Axis = { name: `b${name}`, extent: ceilDiv(extent, int(by)) };
  return { name, extent, split: { by: int(by), outer, inner: { name: `${name} in block`, extent: int(by) } } };
}

type Masked = Pick<Spec, "mask" | "position" | "extents" | "inputs">;

const surroundings = ({ position, extents, inputs }: Masked): Surroundings => ({
  query: extents.query,
  key: extents.key,
  position,
  dims: (tensor) => inputs.find((input) => input.name === tensor)?.dims,
  extents: { b: extents.batch, h: extents.head, hk: extents.keyHead },
});

/** The mask without `row`: a row is its position less that of row 0, so that everything depends on i alone. */
const ofPositions = ({ mask, position }: Masked): Scalar =>
  substitute(mask, { row: sub(variable("i"), substitute(position, { row: int(0) })) });

export function visitOf(spec: Masked): Visit {
  const mask = ofPositions(spec);
  const around = surroundings(spec);
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
