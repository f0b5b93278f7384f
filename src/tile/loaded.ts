/**
 * What a load puts where: takes the input, or the load itself, and gives its parts as Scalars. Small integers become
 * (integer − zero) · step in f32, each operation rounded, on every target; an i4 is cut out of its byte.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { scalarTypeOf, type Dtype } from "../scalar/storage.ts";
import type { Granules, SpecInput } from "../spec/spec.ts";
import type { Operation, Small } from "./tile.ts";

/** Where the elements of a load come from, and what they are. */
type Source = Pick<Extract<Operation, { kind: "load" }>, "tensor" | "at" | "small">;

/** The `small` of a load of the tensor at these indices, where its elements are small integers. */
export function smallOf(
  inputs: readonly SpecInput[],
  tensor: string,
  at: readonly Scalar[],
): { readonly small?: Small } {
  const input = inputs.find((each) => each.name === tensor);
  const { dtype, quantised } = input ?? {};
  if (!quantised || (dtype !== "i8" && dtype !== "u8" && dtype !== "i4")) return {};
  const number = ({ input: name, at: granule }: Granules): Scalar =>
    s.read(
      name,
      "f32",
      granule.map(({ dimension, per }) => s.idiv(at[dimension], s.int(per))),
    );
  const { scale, zero } = quantised;
  return { small: { dtype, step: number(scale), ...(zero ? { zero: number(zero) } : {}) } };
}

/** The stored integer, an i32. */
function integerOf({ tensor, at }: Source, { dtype }: Small): Scalar {
  const last = at.at(-1);
  if (dtype !== "i4" || !last) return s.read(tensor, "i32", at);
  const byte = s.read(tensor, "i32", [...at.slice(0, -1), s.idiv(last, s.int(2))]);
  const high = s.call("eq", s.mod(last, s.int(2)), s.int(1));
  const nibble = s.select(high, s.idiv(byte, s.int(16)), byte);
  // Two's complement: 8 … 15 are −8 … −1.
  return s.sub(s.mod(s.add(nibble, s.int(8)), s.int(16)), s.int(8));
}

/**
 * The element of the tensor that goes to [r, c], without the factor `scale`. `nibbles`: a read of an i4 tensor is of an
 * element, not of a byte, for who reads it.
 */
export function elementOf(op: Source, dtype: Dtype | undefined, nibbles?: "nibbles"): Scalar {
  const { small } = op;
  if (!small) return s.read(op.tensor, dtype ? scalarTypeOf(dtype) : "f32", op.at);
  const integer = s.call("float", nibbles ? s.read(op.tensor, "i32", op.at) : integerOf(op, small));
  return s.mul(small.zero ? s.sub(integer, small.zero) : integer, small.step);
}
