/**
 * Tensors as files and hosts hand them on: a dtype, dimensions and the stored elements.
 * Takes numbers or stored elements; gives tensors, and numbers back.
 * Guarantees: the product of the dimensions is computed without overflow; narrowing rounds to nearest, ties to
 * even; a tensor made here has exactly as many stored elements as its dimensions ask for.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../scalar/storage.ts";

export type Dtype = "f32" | "f16" | "bf16" | "i32" | "i8" | "i4" | "u8" | "bool";

export type TensorData = Float32Array | Int32Array | Uint8Array | Int8Array | Uint16Array;

/** f16 and bf16 are the bits in a Uint16Array, bool is 0 or 1 in a Uint8Array, i4 two a byte, low nibble first, each row from a byte on. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** More elements than this have no 32-bit index, so no kernel could address them. */
export const maxElements = 0x7fffffff;

/** The number of elements, exact whatever the dimensions are. */
export function wideElementCount(dims: readonly number[]): bigint {
  return dims.reduce((product, dim) => product * BigInt(dim), 1n);
}

/** The number of elements; dimensions that are no sizes or whose product leaves 31 bits are a FoveaError. */
export function elementCount(dims: readonly number[]): number {
  const shape = `[${dims.join(", ")}]`;
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    return fail("FOV2106", `${shape} has a dimension that is not a size`);
  }
  const count = wideElementCount(dims);
  if (count > BigInt(maxElements)) {
    return fail("FOV4005", `a tensor of dimensions ${shape} has ${count} elements`, {
      notes: [`the limit is ${maxElements} elements`],
    });
  }
  return Number(count);
}

/** The dimensions of what the typed array holds: i4 packs two in a byte, along the last dimension. */
export const storedDims = (dtype: Dtype, dims: readonly number[]): readonly number[] =>
  dtype === "i4" ? dims.map((dim, n) => (n === dims.length - 1 ? Math.ceil(dim / 2) : dim)) : dims;

/** Bytes of an entry of the typed array. */
export const entryBytes = (dtype: Dtype): number =>
  dtype === "f32" || dtype === "i32" ? 4 : dtype === "f16" || dtype === "bf16" ? 2 : 1;

function allocate(dtype: Dtype, length: number): TensorData {
  switch (dtype) {
    case "f32":
      return new Float32Array(length);
    case "i32":
      return new Int32Array(length);
    case "f16":
    case "bf16":
      return new Uint16Array(length);
    case "i8":
      return new Int8Array(length);
    case "i4":
    case "u8":
    case "bool":
      return new Uint8Array(length);
  }
}

/** A tensor of zeros. */
function zeros(dtype: Dtype, dims: readonly number[]): Tensor {
  elementCount(dims);
  return { dtype, dims, data: allocate(dtype, elementCount(storedDims(dtype, dims))) };
}

/** Where element i of an i4 tensor is: its byte, and how far up in it. */
function nibble(dims: readonly number[], i: number): { readonly byte: number; readonly up: number } {
  const width = dims.at(-1) ?? 1;
  const c = i % width;
  return { byte: Math.floor(i / width) * Math.ceil(width / 2) + (c >> 1), up: 4 * (c & 1) };
}

/** The elements as numbers, exactly; i4 is unpacked and sign-extended. */
export function toNumbers(tensor: Tensor): Float64Array {
  const { dtype, data } = tensor;
  const numbers = new Float64Array(elementCount(tensor.dims));
  for (let i = 0; i < numbers.length; i++) {
    if (dtype === "i4") {
      const { byte, up } = nibble(tensor.dims, i);
      numbers[i] = ((data[byte] >> up) << 28) >> 28;
    } else if (dtype === "f16") numbers[i] = f16ToF32(data[i]);
    else if (dtype === "bf16") numbers[i] = bf16ToF32(data[i]);
    else numbers[i] = data[i];
  }
  return numbers;
}

/**
 * A tensor of these numbers. Floats are rounded to the dtype; an integer dtype takes the low bits of a number,
 * so callers check ranges first; bool is 1 for every number but 0.
 */
export function fromNumbers(dtype: Dtype, dims: readonly number[], numbers: ArrayLike<number>): Tensor {
  const tensor = zeros(dtype, dims);
  const { data } = tensor;
  const count = elementCount(dims);
  if (numbers.length !== count) {
    return fail("FOV2103", `${numbers.length} numbers do not fill dimensions [${dims.join(", ")}]`, {
      notes: [`they need ${count} numbers`],
    });
  }
  for (let i = 0; i < count; i++) {
    const x = numbers[i] ?? 0;
    if (dtype === "i4") {
      const { byte, up } = nibble(dims, i);
      data[byte] |= (x & 15) << up;
    } else if (dtype === "f16") data[i] = f32ToF16(x);
    else if (dtype === "bf16") data[i] = f32ToBf16(x);
    else if (dtype === "bool") data[i] = x === 0 ? 0 : 1;
    else data[i] = x;
  }
  return tensor;
}
