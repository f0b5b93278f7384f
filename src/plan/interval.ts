/**
 * Interval analysis of integer Scalars: where can a number lie, over a tile of rows i0 … i1 and keys j0 … j1? Takes
 * a Scalar and `Facts` about i, j and tensors; gives bounds that are Scalars again (on concrete numbers the folding
 * constructors make them numbers), a congruence x ≡ r mod m, and how x moves with i and with j.
 * Guarantees: wherever `safe` holds, lo <= x <= hi for all i, j of the tile and the bounds do not wrap in i32 at
 * positions and sizes below 2^26; a number that moves one way with i and with j has exact bounds.
 */
import { floorMod } from "../scalar/functions.ts";
import {
  add,
  and,
  call,
  children,
  idiv,
  int,
  isConst,
  max,
  min,
  mod,
  mul,
  sameScalar,
  select,
  sub,
  truth,
  type Scalar,
} from "../scalar/scalar.ts";
import { linear, magnitude, plus, rankOf, times, toScalar, varies, type Linear } from "./linear.ts";
import type { Truth } from "./truth.ts";

/** A bound: a Scalar, or an infinity where nothing is known. */
export type End = Scalar | number;
export type Trend = "const" | "up" | "down" | "any";

export interface Interval {
  readonly lo: End;
  readonly hi: End;
  /** x ≡ r mod m; m = 0: x is r, m = 1: nothing known. */
  readonly r: number;
  readonly m: number;
  readonly inI: Trend;
  readonly inJ: Trend;
  /** What |x| stays below, where more is known than its name says. */
  readonly most?: number;
  /** What the bounds rest on, decided at run time: sorted tensors, numbers small enough not to wrap. */
  readonly safe: Scalar;
}

export interface Facts {
  readonly i: Interval;
  readonly j: Interval;
  readonly digits?: ReadonlyMap<string, Interval>;
  /** An expression without i and j: as it is, or its value. */
  readonly exact: (x: Scalar) => Scalar;
  /** Bounds of a read that depends on i or j, if any are known. */
  readonly read: (x: Scalar & { kind: "read" }) => Interval | undefined;
  /** The truth of a condition; `truthOf`, handed in because the two call each other. */
  readonly truth: (x: Scalar, facts: Facts) => Truth;
  /** Are bound variables replaced by their numbers? */
  readonly unroll: boolean;
}

const yes = truth(true);
export const unknown: Interval = {
  lo: Number.NEGATIVE_INFINITY,
  hi: Number.POSITIVE_INFINITY,
  r: 0,
  m: 1,
  inI: "any",
  inJ: "any",
  safe: yes,
};

/** Nested quotients and remainders by run-time numbers double with each level; past this nothing is known. */
const largest = 400;
const counted = new WeakMap<Scalar, number>();

function nodes(x: End): number {
  if (typeof x === "number") return 1;
  const known = counted.get(x);
  if (known !== undefined) return known;
  const count = children(x).reduce((all, child) => all + nodes(child), 1);
  counted.set(x, count);
  return count;
}

/** Between two bounds; a single number where both are the same constant. */
export function between(lo: End, hi: End, more: Partial<Interval> = {}): Interval {
  if (nodes(lo) + nodes(hi) > largest) return { ...unknown, inI: more.inI ?? "any", inJ: more.inJ ?? "any" };
  const made = { ...unknown, lo, hi, ...more };
  const only = typeof lo !== "number" && typeof hi !== "number" && isConst(lo) && isConst(hi) && lo.value === hi.value;
  return only ? { ...made, r: lo.value, m: 0, inI: "const", inJ: "const" } : made;
}

export const point = (x: Scalar, safe: Scalar = yes): Interval => between(x, x, { inI: "const", inJ: "const", safe });

