/**
 * One atom solved for the key: takes `sum >= 0` with a single term in j, monotone in it (j, j div n, a sorted tensor
 * at j, a rank of j in offsets), gives a bound on j, loose for `may` and tight for `must`. Guarantees: where `guard`
 * holds, every key that any row of i0 … i1 sees lies on the `may` side, and all rows see every key on the `must`
 * side; no bound wraps in i32 at positions and sizes below 2^26. Undefined: the atom stays with the element mask.
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
  mul,
  read,
  rewrite,
  sameScalar,
  select,
  sub,
  truth,
  variable,
  type Scalar,
} from "../scalar/scalar.ts";
import { between, isEnd, plainSum, position, sumOf, unknown, type End, type Facts, type Interval } from "./interval.ts";
import {
  constantly,
  linear,
  magnitude,
  minus,
  plus,
  positionLimit,
  rankOf,
  single,
  times,
  toScalar,
  wild,
  without,
  type Linear,
  type Rank,
} from "./linear.ts";
import { conjunction } from "./range-sets.ts";
import { truthOf } from "./truth.ts";

/** What the solver may rely on about sizes and tensors. */
export interface Surroundings {
  readonly query: Scalar;
  readonly key: Scalar;
  /** Position of a row, in terms of `row`. */
  readonly position: Scalar;
  readonly dims: (tensor: string) => readonly Scalar[] | undefined;
  /** How far the variables of the heads go: each is 0 … extent − 1. */
  readonly extents: Readonly<Record<string, Scalar>>;
  /** Where other variables lie: digits of split axes. */
  readonly digits?: ReadonlyMap<string, Interval>;
}

export interface Bound {
  /** lo: j >= value. hi: j < value. */
  readonly side: "lo" | "hi";
  readonly may: Scalar;
  readonly must: Scalar;
  readonly guard: Scalar;
}

const i0 = variable("i0");
const i1 = variable("i1");

/** Facts on a tile of rows against all keys; reads that rise with i do so where their tensor is sorted. */
export function rowFacts(around: Surroundings): Facts {
  return {
    i: position("i", i0, i1),
    j: unknown,
    ...(around.digits ? { digits: around.digits } : {}),
    exact: (x) => x,
    read: (x) => sortedRead(x, around),
    truth: truthOf,
    unroll: false,
  };
}

/** t[…, i] lies between t[…, i0] and t[…, i1] where the axis is sorted and the rows are inside of it. */
function sortedRead(x: Scalar & { kind: "read" }, around: Surroundings): Interval | undefined {
  const last = x.indices.at(-1);
  const leading = x.indices.slice(0, -1);
  const extent = around.dims(x.tensor)?.at(-1);
  if (
    !extent ||
    x.type !== "i32" ||
    last?.kind !== "var" ||
    last.name !== "i" ||
    leading.some((y) => dependsOn(y, "i"))
  )
    return undefined;
  const at = (i: Scalar): Scalar => read(x.tensor, x.type, [...leading, i]);
  const safe = and(isSorted(x.tensor, leading), rowsInside(extent, around));
  return between(at(i0), at(i1), { inI: "up", inJ: "const", safe });
}

const isSorted = (tensor: string, leading: readonly Scalar[]): Scalar => ({
  kind: "sorted",
  type: "bool",
  tensor,
  leading,
});

/** Outside of a tensor everything reads 0, and a search there would not know. */
function leadingInside(tensor: string, leading: readonly Scalar[], around: Surroundings): Scalar {
  const dims = around.dims(tensor) ?? [];
  return leading
    .map((index, n) => {
      const known = index.kind === "var" ? around.extents[index.name] : undefined;
      if (known && sameScalar(known, dims[n])) return truth(true);
      return and(call("ge", index, int(0)), call("lt", index, dims[n]));
    })
    .reduce(and, truth(true));
}

/** 0 <= i0 and i1 < extent, where it does not follow from the alignment. */
function rowsInside(extent: Scalar, { query, key, position: at }: Surroundings): Scalar {
  const isRow = at.kind === "var" && at.name === "row";
  const toEnd = sameScalar(toScalar(linear(at)), toScalar(linear(add(variable("row"), sub(key, query)))));
  const first = isRow ? truth(true) : call("ge", i0, int(0));
  const last =
    (isRow && sameScalar(extent, query)) || (toEnd && sameScalar(extent, key)) ? truth(true) : call("lt", i1, extent);
  return and(first, last);
}

const big = 2 ** 30;

