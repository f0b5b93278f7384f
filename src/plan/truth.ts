/**
 * Three-valued truth of a mask over a tile (Kleene): takes a bool Scalar and Facts, gives `may` (false only where no
 * pair of the tile can satisfy it) and `must` (true only where every pair does), as Scalars. The one implementation
 * for the verdict that kernels evaluate and, on numbers, for tests, `view` and counts.
 */
import { evaluate, type Environment, type Source } from "../scalar/evaluate.ts";
import { printScalar } from "../scalar/print.ts";
import {
  and,
  call,
  int,
  isConst,
  not,
  or,
  sameScalar,
  some,
  substitute,
  truth,
  variable,
  type Scalar,
} from "../scalar/scalar.ts";
import { withoutAbs } from "./formula.ts";
import { between, isEnd, point, position, sumOf, type End, type Facts, type Interval } from "./interval.ts";
import { constantly, linear, minus, plus, times, toScalar, varies, wild, without, type Linear } from "./linear.ts";
import type { Summary, Verdict } from "./plan.ts";

export interface Truth {
  readonly may: Scalar;
  readonly must: Scalar;
}

const open: Truth = { may: truth(true), must: truth(false) };
const inverse = ({ may, must }: Truth): Truth => ({ may: not(must), must: not(may) });
const both = (a: Truth, b: Truth): Truth => ({ may: and(a.may, b.may), must: and(a.must, b.must) });
const either = (a: Truth, b: Truth): Truth => ({ may: or(a.may, b.may), must: or(a.must, b.must) });

export function truthOf(x: Scalar, facts: Facts): Truth {
  if (!varies(x)) {
    const exact = facts.exact(x);
    return { may: exact, must: exact };
  }
  if (x.kind === "read") {
    const known = facts.read(x);
    return known && isEnd(known.lo) && isEnd(known.hi) ? guarded({ may: known.hi, must: known.lo }, known.safe) : open;
  }
  if (x.kind === "any") return anyOf(x.name, x.count, x.body, facts);
  if (x.kind !== "call") return open;
  const [a, b, c] = x.args;
  const of = (y: Scalar): Truth => truthOf(y, facts);
  switch (x.fn) {
    case "and":
      return both(of(a), of(b));
    case "or":
      return either(of(a), of(b));
    case "not":
      return inverse(of(a));
    case "select": {
      const [p, q, r] = [of(a), of(b), of(c)];
      const chosen = either(both(p, q), both(inverse(p), r));
      return { may: chosen.may, must: or(chosen.must, and(q.must, r.must)) };
    }
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "eq":
    case "ne":
      if (a.type === "bool" && (x.fn === "eq" || x.fn === "ne")) {
        const [p, q] = [of(a), of(b)];
        const same = either(both(p, q), both(inverse(p), inverse(q)));
        return x.fn === "eq" ? same : inverse(same);
      }
      return a.type === "i32" && b.type === "i32" ? compared(x.fn, a, b, facts) : open;
    default:
      return open;
  }
}

function compared(fn: "lt" | "le" | "gt" | "ge" | "eq" | "ne", a: Scalar, b: Scalar, facts: Facts): Truth {
  const difference = minus(linear(b), linear(a));
  switch (fn) {
    case "le":
      return relate("ge", difference, facts);
    case "lt":
      return relate("ge", plus(difference, constantly(-1)), facts);
    case "ge":
      return relate("ge", times(difference, -1), facts);
    case "gt":
      return relate("ge", plus(times(difference, -1), constantly(-1)), facts);
    case "eq":
      return relate("eq", difference, facts);
    case "ne":
      return inverse(relate("eq", difference, facts));
  }
}

