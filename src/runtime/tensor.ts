/**
 * Tensors as files and hosts hand them on: a dtype, dimensions and the stored elements.
 * Takes numbers or stored elements; gives tensors, and numbers back.
 * Guarantees: the product of the dimensions is computed without overflow; narrowing rounds to nearest, ties to
 * even; a tensor made here has exactly as many stored elements as its dimensions ask for.
 */
import { fail } from "../diagnostics/diagnostic.ts";

export type Dtype = "f32" | "f16" | "bf16" | "i32" | "i8" | "i4" | "u8" | "bool";

export type TensorData = Float32Array | Int32Array | Uint8Array | Int8Array | Uint16Array;

/** f16 and bf16 are the bits in a Uint16Array, bool is 0 or 1 in a Uint8Array, i4 two a byte, low nibble first. */
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

/** How many entries of the typed array `count` elements take: i4 packs two in a byte. */
export function storedLength(dtype: Dtype, count: number): number {
  return dtype === "i4" ? Math.ceil(count / 2) : count;
}

export function bytesOfElements(dtype: Dtype, count: number): number {
  const size = dtype === "f32" || dtype === "i32" ? 4 : dtype === "f16" || dtype === "bf16" ? 2 : 1;
  return storedLength(dtype, count) * size;
}

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
export function zeros(dtype: Dtype, dims: readonly number[]): Tensor {
  return { dtype, dims, data: allocate(dtype, storedLength(dtype, elementCount(dims))) };
}

/** The elements as numbers, exactly; i4 is unpacked and sign-extended. */
export function toNumbers(tensor: Tensor): Float64Array {
  const { dtype, data } = tensor;
  const numbers = new Float64Array(elementCount(tensor.dims));
  for (let i = 0; i < numbers.length; i++) {
    if (dtype === "i4") numbers[i] = ((data[i >> 1] >> (4 * (i & 1))) << 28) >> 28;
    else if (dtype === "f16") numbers[i] = f16ToF32(data[i]);
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
    if (dtype === "i4") data[i >> 1] |= (x & 15) << (4 * (i & 1));
    else if (dtype === "f16") data[i] = f32ToF16(x);
    else if (dtype === "bf16") data[i] = f32ToBf16(x);
    else if (dtype === "bool") data[i] = x === 0 ? 0 : 1;
    else data[i] = x;
  }
  return tensor;
}

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

export function f16ToF32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Rounds an f32 to the nearest f16, ties to even; a wider number is rounded to f32 first. */
export function f32ToF16(x: number): number {
  scratchFloat[0] = x;
  const bits = scratchBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half way between the largest f16 and the next power of two: from there on the result is infinite.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 the spacing is fixed at 2^-24, and scaling by a power of two is exact.
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(scratchFloat[0]) * 2 ** 24);
  const rebiased = magnitude - (112 << 23);
  return sign | ((rebiased + 0xfff + ((rebiased >> 13) & 1)) >> 13);
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

export function bf16ToF32(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratchFloat[0];
}

/** Rounds an f32 to the nearest bf16, ties to even; a wider number is rounded to f32 first. */
export function f32ToBf16(x: number): number {
  scratchFloat[0] = x;
  const bits = scratchBits[0];
  // The rounding increment could carry a NaN's payload into an infinity, so NaN keeps a quiet bit instead.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
