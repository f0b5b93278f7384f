/**
 * Integer expressions as linear forms, so that `i - j + i` is one term and equal things look equal. Takes an i32
 * Scalar, gives Σ coefficient · term + constant, where a term is anything that is no sum. Guarantees: the same
 * value for all integers (floored `div` and `mod`, x div 0 = 0, x mod 0 = x). Intermediate sums may wrap in i32
 * where the source did not, but two's complement sums are exact again at the end if the end fits.
 */
import { floorDiv, floorMod } from "../scalar/functions.ts";
import { add, call, int, isConst, mul, sameScalar, some, sub, type Scalar } from "../scalar/scalar.ts";
import { isDigit } from "./digits.ts";

export interface Term {
  readonly coefficient: number;
  readonly of: Scalar;
}

export interface Linear {
  readonly terms: readonly Term[];
  readonly constant: number;
}

export const constantly = (constant: number): Linear => ({ terms: [], constant });
export const single = (of: Scalar, coefficient = 1): Linear => ({ terms: [{ coefficient, of }], constant: 0 });
const isConstant = (x: Linear): boolean => x.terms.length === 0;

export function plus(a: Linear, b: Linear): Linear {
  const terms: Term[] = [...a.terms];
  for (const term of b.terms) {
    const at = terms.findIndex((t) => sameScalar(t.of, term.of));
    if (at < 0) terms.push(term);
    else terms[at] = { ...terms[at], coefficient: terms[at].coefficient + term.coefficient };
  }
  return { terms: terms.filter((t) => t.coefficient !== 0), constant: a.constant + b.constant };
}

export function times(a: Linear, factor: number): Linear {
  if (factor === 0) return constantly(0);
  return {
    // + 0: no negative zero, which would not be the same constant
    terms: a.terms.map((t) => ({ ...t, coefficient: t.coefficient * factor })),
    constant: a.constant * factor + 0,
  };
}

export const minus = (a: Linear, b: Linear): Linear => plus(a, times(b, -1));
export const without = (a: Linear, term: Term): Linear => ({ ...a, terms: a.terms.filter((t) => t !== term) });

export function linear(x: Scalar): Linear {
  if (x.kind === "const") return constantly(x.value);
  if (x.kind !== "call" || x.type !== "i32") return single(x);
  const [a, b] = x.args;
  switch (x.fn) {
    case "add":
      return withoutRemainders(plus(linear(a), linear(b)));
    case "sub":
      return withoutRemainders(minus(linear(a), linear(b)));
    case "neg":
      return times(linear(a), -1);
    case "mul":
      if (isConst(a)) return times(linear(b), a.value);
      if (isConst(b)) return times(linear(a), b.value);
      return single(mul(normal(a), normal(b)));
    case "idiv":
      return quotient(linear(a), normal(b));
    case "mod":
      return remainder(linear(a), normal(b));
    case "min":
    case "max":
      return nonSum(call(x.fn, normal(a), normal(b)));
    case "abs":
      return nonSum(call("abs", normal(a)));
    case "select":
      return nonSum(call("select", a, normal(b), normal(x.args[2])));
    default:
      return single(x);
  }
}

/** The folding constructors may have left one of the operands. */
const nonSum = (x: Scalar): Linear =>
  x.kind === "call" && (x.fn === "min" || x.fn === "max" || x.fn === "abs" || x.fn === "select")
    ? single(x)
    : linear(x);

export const normal = (x: Scalar): Scalar => (x.type === "i32" ? toScalar(linear(x)) : x);

/** The parts of x that n divides, as the quotient by n, and the rest. */
function divided(x: Linear, n: number): { quotient: Linear; rest: Linear } {
  const whole = x.terms.filter((t) => t.coefficient % n === 0);
  const low = floorMod(x.constant, n);
  return {
    quotient: {
      terms: whole.map((t) => ({ ...t, coefficient: t.coefficient / n })),
      constant: floorDiv(x.constant - low, n),
    },
    rest: { terms: x.terms.filter((t) => t.coefficient % n !== 0), constant: low },
  };
}