/** `sum >= 0` or `sum == 0`. A number that may wrap a sum is left alone on one side. */
export function relate(relation: "ge" | "eq", whole: Linear, facts: Facts): Truth {
  const sum = relation === "eq" ? withoutAbs(whole) : whole;
  const loose = sum.terms.filter((t) => wild(t.of));
  const side = (x: Linear): Interval => sumOf(x, facts);
  const zero = point(int(0));
  const [w, v] = loose;
  if (loose.length === 1 && Math.abs(w.coefficient) === 1) {
    const rest = without(sum, w);
    const alone = side({ terms: [{ ...w, coefficient: 1 }], constant: 0 });
    return w.coefficient > 0
      ? compare(relation, alone, side(times(rest, -1)), false)
      : compare(relation, side(rest), alone, false);
  }
  const strict = relation === "ge" && sum.constant === -1;
  if (
    loose.length === 2 &&
    sum.terms.length === 2 &&
    w.coefficient === -v.coefficient &&
    Math.abs(w.coefficient) === 1 &&
    (sum.constant === 0 || strict)
  ) {
    const [up, down] = w.coefficient > 0 ? [w, v] : [v, w];
    const alone = (of: Scalar): Interval => side({ terms: [{ coefficient: 1, of }], constant: 0 });
    return compare(relation, alone(up.of), alone(down.of), strict);
  }
  return compare(relation, side(sum), zero, false);
}

/** a >= b (a > b where strict) or a == b, from what is known of both. */
function compare(relation: "ge" | "eq", a: Interval, b: Interval, strict: boolean): Truth {
  const safe = and(a.safe, b.safe);
  const test = (fn: "ge" | "gt" | "eq", x: End, y: End, unknown: boolean): Scalar =>
    isEnd(x) && isEnd(y) ? againstZero(fn, x, y) : truth(unknown);
  if (relation === "ge") {
    const fn = strict ? "gt" : "ge";
    return guarded({ may: test(fn, a.hi, b.lo, true), must: test(fn, a.lo, b.hi, false) }, safe);
  }
  const m = gcd(a.m, b.m);
  const apart = m === 0 ? a.r !== b.r : (a.r - b.r) % m !== 0;
  if (apart) return guarded({ may: truth(false), must: truth(false) }, safe);
  const meet = and(test("ge", a.hi, b.lo, true), test("ge", b.hi, a.lo, true));
  return guarded({ may: meet, must: and(test("eq", a.lo, b.hi, false), test("eq", a.hi, b.lo, false)) }, safe);
}

