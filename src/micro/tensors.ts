/**
 * Elements of tensors in memory: where they lie, and how they come and go. The only place that knows what a dtype
 * looks like. Takes an address and gives f32, i32 or bool, one element or a vector of neighbours, or stores one of
 * them; halves are widened and rounded on the way.
 */
import { elementBytes, isHalf, isSmall, scalarTypeOf, type Dtype, type SmallDtype } from "../scalar/storage.ts";
import type { Builder } from "./builder.ts";
import { narrow, widen } from "./halves.ts";
import { i32, load, op, splat, type Expr } from "./micro.ts";
import { found, tensorAt, type Scope } from "./scope.ts";

export const dtypeOf = (scope: Scope, tensor: string): Dtype => found(scope.tensors, tensor).dtype;

/** The address of the element that is `index` further on. */
export const further = (dtype: Dtype, at: Expr, index: Expr): Expr => {
  const shift = Math.log2(elementBytes[dtype]);
  return op("add", at, shift === 0 ? index : op("shl", index, i32(shift)));
};

export const placeOf = (scope: Scope, tensor: string, flat: Expr): Expr =>
  further(dtypeOf(scope, tensor), tensorAt(tensor), flat);

/** `ahead` elements beyond the address; all lanes of a vector where one is wanted, which bool has not. */
export function fetch(b: Builder, dtype: Dtype, at: Expr, ahead = 0, vector = false): Expr {
  const offset = ahead * elementBytes[dtype];
  if (isHalf(dtype)) return widen(b, dtype, { kind: "load", type: vector ? "vi32" : "i32", at, offset, part: "half" });
  if (dtype === "bool") return op("ne", { kind: "load", type: "i32", at, offset, part: "byte" }, i32(0));
  if (isSmall(dtype))
    return { kind: "load", type: vector ? "vi32" : "i32", at, offset, part: dtype === "i8" ? "signed" : "byte" };
  const type = scalarTypeOf(dtype);
  return load(vector ? (type === "f32" ? "vf32" : "vi32") : type, at, offset);
}

/** Of a row of small integers that begins at `row`, number `index` + `ahead`, or as many from there on as there are lanes. */
export function fetchSmall(
  { lanes }: Scope,
  b: Builder,
  dtype: SmallDtype,
  row: Expr,
  { index, ahead, vector }: { readonly index: Expr; readonly ahead: number; readonly vector: boolean },
): Expr {
  if (dtype !== "i4") return fetch(b, dtype, op("add", row, index), ahead, vector);
  const at = op("add", row, op("shr", index, i32(1)));
  if (!vector) {
    const byte: Expr = { kind: "load", type: "i32", at, offset: ahead / 2, part: "byte" };
    const above = op("sub", i32(28), op("shl", op("and", index, i32(1)), i32(2)));
    return op("shr", op("shl", byte, above), i32(28));
  }
  // Each lane shifts its own nibble to the top, which is a product, and down again with its sign.
  const four = (first: number): Expr => {
    const bits: Expr = { kind: "load", type: "i32", at, offset: (ahead + first) / 2, part: "pair" };
    const up = Array.from({ length: lanes }, (_, lane) => i32((1 << (28 - 4 * (lane % 4))) | 0));
    return op("shr", op("mul", splat(bits), { kind: "gather", type: "vi32", of: up }), i32(28));
  };
  if (lanes === 4) return four(0);
  const parts = Array.from({ length: lanes / 4 }, (_, n) => b.let(four(4 * n)));
  const of = Array.from({ length: lanes }, (_, lane): Expr => ({
    kind: "lane",
    type: "i32",
    of: parts[lane >> 2],
    lane,
  }));
  return { kind: "gather", type: "vi32", of };
}

export function put(b: Builder, dtype: Dtype, at: Expr, value: Expr, ahead = 0): void {
  const offset = ahead * elementBytes[dtype];
  if (!isHalf(dtype)) return b.store(at, value, offset);
  b.emit({ kind: "store", at, offset, value: narrow(b, dtype, value), part: "half" });
}

export const element = (scope: Scope, b: Builder, tensor: string, flat: Expr): Expr =>
  fetch(b, dtypeOf(scope, tensor), placeOf(scope, tensor, flat));