/**
 * ⌊(n·q + r) / n⌋ = q + ⌊r / n⌋ and ⌊⌊x / a⌋ / n⌋ = ⌊x / (a·n)⌋ for a, n > 0. Not with numbers of any size: w − 33
 * may fit where w + 31 wraps.
 */
function quotient(x: Linear, by: Scalar): Linear {
  if (!isConst(by) || by.value <= 0 || x.terms.some((t) => wild(t.of))) return single(call("idiv", toScalar(x), by));
  const n = by.value;
  const split = divided(x, n);
  if (isConstant(split.rest)) return plus(split.quotient, constantly(floorDiv(split.rest.constant, n)));
  const [inner] = split.rest.terms;
  if (
    split.rest.terms.length === 1 &&
    split.rest.constant === 0 &&
    inner.coefficient === 1 &&
    inner.of.kind === "call" &&
    inner.of.fn === "idiv"
  ) {
    const [y, a] = inner.of.args;
    if (isConst(a) && a.value > 0) return plus(split.quotient, single(call("idiv", y, int(a.value * n))));
  }
  return plus(split.quotient, single(call("idiv", toScalar(split.rest), by)));
}

/** (n·q + r) mod n = r mod n for n > 0. */
function remainder(x: Linear, by: Scalar): Linear {
  if (!isConst(by) || by.value <= 0 || x.terms.some((t) => wild(t.of))) return single(call("mod", toScalar(x), by));
  const { rest } = divided(x, by.value);
  if (isConstant(rest)) return constantly(rest.constant);
  return single(call("mod", toScalar(rest), by));
}

/** x − x mod n = n · (x div n): one monotone term where there were two that pull apart. */
function withoutRemainders(sum: Linear): Linear {
  for (const term of sum.terms) {
    if (term.of.kind !== "call" || term.of.fn !== "mod") continue;
    const [x, n] = term.of.args;
    if (!isConst(n) || n.value <= 0) continue;
    const { coefficient } = term;
    const blocks = times(linear(call("idiv", x, n)), -coefficient * n.value);
    const other = plus(plus(without(sum, term), times(linear(x), coefficient)), blocks);
    if (other.terms.length < sum.terms.length) return withoutRemainders(other);
  }
  return sum;
}

/** A tree for the sum: what is added first, then what is taken away, then the constant. */
export function toScalar(x: Linear): Scalar {
  const factor = ({ coefficient, of }: Term): Scalar => mul(of, int(Math.abs(coefficient)));
  let sum: Scalar | undefined;
  for (const term of x.terms) if (term.coefficient > 0) sum = sum ? add(sum, factor(term)) : factor(term);
  let rest = x.constant;
  for (const term of x.terms) {
    if (term.coefficient > 0) continue;
    if (sum) sum = sub(sum, factor(term));
    else if (rest !== 0) {
      sum = sub(int(rest), factor(term));
      rest = 0;
    } else sum = call("neg", factor(term));
  }
  if (!sum) return int(rest);
  return rest < 0 ? sub(sum, int(-rest)) : add(sum, int(rest));
}

/** Does it change along a row of the mask's variables: with `i`, `j`, their digits, the score or a channel? */
export const varies = (x: Scalar): boolean =>
  some(x, (n) => n.kind === "var" && (varying.has(n.name) || isDigit(n.name)));
const varying: ReadonlySet<string> = new Set(["i", "j", "row", "s", "c"]);

/**
 * How many elements of a table are <= value: what `segment(offsets, x)` is made of. Monotone in the value whether
 * or not the table is sorted; where it is, a search gives the same number.
 */
export interface Rank {
  readonly tensor: string;
  readonly leading: readonly Scalar[];
  readonly count: Scalar;
  readonly value: Scalar;
  readonly withValue: (value: Scalar) => Scalar;
}

