/**
 * Prints a Scalar in the language's notation with as few parentheses as its grammar allows. Takes a Scalar,
 * gives one line. What the language leaves implicit is printed as a call: `float(x)`, `sorted(t[b])`,
 * `lower(t[b], x)`. With `origins`, an expanded pattern prints as it was written: `window(256)`.
 */
import { scalarFns, type ScalarFn } from "./functions.ts";
import { sameScalar, type Scalar } from "./scalar.ts";

export interface PrintOptions {
  readonly origins?: boolean;
}

/** Loosest first; an operand is bracketed where its level is lower than what its place asks for. */
const level = { if: 0, or: 1, and: 2, not: 3, comparison: 4, sum: 5, product: 6, unary: 7, atom: 8 } as const;

const infixLevel: Partial<Record<ScalarFn, number>> = {
  or: level.or,
  and: level.and,
  lt: level.comparison,
  le: level.comparison,
  gt: level.comparison,
  ge: level.comparison,
  eq: level.comparison,
  ne: level.comparison,
  add: level.sum,
  sub: level.sum,
  mul: level.product,
  div: level.product,
  idiv: level.product,
  mod: level.product,
};

const infixOf = (fn: ScalarFn): string => {
  const row = scalarFns[fn];
  return "infix" in row && typeof row.infix === "string" ? row.infix : fn;
};

export function printScalar(x: Scalar, options: PrintOptions = {}): string {
  return at(x, level.if, options);
}

function at(x: Scalar, wanted: number, options: PrintOptions): string {
  const [text, own] = print(x, options);
  return own < wanted ? `(${text})` : text;
}

/** A real always shows that it is one, in the fewest digits that give the same f32. */
export function printConstant(value: number, type: Scalar["type"]): string {
  switch (type) {
    case "bool":
      return value === 0 ? "false" : "true";
    case "i32":
      return String(value);
    case "f32": {
      if (!Number.isFinite(value)) return String(value);
      let text = String(value);
      for (let digits = 1; digits <= 9; digits++) {
        const shorter = Number(value.toPrecision(digits));
        if (Math.fround(shorter) === Math.fround(value)) {
          text = String(shorter);
          break;
        }
      }
      return /[.e]/.test(text) ? text : `${Object.is(value, -0) ? "-0" : text}.0`;
    }
  }
}

type Printed = readonly [text: string, level: number];

function print(x: Scalar, options: PrintOptions): Printed {
  if (options.origins === true && x.origin !== undefined) return [x.origin, level.atom];
  const list = (items: readonly Scalar[]): string => items.map((item) => at(item, level.if, options)).join(", ");
  const indexed = (tensor: string, indices: readonly Scalar[]): string =>
    indices.length === 0 ? tensor : `${tensor}[${list(indices)}]`;
  switch (x.kind) {
    case "const":
      return [printConstant(x.value, x.type), x.value < 0 || Object.is(x.value, -0) ? level.unary : level.atom];
    case "var":
    case "size":
      return [x.name, level.atom];
    case "read":
      return [indexed(x.tensor, x.indices), level.atom];
    case "call":
      return printCall(x, options, list);
    case "any": {
      const member = membership(x);
      if (member)
        return [
          `${at(member.value, level.sum, options)} in ${indexed(member.tensor, member.leading)}`,
          level.comparison,
        ];
      return [`any(${x.name} < ${at(x.count, level.sum, options)}, ${at(x.body, level.if, options)})`, level.atom];
    }
    case "sum":
      return [`sum(${x.name} < ${at(x.count, level.sum, options)}, ${at(x.body, level.if, options)})`, level.atom];
    case "sorted":
      return [`sorted(${indexed(x.tensor, x.leading)})`, level.atom];
    case "search":
      return [`${x.side}(${indexed(x.tensor, x.leading)}, ${at(x.value, level.if, options)})`, level.atom];
  }
}

function printCall(
  x: Scalar & { kind: "call" },
  options: PrintOptions,
  list: (items: readonly Scalar[]) => string,
): Printed {
  const [a, b, c] = x.args;
  if (x.fn === "select" && a && b && c) {
    return [
      `if ${at(a, level.or, options)} then ${at(b, level.or, options)} else ${at(c, level.if, options)}`,
      level.if,
    ];
  }
  if (x.fn === "not" && a) return [`not ${at(a, level.not, options)}`, level.not];
  if (x.fn === "neg" && a) return [`-${at(a, level.atom, options)}`, level.unary];
  const own = infixLevel[x.fn];
  if (own === undefined || !a || !b) return [`${x.fn}(${list(x.args)})`, level.atom];
  const chain = x.fn === "and" ? chained(a, b, options) : undefined;
  if (chain !== undefined) return [chain, level.comparison];
  // `and` and `or` are associative; everything else leans left, and comparisons never nest bare.
  const [left, right] = own === level.comparison ? [own + 1, own + 1] : own <= level.and ? [own, own] : [own, own + 1];
  return [`${at(a, left, options)} ${infixOf(x.fn)} ${at(b, right, options)}`, own];
}

/** `a <= x and x < b` was, or may as well have been, `a <= x < b`. */
function chained(a: Scalar, b: Scalar, options: PrintOptions): string | undefined {
  if (a.kind !== "call" || b.kind !== "call" || (options.origins === true && (a.origin ?? b.origin) !== undefined))
    return undefined;
  const rising = (fn: ScalarFn): boolean => fn === "lt" || fn === "le";
  const falling = (fn: ScalarFn): boolean => fn === "gt" || fn === "ge";
  if (!(rising(a.fn) && rising(b.fn)) && !(falling(a.fn) && falling(b.fn))) return undefined;
  const [low, middle] = a.args;
  const [same, high] = b.args;
  if (!low || !middle || !same || !high || !sameScalar(middle, same)) return undefined;
  const part = (y: Scalar): string => at(y, level.sum, options);
  return `${part(low)} ${infixOf(a.fn)} ${part(middle)} ${infixOf(b.fn)} ${part(high)}`;
}

function membership(
  x: Scalar & { kind: "any" | "sum" },
): { value: Scalar; tensor: string; leading: readonly Scalar[] } | undefined {
  if (x.body.kind !== "call" || x.body.fn !== "eq") return undefined;
  const [element, value] = x.body.args;
  if (!element || !value || element.kind !== "read") return undefined;
  const last = element.indices.at(-1);
  if (last?.kind !== "var" || last.name !== x.name) return undefined;
  return { value, tensor: element.tensor, leading: element.indices.slice(0, -1) };
}
