/**
 * The one scalar language of the compiler: masks, scores, ranges, tile bounds and element maps are all
 * `Scalar` trees. Plain readonly data; the constructors below fold constants, so an analysis that is fed
 * numbers gives numbers. Integers are exact, floats are f32 with each operation rounded.
 */
import { scalarFns, type ScalarFn } from "./functions.ts";

export type ScalarType = "i32" | "f32" | "bool";

export type Scalar = {
  readonly type: ScalarType;
  /** The pattern or clause it was expanded from. */ readonly origin?: string;
} & (
  | { readonly kind: "const"; readonly value: number }
  /** A position, head, score or loop variable: `b h hk row i j bi bj s c`, or one that a pass made. */
  | { readonly kind: "var"; readonly name: string }
  /** A named dimension of the signature. */
  | { readonly kind: "size"; readonly name: string }
  /** An element of an input; no indices for a scalar input. Outside the tensor it is 0 or false. */
  | { readonly kind: "read"; readonly tensor: string; readonly indices: readonly Scalar[] }
  | { readonly kind: "call"; readonly fn: ScalarFn; readonly args: readonly Scalar[] }
  /** Does `body` hold for any / what is the sum of `body` over `name` = 0 … count − 1. */
  | { readonly kind: "any" | "sum"; readonly name: string; readonly count: Scalar; readonly body: Scalar }
  /** Is the last axis of the tensor, at the leading indices, non-decreasing? */
  | { readonly kind: "sorted"; readonly tensor: string; readonly leading: readonly Scalar[] }
  /** First index of that sorted axis whose element is >= value (`lower`) or > value (`upper`). */
  | {
      readonly kind: "search";
      readonly side: "lower" | "upper";
      readonly tensor: string;
      readonly leading: readonly Scalar[];
      readonly value: Scalar;
    }
);

export const int = (value: number): Scalar => ({ kind: "const", type: "i32", value });
export const float = (value: number): Scalar => ({ kind: "const", type: "f32", value });
export const truth = (value: boolean): Scalar => ({ kind: "const", type: "bool", value: value ? 1 : 0 });
export const variable = (name: string, type: ScalarType = "i32"): Scalar => ({ kind: "var", type, name });
export const size = (name: string): Scalar => ({ kind: "size", type: "i32", name });
export const read = (tensor: string, type: ScalarType, indices: readonly Scalar[]): Scalar => ({
  kind: "read",
  type,
  tensor,
  indices,
});

export const isConst = (x: Scalar, value?: number): x is Scalar & { kind: "const" } =>
  x.kind === "const" && (value === undefined || x.value === value);

/** A call of `fn`, folded where its arguments are constants or an identity applies (x + 0, true and x, …). */
export function call(fn: ScalarFn, ...args: readonly Scalar[]): Scalar {
  const row = scalarFns[fn];
  const type = row.result === "same" ? operandType(args) : row.result;
  const values = args.map((a) => (a.kind === "const" ? a.value : undefined));
  if (values.every((v) => v !== undefined)) {
    const float32 = args.some((a) => a.type === "f32");
    return { kind: "const", type, value: row.value(values, float32 ? "f32" : "i32") };
  }
  return simplified(fn, args, type) ?? { kind: "call", type, fn, args };
}

function operandType(args: readonly Scalar[]): ScalarType {
  return args[args.length - 1]?.type ?? "i32";
}

function simplified(fn: ScalarFn, args: readonly Scalar[], type: ScalarType): Scalar | undefined {
  const [a, b, c] = args;
  if (!a) return undefined;
  const integer = a.type === "i32";
  switch (fn) {
    case "add":
      return isConst(a, 0) && b ? b : b && isConst(b, 0) ? a : undefined;
    case "sub":
      return b && isConst(b, 0) ? a : b && integer && sameScalar(a, b) ? int(0) : undefined;
    case "mul":
      if (b && isConst(a, 1)) return b;
      if (b && isConst(b, 1)) return a;
      return integer && b && (isConst(a, 0) || isConst(b, 0)) ? int(0) : undefined;
    case "idiv":
    case "div":
      return b && isConst(b, 1) ? a : undefined;
    case "mod":
      return b && isConst(b, 1) ? int(0) : undefined;
    case "and":
      if (b && isConst(a)) return a.value ? b : a;
      if (b && isConst(b)) return b.value ? a : b;
      return b && sameScalar(a, b) ? a : undefined;
    case "or":
      if (b && isConst(a)) return a.value ? a : b;
      if (b && isConst(b)) return b.value ? b : a;
      return b && sameScalar(a, b) ? a : undefined;
    case "not":
      return a.kind === "call" && a.fn === "not" ? a.args[0] : undefined;
    case "float":
      return a.type === "f32" ? a : undefined;
    case "min":
    case "max":
      return b && sameScalar(a, b) ? a : undefined;
    case "select":
      if (isConst(a) && b && c) return a.value ? b : c;
      return b && c && sameScalar(b, c) ? b : undefined;
    default:
      void type;
      return undefined;
  }
}