export function rankOf(x: Scalar): Rank | undefined {
  if (x.kind !== "sum" || x.body.kind !== "call" || x.body.fn !== "select") return undefined;
  const [test, one, zero] = x.body.args;
  if (!isConst(one, 1) || !isConst(zero, 0) || test.kind !== "call" || test.fn !== "le") return undefined;
  const [element, value] = test.args;
  const bound = (y: Scalar): boolean => some(y, (n) => n.kind === "var" && n.name === x.name);
  if (element.kind !== "read" || value.type !== "i32" || bound(value) || varies(x.count)) return undefined;
  const last = element.indices.at(-1);
  const leading = element.indices.slice(0, -1);
  if (last?.kind !== "var" || last.name !== x.name || leading.some((y) => varies(y) || bound(y))) return undefined;
  return {
    tensor: element.tensor,
    leading,
    count: x.count,
    value,
    withValue: (y) => ({ ...x, body: call("select", call("le", element, y), one, zero) }),
  };
}

/** Positions, key counts and sizes of one call are below this; a launch refuses more. */
export const positionLimit = 2 ** 26;
const smallVariable = 2 ** 20;

/** The variable that stands for `i div n` where blocks of rows are enumerated. */
export const blockVariable = (n: number): string => (n === 1 ? "row_i" : `block_i${n}`);

/** What |x| stays below; 2^31 where nothing is known. */
export function magnitude(x: Scalar): number {
  const most = (all: readonly Scalar[]): number => Math.max(0, ...all.map(magnitude));
  switch (x.kind) {
    case "const":
      return Math.abs(x.value);
    case "size":
    case "search":
      return positionLimit;
    case "var": {
      const block = /^block_i(\d+)$/.exec(x.name);
      if (block) return positionLimit / Number(block[1]);
      return isDigit(x.name) || /^(i|j|row|row_i|[ij][01])$/.test(x.name) ? positionLimit : smallVariable;
    }
    case "sum":
      return rankOf(x) ? positionLimit : 2 ** 31;
    case "read":
      return 2 ** 31;
    case "any":
    case "sorted":
      return 1;
    case "call": {
      const [a, b, c] = x.args;
      const divisor = b && isConst(b) && b.value !== 0 ? Math.abs(b.value) : undefined;
      switch (x.fn) {
        case "add":
        case "sub":
          return magnitude(a) + magnitude(b);
        case "mul":
          return magnitude(a) * magnitude(b);
        case "idiv":
          return magnitude(a) / (divisor ?? 1) + 1;
        case "mod":
          return divisor ?? most([a, b]);
        case "select":
          return most([b, c]);
        case "neg":
        case "abs":
        case "min":
        case "max":
          return most(x.args);
        default:
          return 2 ** 31;
      }
    }
  }
  x satisfies never;
  return 2 ** 31;
}

/**
 * Can its value be anything an i32 holds, so that a sum with it may wrap although the mask's own arithmetic does
 * not? What comes from a tensor can; positions and sizes cannot.
 */
export function wild(x: Scalar): boolean {
  switch (x.kind) {
    case "const":
    case "size":
    case "sorted":
    case "search":
    case "any":
      return false;
    case "var":
      // bounds of a summary, and bound variables, which are small
      return false;
    case "read":
      return x.type !== "bool";
    case "sum":
      return rankOf(x) === undefined;
    case "call": {
      const [a, b, c] = x.args;
      switch (x.fn) {
        case "select":
          return wild(b) || wild(c);
        case "mod":
          // |a mod b| < |b|, and a where b is 0
          return isConst(b) && b.value !== 0 ? false : wild(a) || wild(b);
        case "idiv":
          return wild(a);
        case "int":
        case "hash":
          return true;
        default:
          return x.args.some(wild);
      }
    }
  }
  x satisfies never;
  return true;
}
