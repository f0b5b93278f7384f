/**
 * Functions that every emitted module carries. The builtins of WGSL are too loose for attention (exp2: 3 + 2·|x|
 * ulp; sin and cos: an absolute 2^-11), so these are polynomials whose error is a few ulp. Integer division is
 * floored with x div 0 = 0 and x mod 0 = x.
 */
import type { ScalarFn } from "../../src/scalar/functions.ts";

export const library = `fn fv_div(a: i32, b: i32) -> i32 {
  let d = select(b, 1, b == 0);
  let q = a / d;
  return select(q - select(0, 1, (q * d != a) & ((a < 0) != (d < 0))), 0, b == 0);
}
fn fv_mod(a: i32, b: i32) -> i32 { return a - fv_div(a, b) * b; }
fn fv_bit(a: i32, b: i32) -> bool { return b >= 0 && b < 32 && ((a >> u32(b & 31)) & 1) != 0; }
fn fv_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
/* e^r for |r| <= ln 2 / 2, then times 2^n; 0 below the normal numbers. */
fn fv_scale(r: f32, n: i32) -> f32 {
  let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666646 + r * (0.008333452 + r * 0.0013933966)))));
  let low = n < -126;
  let big = n > 127;
  let scaled = p * bitcast<f32>(u32(clamp(n, -126, 127) + 127) << 23u);
  return select(select(scaled, 3.4e38, big), 0.0, low);
}
fn fv_exp2(x: f32) -> f32 {
  let y = clamp(x, -200.0, 200.0);
  let n = round(y);
  return fv_scale((y - n) * 0.6931472, i32(n));
}
fn fv_exp(x: f32) -> f32 {
  let y = clamp(x, -150.0, 150.0);
  let n = round(y * 1.442695);
  return fv_scale((y - n * 0.693359375) + n * 0.00021219444, i32(n));
}
fn fv_tanh(x: f32) -> f32 {
  let a = abs(x);
  let s = x * x;
  let small = x * (1.0 + s * (-0.33333333 + s * (0.13333333 + s * (-0.053968254 + s * 0.021869488))));
  let e = fv_exp(-2.0 * a);
  return select(sign(x) * ((1.0 - e) / (1.0 + e)), small, a < 0.25);
}
/* sin(x + quarter · pi / 2), argument reduced by pi / 2 in three pieces. */
fn fv_sine(x: f32, quarter: i32) -> f32 {
  let n = round(x * 0.63661977);
  let y = ((x - n * 1.5703125) - n * 0.0004837513) - n * 7.549790e-8;
  let s = y * y;
  let sine = y + y * s * (-0.16666667 + s * (0.008333333 + s * (-0.00019841270 + s * 2.7557319e-6)));
  let cosine = 1.0 + s * (-0.5 + s * (0.041666667 + s * (-0.0013888889 + s * 2.4801587e-5)));
  let q = (i32(n) + quarter) & 3;
  let value = select(sine, cosine, (q & 1) == 1);
  return select(value, -value, q >= 2);
}
fn fv_sin(x: f32) -> f32 { return fv_sine(x, 0); }
fn fv_cos(x: f32) -> f32 { return fv_sine(x, 1); }
/* Bits of an output; what stands for -infinity becomes it. */
fn fv_bits(x: f32) -> u32 { return select(bitcast<u32>(x), u.minus_infinity_bits, x <= -1e38); }
fn fv_nan() -> f32 { return bitcast<f32>(u.nan_bits); }
`;

/** Functions of rarer use: a module carries those that it calls. log is exact in its exponent, so log2(8) is 3. */
export const furtherFunctions: Partial<Record<ScalarFn, string>> = {
  log: `fn fv_log(x: f32) -> f32 {
  let at = fv_log_parts(x);
  let value = at.y * 0.693359375 + (at.x - at.y * 0.00021219444);
  return select(select(fv_nan(), -3e38, x == 0.0), value, x > 0.0);
}`,
  log2: `fn fv_log2(x: f32) -> f32 {
  let at = fv_log_parts(x);
  let value = at.y + (at.x * 0.44269504 + at.x);
  return select(select(fv_nan(), -3e38, x == 0.0), value, x > 0.0);
}`,
  int: `fn fv_int(x: f32) -> i32 {
  let y = select(i32(clamp(x, -2147483648.0, 2147483520.0)), 2147483647, x >= 2147483648.0);
  return select(y, 0, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}`,
  hash: `fn fv_hash(a: i32, b: i32) -> i32 {
  var h = u32(a ^ b) * 0x85ebca6bu + 0x9e3779b9u;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return i32((h ^ (h >> 16u)) & 0x7fffffffu);
}`,
};

/** x = m · 2^e with m near 1, for x > 0: log m and e. */
export const logParts = `fn fv_log_parts(x: f32) -> vec2<f32> {
  let tiny = x < 1.17549435e-38;
  let b = bitcast<u32>(select(x, x * 8388608.0, tiny)) - 0x3f3504f3u;
  let m = bitcast<f32>((b & 0x007fffffu) + 0x3f3504f3u);
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let p = 0.6666666667 + z * (0.4 + z * (0.2857142857 + z * (0.2222222222 + z * 0.1818181818)));
  return vec2<f32>(s * z * p + 2.0 * s, f32((bitcast<i32>(b) >> 23u) - select(0, 23, tiny)));
}`;
