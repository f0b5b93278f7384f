/**
 * Elements of tensors in memory: where they lie, and how they come and go. The only place that knows what a dtype
 * looks like. Takes an address and gives f32, i32 or bool, one element or a vector of neighbours, or stores one of
 * them; halves are widened and rounded on the way.
 */
import { elementBytes, isHalf, scalarTypeOf, type Dtype } from "../scalar/storage.ts";
import type { Builder } from "./builder.ts";
import { narrow, widen } from "./halves.ts";
import { i32, load, op, type Expr } from "./micro.ts";
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
  const type = scalarTypeOf(dtype);
  return load(vector ? (type === "f32" ? "vf32" : "vi32") : type, at, offset);
}

export function put(b: Builder, dtype: Dtype, at: Expr, value: Expr, ahead = 0): void {
  const offset = ahead * elementBytes[dtype];
  if (!isHalf(dtype)) return b.store(at, value, offset);
  b.emit({ kind: "store", at, offset, value: narrow(b, dtype, value), part: "half" });
}

export const element = (scope: Scope, b: Builder, tensor: string, flat: Expr): Expr =>
  fetch(b, dtypeOf(scope, tensor), placeOf(scope, tensor, flat));