/** A position of the tile, up with its own variable. */
export const position = (axis: "i" | "j", lo: Scalar, hi: Scalar): Interval =>
  between(lo, hi, axis === "i" ? { inI: "up", inJ: "const" } : { inI: "const", inJ: "up" });

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
const congruent = (r: number, m: number): { r: number; m: number } => ({ r: m === 0 ? r : floorMod(r, m), m });
const flipped: Record<Trend, Trend> = { const: "const", up: "down", down: "up", any: "any" };
const together = (a: Trend, b: Trend): Trend => (a === "const" ? b : b === "const" || a === b ? a : "any");
export const isEnd = (x: End): x is Scalar => typeof x !== "number";
const map = (x: End, f: (x: Scalar) => Scalar): End => (isEnd(x) ? f(x) : x);
const both = (a: End, b: End, f: (a: Scalar, b: Scalar) => Scalar, infinite: End): End =>
  isEnd(a) && isEnd(b) ? f(a, b) : infinite;
const joined = (a: Interval, b: Interval): { r: number; m: number } => congruent(a.r, gcd(gcd(a.m, b.m), a.r - b.r));
const moves = (a: Interval, b: Interval): Pick<Interval, "inI" | "inJ" | "safe"> => ({
  inI: together(a.inI, b.inI),
  inJ: together(a.inJ, b.inJ),
  safe: and(a.safe, b.safe),
});

export const plainSum = (a: Scalar, b: Scalar): Scalar => toScalar(plus(linear(a), linear(b)));
const scaled = (x: Scalar, by: number): Scalar => toScalar(times(linear(x), by));

export function number(x: Scalar, facts: Facts): Interval {
  if (x.kind === "const") return point(x);
  if (!varies(x)) return point(facts.exact(x));
  return sumOf(linear(x), facts);
}

/** |x| <= limit for both ends; nothing holds for an end that is not known. */
function within({ lo, hi }: Interval, limit: number): Scalar {
  const bound = (x: End, fn: "ge" | "le", value: number): Scalar => (isEnd(x) ? call(fn, x, int(value)) : yes);
  return and(bound(lo, "ge", -limit), bound(hi, "le", limit));
}

/** Sums of positions stay below this, or are guarded. */
const sumLimit = 2 ** 29;

/** Σ c·x + k: the ends added up. Where the sum might wrap, it is only made of terms that are small enough. */
export function sumOf(sum: Linear, facts: Facts): Interval {
  const [only] = sum.terms;
  if (sum.terms.length === 1 && sum.constant === 0 && only.coefficient === 1) return termOf(only.of, facts);
  const most = (x: Scalar): number => (x.kind === "var" ? facts.digits?.get(x.name)?.most : undefined) ?? magnitude(x);
  const total = (size: (x: Scalar) => number): number =>
    sum.terms.reduce((all, t) => all + Math.abs(t.coefficient) * size(t.of), 0);
  const wraps = total(most) + Math.abs(sum.constant) >= sumLimit;
  const limit = wraps ? Math.max(0, Math.floor((sumLimit - Math.abs(sum.constant)) / total(() => 1))) : 2 ** 31;
  let all = point(int(sum.constant));
  for (const { coefficient, of } of sum.terms) {
    const one = varies(of) ? termOf(of, facts) : point(facts.exact(of));
    const guard = most(of) > limit ? within(one, limit) : yes;
    const part = multiple(one, coefficient);
    const m = gcd(all.m, part.m);
    all = between(
      both(all.lo, part.lo, plainSum, Number.NEGATIVE_INFINITY),
      both(all.hi, part.hi, plainSum, Number.POSITIVE_INFINITY),
      {
        ...congruent(all.r + part.r, m),
        ...moves(all, part),
        safe: and(and(all.safe, part.safe), guard),
      },
    );
  }
  return all;
}

function multiple(x: Interval, by: number): Interval {
  const lo = typeof x.lo === "number" ? x.lo * by : scaled(x.lo, by);
  const hi = typeof x.hi === "number" ? x.hi * by : scaled(x.hi, by);
  const rest = { ...congruent(x.r * by, Math.abs(x.m * by)), safe: x.safe };
  if (by >= 0) return between(lo, hi, { ...rest, inI: x.inI, inJ: x.inJ });
  return between(hi, lo, { ...rest, inI: flipped[x.inI], inJ: flipped[x.inJ] });
}

/** A term that is no sum. */
function termOf(x: Scalar, facts: Facts): Interval {
  if (!varies(x)) return point(facts.exact(x));
  switch (x.kind) {
    case "var":
      return x.name === "i" ? facts.i : x.name === "j" ? facts.j : (facts.digits?.get(x.name) ?? unknown);
    case "read":
      return facts.read(x) ?? unknown;
    case "sum":
      return rank(x, facts);
    case "call":
      return callOf(x, facts);
    case "const":
    case "size":
    case "any":
    case "sorted":
    case "search":
      return unknown;
  }
  x satisfies never;
  return unknown;
}

