/**
 * Strands: a mask taken apart into passes over the keys that want different splits. Takes the mask and what is known of
 * the axes; gives, for each strand, the pairs it keeps (disjoint from those of the strands before it) and its split,
 * and the order of rows that suits them. Guarantees: the masks of the strands are disjoint and their union is the mask;
 * one strand without a split where no split narrows anything.
 */
import { printScalar } from "../scalar/print.ts";
import { and, dependsOn, isConst, not, or, sameScalar, some, truth, type Scalar } from "../scalar/scalar.ts";
import { boxFor, conjuncts, equated, existing, leastOf, mostOf, partsOf, type Box, type TileShape } from "./box.ts";
import { atLeastOne, digitsOf } from "./digits.ts";
import type { Axis, Range, RowOrder } from "./plan.ts";
import { rangesFor } from "./ranges.ts";
import type { Surroundings } from "./solve.ts";
import { digitsFor, inDigits, type Digits } from "./split.ts";

export interface Strand {
  /** In i and j, or in their digits where every divisor is a positive constant. */
  readonly mask: Scalar;
  readonly split?: {
    readonly digits: Digits;
    readonly box: Box;
    readonly origin: string;
    readonly residues?: Scalar;
  };
}

/** More alternatives than this are visited together. */
const mostStrands = 4;

export function strandsFor(
  mask: Scalar,
  query: Axis,
  keys: Axis,
  around: Surroundings,
): { readonly strands: readonly Strand[]; readonly rows?: RowOrder } {
  const whole = { strands: [{ mask }] };
  if (!some(mask, (x) => x.kind === "call" && x.fn === "mod")) return whole;
  const parts = alternatives(mask);
  if (parts.length > 2 * mostStrands) return whole;
  const tried = parts.map((part) => ({ part, found: wanting(part, query, keys, around) }));
  const together = tried.filter((x) => !x.found).map((x) => x.part);
  const apart = tried.flatMap((x) => x.found ?? []);
  if (apart.length === 0 || apart.length > mostStrands) return whole;
  const order = rowOrder(apart, together.length === 0, around);
  const before: Scalar[] = together.length === 0 ? [] : [together.reduce(or)];
  const strands: Strand[] = before.map((x) => ({ mask: x }));
  // Rows that are regrouped stay so: what needs no regrouping comes first, and one divisor is served.
  const [leading] = apart.flatMap((digits) => (order ? [] : (regrouped(digits) ?? [])));
  const serves = (digits: Digits): boolean => {
    const by = order ? undefined : regrouped(digits);
    return by !== undefined && leading !== undefined && sameScalar(by, leading);
  };
  for (const digits of [...apart.filter((x) => !serves(x)), ...apart.filter(serves)]) {
    const others = before.map((x) => inDigits(beyond(x, digits.whole), digits.query, digits.keys));
    const own: Digits = { ...digits, mask: [digits.mask, ...others.map(not)].reduce(and) };
    const constant = digitsOf(digits.keys).every((d) => isConst(d.weight));
    const kept = [
      ...(constant ? partsOf(own) : [digits.whole, ...before.map(not)]),
      ...existing(atLeastOne(digits.keys)),
    ];
    const residues = serves(digits) ? leading : undefined;
    const spans = residues ? spanning(digits) : undefined;
    const shape: TileShape = order?.shape ?? (spans === undefined ? { kind: "run" } : { kind: "class", spans });
    const box = boxFor(own, shape, around);
    if (!box) return whole;
    strands.push({
      mask: kept.reduce(and),
      split: { digits: own, box, origin: originOf(digits.whole), ...(residues ? { residues } : {}) },
    });
    before.push(digits.whole);
  }
  return { strands, ...(order ? { rows: order.rows } : {}) };
}

/** What x says beyond what holds of all pairs of `given`. */
const beyond = (x: Scalar, given: Scalar): Scalar =>
  conjuncts(x)
    .filter((part) => !conjuncts(given).some((other) => sameScalar(part, other)))
    .reduce(and, truth(true));

const originOf = (mask: Scalar): string =>
  [...new Set(conjuncts(mask).map((part) => part.origin ?? printScalar(part)))].join(" and ");

interface Wanting extends Digits {
  /** The same in i and j. */
  readonly whole: Scalar;
}

/** The digits of an alternative that ranges of whole positions leave open. */
function wanting(part: Scalar, query: Axis, keys: Axis, around: Surroundings): Wanting | undefined {
  if (!conjuncts(part).some((x) => hasRemainder(x) && !rangesFor(x, around).solved)) return undefined;
  const digits = digitsFor(part, query, keys);
  if (!digits) return undefined;
  const narrows = equated(digits).length > 0 || boxFor(digits, { kind: "run" }, around) !== undefined;
  return narrows ? { ...digits, whole: part } : undefined;
}