/** `2 - i0 >= 0` as `2 >= i0`: what is added against what is taken away. */
function againstZero(fn: "ge" | "gt" | "eq", x: Scalar, y: Scalar): Scalar {
  const sum = isConst(y, 0) ? linear(x) : isConst(x, 0) ? linear(y) : undefined;
  if (!sum || sum.terms.some((t) => wild(t.of)) || !sum.terms.some((t) => t.coefficient < 0)) return call(fn, x, y);
  const added: Linear = { terms: sum.terms.filter((t) => t.coefficient > 0), constant: Math.max(0, sum.constant) };
  const [more, less] = [toScalar(added), toScalar(minus(added, sum))];
  return isConst(y, 0) ? call(fn, more, less) : call(fn, less, more);
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** Nothing is said where what the bounds rest on does not hold. */
const guarded = ({ may, must }: Truth, safe: Scalar): Truth => ({ may: or(may, not(safe)), must: and(must, safe) });

function anyOf(name: string, times: Scalar, holds: Scalar, facts: Facts): Truth {
  if (varies(times)) return open;
  const count = facts.exact(times);
  if (facts.unroll && isConst(count)) {
    let all: Truth = { may: truth(false), must: truth(false) };
    for (let n = 0; n < count.value && !isConst(all.must, 1); n++) {
      all = either(all, truthOf(substitute(holds, { [name]: int(n) }), facts));
    }
    return all;
  }
  const body = truthOf(holds, facts);
  const nonEmpty = call("gt", count, int(0));
  const wrap = (y: Scalar): Scalar =>
    isConst(y) ? and(y, nonEmpty) : { kind: "any", type: "bool", name, count, body: y };
  return { may: wrap(body.may), must: wrap(body.must) };
}

/** Facts on a tile of Scalars; `read` says what is known of tensors. */
const factsOn = (i0: Scalar, i1: Scalar, j0: Scalar, j1: Scalar, read: Facts["read"]): Facts => ({
  i: position("i", i0, i1),
  j: position("j", j0, j1),
  exact: (x) => x,
  read,
  truth: truthOf,
  unroll: false,
});

/** The verdict that a kernel evaluates a pair of tiles: min and max of the reads it needs are summaries. */
export function verdictFor(mask: Scalar): Verdict | undefined {
  const summaries: Summary[] = [];
  const bound = boundNames(mask);
  const summarise = (x: Scalar & { kind: "read" }): Interval | undefined => {
    const onI = some(x, (n) => n.kind === "var" && n.name === "i");
    const onJ = some(x, (n) => n.kind === "var" && n.name === "j");
    if (x.type === "f32" || onI === onJ || some(x, (n) => n.kind === "var" && bound.has(n.name))) return undefined;
    const side = onI ? "query" : "key";
    const known = summaries.find((s) => s.side === side && sameScalar(s.value, x));
    const name = `${side}${summaries.length}`;
    const summary = known ?? { side, value: x, min: `${name}_min`, max: `${name}_max` };
    if (!known) summaries.push(summary);
    return between(variable(summary.min, x.type), variable(summary.max, x.type));
  };
  const v = (name: string): Scalar => variable(name);
  const { may, must } = truthOf(mask, factsOn(v("i0"), v("i1"), v("j0"), v("j1"), summarise));
  if (isConst(may) && isConst(must)) return undefined;
  const used = summaries.filter(({ min, max }) =>
    [may, must].some((x) => some(x, (n) => n.kind === "var" && (n.name === min || n.name === max))),
  );
  return { may, must, summaries: used };
}

function boundNames(x: Scalar): ReadonlySet<string> {
  const names = new Set<string>();
  some(x, (n) => {
    if (n.kind === "any" || n.kind === "sum") names.add(n.name);
    return false;
  });
  return names;
}

/**
 * Engine B: the verdict on one concrete tile. `at` holds i0, i1, j0, j1 (all included) and the other variables of
 * the mask; bounds of reads are taken from the tensors themselves.
 */
export function verdictOf(
  mask: Scalar,
  at: Readonly<Record<string, number>>,
  source: Source,
): { may: boolean; must: boolean } {
  const { i0, i1, j0, j1 } = at;
  const env = (more: Record<string, number>): Environment => ({ ...source, variables: { ...at, ...more } });
  const readAt = (x: Scalar & { kind: "read" }): Interval | undefined => {
    const onI = some(x, (n) => n.kind === "var" && n.name === "i");
    if (x.type === "f32" || (onI && some(x, (n) => n.kind === "var" && n.name === "j"))) return undefined;
    let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let n = onI ? i0 : j0; n <= (onI ? i1 : j1); n++) {
      const value = evaluate(x, env(onI ? { i: n } : { j: n }), "f32");
      [lo, hi] = [Math.min(lo, value), Math.max(hi, value)];
    }
    const made = (value: number): Scalar => ({ kind: "const", type: x.type, value });
    return between(made(lo), made(hi));
  };
  const facts: Facts = {
    ...factsOn(int(i0), int(i1), int(j0), int(j1), readAt),
    exact: (x) => (x.kind === "const" ? x : { kind: "const", type: x.type, value: evaluate(x, env({}), "f32") }),
    unroll: true,
  };
  const { may, must } = truthOf(mask, facts);
  return { may: isTrue(may), must: isTrue(must) };
}

function isTrue(x: Scalar): boolean {
  if (!isConst(x)) throw new Error(`verdictOf: ${printScalar(x)} did not fold`);
  return x.value !== 0;
}