function callOf(x: Scalar & { kind: "call" }, facts: Facts): Interval {
  const [a, b, c] = x.args;
  const of = (y: Scalar): Interval => number(y, facts);
  if (x.type !== "i32") return unknown;
  switch (x.fn) {
    case "idiv":
      return quotient(of(a), of(b));
    case "mod":
      return remainder(of(a), of(b));
    case "mul":
      return product(of(a), of(b));
    case "min":
    case "max": {
      const [p, q] = [of(a), of(b)];
      const f = x.fn === "min" ? min : max;
      const loose = x.fn === "min" ? "hi" : "lo";
      // The smaller of two is at most either of them, so one known bound is enough.
      const one = isEnd(p[loose]) ? p[loose] : q[loose];
      const ends = {
        lo: both(p.lo, q.lo, f, Number.NEGATIVE_INFINITY),
        hi: both(p.hi, q.hi, f, Number.POSITIVE_INFINITY),
      };
      if (!isEnd(ends[loose])) ends[loose] = one;
      return between(ends.lo, ends.hi, { ...joined(p, q), ...moves(p, q) });
    }
    case "abs":
      return absolute(of(a));
    case "hash":
      return hashed(of(a), of(b));
    case "select": {
      const when = facts.truth(a, facts);
      const [p, q] = [of(b), of(c)];
      if (isConst(when.must, 1)) return p;
      if (isConst(when.may, 0)) return q;
      const lo = both(p.lo, q.lo, min, Number.NEGATIVE_INFINITY);
      const hi = both(p.hi, q.hi, max, Number.POSITIVE_INFINITY);
      return between(lo, hi, { ...joined(p, q), safe: and(p.safe, q.safe) });
    }
    default:
      return unknown;
  }
}

const onlyConst = (x: Interval): number | undefined => (x.m === 0 ? x.r : undefined);

/** ⌊x / c⌋ rises with x for c > 0, falls for c < 0 and is 0 for c = 0; the sign is asked where it is not known. */
function quotient(x: Interval, by: Interval): Interval {
  const c = by.lo;
  if (!isEnd(c) || !isEnd(by.hi) || !sameScalar(c, by.hi) || by.inI !== "const" || by.inJ !== "const")
    return { ...unknown, safe: and(x.safe, by.safe) };
  const value = onlyConst(by);
  // By a size of 0 every quotient is 0, which rises as well as any.
  const positive = c.kind === "size" ? yes : call("gt", c, int(0));
  const div = (y: Scalar): Scalar => toScalar(linear(idiv(y, c)));
  const lo = both(x.lo, x.hi, (l, h) => select(positive, div(l), div(h)), Number.NEGATIVE_INFINITY);
  const hi = both(x.lo, x.hi, (l, h) => select(positive, div(h), div(l)), Number.POSITIVE_INFINITY);
  const safe = and(x.safe, by.safe);
  if (value === undefined) return between(lo, hi, c.kind === "size" ? { safe, inI: x.inI, inJ: x.inJ } : { safe });
  if (value === 0) return point(int(0));
  const even = x.m !== 0 && x.m % value === 0 && x.r % value === 0;
  const kept = even ? congruent(x.r / value, Math.abs(x.m / value)) : { r: 0, m: 1 };
  if (value < 0) return between(lo, hi, { ...kept, safe, inI: flipped[x.inI], inJ: flipped[x.inJ] });
  const wide = !isEnd(x.lo) || !isEnd(x.hi);
  return between(wide ? map(x.lo, div) : lo, wide ? map(x.hi, div) : hi, { ...kept, safe, inI: x.inI, inJ: x.inJ });
}