const hasRemainder = (x: Scalar): boolean =>
  some(x, (y) => y.kind === "call" && y.fn === "mod" && some(y.args[0], (z) => z.kind === "var" && z.name === "j"));

/** The mask as alternatives: an `or` is told apart where one of its sides speaks of remainders. */
function alternatives(mask: Scalar): readonly Scalar[] {
  if (mask.kind !== "call" || !hasRemainder(mask)) return [mask];
  const [a, b] = mask.args;
  const named = (x: Scalar): Scalar => (mask.origin && !x.origin ? { ...x, origin: mask.origin } : x);
  if (mask.fn === "or") return [...alternatives(a), ...alternatives(b)].map(named);
  if (mask.fn === "and") return alternatives(a).flatMap((x) => alternatives(b).map((y) => named(and(x, y))));
  return [mask];
}

/** What the equated digits of rows are the remainder of, where they are all but the outermost. */
function regrouped(digits: Digits): Scalar | undefined {
  if (spanning(digits) === undefined) return undefined;
  const [first] = digitsOf(atLeastOne(digits.query));
  return first?.weight;
}

/** The outermost digit, where the rows' others are all equated with keys'. */
function spanning(digits: Digits): string | undefined {
  const [first, ...rest] = digitsOf(digits.query);
  const classes = equated(digits);
  return rest.length > 0 && rest.every((d) => classes.includes(d.name)) ? first?.name : undefined;
}

/**
 * The order of rows that the first strand wants, if all strands can do with it: tiles of one residue, or patches of a
 * canvas. Loops over classes of rows are as many as sizes say, so their divisors must be known without looking at heads
 * or tensors.
 */
function rowOrder(
  apart: readonly Digits[],
  alone: boolean,
  around: Surroundings,
): { readonly rows: RowOrder; readonly shape: TileShape } | undefined {
  const [digits, ...others] = apart;
  if (!digits) return undefined;
  const known = digitsOf(digits.query).every(({ weight, extent }) => [weight, extent].every(ofSizes));
  const all = digitsOf(digits.query).map((d) => d.name);
  const box = known ? boxFor(digits, { kind: "patch", spans: all }, around) : undefined;
  if (!box) return undefined;
  const classes = equated(digits);
  const spans = all.filter((name, n) => !classes.includes(name) && moves(box, n, name));
  const rows = (kept: readonly string[]): RowOrder => ({
    axis: renamed(digits.query),
    classes: all.filter((name) => !kept.includes(name)).map((name) => name.replace(/^i/, "row")),
  });
  const sameSplit = others.every(
    (other) => sameAxes(other.query, digits.query) && equated(other).join() === classes.join(),
  );
  const run = spanning(digits);
  if (run !== undefined) {
    return alone && sameSplit ? { rows: rows([run]), shape: { kind: "class", spans: run } } : undefined;
  }
  const atRow = around.position.kind === "var" && around.position.name === "row";
  if (spans.length < 2 || !atRow || others.length > 0) return undefined;
  return { rows: rows(spans), shape: { kind: "patch", spans } };
}

const ofSizes = (x: Scalar): boolean =>
  !some(x, (n) => n.kind === "var" || n.kind === "read" || n.kind === "sum" || n.kind === "any");

/** Do the values of a key digit that a tile sees depend on the rows' digit of the same place? */
const moves = ({ outermost, inner }: Box, place: number, digit: string): boolean => {
  const uses = (x: Scalar): boolean =>
    [leastOf(digit), mostOf(digit)].some((v) => v.kind === "var" && dependsOn(x, v.name));
  if (place === 0) return outermost.may.some(({ when, lo, hi }: Range) => [when, lo, hi].some(uses));
  const side = inner[place - 1];
  return side !== undefined && (uses(side.lo) || uses(side.hi));
};

const sameAxes = (a: Axis, b: Axis): boolean => {
  const [x, y] = [digitsOf(a), digitsOf(b)];
  return x.length === y.length && x.every((d, n) => sameScalar(d.weight, y[n].weight));
};

/** The axis of positions as one of rows: the same digits. */
function renamed({ name, extent, split }: Axis): Axis {
  const made = { name: name.replace(/^i/, "row"), extent };
  return split ? { ...made, split: { by: split.by, outer: renamed(split.outer), inner: renamed(split.inner) } } : made;
}
