/**
 * Axis splits: which digits of i and j a mask speaks of, and the mask in terms of them. Takes a mask in i and j and both
 * axes; gives the axes split alike and the mask rewritten. `(i - j) mod n == 0` splits by n and becomes
 * `i.inner == j.inner`; a canvas of width w that is read through `j div w` and `j mod w` splits by w.
 * Guarantees: where every divisor is positive, the rewritten mask has the same truth for all i and all j of the axis.
 */
import { add, call, isConst, rewrite, sameScalar, some, substitute, variable, type Scalar } from "../scalar/scalar.ts";
import { floorMod } from "../scalar/functions.ts";
import { digitsOf, isDigit, splitLeaf, wholeOf } from "./digits.ts";
import { linear, minus, single, toScalar, wild, type Linear, type Term } from "./linear.ts";
import type { Axis } from "./plan.ts";

export interface Digits {
  readonly query: Axis;
  readonly keys: Axis;
  /** In digits of i and j alone. */
  readonly mask: Scalar;
}

/** Canvases of three dimensions with a dilation each have six digits. */
const mostSplits = 6;

export function digitsFor(mask: Scalar, query: Axis, keys: Axis): Digits | undefined {
  let found: Digits = { query, keys, mask };
  for (let n = 0; n < mostSplits; n++) {
    const next = candidate(found.mask, found.keys);
    if (!next) break;
    const twin = next.leaf.replace(/^j/, "i");
    const axes = {
      query: splitLeaf(found.query, twin, next.by),
      keys: splitLeaf(found.keys, next.leaf, next.by),
    };
    const halves = (leaf: string): Scalar =>
      add(call("mul", variable(`${leaf}.outer`), next.by), variable(`${leaf}.inner`));
    const written = substitute(found.mask, { [next.leaf]: halves(next.leaf), [twin]: halves(twin) });
    found = { ...axes, mask: reduced(written, boundsOf(axes.query, axes.keys)) };
  }
  return found.keys.split ? found : undefined;
}

/** A mask in i and j, in the digits of axes that are split already. */
export function inDigits(mask: Scalar, query: Axis, keys: Axis): Scalar {
  const whole = (axis: Axis): Scalar => wholeOf(axis, (name) => variable(name));
  return reduced(substitute(mask, { i: whole(query), j: whole(keys) }), boundsOf(query, keys));
}

/** A key digit that stands under `mod`, and what it is divided by. */
function candidate(mask: Scalar, keys: Axis): { readonly leaf: string; readonly by: Scalar } | undefined {
  let best: { leaf: string; by: Scalar } | undefined;
  const extents = new Map(digitsOf(keys).map(({ name, extent }) => [name, extent]));
  /** Is every value of the leaf less than `by` already? */
  const small = (leaf: string, by: Scalar): boolean => {
    const extent = extents.get(leaf);
    return !extent || sameScalar(extent, by) || (isConst(extent) && isConst(by) && extent.value <= by.value);
  };
  const consider = (x: Scalar, by: Scalar): void => {
    const own = linear(x).terms.filter((t) => some(t.of, isOf("j")));
    const [t] = own;
    if (own.length !== 1 || !t || Math.abs(t.coefficient) !== 1) return;
    if (t.of.kind === "var") {
      if (small(t.of.name, by)) return;
      // Of several numbers the largest comes first: the others divide what it leaves.
      const larger = best && isConst(best.by) && isConst(by) && by.value > best.by.value;
      if (!best || (best.leaf === t.of.name && larger)) best = { leaf: t.of.name, by };
    } else if (t.of.kind === "call" && t.of.fn === "abs") consider(t.of.args[0], by);
    else if (t.of.kind === "call" && t.of.fn === "idiv" && fixed(t.of.args[1])) consider(t.of.args[0], t.of.args[1]);
  };
  some(mask, (x) => {
    if (x.kind === "call" && x.fn === "mod" && fixed(x.args[1]) && some(x.args[0], isOf("j")))
      consider(x.args[0], x.args[1]);
    return false;
  });
  return best;
}

export const isOf =
  (axis: "i" | "j") =>
  (x: Scalar): boolean =>
    x.kind === "var" && (x.name === axis || x.name.startsWith(`${axis}.`));

