/**
 * Elements of tensors as WGSL knows them. Buffers hold whole u32 words, so bool and small integers are four,
 * i4 eight (here its elements are counted, not bytes) and halves (f16, bf16) two a word; where a module may `enable f16`,
 * f16 tensors are arrays of it. Widening is done on the bits: what
 * `unpack2x16float` makes of subnormal numbers, infinities and NaN is left to the implementation, and masked keys may
 * hold any of them. Rounding is done on the bits too: WGSL does not say which way its conversions round.
 */
import { isHalf, isSmall, scalarTypeOf, type Dtype } from "../../src/scalar/storage.ts";

/** Does the module use WGSL's own f16 for the tensors that are f16? */
export interface Flavour {
  readonly nativeF16: boolean;
}

const isNative = (dtype: Dtype, { nativeF16 }: Flavour): boolean => dtype === "f16" && nativeF16;
/** Two a word: a store must leave the other half alone. */
export const isPacked = (dtype: Dtype, flavour: Flavour): boolean => isHalf(dtype) && !isNative(dtype, flavour);

export function arrayType(dtype: Dtype, output: boolean, flavour: Flavour): string {
  if (isNative(dtype, flavour)) return "array<f16>";
  if (isHalf(dtype)) return output ? "array<atomic<u32>>" : "array<u32>";
  return `array<${output || dtype === "bool" || isSmall(dtype) ? "u32" : dtype}>`;
}

/** Function bodies by name; a module carries those that it calls. */
const functions = {
  fv_from_f16: `fn fv_from_f16(half: u32) -> f32 {
  let magnitude = (half & 0x7fffu) << 13u;
  let small = bitcast<u32>(bitcast<f32>(magnitude + 0x38800000u) - 0.00006103515625);
  let other = magnitude + select(0x70000000u, 0x38000000u, magnitude < 0x0f800000u);
  return bitcast<f32>(select(other, small, magnitude < 0x00800000u) | ((half & 0x8000u) << 16u));
}`,
  fv_from_bf16: `fn fv_from_bf16(half: u32) -> f32 { return bitcast<f32>(half << 16u); }`,
  fv_to_f16: `/* The bits of the nearest f16, of two the even one. */
fn fv_to_f16(x: f32) -> u32 {
  let bits = fv_bits(x);
  let magnitude = bits & 0x7fffffffu;
  let normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u;
  let shift = 126u - clamp(magnitude >> 23u, 101u, 112u);
  let number = (magnitude & 0x007fffffu) | 0x00800000u;
  let small = (number + (1u << (shift - 1u)) - 1u + ((number >> shift) & 1u)) >> shift;
  let finite = select(normal, select(small, 0u, magnitude < 0x33000000u), magnitude < 0x38800000u);
  let over = select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u);
  return select(finite, over, magnitude >= 0x477ff000u) | ((bits >> 16u) & 0x8000u);
}`,
  fv_to_bf16: `/* The bits of the nearest bf16, of two the even one. */
fn fv_to_bf16(x: f32) -> u32 {
  let bits = fv_bits(x);
  let rounded = (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
  return select(rounded, (bits >> 16u) | 0x40u, (bits & 0x7fffffffu) > 0x7f800000u);
}`,
} as const;

export interface Text {
  readonly text: string;
  /** Names and bodies of the functions that it calls. */
  readonly needs: readonly (readonly [name: string, body: string])[];
}

const calling = (name: keyof typeof functions, argument: string): Text => ({
  text: `${name}(${argument})`,
  needs: [[name, functions[name]]],
});

/** Element `at` (an i32) of the array `place`, as expressions know it. */
export function elementOf(dtype: Dtype, place: string, at: string, flavour: Flavour): Text {
  const part = (each: number, bits: number): string =>
    `(${place}[(${at}) >> ${Math.log2(each)}u] >> (u32(${at}) % ${each}u * ${bits}u)) & ${2 ** bits - 1}u`;
  if (isNative(dtype, flavour)) return { text: `f32(${place}[${at}])`, needs: [] };
  if (isHalf(dtype)) return calling(`fv_from_${dtype}`, part(2, 16));
  if (dtype === "i8")
    return { text: `extractBits(bitcast<i32>(${place}[(${at}) >> 2u]), u32(${at}) % 4u * 8u, 8u)`, needs: [] };
  if (dtype === "i4")
    return { text: `extractBits(bitcast<i32>(${place}[(${at}) >> 3u]), u32(${at}) % 8u * 4u, 4u)`, needs: [] };
  if (isSmall(dtype)) return { text: `i32(${part(4, 8)})`, needs: [] };
  return { text: dtype === "bool" ? `(${part(4, 8)}) != 0u` : `${place}[${at}]`, needs: [] };
}

/** What is stored for a value of its type; halves as the low bits of a u32. */
export function storedAs(dtype: Dtype, value: string): Text {
  if (isHalf(dtype)) return calling(`fv_to_${dtype}`, value);
  return { text: scalarTypeOf(dtype) === "f32" ? `fv_bits(${value})` : value, needs: [] };
}

/** The statement that stores an element alone. `half`: its bits are at hand, and whoever has the other may write too. */
export function storeOf(dtype: Dtype, place: string, at: string, bits: string, flavour: Flavour): string {
  if (isNative(dtype, flavour)) return `${place}[${at}] = bitcast<vec2<f16>>(${bits}).x;`;
  if (!isHalf(dtype)) return `${place}[${at}] = ${bits};`;
  // Neither touches the other half, so its owner may come between.
  const shift = `(u32(${at}) % 2u * 16u)`;
  return `atomicAnd(&${place}[(${at}) >> 1u], 0xffff0000u >> ${shift}); atomicOr(&${place}[(${at}) >> 1u], ${bits} << ${shift});`;
}
