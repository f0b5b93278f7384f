/**
 * Engine A on digits: the box of keys that a tile of rows can see. Takes a mask in the digits of i and j and what is
 * known of the tile's rows; gives ranges of the outermost key digit, one range for each further digit, and where all
 * rows see them. Guarantees: what any row sees lies in the box; in `must`, digit by digit, lies only what all see.
 * Undefined where the digits narrow nothing.
 */
import {
  add,
  and,
  call,
  dependsOn,
  idiv,
  int,
  isConst,
  max,
  min,
  not,
  sameScalar,
  select,
  some,
  sub,
  substitute,
  truth,
  variable,
  type Scalar,
} from "../scalar/scalar.ts";
import { atLeastOne, digitsOf, isDigit, overfull, valuesOf, type Digit } from "./digits.ts";
import { normalForm, type Formula } from "./formula.ts";
import { between, number, point, type Interval } from "./interval.ts";
import { linear, plus, positionLimit, toScalar, type Linear } from "./linear.ts";
import type { Axis, Range, Side } from "./plan.ts";
import { everything, intersect } from "./range-sets.ts";
import { rangesOf, type Found } from "./ranges.ts";
import { rowFacts, type Surroundings } from "./solve.ts";
import { boundsOf, isOf, reduced, withoutFactor, type Digits } from "./split.ts";

/**
 * What rows a tile has. `run`: any between i0 and i1; `class`: those between i0 and i1 that share all digits but the one
 * it spans; `patch`: all with digits between DIGIT.min and DIGIT.max.
 */
export type TileShape =
  | { readonly kind: "run" }
  | { readonly kind: "class"; readonly spans: string }
  | { readonly kind: "patch"; readonly spans: readonly string[] };

export interface Box {
  readonly outermost: { readonly may: readonly Range[]; readonly must: readonly Range[] };
  readonly inner: readonly Side[];
}

export const leastOf = (digit: string): Scalar => variable(`${digit}.min`);
export const mostOf = (digit: string): Scalar => variable(`${digit}.max`);

export function boxFor(digits: Digits, shape: TileShape, around: Surroundings): Box | undefined {
  const keys = digitsOf(digits.keys);
  const parts = partsOf(digits);
  const rows = rowDigits(digits, shape, around);
  const found = keys.map((digit) => whole(sideOf(digit, parts, keys, rows, around), digit, digits.keys));
  const positive = positiveOf(digits.keys);
  const exists = digitsOf(atLeastOne(digits.keys));
  const [first, ...rest] = found;
  if (!first) return undefined;
  const inner = rest.map((side, n): Side => hull(side, keys[n + 1], exists[n + 1], positive));
  if (inner.every(({ lo, hi }, n) => isConst(lo, 0) && sameScalar(hi, keys[n + 1].extent))) return undefined;
  const guard = (ranges: readonly Range[]): readonly Range[] =>
    ranges.map((r) => ({ ...r, when: and(positive, r.when) }));
  const otherwise = isConst(positive, 1) ? [] : [{ ...everything(exists[0].extent, "all"), when: not(positive) }];
  return { outermost: { may: [...guard(first.may), ...otherwise], must: guard(first.must) }, inner };
}

/** The conjuncts of the mask, with key digits put in where another conjunct equates them. */
export function partsOf({ mask, query, keys }: Digits): readonly Scalar[] {
  const bounds = boundsOf(query, keys);
  const own = conjuncts(mask);
  return own.map((part) => {
    const equal = own.filter((other) => other !== part).flatMap((other) => equation(other) ?? []);
    const values = Object.fromEntries(equal.map(({ digit, value }) => [digit, value]));
    return equal.length === 0 ? part : reduced(substitute(part, values), bounds);
  });
}

/** Do the digits name a key that there is? */
export const existing = (keys: Axis): readonly Scalar[] =>
  overfull(keys).map(({ value, extent }) => call("lt", value, extent));

export const conjuncts = (x: Scalar): readonly Scalar[] =>
  x.kind === "call" && x.fn === "and"
    ? x.args.flatMap(conjuncts).map((y) => (x.origin && !y.origin ? { ...y, origin: x.origin } : y))
    : [x];

/** `j.digit == e` where e has no digit of j. */
function equation(x: Scalar): { readonly digit: string; readonly value: Scalar } | undefined {
  if (x.kind !== "call" || x.fn !== "eq") return undefined;
  for (const [a, b] of [x.args, x.args.toReversed()]) {
    if (a.kind === "var" && isOf("j")(a) && !some(b, isOf("j"))) return { digit: a.name, value: b };
  }
  return undefined;
}

/** The digits of rows that are equated with a digit of keys: rows that share them see the same keys. */
export function equated({ mask, query }: Digits): readonly string[] {
  const own = new Set(digitsOf(query).map((d) => d.name));
  return conjuncts(mask).flatMap((part) => {
    const found = equation(part);
    if (!found) return [];
    const used = [...own].filter((name) => dependsOn(found.value, name));
    return used.length === 1 ? used : [];
  });
}

function rowDigits({ query }: Digits, shape: TileShape, around: Surroundings): ReadonlyMap<string, Interval> {
  const facts = rowFacts(around);
  const at = (i: Scalar): Readonly<Record<string, Scalar>> => valuesOf(query, i);
  const [first, last, any] = [at(variable("i0")), at(variable("i1")), at(variable("i"))];
  const within = (name: string): Interval => {
    switch (shape.kind) {
      case "run":
        return number(any[name], facts);
      case "class":
        return shape.spans === name ? between(first[name], last[name]) : point(first[name]);
      case "patch":
        return shape.spans.includes(name) ? between(leastOf(name), mostOf(name)) : point(leastOf(name));
    }
  };
  return new Map(digitsOf(query).map((digit) => [digit.name, { ...within(digit.name), most: mostOfDigit(digit) }]));
}