/**
 * Bounds of a sum that positions are compared with. A single number of any size is clamped: positions differ by
 * less than 2^30, so beyond that the comparison is decided and does not depend on how far.
 */
function boundsOf(sum: Linear, key: Scalar, facts: Facts): Interval {
  const loose = sum.terms.filter((t) => wild(t.of));
  const [w] = loose;
  if (isPlain(sum) && w) {
    // Cut to the keys, so that rounding it to a granule does not wrap either.
    const alone = sumOf(sum, facts);
    const cut = (x: End): End => (isEnd(x) ? min(x, key) : x);
    return { ...alone, lo: cut(alone.lo), hi: cut(alone.hi) };
  }
  if (loose.length !== 1) return sumOf(sum, facts);
  const limit = Math.floor(big / Math.abs(w.coefficient));
  if (limit < 2 ** 10) return unknown;
  const clamp = (x: End): End => (isEnd(x) ? max(int(-limit), min(x, int(limit))) : x);
  const one = sumOf(single(w.of), facts);
  const rest = sumOf(without(sum, w), facts);
  const scaled = (x: End): End => (isEnd(x) ? toScalar(times(linear(x), w.coefficient)) : x * w.coefficient);
  const ends = [scaled(clamp(one.lo)), scaled(clamp(one.hi))];
  const [low, high] = w.coefficient > 0 ? ends : ends.toReversed();
  const total = (x: End, y: End, infinite: number): End => (isEnd(x) && isEnd(y) ? plainSum(x, y) : infinite);
  return between(total(low, rest.lo, Number.NEGATIVE_INFINITY), total(high, rest.hi, Number.POSITIVE_INFINITY), {
    safe: conjunction(one.safe, rest.safe),
  });
}

/** One term as it is, so that taking it makes no sum that may wrap. */
const isPlain = (x: Linear): boolean => x.terms.length === 1 && x.constant === 0 && x.terms[0].coefficient === 1;
const inJ = (x: Scalar): boolean => dependsOn(x, "j");

export function solve(sum: Linear, around: Surroundings, facts: Facts): Bound | undefined {
  const onKey = sum.terms.filter((t) => inJ(t.of));
  const [t] = onKey;
  if (onKey.length !== 1) return undefined;
  const up = t.coefficient > 0;
  const factor = Math.abs(t.coefficient);
  // c·T + r >= 0 ⇔ T >= −⌊r / c⌋, and r >= c·T ⇔ T <= ⌊r / c⌋
  const others = without(sum, t);
  if (factor !== 1 && others.terms.some((x) => wild(x.of)) && !isPlain(others)) return undefined;
  const rest = factor === 1 ? others : linear(idiv(toScalar(others), int(factor)));
  if (t.of.kind === "var") {
    const b = boundsOf(up ? times(rest, -1) : plus(rest, constantly(1)), around.key, facts);
    return isEnd(b.lo) && isEnd(b.hi)
      ? { side: up ? "lo" : "hi", may: up ? b.lo : b.hi, must: up ? b.hi : b.lo, guard: b.safe }
      : undefined;
  }
  if (t.of.kind === "call" && t.of.fn === "idiv") return solveQuotient(t.of.args, up, rest, around, facts);
  if (t.of.kind === "read") return solveSorted(t.of, up, rest, around, facts);
  const rank = rankOf(t.of);
  return rank && solveRank(rank, up, rest, around, facts);
}

/** ⌊g / n⌋ >= e ⇔ g >= n·e and ⌊g / n⌋ <= e ⇔ g <= n·e + n − 1, for n > 0. */
function solveQuotient(
  args: readonly Scalar[],
  up: boolean,
  rest: Linear,
  around: Surroundings,
  facts: Facts,
): Bound | undefined {
  const [g, n] = args;
  if (isConst(n)) {
    if (n.value <= 0) return undefined;
    const product = times(rest, n.value);
    const sum = up ? plus(linear(g), product) : minus(plus(product, constantly(n.value - 1)), linear(g));
    return solve(sum, around, facts);
  }
  return inJ(n) || dependsOn(n, "i") || magnitude(n) > positionLimit
    ? undefined
    : solveByDivisor(linear(g), n, up, rest, facts);
}

