/**
 * f16 and bf16 as their 16 bits, one at a time or in lanes: takes the bits as an i32 (vi32) and gives the f32, or the
 * other way. Guarantees: widening is exact for every pattern, subnormal numbers, infinities and NaN among them;
 * narrowing rounds to nearest, ties to even, and NaN stays one; only what wasm's own f32 operations do is used, which
 * neither flush nor trap.
 */
import type { HalfDtype } from "../scalar/storage.ts";
import type { Builder } from "./builder.ts";
import { choose, f32, i32, isVector, op, vf32, vi32, type Expr } from "./micro.ts";

/** Numbers of the kind of `like`: scalars beside a scalar, lanes beside lanes. */
const wide = (like: Expr): boolean => isVector(like.type);
const int = (like: Expr, value: number): Expr => (wide(like) ? vi32(value | 0) : i32(value | 0));
const real = (like: Expr, value: number): Expr => (wide(like) ? vf32(value) : f32(value));

export function widen(b: Builder, dtype: HalfDtype, bits: Expr): Expr {
  if (dtype === "bf16") return op("value", op("shl", bits, i32(16)));
  const half = b.let(bits, "half");
  const k = (value: number): Expr => int(half, value);
  const magnitude = b.let(op("shl", op("and", half, k(0x7fff)), i32(13)), "magnitude");
  // Times 2^112 puts the exponent right, of a subnormal number too; infinity and NaN need an exponent of all ones.
  const scaled = op("bits", op("mul", op("value", magnitude), real(half, 2 ** 112)));
  const special = op("ge", magnitude, k(0x7c00 << 13));
  const all = choose(special, k(0x7f800000), k(0));
  const sign = op("shl", op("and", half, k(0x8000)), i32(16));
  return op("value", op("or", op("or", scaled, all), sign));
}

/** The low 16 bits hold the half, the others are 0. */
export function narrow(b: Builder, dtype: HalfDtype, x: Expr): Expr {
  const bits = b.let(op("bits", x), "bits");
  const k = (value: number): Expr => int(bits, value);
  const magnitude = b.let(op("and", bits, k(0x7fffffff)), "magnitude");
  const isNaN = op("gt", magnitude, k(0x7f800000));
  const high = (y: Expr): Expr => op("and", op("shr", y, i32(16)), k(0xffff));
  if (dtype === "bf16") {
    const odd = op("and", op("shr", bits, i32(16)), k(1));
    const rounded = op("add", op("add", bits, k(0x7fff)), odd);
    return choose(isNaN, op("or", high(bits), k(0x40)), high(rounded));
  }
  const odd = op("and", op("shr", magnitude, i32(13)), k(1));
  const normal = op("shr", op("add", op("add", magnitude, k(0xfff - (112 << 23))), odd), i32(13));
  // Added to 1/2, a number below 2^-14 is rounded to a multiple of 2^-24, and its bits count them.
  const small = op("sub", op("bits", op("add", op("value", magnitude), real(bits, 0.5))), k(0x3f000000));
  const finite = choose(op("lt", magnitude, k(0x38800000)), small, normal);
  const over = choose(isNaN, k(0x7e00), k(0x7c00));
  const kept = choose(op("ge", magnitude, k(0x477ff000)), over, finite);
  return op("or", kept, op("and", op("shr", bits, i32(16)), k(0x8000)));
}