export const add = (a: Scalar, b: Scalar): Scalar => call("add", a, b);
export const sub = (a: Scalar, b: Scalar): Scalar => call("sub", a, b);
export const mul = (a: Scalar, b: Scalar): Scalar => call("mul", a, b);
export const idiv = (a: Scalar, b: Scalar): Scalar => call("idiv", a, b);
export const mod = (a: Scalar, b: Scalar): Scalar => call("mod", a, b);
export const min = (a: Scalar, b: Scalar): Scalar => call("min", a, b);
export const max = (a: Scalar, b: Scalar): Scalar => call("max", a, b);
export const and = (a: Scalar, b: Scalar): Scalar => call("and", a, b);
export const or = (a: Scalar, b: Scalar): Scalar => call("or", a, b);
export const not = (a: Scalar): Scalar => call("not", a);
export const select = (c: Scalar, a: Scalar, b: Scalar): Scalar => call("select", c, a, b);
/** ⌈a / by⌉ for a >= 0, by > 0. */
export const ceilDiv = (a: Scalar, by: Scalar): Scalar => idiv(add(a, sub(by, int(1))), by);

/** Structural equality, blind to `origin`. */
export function sameScalar(a: Scalar, b: Scalar): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.type !== b.type) return false;
  switch (a.kind) {
    case "const":
      return b.kind === "const" && Object.is(a.value, b.value);
    case "var":
    case "size":
      return (b.kind === "var" || b.kind === "size") && a.name === b.name;
    case "read":
      return b.kind === "read" && a.tensor === b.tensor && sameAll(a.indices, b.indices);
    case "call":
      return b.kind === "call" && a.fn === b.fn && sameAll(a.args, b.args);
    case "any":
    case "sum":
      return (
        (b.kind === "any" || b.kind === "sum") &&
        a.name === b.name &&
        sameScalar(a.count, b.count) &&
        sameScalar(a.body, b.body)
      );
    case "sorted":
      return b.kind === "sorted" && a.tensor === b.tensor && sameAll(a.leading, b.leading);
    case "search":
      return (
        b.kind === "search" &&
        a.side === b.side &&
        a.tensor === b.tensor &&
        sameAll(a.leading, b.leading) &&
        sameScalar(a.value, b.value)
      );
  }
  a satisfies never;
  return false;
}

const sameAll = (a: readonly Scalar[], b: readonly Scalar[]): boolean =>
  a.length === b.length && a.every((x, n) => b[n] !== undefined && sameScalar(x, b[n]));

/** The direct sub-expressions. */
export function children(x: Scalar): readonly Scalar[] {
  switch (x.kind) {
    case "const":
    case "var":
    case "size":
      return [];
    case "read":
      return x.indices;
    case "call":
      return x.args;
    case "any":
    case "sum":
      return [x.count, x.body];
    case "sorted":
      return x.leading;
    case "search":
      return [...x.leading, x.value];
  }
  x satisfies never;
  return [];
}

/** The same expression with each direct sub-expression changed, as it is written: nothing is folded. */
export function mapChildren(x: Scalar, change: (child: Scalar) => Scalar): Scalar {
  switch (x.kind) {
    case "const":
    case "var":
    case "size":
      return x;
    case "read":
      return { ...x, indices: x.indices.map(change) };
    case "call":
      return { ...x, args: x.args.map(change) };
    case "any":
    case "sum":
      return { ...x, count: change(x.count), body: change(x.body) };
    case "sorted":
      return { ...x, leading: x.leading.map(change) };
    case "search":
      return { ...x, leading: x.leading.map(change), value: change(x.value) };
  }
}

/** Rebuilds the tree bottom-up through the folding constructors; `change` may replace any rebuilt node. */
export function rewrite(x: Scalar, change: (node: Scalar) => Scalar | undefined): Scalar {
  const parts = mapChildren(x, (y) => rewrite(y, change));
  const rebuilt = parts.kind === "call" ? folded(parts) : parts;
  return change(rebuilt) ?? rebuilt;
}

function folded(x: Scalar & { readonly kind: "call" }): Scalar {
  const made = call(x.fn, ...x.args);
  return x.origin !== undefined && made.origin === undefined ? { ...made, origin: x.origin } : made;
}

/** Replaces variables by name; names bound by `any` and `sum` are made unique by the spec, so nothing is captured. */
export const substitute = (x: Scalar, values: Readonly<Record<string, Scalar>>): Scalar =>
  rewrite(x, (n) => (n.kind === "var" && Object.hasOwn(values, n.name) ? values[n.name] : undefined));

/** Does any node satisfy the test? */
export const some = (x: Scalar, test: (node: Scalar) => boolean): boolean =>
  test(x) || children(x).some((c) => some(c, test));

export const dependsOn = (x: Scalar, name: string): boolean => some(x, (n) => n.kind === "var" && n.name === name);
