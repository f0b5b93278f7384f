/**
 * Masks in negation normal form. Takes a bool Scalar; gives and/or over atoms `sum >= 0` and `sum == 0` in linear
 * terms, quantified tables, and opaque leaves for all that is no integer comparison. Chains, `!=`, `abs`, `min`,
 * `max` and `select` are cases of inequalities. Guarantees: the same truth for all values; comparisons of reals
 * are never turned around, because NaN makes `not a < b` differ from `a >= b`.
 */
import { printScalar } from "../scalar/print.ts";
import { and, call, int, isConst, not, or, substitute, variable, type Scalar } from "../scalar/scalar.ts";
import { constantly, linear, minus, normal, plus, times, toScalar, without, type Linear, type Term } from "./linear.ts";

export type Formula =
  | { readonly kind: "const"; readonly value: boolean; readonly origin: string }
  | { readonly kind: "and" | "or"; readonly parts: readonly Formula[] }
  /** ge: sum >= 0; eq: sum == 0. */
  | { readonly kind: "atom"; readonly relation: "ge" | "eq"; readonly sum: Linear; readonly origin: string }
  | { readonly kind: "any"; readonly name: string; readonly count: Scalar; readonly body: Formula }
  | { readonly kind: "opaque"; readonly value: Scalar; readonly origin: string };

/** Nested selects and differences of truth values double; past this many leaves a part stays opaque. */
const maxLeaves = 256;

interface Normalising {
  leaves: number;
  /** Which terms are told apart by cases; what is monotone in the rows alone is better taken whole. */
  readonly apart: (term: Scalar) => boolean;
  readonly names: Map<string, number>;
}

export const normalForm = (mask: Scalar, apart: (term: Scalar) => boolean = () => true): Formula =>
  go(mask, true, undefined, { leaves: 0, apart, names: new Map() });

function go(x: Scalar, positive: boolean, outer: string | undefined, state: Normalising): Formula {
  // The innermost name wins: `causal and window(64)` says more than the pattern that holds both.
  const named = x.origin ?? outer;
  const origin = (): string => (positive || x.origin === undefined ? (named ?? printScalar(x)) : `not ${x.origin}`);
  const opaque = (): Formula => {
    state.leaves++;
    return { kind: "opaque", value: positive ? x : not(x), origin: origin() };
  };
  const both = (a: Formula, b: Formula): Formula => join("and", [a, b]);
  const either = (a: Formula, b: Formula): Formula => join("or", [a, b]);
  if (state.leaves > maxLeaves) return opaque();
  if (x.kind === "const") return { kind: "const", value: (x.value !== 0) === positive, origin: named ?? "all" };
  if (x.kind === "any") {
    if (!positive) return opaque();
    // A tree may hold the same name twice with two bodies only if someone built it by hand; keep them apart.
    const seen = (state.names.get(x.name) ?? 0) + 1;
    state.names.set(x.name, seen);
    const name = seen === 1 ? x.name : `${x.name}_again${seen}`;
    const body = seen === 1 ? x.body : substitute(x.body, { [x.name]: variable(name) });
    return { kind: "any", name, count: x.count, body: go(body, true, origin(), state) };
  }
  if (x.kind !== "call") return opaque();
  const [a, b, c] = x.args;
  const side = (y: Scalar, sign: boolean): Formula => go(y, sign, named, state);
  switch (x.fn) {
    case "and":
    case "or":
      return join((x.fn === "and") === positive ? "and" : "or", [side(a, positive), side(b, positive)]);
    case "not":
      return side(a, !positive);
    case "select":
      return either(both(side(a, true), side(b, positive)), both(side(a, false), side(c, positive)));
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "eq":
    case "ne": {
      if (a.type === "bool" && (x.fn === "eq" || x.fn === "ne")) {
        const same = (x.fn === "eq") === positive;
        return either(both(side(a, true), side(b, same)), both(side(a, false), side(b, !same)));
      }
      if (a.type !== "i32" || b.type !== "i32") return opaque();
      return related(comparison(x.fn, positive), minus(linear(b), linear(a)), origin(), state);
    }
    default:
      return opaque();
  }
}

type Comparison = "lt" | "le" | "gt" | "ge" | "eq" | "ne";
const opposite = { lt: "ge", le: "gt", gt: "le", ge: "lt", eq: "ne", ne: "eq" } as const satisfies Record<
  Comparison,
  Comparison
>;
const comparison = (fn: Comparison, positive: boolean): Comparison => (positive ? fn : opposite[fn]);