/** The same for all pairs of a head, and not known to be 0 or less. */
const fixed = (x: Scalar): boolean =>
  !some(x, (n) => n.kind === "var" && (["i", "j", "row", "s", "c"].includes(n.name) || isDigit(n.name))) &&
  !some(x, (n) => n.kind === "any" || n.kind === "sum") &&
  (!isConst(x) || x.value > 1);

/** How far inner digits go: 0 … extent − 1. Outermost digits may be anything. */
type Bounds = ReadonlyMap<string, Scalar>;

export const boundsOf = (query: Axis, keys: Axis): Bounds =>
  new Map(
    [query, keys].flatMap((axis) =>
      digitsOf(axis)
        .slice(1)
        .map(({ name, extent }) => [name, extent] as const),
    ),
  );

/** Quotients, remainders and equations of digits, where what they are divided by is known to be enough. */
export function reduced(mask: Scalar, bounds: Bounds): Scalar {
  const simpler = (x: Scalar): Scalar | undefined => {
    if (x.kind !== "call" || x.args.length !== 2) return undefined;
    const [a, b] = x.args;
    if ((x.fn === "idiv" || x.fn === "mod") && fixed(b)) {
      const { quotient, rest } = divided(linear(a), b);
      const small = within(rest, b, bounds) === "digit";
      if (x.fn === "mod") return small ? toScalar(rest) : same(x, call("mod", toScalar(rest), b));
      const low = small ? [] : [single(call("idiv", toScalar(rest), b))];
      return same(x, toScalar(low.reduce(join, quotient)));
    }
    if (a.type !== "i32") return undefined;
    const difference = minus(linear(a), linear(b));
    if (x.fn === "eq" || x.fn === "ne") return congruence(x.fn, difference, bounds);
    return x.fn === "lt" || x.fn === "le" || x.fn === "gt" || x.fn === "ge" ? order(x, x.fn, difference) : undefined;
  };
  return rewrite(mask, (x) => {
    const made = simpler(x);
    return made && x.origin !== undefined ? { ...made, origin: x.origin } : made;
  });
}

const same = (x: Scalar, made: Scalar): Scalar | undefined => (sameScalar(x, made) ? undefined : made);
const join = (a: Linear, b: Linear): Linear => minus(a, { terms: b.terms.map(negated), constant: -b.constant });
const negated = (t: Term): Term => ({ ...t, coefficient: -t.coefficient });

/** x = n · quotient + rest. */
function divided(x: Linear, n: Scalar): { readonly quotient: Linear; readonly rest: Linear } {
  const whole: Term[] = [];
  const rest: Term[] = [];
  for (const term of x.terms) {
    const part = isConst(n)
      ? term.coefficient % n.value === 0
        ? { ...term, coefficient: term.coefficient / n.value }
        : undefined
      : withoutFactor(term, n);
    if (part) whole.push(part);
    else rest.push(term);
  }
  const low = isConst(n) ? floorMod(x.constant, n.value) : x.constant;
  return {
    quotient: { terms: whole, constant: isConst(n) ? (x.constant - low) / n.value : 0 },
    rest: { terms: rest, constant: low },
  };
}

/** x where the term is n · x. */
export function withoutFactor({ coefficient, of }: Term, n: Scalar): Term | undefined {
  if (sameScalar(of, n)) return undefined;
  if (of.kind !== "call" || of.fn !== "mul") return undefined;
  const [a, b] = of.args;
  return sameScalar(a, n) ? { coefficient, of: b } : sameScalar(b, n) ? { coefficient, of: a } : undefined;
}

/** 0 <= x < n is a digit, −n < x < n the difference of two. */
function within(x: Linear, n: Scalar, bounds: Bounds): "digit" | "difference" | undefined {
  let [lo, hi] = [x.constant, x.constant];
  for (const { coefficient, of } of x.terms) {
    const extent = of.kind === "var" ? bounds.get(of.name) : undefined;
    if (!extent) return undefined;
    if (!isConst(extent) || !isConst(n)) return ofOneDigit(x, n, bounds);
    const most = coefficient * (extent.value - 1);
    [lo, hi] = [lo + Math.min(0, most), hi + Math.max(0, most)];
  }
  if (!isConst(n)) return lo === 0 && hi === 0 ? "digit" : undefined;
  return lo >= 0 && hi < n.value ? "digit" : lo > -n.value && hi < n.value ? "difference" : undefined;
}

