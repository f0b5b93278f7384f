/**
 * Engine A: which keys a tile of queries can need, symbolically in the lengths. Takes the mask; gives ranges of key
 * positions over `i0`, `i1` (the tile's first and last position). An atom `g(j) rel e(i, b, h, inputs)` is solved
 * for j where g is j or j div N: `may` with the loosest e over the tile, `must` with the tightest. ∩ for and, ∪ for
 * or. What cannot be solved is may = all, must = none, and makes the answer `open`: a verdict must settle it.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { answer, constant, ofLinear, type Tile } from "./interval.ts";
import { difference, times, type Linear } from "./linear.ts";
import type { Range } from "../plan/plan.ts";

export interface Solved {
  readonly may: readonly Range[];
  readonly must: readonly Range[];
  /** Was any atom left to the verdict? */
  readonly open: boolean;
}

const i0 = s.variable("i0");
const i1 = s.variable("i1");
const yes = s.truth(true);

/** More ranges than this are joined into their hull: a list must stay short. */
const most = 16;

/** Only the query varies: bounds over the rows of the tile, j is free. */
const rowsOfTile: Tile = {
  of: (name) =>
    name === "i" ? { lo: i0, hi: i1 } : name === "j" || name === "row" ? { lo: undefined, hi: undefined } : undefined,
  read: () => undefined,
};

export function solve(mask: Scalar, keys: Scalar): Solved {
  const everything = (origin: string, when: Scalar = yes): Range => ({
    when,
    lo: s.int(0),
    hi: keys,
    over: [],
    origin,
  });

  const visit = (x: Scalar, origin: string): Solved => {
    const named = x.origin ?? origin;
    if (constant(x, rowsOfTile)) return { may: ranged(x, named), must: ranged(x, named), open: false };
    if (!s.dependsOn(x, "j")) {
      const { may, must } = answer(x, rowsOfTile);
      return { may: ranged(may, named), must: ranged(must, named), open: s.isConst(may, 1) && s.isConst(must, 0) };
    }
    if (x.kind === "any") return table(x, keys, named) ?? unsolved(named);
    if (x.kind !== "call") return unsolved(named);
    const [a, b, c] = x.args;
    switch (x.fn) {
      case "and":
        return a && b ? both(visit(a, named), visit(b, named)) : unsolved(named);
      case "or":
        return a && b ? either(visit(a, named), visit(b, named)) : unsolved(named);
      case "not":
        return a ? visitNegated(a, named) : unsolved(named);
      case "select":
        return a && b && c ? visit(s.or(s.and(a, b), s.and(s.not(a), c)), named) : unsolved(named);
      case "lt":
      case "le":
      case "gt":
      case "ge":
      case "eq":
      case "ne":
        return a && b ? comparison(x.fn, a, b, named) : unsolved(named);
      default:
        return unsolved(named);
    }
  };

  const ranged = (when: Scalar, origin: string): readonly Range[] =>
    s.isConst(when, 0) ? [] : [everything(origin, when)];
  const unsolved = (origin: string): Solved => ({ may: [everything(origin)], must: [], open: true });

  const visitNegated = (x: Scalar, origin: string): Solved => {
    const negated = negate(x);
    return negated ? visit(negated, x.origin ? `not ${x.origin}` : origin) : unsolved(origin);
  };

  const comparison = (fn: Comparison, a: Scalar, b: Scalar, origin: string): Solved => {
    if (a.type !== "i32" || b.type !== "i32") return unsolved(origin);
    const documents = fn === "eq" ? sameElement(a, b, origin) : undefined;
    if (documents) return documents;
    const split = absolute(fn, a, b);
    if (split) return visit(split, origin);
    if (fn === "ne") return visit(s.or(s.call("lt", a, b), s.call("gt", a, b)), origin);
    if (fn === "eq") return visit(s.and(s.call("le", a, b), s.call("ge", a, b)), origin);
    return inequality(fn, difference(a, b), origin) ?? unsolved(origin);
  };

  /** form rel 0, with j in one term of coefficient ±1. */
  const inequality = (fn: Inequality, form: Linear, origin: string): Solved | undefined => {
    const at = form.terms.findIndex(({ term }) => s.dependsOn(term, "j"));
    const key = form.terms[at];
    if (!key || Math.abs(key.coefficient) !== 1) return undefined;
    const others: Linear = { terms: form.terms.filter((_, n) => n !== at), constant: form.constant };
    if (others.terms.some(({ term }) => s.dependsOn(term, "j"))) return undefined;
    const by = stepOf(key.term);
    if (!by) return undefined;
    const rest = key.coefficient === 1 ? times(others, -1) : others;
    const { lo, hi } = ofLinear(rest, rowsOfTile);
    if (!lo || !hi) return undefined;
    const below = (key.coefficient === 1) === (fn === "lt" || fn === "le");
    const strict = fn === "lt" || fn === "gt";
    // g(j) <= e: j < (e + 1)·N; g(j) >= e: j >= e·N
    const part = (e: Scalar): Range => {
      const shifted = below ? (strict ? e : s.add(e, s.int(1))) : strict ? s.add(e, s.int(1)) : e;
      const bound = s.mul(shifted, by);
      return { when: yes, lo: below ? s.int(0) : bound, hi: below ? bound : keys, over: [], origin };
    };
    return { may: [part(below ? hi : lo)], must: [part(below ? lo : hi)], open: false };
  };

  /** t[…, i] == t[…, j]: two lower bounds where the tensor is sorted and the rows lie inside it. */
  const sameElement = (a: Scalar, b: Scalar, origin: string): Solved | undefined => {
    const [query, key] = s.dependsOn(a, "j") ? [b, a] : [a, b];
    if (query.kind !== "read" || key.kind !== "read" || query.tensor !== key.tensor) return undefined;
    const leading = query.indices.slice(0, -1);
    const same = leading.every((x, n) => s.sameScalar(x, key.indices[n] ?? x) && constant(x, rowsOfTile));
    const isVar = (x: Scalar | undefined, name: string): boolean => x?.kind === "var" && x.name === name;
    if (!same || !isVar(query.indices.at(-1), "i") || !isVar(key.indices.at(-1), "j")) return undefined;
    const { tensor } = query;
    const sorted: Scalar = { kind: "sorted", type: "bool", tensor, leading };
    const inside = s.and(sorted, s.and(s.call("ge", i0, s.int(0)), s.call("lt", i1, keys)));
    const element = (i: Scalar): Scalar => s.read(tensor, query.type, [...leading, i]);
    const bound = (side: "lower" | "upper", i: Scalar): Scalar => ({
      kind: "search",
      type: "i32",
      side,
      tensor,
      leading,
      value: element(i),
    });
    const solved = (first: Scalar, last: Scalar): Range => ({
      when: inside,
      lo: bound("lower", first),
      hi: bound("upper", last),
      over: [],
      origin,
    });
    return { may: [solved(i0, i1), everything(origin, s.not(inside))], must: [solved(i1, i0)], open: true };
  };

  const solved = visit(mask, "mask");
  return { may: tidy(solved.may, keys), must: solved.must.slice(0, most), open: solved.open };
}

