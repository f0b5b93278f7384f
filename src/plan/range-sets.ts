/**
 * Unions and intersections of symbolic Ranges. Takes two lists, gives one; the keys are those of 0 … S, so 0 and S
 * stand for "no bound". Guarantees: of `may` the result covers at least, of `must` at most, the exact set; at most
 * `maxRanges` are kept.
 */
import { and, isConst, max, min, or, sameScalar, truth, int, type Scalar } from "../scalar/scalar.ts";
import type { Range } from "./plan.ts";

/** Cross products of ors grow; more ranges than this are joined (may) or left to the element mask (must). */
const maxRanges = 16;

type Which = "may" | "must";

export const everything = (key: Scalar, origin: string): Range => ({
  when: truth(true),
  lo: int(0),
  hi: key,
  over: [],
  origin,
});

export function unite(a: readonly Range[], b: readonly Range[], key: Scalar, which: Which): readonly Range[] {
  return capped(simplified([...a, ...b], key), key, which);
}

export function intersect(a: readonly Range[], b: readonly Range[], key: Scalar, which: Which): readonly Range[] {
  const all: Range[] = [];
  for (const x of a) for (const y of b) all.push(meet(x, y, key));
  return capped(simplified(all, key), key, which);
}

function meet(a: Range, b: Range, key: Scalar): Range {
  const none = (x: Scalar, free: Scalar): boolean =>
    sameScalar(x, free) || (isConst(free, 0) && isConst(x) && x.value <= 0);
  const zero = int(0);
  const lo = none(a.lo, zero) ? b.lo : none(b.lo, zero) ? a.lo : max(a.lo, b.lo);
  const hi = none(a.hi, key) ? b.hi : none(b.hi, key) ? a.hi : min(a.hi, b.hi);
  const over = [...a.over, ...b.over.filter((y) => !a.over.some((x) => x.name === y.name))];
  return { when: conjunction(a.when, b.when), lo, hi, over, origin: joinOrigins(a.origin, b.origin, " and ") };
}

/** Each condition once; false where one stands with its opposite. */
export function conjunction(a: Scalar, b: Scalar): Scalar {
  const parts: Scalar[] = [];
  for (const part of [...conjuncts(a), ...conjuncts(b)]) if (!parts.some((p) => sameScalar(p, part))) parts.push(part);
  if (parts.some((part) => isDenied(part, parts))) return truth(false);
  return parts.reduce(and, truth(true));
}

const conjuncts = (x: Scalar): readonly Scalar[] =>
  x.kind === "call" && x.fn === "and" ? x.args.flatMap(conjuncts) : [x];
/** Is it `not x` where all of x stands here too? */
const isDenied = (part: Scalar, parts: readonly Scalar[]): boolean =>
  part.kind === "call" &&
  part.fn === "not" &&
  conjuncts(part.args[0]).every((x) => parts.some((other) => sameScalar(x, other)));

function joinOrigins(a: string, b: string, word: string): string {
  const parts = a.split(word);
  const joined = [...parts, ...b.split(word).filter((x) => !parts.includes(x) && x !== "all")].filter(
    (x) => x !== "all",
  );
  return joined.length === 0 ? "all" : joined.join(word);
}

/** Without what is never there, what is empty, and what another holds. */
function simplified(all: readonly Range[], key: Scalar): readonly Range[] {
  const kept: Range[] = [];
  for (const range of all) {
    if (isConst(range.when, 0) || isEmpty(range)) continue;
    if (kept.some((other) => holds(other, range, key))) continue;
    for (let n = kept.length - 1; n >= 0; n--) if (holds(range, kept[n], key)) kept.splice(n, 1);
    kept.push(range);
  }
  return kept;
}

const isEmpty = ({ lo, hi }: Range): boolean =>
  sameScalar(lo, hi) || (isConst(lo) && isConst(hi) && lo.value >= hi.value) || (isConst(hi) && hi.value <= 0);

/** Is every key of b surely in a? */
function holds(a: Range, b: Range, key: Scalar): boolean {
  const when = isConst(a.when, 1) || conjuncts(a.when).every((x) => conjuncts(b.when).some((y) => sameScalar(x, y)));
  const over = a.over.every((x) =>
    b.over.some((y) => x.name === y.name && sameScalar(x.from, y.from) && sameScalar(x.to, y.to)),
  );
  const low = sameScalar(a.lo, b.lo) || isConst(a.lo, 0) || among("max", a.lo, b.lo);
  const high = sameScalar(a.hi, b.hi) || sameScalar(a.hi, key) || among("min", a.hi, b.hi);
  return when && over && low && high;
}

/** max(x, y) >= x and min(x, y) <= x. */
const among = (fn: "min" | "max", x: Scalar, y: Scalar): boolean =>
  y.kind === "call" && y.fn === fn && y.args.some((z) => sameScalar(x, z) || among(fn, x, z));

function capped(ranges: readonly Range[], key: Scalar, which: Which): readonly Range[] {
  if (ranges.length <= maxRanges) return ranges;
  const kept = ranges.slice(0, maxRanges - 1);
  if (which === "must") return kept;
  const rest = ranges.slice(maxRanges - 1);
  const origin = rest.map((r) => r.origin).reduce((a, b) => joinOrigins(a, b, " or "));
  if (rest.some((r) => r.over.length > 0)) return [everything(key, origin)];
  return [
    ...kept,
    {
      when: rest.map((r) => r.when).reduce(or),
      lo: rest.map((r) => r.lo).reduce(min),
      hi: rest.map((r) => r.hi).reduce(max),
      over: [],
      origin,
    },
  ];
}
