/**
 * The inside of an attend stage: one tile of queries against the pieces of a chunk of keys that it visits.
 * Emits scores, then per row the reference, the weights and their sum, then the product with the values. Full
 * pieces carry no mask; mixed ones set masked scores to −∞, which weighs exactly 0, and guard the product where
 * a value of the chunk is not finite (0 · NaN would reach rows that may not see it).
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { columnBindings, log2e, minusInfinity, rowBindings, tileElement, tileRows, type Building } from "./building.ts";
import { KEYS, LAZY } from "./parameters.ts";
import type { Statement, View } from "./tile.ts";

const v = s.variable;

/** Each piece of the chunk that the tile at hand visits. */
export const attendPieces = (building: Building): readonly Statement[] => [
  {
    kind: "visit",
    list: building.names.ranges,
    slot: v("t"),
    within: { lo: v("chunk_lo"), hi: v("chunk_hi") },
    step: KEYS,
    lo: "lo",
    hi: "hi",
    body: attendPiece(building),
  },
];

/** The piece lo … hi − 1. */
export function attendPiece(building: Building): readonly Statement[] {
  const { attend, keys } = building;
  const verdict = attend.visit.verdict;
  const full = verdict ? s.or(keys.contained, verdict.must) : keys.contained;
  const work: readonly Statement[] = [{ kind: "let", name: "full", value: full }, ...weigh(building)];
  if (!verdict) return attend.split ? work : [...ends, ...work];
  return [...ends, ...bounds(building), { kind: "if", when: verdict.may, then: work, otherwise: [] }];
}

/** The first and last key of the piece, which verdicts speak of. */
const ends: readonly Statement[] = [
  { kind: "let", name: "j0", value: v("lo") },
  { kind: "let", name: "j1", value: s.sub(v("hi"), s.int(1)) },
];

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
  const { valueChannel } = plan.extents;
  const channel = attend.channels ?? plan.extents.channel;
  const columns = s.sub(v("hi"), v("lo"));
  const scores: View = { buffer: names.scores, row: s.int(0), rows: v("rows"), columns };
  const chunkRows = (buffer: string, width: Scalar): View => ({
    buffer,
    row: s.sub(v("lo"), v("chunk_lo")),
    rows: columns,
    columns: width,
  });
  const output = tileRows(building, names.output, valueChannel);
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
      a: tileRows(building, names.query, channel),
      b: chunkRows(names.key, channel),
      along: "columns",
      start: "zero",
      guard: false,
    },
    ...maskAndScore(building, scores),
    ...(attend.state.reference === "max" ? moveReference(building, scores, output) : []),
    ...(attend.entropy ? addEntropy(building, scores) : []),
    { kind: "map", to: scores, value: weightOf(building) },
    { kind: "reduce", op: "sum", to: tileRows(building, names.rowSum), from: scores, accumulate: true },
    {
      kind: "if",
      when: s.or(v("full", "bool"), v("values_finite", "bool")),
      then: [product(false)],
      otherwise: [...markKept(building, scores), product(true)],
    },
  ];
}

/** A weight that came out as 0 is −0 where the row sees the key: 0 · NaN is NaN, and only +0 stands for a masked pair. */
function markKept(building: Building, scores: View): readonly Statement[] {
  const { attend, names } = building;
  const weight = s.read(names.scores, "f32", [v("r"), v("c")]);
  const kept = s.select(s.call("eq", weight, s.float(0)), s.float(-0), weight);
  const keep = s.substitute(attend.mask, { ...rowBindings(building), ...columnBindings(building) });
  return [{ kind: "map", to: scores, value: s.select(keep, kept, s.float(0)) }];
}

/** score and mask on the raw products; with neither, a full piece needs no pass at all. */
function maskAndScore(building: Building, scores: View): readonly Statement[] {
  const { attend, scoreIsPlain, names } = building;
  const bind = { ...rowBindings(building), ...columnBindings(building) };
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
  const reference = tileElement(building, names.rowMax);
  const moves = s.call("gt", piece, s.add(reference, LAZY));
  const rescaled = building.attend.entropy ? rescaleEntropy(building) : [];
  const vector = (buffer: string): View => ({ buffer, row: s.int(0), rows: v("rows") });
  return [
    { kind: "reduce", op: "max", to: vector(names.pieceMax), from: scores, accumulate: false },
    {
      kind: "map",
      to: vector(names.factor),
      value: s.select(moves, s.call("exp2", s.sub(reference, piece)), s.float(1)),
    },
    { kind: "map", to: tileRows(building, names.rowMax), value: s.select(moves, piece, reference) },
    ...rescaled,
    { kind: "rescale", to: tileRows(building, names.rowSum), by: vector(names.factor) },
    { kind: "rescale", to: output, by: vector(names.factor) },
  ];
}

/**
 * Under a reference that is moved each weight w becomes a · w, so that e = Σ w log2 w becomes a · (e + log2 a · Σ w); a
 * row that has summed nothing has a = 0.
 */
function rescaleEntropy(building: Building): readonly Statement[] {
  const { names } = building;
  const [entropy, sum] = [names.rowEntropy, names.rowSum].map((name) => tileElement(building, name));
  const a = s.read(names.factor, "f32", [v("r")]);
  const moved = s.mul(a, s.add(entropy, s.mul(s.call("log2", a), sum)));
  const value = s.select(
    s.call("eq", a, s.float(1)),
    entropy,
    s.select(s.call("eq", a, s.float(0)), s.float(0), moved),
  );
  return [{ kind: "map", to: tileRows(building, names.rowEntropy), value }];
}

/** e += Σ w log2 w, where log2 w is the logit less the reference. */
function addEntropy(building: Building, scores: View): readonly Statement[] {
  const { names } = building;
  const raw = s.read(names.scores, "f32", [v("r"), v("c")]);
  const logit = s.sub(raw, referenceOf(building));
  const term = s.select(s.call("eq", raw, minusInfinity), s.float(0), s.mul(weightOf(building), logit));
  const terms: View = { ...scores, buffer: names.terms };
  return [
    { kind: "map", to: terms, value: term },
    { kind: "reduce", op: "sum", to: tileRows(building, names.rowEntropy), from: terms, accumulate: true },
  ];
}

/** A row that has seen no key has reference −∞; 0 in its place keeps −∞ − m from being NaN. */
function referenceOf(building: Building): Scalar {
  const reference = tileElement(building, building.names.rowMax);
  return s.select(s.call("eq", reference, minusInfinity), s.float(0), reference);
}

function weightOf(building: Building): Scalar {
  const { attend, names } = building;
  const raw = s.read(names.scores, "f32", [v("r"), v("c")]);
  return s.substitute(attend.state.weight, { s: raw, m: referenceOf(building) });
}