type Comparison = "lt" | "le" | "gt" | "ge" | "eq" | "ne";
type Inequality = "lt" | "le" | "gt" | "ge";

/** 1 for j itself, N for j div N with N > 0. */
function stepOf(g: Scalar): Scalar | undefined {
  if (g.kind === "var" && g.name === "j") return s.int(1);
  if (g.kind !== "call" || g.fn !== "idiv") return undefined;
  const [a, b] = g.args;
  return a?.kind === "var" && a.name === "j" && b?.kind === "const" && b.value > 0 ? b : undefined;
}

function both(a: Solved, b: Solved): Solved {
  const cross = (x: readonly Range[], y: readonly Range[]): readonly Range[] =>
    x.flatMap((p) => y.map((q) => intersect(p, q))).filter((r) => !s.isConst(r.when, 0));
  return { may: cross(a.may, b.may), must: cross(a.must, b.must), open: a.open || b.open };
}

const either = (a: Solved, b: Solved): Solved => ({
  may: [...a.may, ...b.may],
  must: [...a.must, ...b.must],
  open: a.open || b.open,
});

function intersect(a: Range, b: Range): Range {
  const origin =
    a.origin === b.origin || b.origin === "mask"
      ? a.origin
      : a.origin === "mask"
        ? b.origin
        : `${a.origin} and ${b.origin}`;
  return {
    when: s.and(a.when, b.when),
    lo: tightest("max", a.lo, b.lo),
    hi: tightest("min", a.hi, b.hi),
    over: [...a.over, ...b.over],
    origin,
  };
}

/** max(0, x) and min(S, x) stand once: the consumer cuts to 0 … S anyway. */
function tightest(fn: "min" | "max", a: Scalar, b: Scalar): Scalar {
  if (fn === "max") return s.isConst(a, 0) ? b : s.isConst(b, 0) ? a : s.max(a, b);
  if (a.kind === "size") return b;
  return b.kind === "size" ? a : s.min(a, b);
}

