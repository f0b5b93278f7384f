/**
 * How elements lie in memory: for each dtype the bytes of one, the type that expressions know it as, and for the
 * halves (f16, bf16) what their 16 bits mean. Takes bits or numbers, gives the other. Guarantees: widening is exact;
 * narrowing rounds once, to nearest and ties to even, and keeps NaN a NaN; a wider number is rounded to f32 first.
 *
 * An i4 is stored two a byte, low nibble first, along the last axis, and each row begins with a byte of its own. Here
 * and below the Spec an element of an i4 tensor is such a byte, an integer from 0 to 255 (../spec/quantised.ts takes
 * it apart).
 */
import type { ScalarType } from "./scalar.ts";

export type Dtype = "f32" | "f16" | "bf16" | "i32" | "i8" | "u8" | "i4" | "bool";
export type RealDtype = Extract<Dtype, "f32" | "f16" | "bf16">;
export type HalfDtype = Extract<Dtype, "f16" | "bf16">;
/** Integers that stand for reals by a scale. */
export type SmallDtype = Extract<Dtype, "i8" | "u8" | "i4">;

export const dtypes = ["f32", "f16", "bf16", "i32", "i8", "u8", "i4", "bool"] as const satisfies readonly Dtype[];
export const elementBytes: Readonly<Record<Dtype, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  i32: 4,
  i8: 1,
  u8: 1,
  i4: 1,
  bool: 1,
};
/** The numbers that there are. */
export const smallRanges: Readonly<Record<SmallDtype, readonly [least: number, most: number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i4: [-8, 7],
};

export const isReal = (dtype: Dtype): dtype is RealDtype => dtype === "f32" || isHalf(dtype);
export const isSmall = (dtype: Dtype): dtype is SmallDtype => dtype === "i8" || dtype === "u8" || dtype === "i4";
export const isHalf = (dtype: Dtype): dtype is HalfDtype => dtype === "f16" || dtype === "bf16";
/** What an element is once it is loaded. */
export const scalarTypeOf = (dtype: Dtype): ScalarType => (isReal(dtype) ? "f32" : dtype === "bool" ? "bool" : "i32");

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

export function f32ToBf16(x: number): number {
  scratchFloat[0] = x;
  const bits = scratchBits[0];
  // The rounding increment could carry a NaN's payload into an infinity, so NaN keeps a quiet bit instead.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

interface Half {
  readonly widen: (bits: number) => number;
  readonly narrow: (x: number) => number;
  /** Half the distance of neighbours, relative to a normal number and at least. */
  readonly unit: number;
  readonly least: number;
}

export const halves: Readonly<Record<HalfDtype, Half>> = {
  f16: { widen: f16ToF32, narrow: f32ToF16, unit: 2 ** -11, least: 2 ** -25 },
  bf16: { widen: bf16ToF32, narrow: f32ToBf16, unit: 2 ** -8, least: 2 ** -134 },
};

/** The number that is kept where x is stored. */
export function rounded(dtype: Dtype, x: number): number {
  if (isHalf(dtype)) return halves[dtype].widen(halves[dtype].narrow(x));
  return dtype === "f32" ? Math.fround(x) : x;
}

/** Stored elements as numbers: halves are their bits, all else is what it says. */
export function numbersOf(dtype: Dtype, data: ArrayLike<number>): ArrayLike<number> {
  return isHalf(dtype) ? Float32Array.from(data, halves[dtype].widen) : data;
}

/** Elements as they are stored: bits of halves in a Uint16Array, bool as 0 or 1 in a Uint8Array, i4 as whole bytes. */
export type Stored = Float32Array | Int32Array | Int8Array | Uint8Array | Uint16Array;

export function storedAs(dtype: Dtype, numbers: ArrayLike<number>): Stored {
  switch (dtype) {
    case "f32":
      return Float32Array.from(numbers);
    case "f16":
    case "bf16":
      return Uint16Array.from(numbers, halves[dtype].narrow);
    case "i32":
      return Int32Array.from(numbers);
    case "i8":
      return Int8Array.from(numbers);
    case "u8":
    case "i4":
      return Uint8Array.from(numbers);
    case "bool":
      return Uint8Array.from(numbers, (x) => (x === 0 ? 0 : 1));
  }
}

const views = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  i8: Int8Array,
  u8: Uint8Array,
  i4: Uint8Array,
  bool: Uint8Array,
} as const;

/** The numbers in a piece of memory, as f32. */
export function floatsOf(dtype: Dtype, memory: ArrayBuffer): Float32Array {
  return Float32Array.from(numbersOf(dtype, new views[dtype](memory)));
}