/** With a run-time n: the digit that it made, or the difference of two of them. */
function ofOneDigit({ terms, constant }: Linear, n: Scalar, bounds: Bounds): "digit" | "difference" | undefined {
  const known = terms.every(({ of }) => {
    const extent = of.kind === "var" ? bounds.get(of.name) : undefined;
    return extent !== undefined && sameScalar(extent, n);
  });
  if (!known || constant !== 0) return undefined;
  const [a, b] = terms;
  if (terms.length === 1 && a?.coefficient === 1) return "digit";
  return terms.length === 2 && a && b && a.coefficient === -b.coefficient && Math.abs(a.coefficient) === 1
    ? "difference"
    : undefined;
}

/** x mod n == 0 ⇔ x == 0 for −n < x < n, and |x| mod n == 0 ⇔ x mod n == 0. */
function congruence(fn: "eq" | "ne", sum: Linear, bounds: Bounds): Scalar | undefined {
  const [only] = sum.terms;
  if (sum.terms.length !== 1 || sum.constant !== 0 || only?.of.kind !== "call" || only.of.fn !== "mod")
    return undefined;
  const [x, n] = only.of.args;
  if (!fixed(n)) return undefined;
  const inside = x.kind === "call" && x.fn === "abs" ? x.args[0] : x;
  const { rest } = divided(linear(inside), n);
  const zero: Scalar = { kind: "const", type: "i32", value: 0 };
  if (within(rest, n, bounds) !== undefined) return call(fn, ...sides(rest));
  const digit = rest.terms.find((t) => ofExtent(t, n, bounds));
  const others = digit && { terms: rest.terms.filter((t) => t !== digit), constant: rest.constant };
  if (digit && others && !others.terms.some((t) => some(t.of, isOf("j")))) {
    const shifted = digit.coefficient > 0 ? { terms: others.terms.map(negated), constant: -others.constant } : others;
    return call(fn, digit.of, call("mod", toScalar(shifted), n));
  }
  return inside === x ? undefined : call(fn, call("mod", toScalar(rest), n), zero);
}

/** Is it a key digit that a split by n made, taken once? Then an equation modulo n says what it is. */
const ofExtent = ({ coefficient, of }: Term, n: Scalar, bounds: Bounds): boolean => {
  const extent = of.kind === "var" && isOf("j")(of) ? bounds.get(of.name) : undefined;
  return Math.abs(coefficient) === 1 && extent !== undefined && sameScalar(extent, n);
};

/** n·x <= n·y + r ⇔ x <= y + ⌊r / n⌋ for n > 0, where terms have cancelled or all are multiples. */
function order(x: Scalar, fn: "lt" | "le" | "gt" | "ge", difference: Linear): Scalar | undefined {
  if (x.kind !== "call" || difference.terms.some((t) => wild(t.of))) return undefined;
  const up = fn === "gt" || fn === "ge";
  const strict = fn === "lt" || fn === "gt" ? 1 : 0;
  // down >= 0 says the same
  const down: Linear = up ? difference : { terms: difference.terms.map(negated), constant: -difference.constant };
  const n = down.terms.reduce((all, t) => gcd(all, Math.abs(t.coefficient)), 0);
  const terms = linear(x.args[0]).terms.length + linear(x.args[1]).terms.length;
  if (n < 2 && down.terms.length === terms) return undefined;
  if (n === 0) return undefined;
  const [more, less] = sides({
    terms: down.terms.map((t) => ({ ...t, coefficient: t.coefficient / n })),
    constant: Math.floor((down.constant - strict) / n),
  });
  return up ? call("ge", more, less) : call("le", less, more);
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** What is added against what is taken away, so that a digit stands against another. */
function sides(x: Linear): [Scalar, Scalar] {
  const up = x.terms.filter((t) => t.coefficient > 0);
  const down = x.terms.filter((t) => t.coefficient < 0).map(negated);
  return [
    toScalar({ terms: up, constant: Math.max(0, x.constant) }),
    toScalar({ terms: down, constant: Math.max(0, -x.constant) }),
  ];
}