function tidy(may: readonly Range[], keys: Scalar): readonly Range[] {
  const whole = may.find(
    (r) => s.isConst(r.when, 1) && s.isConst(r.lo, 0) && s.sameScalar(r.hi, keys) && r.over.length === 0,
  );
  if (whole) return [whole];
  const first = may[0];
  return may.length > most && first ? [{ when: yes, lo: s.int(0), hi: keys, over: [], origin: first.origin }] : may;
}

/** |x| rel w as inequalities of x. */
function absolute(fn: Comparison, a: Scalar, b: Scalar): Scalar | undefined {
  if (b.kind === "call" && b.fn === "abs" && !(a.kind === "call" && a.fn === "abs")) return absolute(flipped[fn], b, a);
  if (a.kind !== "call" || a.fn !== "abs") return undefined;
  const x = a.args[0];
  if (!x) return undefined;
  const minus = s.sub(s.int(0), b);
  switch (fn) {
    case "lt":
    case "le":
      return s.and(s.call(fn, x, b), s.call(flipped[fn], x, minus));
    case "gt":
    case "ge":
      return s.or(s.call(fn, x, b), s.call(flipped[fn], x, minus));
    case "eq":
      return s.and(s.call("le", a, b), s.call("ge", a, b));
    case "ne":
      return undefined;
  }
}

const flipped = { lt: "gt", le: "ge", gt: "lt", ge: "le", eq: "eq", ne: "ne" } as const;
const opposite = { lt: "ge", le: "gt", gt: "le", ge: "lt", eq: "ne", ne: "eq" } as const;

function negate(x: Scalar): Scalar | undefined {
  if (x.kind !== "call") return undefined;
  const [a, b] = x.args;
  switch (x.fn) {
    case "not":
      return a;
    case "and":
      return a && b && s.or(s.not(a), s.not(b));
    case "or":
      return a && b && s.and(s.not(a), s.not(b));
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "eq":
    case "ne":
      return a && b && a.type === "i32" ? s.call(opposite[x.fn], a, b) : undefined;
    default:
      return undefined;
  }
}

/** Any e < n: t[…, bi, e] == bj, a range of one block for each entry; −1 and entries past the end are no block. */
function table(
  x: { readonly name: string; readonly count: Scalar; readonly body: Scalar },
  keys: Scalar,
  origin: string,
): Solved | undefined {
  const parts = conjuncts(x.body);
  const equal = parts.find((p) => p.kind === "call" && p.fn === "eq" && s.dependsOn(p, "j"));
  if (equal?.kind !== "call") return undefined;
  const [a, b] = equal.args;
  if (!a || !b) return undefined;
  const [entry, key] = s.dependsOn(a, "j") ? [b, a] : [a, b];
  const by = stepOf(key);
  if (!by || s.dependsOn(entry, "j")) return undefined;
  const rest = parts.filter((p) => p !== equal);
  if (rest.some((p) => s.dependsOn(p, "j"))) return undefined;
  const block = queryBlock(entry);
  if (block === undefined) return undefined;
  const name = `${x.name}_query`;
  const at = (y: Scalar): Scalar =>
    block ? s.rewrite(y, (n) => (s.sameScalar(n, block) ? s.variable(name) : undefined)) : y;
  if (s.dependsOn(at(entry), "i") || rest.some((p) => s.dependsOn(at(p), "i"))) return undefined;
  const over = [
    ...(block
      ? [{ name, from: s.substitute(block, { i: i0 }), to: s.add(s.substitute(block, { i: i1 }), s.int(1)) }]
      : []),
    { name: x.name, from: s.int(0), to: x.count },
  ];
  const inside = s.and(s.call("ge", at(entry), s.int(0)), s.call("lt", at(entry), s.ceilDiv(keys, by)));
  const when = rest.map(at).reduce(s.and, inside);
  const lo = s.mul(at(entry), by);
  return { may: [{ when, lo, hi: s.add(lo, by), over, origin }], must: [], open: false };
}

const conjuncts = (x: Scalar): readonly Scalar[] =>
  x.kind === "call" && x.fn === "and" ? x.args.flatMap(conjuncts) : [x];

/** The `i div N` that an entry is looked up by; null for none, undefined where i stands otherwise. */
function queryBlock(entry: Scalar): Scalar | null | undefined {
  if (!s.dependsOn(entry, "i")) return null;
  let found: Scalar | undefined;
  s.some(entry, (n) => {
    if (n.kind !== "call" || n.fn !== "idiv") return false;
    const [a, b] = n.args;
    if (a?.kind !== "var" || a.name !== "i" || b?.kind !== "const" || b.value <= 0) return false;
    found = n;
    return true;
  });
  return found;
}
