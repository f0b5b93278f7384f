/**
 * The type rules of operators: promotion of integers to reals, refusals of operands that do not fit, folding
 * with its limits. Takes lowered operands and their expressions (for spans); gives the typed Scalar, or
 * undefined once the mistake is reported.
 */
import { FoveaError, diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { ceilDiv, call, children, int, isConst, type Scalar, type ScalarType } from "../scalar/scalar.ts";
import type { ScalarFn } from "../scalar/functions.ts";
import { report, type Scope } from "./scope.ts";

/** More nodes than this in one expression, expanded, help nobody. */
export const maxNodes = 10_000;
export const maxInt = 2 ** 31 - 1;

export interface Operand {
  readonly value: Scalar;
  readonly span: Span;
}

export const typeName = (type: ScalarType): string =>
  type === "i32" ? "an integer" : type === "f32" ? "a real" : "a truth value";

const sizesOf = new WeakMap<Scalar, number>();

export function nodes(x: Scalar): number {
  const known = sizesOf.get(x);
  if (known !== undefined) return known;
  const count = children(x).reduce((sum, child) => sum + nodes(child), 1);
  sizesOf.set(x, count);
  return count;
}

/** Every node that lowering makes goes through here: it is small enough, and an integer constant is in range. */
export function checked(scope: Scope, x: Scalar, span: Span): Scalar | undefined {
  if (nodes(x) > maxNodes) tooLarge(scope, span);
  if (x.kind === "const" && x.type === "i32" && !(Number.isInteger(x.value) && Math.abs(x.value) <= maxInt)) {
    return report(scope, "FOV4004", `the integer ${x.value} does not fit into 32 bits`, span);
  }
  if (x.kind === "const" && !Number.isFinite(x.value))
    return report(scope, "FOV4004", `the constant is ${x.value} in f32`, span);
  return x;
}

export function tooLarge(scope: Scope, span: Span): never {
  const outermost = ((): Span => {
    let at = span;
    for (let e = scope.expansion; e; e = e.outer) at = e.span;
    return at;
  })();
  throw new FoveaError([
    diagnostic("FOV4003", `the expression has more than ${maxNodes} parts once its patterns are expanded`, {
      span: outermost,
      help: "name parts of it and pass them as tensors, or repeat less",
    }),
  ]);
}

export function toReal(x: Scalar): Scalar {
  return x.type === "i32" ? call("float", x) : x;
}

/** Both as integers, or both as reals where one of them is. */
export function promote(a: Scalar, b: Scalar): readonly [Scalar, Scalar] {
  return a.type === b.type ? [a, b] : [toReal(a), toReal(b)];
}

export function wants(scope: Scope, operand: Operand, type: "number" | "i32" | "bool", who: string): boolean {
  const { value, span } = operand;
  if (type === "number" ? value.type !== "bool" : value.type === type) return true;
  const wanted = type === "number" ? "a number" : typeName(type);
  report(scope, "FOV2001", `${who} takes ${wanted}, and this is ${typeName(value.type)}`, span);
  return false;
}

const arithmetic = { "+": "add", "-": "sub", "*": "mul" } as const satisfies Record<string, ScalarFn>;
const comparisons = { "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne" } as const satisfies Record<
  string,
  ScalarFn
>;

export function logical(scope: Scope, op: "and" | "or", a: Operand, b: Operand, span: Span): Scalar | undefined {
  const fits = [wants(scope, a, "bool", `\`${op}\``), wants(scope, b, "bool", `\`${op}\``)];
  return fits.every(Boolean) ? checked(scope, call(op, a.value, b.value), span) : undefined;
}

export function arithmeticOf(
  scope: Scope,
  op: keyof typeof arithmetic,
  a: Operand,
  b: Operand,
  span: Span,
): Scalar | undefined {
  const fits = [wants(scope, a, "number", `\`${op}\``), wants(scope, b, "number", `\`${op}\``)];
  if (!fits.every(Boolean)) return undefined;
  const [x, y] = promote(a.value, b.value);
  return checked(scope, call(arithmetic[op], x, y), span);
}

export function compare(
  scope: Scope,
  op: keyof typeof comparisons,
  a: Operand,
  b: Operand,
  span: Span,
): Scalar | undefined {
  const equality = op === "==" || op === "!=";
  if (equality && a.value.type === "bool" && b.value.type === "bool")
    return checked(scope, call(comparisons[op], a.value, b.value), span);
  const fits = [wants(scope, a, "number", `\`${op}\``), wants(scope, b, "number", `\`${op}\``)];
  if (!fits.every(Boolean)) return undefined;
  const [x, y] = promote(a.value, b.value);
  return checked(scope, call(comparisons[op], x, y), span);
}

export function divide(scope: Scope, op: "/" | "div" | "mod", a: Operand, b: Operand, span: Span): Scalar | undefined {
  const kind = op === "/" ? "number" : "i32";
  const fits = [wants(scope, a, kind, `\`${op}\``), wants(scope, b, kind, `\`${op}\``)];
  if (!fits.every(Boolean)) return undefined;
  if (isConst(b.value, 0)) return report(scope, "FOV3007", "the divisor is zero", b.span);
  const integers = a.value.type === "i32" && b.value.type === "i32";
  switch (op) {
    case "div":
      return checked(scope, call("idiv", a.value, b.value), span);
    case "mod":
      return checked(scope, call("mod", a.value, b.value), span);
    case "/":
      if (!integers || scope.place.division === "real")
        return checked(scope, call("div", toReal(a.value), toReal(b.value)), span);
      if (scope.place.division === "up") {
        const negative = isConst(b.value) && b.value.value < 0;
        if (negative) return report(scope, "FOV2001", "a shape is divided by a negative number", b.span);
        return checked(scope, ceilDiv(a.value, b.value), span);
      }
      return report(scope, "FOV3008", `\`/\` divides integers in ${scope.place.clause}`, span, {
        notes: ["a mask rounds each real operation to f32, so the quotient of integers is not exact"],
        help: "write `div` for the floored quotient, or make one side a real: `1.0 * x / y`",
      });
  }
}

export function negate(scope: Scope, a: Operand, span: Span): Scalar | undefined {
  return wants(scope, a, "number", "`-`") ? checked(scope, call("neg", a.value), span) : undefined;
}

export function choose(scope: Scope, condition: Operand, a: Operand, b: Operand, span: Span): Scalar | undefined {
  if (!wants(scope, condition, "bool", "`if`")) return undefined;
  if ((a.value.type === "bool") !== (b.value.type === "bool")) {
    return report(
      scope,
      "FOV2001",
      `one branch is ${typeName(a.value.type)}, the other ${typeName(b.value.type)}`,
      span,
    );
  }
  const [x, y] = promote(a.value, b.value);
  return checked(scope, call("select", condition.value, x, y), span);
}

/** A literal as written; `negative` for what stands behind a minus. */
export function literal(scope: Scope, value: number, integer: boolean, span: Span): Scalar | undefined {
  if (integer) return checked(scope, int(value), span);
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return report(scope, "FOV4004", `the real ${value} does not fit into f32`, span);
  return { kind: "const", type: "f32", value: rounded };
}
