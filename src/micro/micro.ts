/**
 * Level 4b, the MicroProgram: functions over vector registers and a flat memory. Takes no part in attention:
 * a backend that prints these expressions and statements prints every kernel. Vectors have `lanes` elements;
 * a vector truth is a `vi32` of all-ones or zero lanes, a scalar truth is the `bool` 0 or 1. Expressions have
 * no effect and never trap where the builder guards them (`quot` and `rem` want a divisor other than 0).
 * A call names a function of the program or a support function (support.ts). Guarantees: a name has one type in a
 * function; `for` counts upwards, its `to` does not change in its body.
 */
import type { TensorRef } from "../tile/tile.ts";

export type MicroType = "i32" | "f32" | "bool" | "ptr" | "vf32" | "vi32";

/** Lane-wise where the operands are vectors. `min(a, b)` is a < b ? a : b and `max(a, b)` a > b ? a : b. */
export type MicroOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "quot"
  | "rem"
  | "neg"
  | "abs"
  | "min"
  | "max"
  | "sqrt"
  | "floor"
  | "ceil"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "eq"
  | "ne"
  /** Bits; `not` of a bool is its negation. Shifts take a scalar amount, `shr` keeps the sign. */
  | "and"
  | "or"
  | "xor"
  | "not"
  | "shl"
  | "shr"
  /** i32 → f32, f32 → i32 towards zero (held to i32, 0 for NaN), the bits of an f32, the f32 of bits. */
  | "float"
  | "int"
  | "bits"
  | "value";

/** What a load or store takes of a word where it is not the whole. */
export type Part = "byte" | "signed" | "half" | "pair";
export const partBytes: Readonly<Record<Part, number>> = { byte: 1, signed: 1, half: 2, pair: 2 };
/** Where a part may begin. */
export const partStep: Readonly<Record<Part, number>> = { byte: 1, signed: 1, half: 2, pair: 1 };

export type Expr = { readonly type: MicroType } & (
  | { readonly kind: "const"; readonly value: number }
  | { readonly kind: "var"; readonly name: string }
  /** `part`: bytes with or without a sign, or halves of words, as an i32 each, which may fill a vi32; a pair is a half anywhere. */
  | { readonly kind: "load"; readonly at: Expr; readonly offset: number; readonly part?: Part }
  /** One f32 of memory in every lane. */
  | { readonly kind: "loadsplat"; readonly at: Expr; readonly offset: number }
  | { readonly kind: "splat"; readonly of: Expr }
  /** A vector of `lanes` scalars. */
  | { readonly kind: "gather"; readonly of: readonly Expr[] }
  | { readonly kind: "lane"; readonly of: Expr; readonly lane: number }
  | { readonly kind: "op"; readonly op: MicroOp; readonly args: readonly Expr[] }
  /** a · b + c, fused where the variant allows. */
  | { readonly kind: "fma"; readonly a: Expr; readonly b: Expr; readonly c: Expr }
  | { readonly kind: "select"; readonly when: Expr; readonly a: Expr; readonly b: Expr }
  /** All lanes joined, neighbours first: x[n] with x[n + 1], then + 2, + 4 …; "max" keeps the former where they do not compare. */
  | { readonly kind: "vreduce"; readonly op: "add" | "max"; readonly of: Expr }
  | { readonly kind: "call"; readonly fn: string; readonly args: readonly Expr[] }
);

export type MicroStatement =
  | { readonly kind: "set"; readonly name: string; readonly value: Expr }
  /** A `vf32` or `vi32` value stores all lanes; `part` the low bits of each. */
  | { readonly kind: "store"; readonly at: Expr; readonly offset: number; readonly value: Expr; readonly part?: Part }
  | {
      readonly kind: "for";
      readonly name: string;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: number;
      readonly body: readonly MicroStatement[];
    }
  | { readonly kind: "while"; readonly when: Expr; readonly body: readonly MicroStatement[] }
  | {
      readonly kind: "if";
      readonly when: Expr;
      readonly then: readonly MicroStatement[];
      readonly otherwise: readonly MicroStatement[];
    }
  | { readonly kind: "call"; readonly fn: string; readonly args: readonly Expr[] }
  | { readonly kind: "return"; readonly value: Expr };

export interface Local {
  readonly name: string;
  readonly type: MicroType;
}

export interface MicroFunction {
  readonly name: string;
  readonly params: readonly Local[];
  readonly result?: MicroType;
  readonly locals: readonly Local[];
  readonly body: readonly MicroStatement[];
  readonly exported: boolean;
}

/** `run` takes the addresses of inputs and outputs, the sizes and the workspace; `workspace_bytes` the sizes. */
export interface MicroProgram {
  readonly name: string;
  readonly lanes: number;
  readonly sizes: readonly string[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
  readonly functions: readonly MicroFunction[];
}

export const isVector = (type: MicroType): boolean => type === "vf32" || type === "vi32";
export const i32 = (value: number): Expr => ({ kind: "const", type: "i32", value });
export const f32 = (value: number): Expr => ({ kind: "const", type: "f32", value });
export const vf32 = (value: number): Expr => ({ kind: "const", type: "vf32", value });
export const vi32 = (value: number): Expr => ({ kind: "const", type: "vi32", value });
export const local = (name: string, type: MicroType): Expr => ({ kind: "var", type, name });

const comparisons: ReadonlySet<MicroOp> = new Set<MicroOp>(["lt", "le", "gt", "ge", "eq", "ne"]);

/** An operation, its type taken from the first operand; integer constants fold. */
export function op(name: MicroOp, ...args: readonly Expr[]): Expr {
  const [a, b] = args;
  const from = a?.type ?? "i32";
  if (a?.kind === "const" && b?.kind === "const" && !isVector(from) && from !== "f32") {
    if (name === "add") return { ...a, value: (a.value + b.value) | 0 };
    if (name === "mul") return { ...a, value: Math.imul(a.value, b.value) };
  }
  if (from === "i32" || from === "ptr") {
    if ((name === "add" || name === "sub") && b?.kind === "const" && b.value === 0 && a) return a;
    if (name === "add" && a?.kind === "const" && a.value === 0 && b) return b;
    if (name === "mul" && b?.kind === "const" && b.value === 1 && a) return a;
  }
  return { kind: "op", type: resultType(name, from), op: name, args };
}

function resultType(name: MicroOp, from: MicroType): MicroType {
  if (comparisons.has(name)) return isVector(from) ? "vi32" : "bool";
  if (name === "float" || name === "value") return isVector(from) ? "vf32" : "f32";
  if (name === "bits" || name === "int") return isVector(from) ? "vi32" : "i32";
  return from;
}

export const fma = (a: Expr, b: Expr, c: Expr): Expr => ({ kind: "fma", type: c.type, a, b, c });
export const choose = (when: Expr, a: Expr, b: Expr): Expr => ({ kind: "select", type: a.type, when, a, b });
export const load = (type: MicroType, at: Expr, offset = 0): Expr => ({ kind: "load", type, at, offset });
/** A scalar in every lane; a truth becomes a mask. */
export function splat(of: Expr): Expr {
  const type: MicroType = of.type === "f32" ? "vf32" : "vi32";
  if (of.kind === "const") return { kind: "const", type, value: of.type === "bool" && of.value !== 0 ? -1 : of.value };
  return of.type === "bool" ? { kind: "splat", type, of: op("sub", i32(0), of) } : { kind: "splat", type, of };
}