/** x mod c = x − c·⌊x / c⌋ moves with x where the quotient is the same at both ends; else it is anything below c. */
function remainder(x: Interval, by: Interval): Interval {
  const c = by.lo;
  const safe = and(x.safe, by.safe);
  if (!isEnd(c) || !isEnd(by.hi) || !sameScalar(c, by.hi) || by.inI !== "const" || by.inJ !== "const")
    return { ...unknown, safe };
  const value = onlyConst(by);
  if (value === 0) return x;
  if (value !== undefined && x.m !== 0 && x.m % value === 0) return point(int(floorMod(x.r, value)), safe);
  const kept = value === undefined ? { r: 0, m: 1 } : congruent(x.r, gcd(x.m, value));
  const positive = call("gt", c, int(0));
  const least = select(positive, int(0), add(c, int(1)));
  const most = select(positive, sub(c, int(1)), int(0));
  const { lo, hi } = x;
  if (!isEnd(lo) || !isEnd(hi)) {
    // x mod 0 is x, and nothing is known of x
    return value === undefined ? { ...unknown, safe } : between(least, most, { ...kept, safe });
  }
  const same = call("eq", idiv(lo, c), idiv(hi, c));
  const bounds = { lo: select(same, mod(lo, c), least), hi: select(same, mod(hi, c), most) };
  const exact = isConst(same, 1) ? { inI: x.inI, inJ: x.inJ } : {};
  return between(bounds.lo, bounds.hi, { ...kept, safe, ...exact });
}

function product(a: Interval, b: Interval): Interval {
  const moved = { safe: and(a.safe, b.safe) };
  if (!isEnd(a.lo) || !isEnd(a.hi) || !isEnd(b.lo) || !isEnd(b.hi)) return { ...unknown, ...moved };
  const size = (x: Interval): boolean => isEnd(x.lo) && x.lo.kind === "size" && isEnd(x.hi) && sameScalar(x.lo, x.hi);
  if (size(b)) return between(mul(a.lo, b.lo), mul(a.hi, b.lo), { ...moved, inI: a.inI, inJ: a.inJ });
  if (size(a)) return product(b, a);
  const corners = [mul(a.lo, b.lo), mul(a.lo, b.hi), mul(a.hi, b.lo), mul(a.hi, b.hi)];
  return between(corners.reduce(min), corners.reduce(max), moved);
}

function absolute(x: Interval): Interval {
  const { lo, hi } = x;
  if (!isEnd(lo) || !isEnd(hi)) return { ...unknown, lo: int(0), safe: x.safe };
  if (isConst(lo) && lo.value >= 0) return x;
  const down = scaled(lo, -1);
  return between(max(int(0), max(lo, scaled(hi, -1))), max(hi, down), { safe: x.safe });
}

/** When an interval is one number, and which. A hash of a hash says so by its own condition, which is shorter. */
function only(lo: Scalar, hi: Scalar): { when: Scalar; value: Scalar } {
  if (sameScalar(lo, hi)) return { when: yes, value: lo };
  if (lo.kind === "call" && hi.kind === "call" && lo.fn === "select" && hi.fn === "select") {
    const [when, value] = lo.args;
    if (sameScalar(when, hi.args[0]) && sameScalar(value, hi.args[1])) return { when, value };
  }
  return { when: call("eq", lo, hi), value: lo };
}

/** A hash says nothing of what lies between two numbers, and all where there is one only. */
function hashed(a: Interval, b: Interval): Interval {
  const [least, most] = [int(0), int(2 ** 31 - 1)];
  const safe = and(a.safe, b.safe);
  if (!isEnd(a.lo) || !isEnd(a.hi) || !isEnd(b.lo) || !isEnd(b.hi)) return between(least, most, { safe });
  const [p, q] = [only(a.lo, a.hi), only(b.lo, b.hi)];
  const one = and(p.when, q.when);
  const value = call("hash", p.value, q.value);
  return between(select(one, value, least), select(one, value, most), { safe });
}

/** The number of table entries <= value rises with the value. */
function rank(x: Scalar, facts: Facts): Interval {
  const found = rankOf(x);
  if (!found) return unknown;
  const value = number(found.value, facts);
  const at = (end: End, otherwise: Scalar): Scalar => (isEnd(end) ? facts.exact(found.withValue(end)) : otherwise);
  const none = int(0);
  return between(at(value.lo, none), at(value.hi, facts.exact(found.count)), {
    inI: value.inI,
    inJ: value.inJ,
    safe: value.safe,
  });
}
