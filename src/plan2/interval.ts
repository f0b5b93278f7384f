/**
 * Engine B: what an expression can be over a tile. Takes bounds of its variables as Scalars; gives bounds of
 * numbers and three-valued answers for conditions, as Scalars too. On numbers the constructors fold and the answer
 * is a number; on names it is the code of a run-time verdict. One set of transfer functions for both.
 * Sound: `may` is true wherever the condition holds anywhere in the tile, `must` only where it holds everywhere.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { difference, linear, type Linear } from "./linear.ts";

/** undefined: no bound on that side. */
export interface Bounds {
  readonly lo: Scalar | undefined;
  readonly hi: Scalar | undefined;
}

export interface Answer {
  readonly may: Scalar;
  readonly must: Scalar;
}

export interface Tile {
  /** Bounds of a variable; undefined for one that is constant over the tile. */
  readonly of: (name: string) => Bounds | undefined;
  /** Bounds of a tensor element whose index varies over the tile: a summary, where there is one. */
  readonly read: (x: Scalar & { kind: "read" }) => Bounds | undefined;
}

const unknown: Bounds = { lo: undefined, hi: undefined };
export const undecided: Answer = { may: s.truth(true), must: s.truth(false) };
const certain = (x: Scalar): Answer => ({ may: x, must: x });

/** Is the expression the same number for every pair of the tile? */
export const constant = (x: Scalar, tile: Tile): boolean =>
  !s.some(x, (n) => n.kind === "var" && tile.of(n.name) !== undefined);

export function bounds(x: Scalar, tile: Tile): Bounds {
  if (constant(x, tile)) return { lo: x, hi: x };
  if (x.kind === "var") return tile.of(x.name) ?? unknown;
  if (x.kind === "read") return tile.read(x) ?? unknown;
  if (x.type !== "i32" || x.kind !== "call") return unknown;
  if (x.fn === "add" || x.fn === "sub" || x.fn === "mul" || x.fn === "neg") return ofProduct(x, tile);
  return ofCall(x.fn, x.args, tile);
}

function ofProduct(x: Scalar & { kind: "call" }, tile: Tile): Bounds {
  const form = linear(x);
  const only = form.terms[0];
  if (form.terms.length === 1 && only && s.sameScalar(only.term, x)) return unknown;
  return ofLinear(form, tile);
}

export function ofLinear(form: Linear, tile: Tile): Bounds {
  let lo: Scalar | undefined = s.int(form.constant);
  let hi: Scalar | undefined = s.int(form.constant);
  for (const { coefficient, term } of form.terms) {
    const b = bounds(term, tile);
    const [low, high] = coefficient > 0 ? [b.lo, b.hi] : [b.hi, b.lo];
    lo = lo && low && scaled(lo, coefficient, low);
    hi = hi && high && scaled(hi, coefficient, high);
  }
  return { lo, hi };
}

const scaled = (to: Scalar, by: number, x: Scalar): Scalar =>
  by > 0 ? s.add(to, s.mul(s.int(by), x)) : s.sub(to, s.mul(s.int(-by), x));

function ofCall(fn: string, args: readonly Scalar[], tile: Tile): Bounds {
  const [a, b] = args;
  if (!a) return unknown;
  const A = bounds(a, tile);
  const B = b ? bounds(b, tile) : unknown;
  switch (fn) {
    case "idiv":
      return b?.kind === "const" && b.value > 0
        ? { lo: A.lo && s.idiv(A.lo, b), hi: A.hi && s.idiv(A.hi, b) }
        : unknown;
    case "mod":
      return b?.kind === "const" && b.value > 0 ? { lo: s.int(0), hi: s.int(b.value - 1) } : unknown;
    case "min":
      return { lo: A.lo && B.lo && s.min(A.lo, B.lo), hi: A.hi && B.hi ? s.min(A.hi, B.hi) : (A.hi ?? B.hi) };
    case "max":
      return { lo: A.lo && B.lo ? s.max(A.lo, B.lo) : (A.lo ?? B.lo), hi: A.hi && B.hi && s.max(A.hi, B.hi) };
    case "abs":
      return {
        lo: A.lo && A.hi ? s.max(s.int(0), s.max(A.lo, s.sub(s.int(0), A.hi))) : s.int(0),
        hi: A.lo && A.hi && s.max(A.hi, s.sub(s.int(0), A.lo)),
      };
    default:
      return unknown;
  }
}

export function answer(x: Scalar, tile: Tile): Answer {
  if (constant(x, tile)) return certain(x);
  if (x.kind === "read") {
    const b = tile.read(x);
    return b?.lo && b.hi ? { may: b.hi, must: b.lo } : undecided;
  }
  if (x.kind !== "call") return undecided;
  const [a, b, c] = x.args;
  if (!a) return undecided;
  switch (x.fn) {
    case "not": {
      const A = answer(a, tile);
      return { may: s.not(A.must), must: s.not(A.may) };
    }
    case "and":
    case "or": {
      const A = answer(a, tile);
      const B = b ? answer(b, tile) : undecided;
      const join = x.fn === "and" ? s.and : s.or;
      return { may: join(A.may, B.may), must: join(A.must, B.must) };
    }
    case "select": {
      const [A, B, C] = [answer(a, tile), b ? answer(b, tile) : undecided, c ? answer(c, tile) : undecided];
      return {
        may: s.or(s.and(A.may, B.may), s.and(s.not(A.must), C.may)),
        must: s.or(s.and(A.must, B.must), s.and(s.not(A.may), C.must)),
      };
    }
    default:
      return b ? compared(x.fn, a, b, tile) : undecided;
  }
}

/** Compares a − b with 0: as one linear form, `i − j < w` keeps what it knows of i and of j. */
function compared(fn: string, a: Scalar, b: Scalar, tile: Tile): Answer {
  if (a.type !== "i32" || b.type !== "i32") return undecided;
  const { lo, hi } = ofLinear(difference(a, b), tile);
  const zero = s.int(0);
  const all = s.truth(true);
  const none = s.truth(false);
  const test = (x: Scalar | undefined, op: "lt" | "le" | "gt" | "ge", otherwise: Scalar): Scalar =>
    x ? s.call(op, x, zero) : otherwise;
  switch (fn) {
    case "lt":
    case "le":
      return { may: test(lo, fn, all), must: test(hi, fn, none) };
    case "gt":
    case "ge":
      return { may: test(hi, fn, all), must: test(lo, fn, none) };
    case "eq":
      return {
        may: s.and(test(lo, "le", all), test(hi, "ge", all)),
        must: s.and(test(lo, "ge", none), test(hi, "le", none)),
      };
    case "ne":
      return {
        may: s.not(s.and(test(lo, "ge", none), test(hi, "le", none))),
        must: s.or(test(lo, "gt", none), test(hi, "lt", none)),
      };
    default:
      return undecided;
  }
}