/** `a rel b` in terms of difference = b − a. */
function related(rel: Comparison, difference: Linear, origin: string, state: Normalising): Formula {
  const down = times(difference, -1);
  const less = constantly(-1);
  switch (rel) {
    case "le":
      return atLeastZero(difference, origin, state);
    case "lt":
      return atLeastZero(plus(difference, less), origin, state);
    case "ge":
      return atLeastZero(down, origin, state);
    case "gt":
      return atLeastZero(plus(down, less), origin, state);
    case "eq": {
      const sum = withoutAbs(difference);
      const cases = sum.terms.some((term) => state.apart(term.of) && casesOf(term) !== undefined);
      if (!cases) return leaf("eq", sum, origin, state);
      return join("and", [atLeastZero(sum, origin, state), atLeastZero(times(sum, -1), origin, state)]);
    }
    case "ne": {
      const sum = withoutAbs(difference);
      const up = atLeastZero(plus(sum, less), origin, state);
      return join("or", [atLeastZero(plus(times(sum, -1), less), origin, state), up]);
    }
  }
}

/** |x| mod n = 0 ⇔ x mod n = 0. */
export function withoutAbs(sum: Linear): Linear {
  const [only] = sum.terms;
  if (sum.terms.length !== 1 || sum.constant !== 0 || only.of.kind !== "call" || only.of.fn !== "mod") return sum;
  const [x, n] = only.of.args;
  return x.kind === "call" && x.fn === "abs" ? times(linear(call("mod", x.args[0], n)), only.coefficient) : sum;
}

function leaf(relation: "ge" | "eq", sum: Linear, origin: string, state: Normalising): Formula {
  if (sum.terms.length === 0) {
    return { kind: "const", value: relation === "ge" ? sum.constant >= 0 : sum.constant === 0, origin };
  }
  state.leaves++;
  return { kind: "atom", relation, sum, origin };
}

function atLeastZero(sum: Linear, origin: string, state: Normalising): Formula {
  const split =
    state.leaves > maxLeaves
      ? undefined
      : sum.terms.find((term) => state.apart(term.of) && casesOf(term) !== undefined);
  const cases = split && casesOf(split);
  if (!split || !cases) return leaf("ge", sum, origin, state);
  const rest = without(sum, split);
  const parts = cases.values.map(({ when, value }) => {
    const one = atLeastZero(plus(rest, times(linear(value), split.coefficient)), origin, state);
    return when ? join("and", [go(when.of, when.positive, origin, state), one]) : one;
  });
  return join(cases.join, parts);
}

interface Cases {
  readonly join: "and" | "or";
  readonly values: readonly {
    readonly when?: { readonly of: Scalar; readonly positive: boolean };
    readonly value: Scalar;
  }[];
}

/** c·min(a, b) >= k for c > 0 says both, for c < 0 either; max the other way round. */
function casesOf({ coefficient, of }: Term): Cases | undefined {
  if (of.kind !== "call" || of.type !== "i32") return undefined;
  const [a, b, c] = of.args;
  const up = coefficient > 0;
  switch (of.fn) {
    case "min":
      return { join: up ? "and" : "or", values: [{ value: a }, { value: b }] };
    case "max":
      return { join: up ? "or" : "and", values: [{ value: a }, { value: b }] };
    case "abs":
      return { join: up ? "or" : "and", values: [{ value: a }, { value: normal(call("neg", a)) }] };
    case "select":
      return {
        join: "or",
        values: [
          { when: { of: a, positive: true }, value: b },
          { when: { of: a, positive: false }, value: c },
        ],
      };
    default:
      return undefined;
  }
}

/** Flattened, without repeats of one constant; decided where a constant decides it. */
function join(kind: "and" | "or", parts: readonly Formula[]): Formula {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const decisive = flat.find((part) => part.kind === "const" && part.value === (kind === "or"));
  if (decisive) return decisive;
  const open = flat.filter((part) => part.kind !== "const");
  const [first] = open;
  if (!first) return flat[0] ?? { kind: "const", value: kind === "and", origin: "all" };
  return open.length === 1 ? first : { kind, parts: open };
}

/** The formula as a Scalar again, for printing and tests. */
export function formulaScalar(x: Formula): Scalar {
  switch (x.kind) {
    case "const":
      return { kind: "const", type: "bool", value: x.value ? 1 : 0 };
    case "and":
    case "or":
      return x.parts.map(formulaScalar).reduce(x.kind === "and" ? and : or);
    case "atom": {
      const positive: Linear = {
        terms: x.sum.terms.filter((t) => t.coefficient > 0),
        constant: Math.max(0, x.sum.constant),
      };
      const negative = minus(positive, x.sum);
      return call(x.relation, toScalar(positive), toScalar(negative));
    }
    case "any":
      return isConst(x.count) && x.count.value <= 0
        ? { kind: "const", type: "bool", value: 0 }
        : { kind: "any", type: "bool", name: x.name, count: x.count, body: formulaScalar(x.body) };
    case "opaque":
      return x.value;
  }
  x satisfies never;
  return int(0);
}
