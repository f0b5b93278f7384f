/**
 * Elements of tensors as C knows them: the type that holds one, and the text that widens what was read or rounds what
 * is stored. Halves are their bits; the code is integer arithmetic and one exact subtraction, so neither the rounding
 * mode nor a unit that flushes subnormal numbers changes a bit.
 */
import { isHalf, type Dtype } from "../../src/scalar/storage.ts";
import type { Helper } from "./math.ts";
import type { Unit } from "./unit.ts";

export const elementTypes: Readonly<Record<Dtype, string>> = {
  f32: "float",
  f16: "uint16_t",
  bf16: "uint16_t",
  i32: "int32_t",
  i8: "int8_t",
  u8: "uint8_t",
  i4: "uint8_t",
  bool: "uint8_t",
};

/** An element as expressions know it. */
export const widened = (dtype: Dtype, element: string, unit: Unit): string =>
  isHalf(dtype) ? `${unit.helper(`widen_${dtype}`)}(${element})` : dtype === "bool" ? `${element} != 0` : element;

/** An expression of that type as it is stored. */
export function stored(dtype: Dtype, type: "i32" | "f32" | "bool", value: string, unit: Unit): string {
  if (isHalf(dtype)) return `${unit.helper(`narrow_${dtype}`)}(${type === "f32" ? value : `(float)(${value})`})`;
  return dtype === type && dtype !== "bool" ? value : `(${elementTypes[dtype]})(${value})`;
}

export const widening: Readonly<Record<string, Helper>> = {
  nibble: {
    text: `/* Element c of a row of i4, two a byte and the low nibble first. */
static inline float fovea_nibble(const uint8_t *row, int32_t c) {
  const int32_t bits = (row[c >> 1] >> ((c & 1) * 4)) & 15;
  return (float)((bits ^ 8) - 8);
}`,
  },
  widen_f16: {
    needs: ["bits", "from_bits"],
    text: `/* An f16 by its bits; exact. The subtraction brings a subnormal number, which has no leading one, into form. */
static inline float fovea_widen_f16(uint16_t half) {
  const uint32_t magnitude = ((uint32_t)half & 0x7fffu) << 13;
  const uint32_t small = fovea_bits(fovea_from_bits(magnitude + 0x38800000u) - 6.103515625e-05f);
  const uint32_t other = magnitude + (magnitude < 0x0f800000u ? 0x38000000u : 0x70000000u);
  return fovea_from_bits((magnitude < 0x00800000u ? small : other) | (((uint32_t)half & 0x8000u) << 16));
}`,
  },
  widen_bf16: {
    needs: ["from_bits"],
    text: `/* A bf16 by its bits: the upper half of an f32. */
static inline float fovea_widen_bf16(uint16_t half) { return fovea_from_bits((uint32_t)half << 16); }`,
  },
  narrow_f16: {
    needs: ["bits"],
    text: `/* The bits of the nearest f16, of two the even one; NaN stays NaN. */
static inline uint16_t fovea_narrow_f16(float x) {
  const uint32_t bits = fovea_bits(x);
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u;
  } else if (magnitude >= 0x477ff000u) {
    half = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {
    half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  } else if (magnitude >= 0x33000000u) {
    const uint32_t shift = 126u - (magnitude >> 23);
    const uint32_t number = (magnitude & 0x007fffffu) | 0x00800000u;
    half = (number + ((uint32_t)1 << (shift - 1u)) - 1u + ((number >> shift) & 1u)) >> shift;
  }
  return (uint16_t)(half | ((bits >> 16) & 0x8000u));
}`,
  },
  narrow_bf16: {
    needs: ["bits"],
    text: `/* The bits of the nearest bf16, of two the even one; NaN stays NaN. */
static inline uint16_t fovea_narrow_bf16(float x) {
  const uint32_t bits = fovea_bits(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40u);
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}`,
  },
};