/** The same with a run-time n, for g = j + o. The quotient is clamped, so that n times it does not wrap. */
function solveByDivisor(g: Linear, n: Scalar, up: boolean, rest: Linear, facts: Facts): Bound | undefined {
  const j = g.terms.find((t) => t.of.kind === "var" && t.of.name === "j");
  if (!j || j.coefficient !== 1) return undefined;
  const others = without(g, j);
  const reach = others.terms.reduce(
    (all, t) => all + Math.abs(t.coefficient) * magnitude(t.of),
    Math.abs(others.constant),
  );
  if (reach > 2 * positionLimit || others.terms.some((t) => inJ(t.of))) return undefined;
  const [e, o] = [sumOf(rest, facts), sumOf(others, facts)];
  if (!isEnd(e.lo) || !isEnd(e.hi) || !isEnd(o.lo) || !isEnd(o.hi)) return undefined;
  const limit = idiv(int(2 ** 28), n);
  const product = (x: Scalar): Linear => linear(mul(max(call("neg", limit), min(x, limit)), n));
  const guard = [e.safe, o.safe].reduce(conjunction, call("gt", n, int(0)));
  const low = (x: Scalar, y: Scalar): Scalar => toScalar(times(plus(product(x), linear(y)), -1));
  const high = (x: Scalar, y: Scalar): Scalar => toScalar(minus(plus(product(x), linear(n)), linear(y)));
  return up
    ? { side: "lo", may: low(e.hi, o.hi), must: low(e.lo, o.lo), guard }
    : { side: "hi", may: high(e.hi, o.lo), must: high(e.lo, o.hi), guard };
}

/** t[j] >= e ⇔ j >= the first index with t >= e, where t is sorted and has every key. */
function solveSorted(
  t: Scalar & { kind: "read" },
  up: boolean,
  rest: Linear,
  around: Surroundings,
  facts: Facts,
): Bound | undefined {
  const last = t.indices.at(-1);
  const leading = t.indices.slice(0, -1);
  const extent = around.dims(t.tensor)?.at(-1);
  if (!extent || t.type !== "i32" || last?.kind !== "var" || last.name !== "j") return undefined;
  if (leading.some((y) => inJ(y) || dependsOn(y, "i"))) return undefined;
  const inside = sameScalar(extent, around.key) ? truth(true) : call("le", around.key, extent);
  // t > e and t < e search for e itself: e + 1 and e − 1 may not exist.
  const value = up ? times(rest, -1) : rest;
  const strict = value.constant === (up ? 1 : -1);
  const v = sumOf(strict ? { ...value, constant: 0 } : value, facts);
  if (!isEnd(v.lo) || !isEnd(v.hi)) return undefined;
  const side = up === strict ? "upper" : "lower";
  const search = (x: Scalar): Scalar => ({ kind: "search", type: "i32", side, tensor: t.tensor, leading, value: x });
  const guard = [inside, leadingInside(t.tensor, leading, around), v.safe].reduce(
    conjunction,
    isSorted(t.tensor, leading),
  );
  return up
    ? { side: "lo", may: search(v.lo), must: search(v.hi), guard }
    : { side: "hi", may: search(v.hi), must: search(v.lo), guard };
}

/** Number of offsets <= j, at least e: j >= the e-th offset (none for e <= 0, no key for e beyond them all). */
function solveRank(rank: Rank, up: boolean, rest: Linear, around: Surroundings, facts: Facts): Bound | undefined {
  const { tensor, leading, count, value } = rank;
  if (value.kind !== "var" || value.name !== "j") return undefined;
  const e = sumOf(up ? times(rest, -1) : plus(rest, constantly(1)), facts);
  if (!isEnd(e.lo) || !isEnd(e.hi)) return undefined;
  const whole = around.dims(tensor)?.at(-1);
  if (!whole || !sameScalar(whole, count)) return undefined;
  const faster = (x: Scalar): Scalar =>
    rewrite(x, (node) => {
      const other = rankOf(node);
      if (!other || other.tensor !== tensor || !sameList(other.leading, leading) || !sameScalar(other.count, count))
        return undefined;
      return { kind: "search", type: "i32", side: "upper", tensor, leading, value: other.value };
    });
  const offset = (x: Scalar): Scalar => {
    const n = faster(x);
    const nth = read(tensor, "i32", [...leading, toScalar(plus(linear(n), constantly(-1)))]);
    return select(call("le", n, int(0)), int(0), select(call("gt", n, count), around.key, min(nth, around.key)));
  };
  const guard = [leadingInside(tensor, leading, around), e.safe].reduce(conjunction, isSorted(tensor, leading));
  return up
    ? { side: "lo", may: offset(e.lo), must: offset(e.hi), guard }
    : { side: "hi", may: offset(e.hi), must: offset(e.lo), guard };
}

const sameList = (a: readonly Scalar[], b: readonly Scalar[]): boolean =>
  a.length === b.length && a.every((x, n) => sameScalar(x, b[n]));