/** weight · digit is a position, so that the digit is the smaller the more it weighs. */
const mostOfDigit = ({ weight, extent }: Digit): number =>
  Math.min(
    isConst(extent) ? extent.value : positionLimit,
    isConst(weight) ? positionLimit / weight.value : positionLimit,
  );

function sideOf(
  { name, extent }: Digit,
  parts: readonly Scalar[],
  keys: readonly Digit[],
  rows: ReadonlyMap<string, Interval>,
  around: Surroundings,
): Found {
  const others = keys.filter((d) => d.name !== name);
  const digits = new Map([
    ...rows,
    ...others.map((d) => [d.name, { ...between(int(0), sub(d.extent, int(1))), most: mostOfDigit(d) }] as const),
  ]);
  const here: Surroundings = { ...around, key: extent, digits };
  const factors = keys.map((d) => d.weight).filter((x) => !isConst(x));
  const solved = (part: Scalar): Found =>
    rangesOf(withoutFactors(normalForm(substitute(part, { [name]: variable("j") }), isOfKeys), factors), here);
  const all: Found = { may: [everything(extent, "all")], must: [everything(extent, "all")], solved: true };
  // A part that speaks of several digits narrows the outermost of them; one that speaks of none, the first of all.
  const owner = (part: Scalar): string | undefined => (keys.find((d) => dependsOn(part, d.name)) ?? keys[0])?.name;
  return parts
    .filter((part) => owner(part) === name)
    .map(solved)
    .reduce(
      (a, b) => ({
        may: intersect(a.may, b.may, extent, "may"),
        must: intersect(a.must, b.must, extent, "must"),
        solved: a.solved && b.solved,
      }),
      all,
    );
}

const isOfKeys = (x: Scalar): boolean => some(x, isOf("j"));

/** All rows see only keys there are: of a number below `extent`, whole multiples of its outermost digit. */
function whole(found: Found, { name, extent }: Digit, keys: Axis): Found {
  const limits = overfull(keys).filter(({ outermost }) => outermost.name === name);
  const must = limits.reduce(
    (ranges, { outermost, extent: below }) =>
      intersect(ranges, [{ ...everything(extent, "all"), hi: idiv(below, outermost.weight) }], extent, "must"),
    found.must,
  );
  return { ...found, must };
}

/** n·x + r >= 0 ⇔ x + ⌊r / n⌋ >= 0 for n > 0, with digits in x alone. */
function withoutFactors(x: Formula, factors: readonly Scalar[]): Formula {
  if (factors.length === 0) return x;
  switch (x.kind) {
    case "and":
    case "or":
      return { ...x, parts: x.parts.map((part) => withoutFactors(part, factors)) };
    case "any":
      return { ...x, body: withoutFactors(x.body, factors) };
    case "atom":
      return { ...x, sum: factors.reduce((sum, n) => dividedBy(sum, n, x.relation), x.sum) };
    case "const":
    case "opaque":
      return x;
  }
  x satisfies never;
  return x;
}

function dividedBy(sum: Linear, n: Scalar, relation: "ge" | "eq"): Linear {
  const whole = sum.terms.flatMap((t) => withoutFactor(t, n) ?? []);
  const rest: Linear = { ...sum, terms: sum.terms.filter((t) => !withoutFactor(t, n)) };
  const spoken = rest.terms.some(({ of }) => some(of, (y) => isOf("i")(y) || isOf("j")(y)));
  const none = rest.terms.length === 0 && rest.constant === 0;
  if (whole.length === 0 || spoken || (relation === "eq" && !none)) return sum;
  const quotient: Linear = { terms: whole, constant: 0 };
  return none ? quotient : plus(quotient, linear(idiv(toScalar(rest), n)));
}

const positiveOf = ({ split }: Axis): Scalar =>
  split ? [call("gt", split.by, int(0)), positiveOf(split.outer), positiveOf(split.inner)].reduce(and) : truth(true);

/** One range that holds all of them. */
function hull({ may, must }: Found, { extent }: Digit, exists: Digit, positive: Scalar): Side {
  const sides = { must: must.map((r) => ({ ...r, when: and(positive, r.when) })) };
  const [only] = may;
  // No key has such a digit.
  if (!only) return { ...sides, lo: int(0), hi: select(positive, int(0), exists.extent) };
  if (may.length === 1 && isOneDigit(only, extent)) {
    // Where the divisor is 0 or less there is one digit, which is 0.
    const lo = select(positive, only.lo, int(0));
    return { ...sides, lo, hi: add(lo, int(1)) };
  }
  const open = may.some((r) => r.over.length > 0);
  const low = may.map(({ when, lo }) => select(when, lo, extent)).reduce(min);
  const high = may.map(({ when, hi }) => select(when, hi, int(0))).reduce(max);
  return {
    ...sides,
    lo: open ? int(0) : select(positive, max(int(0), low), int(0)),
    hi: open ? exists.extent : select(positive, min(high, extent), exists.extent),
  };
}

/** A digit of the rows, or what is left by the division that made the axis. */
function isOneDigit({ when, lo, hi, over }: Range, extent: Scalar): boolean {
  if (over.length > 0 || !isConst(when, 1) || !isConst(toScalar(linear(sub(hi, lo))), 1)) return false;
  if (lo.kind === "var") return isDigit(lo.name);
  return lo.kind === "call" && lo.fn === "mod" && sameScalar(lo.args[1], extent);
}
