/**
 * The inside of an attend stage: one tile of queries against the pieces of a chunk of keys that it visits.
 * Emits scores, then per row the reference, the weights and their sum, then the product with the values. Full
 * pieces carry no mask; mixed ones set masked scores to −∞, which weighs exactly 0, and guard the product where
 * a value of the chunk is not finite (0 · NaN would reach rows that may not see it).
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { KEYS, LAZY, log2e, minusInfinity, rowBindings, tileElement, tileRows, type Building } from "./building.ts";
import type { Statement, View } from "./tile.ts";

const v = s.variable;

export function attendPiece(building: Building): readonly Statement[] {
  const { names, attend } = building;
  const work: readonly Statement[] = [{ kind: "let", name: "full", value: containment(building) }, ...weigh(building)];
  const verdict = attend.visit.verdict;
  const body: readonly Statement[] = verdict
    ? [...bounds(building), { kind: "if", when: verdict.may, then: work, otherwise: [] }]
    : work;
  return [
    {
      kind: "visit",
      list: names.ranges,
      slot: v("t"),
      within: { lo: v("chunk_lo"), hi: v("chunk_hi") },
      step: KEYS,
      lo: "lo",
      hi: "hi",
      body: [
        { kind: "let", name: "j0", value: v("lo") },
        { kind: "let", name: "j1", value: s.sub(v("hi"), s.int(1)) },
        ...body,
      ],
    },
  ];
}

/** Is the whole piece inside a range that every row of the tile sees, or does the verdict say so? */
function containment({ attend }: Building): Scalar {
  const inside = attend.visit.must.map(({ when, lo, hi, over }) =>
    over.reduceRight<Scalar>(
      (body, { name, from, to }) => ({
        kind: "any",
        type: "bool",
        name,
        count: s.sub(to, from),
        body: s.substitute(body, { [name]: s.add(from, v(name)) }),
      }),
      s.and(when, s.and(s.call("le", lo, v("lo")), s.call("le", v("hi"), hi))),
    ),
  );
  return [...inside, ...(attend.visit.verdict ? [attend.visit.verdict.must] : [])].reduce(s.or, s.truth(false));
}

function bounds(building: Building): readonly Statement[] {
  const bind = rowBindings(building);
  return (building.attend.visit.verdict?.summaries ?? []).map(({ side, value, min, max }): Statement => {
    const query = side === "query";
    return {
      kind: "bounds",
      min,
      max,
      type: value.type,
      rows: query ? v("rows") : s.sub(v("hi"), v("lo")),
      value: s.substitute(value, query ? bind : { j: s.add(v("lo"), v("r")) }),
    };
  });
}

function weigh(building: Building): readonly Statement[] {
  const { names, plan, attend } = building;
  const { channel, valueChannel } = plan.extents;
  const columns = s.sub(v("hi"), v("lo"));
  const scores: View = { buffer: names.scores, row: s.int(0), rows: v("rows"), columns };
  const chunkRows = (buffer: string, width: Scalar): View => ({
    buffer,
    row: s.sub(v("lo"), v("chunk_lo")),
    rows: columns,
    columns: width,
  });
  const output = tileRows(names.output, valueChannel);
  const product = (guard: boolean): Statement => ({
    kind: "dot",
    to: output,
    a: scores,
    b: chunkRows(names.value, valueChannel),
    along: "rows",
    start: "add",
    guard,
  });
  return [
    {
      kind: "dot",
      to: scores,
      a: tileRows(names.query, channel),
      b: chunkRows(names.key, channel),
      along: "columns",
      start: "zero",
      guard: false,
    },
    ...maskAndScore(building, scores),
    ...(attend.state.reference === "max" ? moveReference(building, scores, output) : []),
    { kind: "map", to: scores, value: weightOf(building) },
    { kind: "reduce", op: "sum", to: tileRows(names.rowSum), from: scores, accumulate: true },
    {
      kind: "if",
      when: s.or(v("full", "bool"), v("values_finite", "bool")),
      then: [product(false)],
      otherwise: [product(true)],
    },
  ];
}

/** score and mask on the raw products; with neither, a full piece needs no pass at all. */
function maskAndScore(building: Building, scores: View): readonly Statement[] {
  const { attend, scoreIsPlain, names } = building;
  const bind = { ...rowBindings(building), j: s.add(v("lo"), v("c")) };
  const raw = s.read(names.scores, "f32", [v("r"), v("c")]);
  const scored = scoreIsPlain ? raw : s.mul(s.substitute(attend.score, { ...bind, s: raw }), log2e);
  const full: readonly Statement[] = scoreIsPlain ? [] : [{ kind: "map", to: scores, value: scored }];
  const keep = s.substitute(attend.mask, bind);
  if (s.isConst(keep) && keep.value) return full;
  return [
    {
      kind: "if",
      when: v("full", "bool"),
      then: full,
      otherwise: [{ kind: "map", to: scores, value: s.select(keep, scored, minusInfinity) }],
    },
  ];
}

/** m' = max(m, max_c s), a = 2^(m − m'), l = a·l, o = a·o; the move waits until it is worth a rescale. */
function moveReference(building: Building, scores: View, output: View): readonly Statement[] {
  const { names } = building;
  const piece = s.read(names.pieceMax, "f32", [v("r")]);
  const reference = tileElement(names.rowMax);
  const moves = s.call("gt", piece, s.add(reference, LAZY));
  const vector = (buffer: string): View => ({ buffer, row: s.int(0), rows: v("rows") });
  return [
    { kind: "reduce", op: "max", to: vector(names.pieceMax), from: scores, accumulate: false },
    {
      kind: "map",
      to: vector(names.factor),
      value: s.select(moves, s.call("exp2", s.sub(reference, piece)), s.float(1)),
    },
    { kind: "map", to: tileRows(names.rowMax), value: s.select(moves, piece, reference) },
    { kind: "rescale", to: tileRows(names.rowSum), by: vector(names.factor) },
    { kind: "rescale", to: output, by: vector(names.factor) },
  ];
}

/** A row that has seen no key has reference −∞; 0 in its place keeps −∞ − m from being NaN. */
function weightOf(building: Building): Scalar {
  const { attend, names } = building;
  const reference = tileElement(names.rowMax);
  const safe = s.select(s.call("eq", reference, minusInfinity), s.float(0), reference);
  const raw = s.read(names.scores, "f32", [v("r"), v("c")]);
  return s.substitute(attend.state.weight, { s: raw, m: safe });
}
