/**
 * Expansions of the scalar functions that no target has an instruction for. Take a builder and a vf32, emit
 * straight-line code, give a vf32. Guarantees (tested by a sweep): exp2 and exp stay within 4 · 2^-24 relative
 * and give exactly 1 at 0, exactly 0 below 2^-126 and at −∞, ∞ above the range; log, log2 within 4 (absolute
 * near 1 within 1e-7), tanh within 8; sin and cos within 1e-6 absolute for |x| <= 8192. NaN stays NaN.
 */
import type { Builder } from "./builder.ts";
import { choose, fma, i32, op, vf32, vi32, type Expr } from "./micro.ts";

const horner = (b: Builder, x: Expr, coefficients: readonly number[]): Expr =>
  coefficients.slice(1).reduce((sum, c) => b.let(fma(sum, x, vf32(c))), vf32(coefficients[0] ?? 0));

/** Adding it rounds a number below 2^22 to an integer, which then stands in the low bits. */
const magic = 12582912;
const timesPower = (b: Builder, x: Expr, shifted: Expr): Expr =>
  b.let(op("value", op("add", op("bits", x), op("shl", op("bits", shifted), i32(23)))));

/** 2^r = 1 + r · P(r) on [0, 1), degree 5: within 8.3e-8, in f32 arithmetic within 2.7 · 2^-24, relative. */
const exp2Coefficients = [
  0.6931512951850891, 0.2401645928621292, 0.055799514055252075, 0.009017480537295341, 0.0018669525161385536,
] as const;

export function exp2(b: Builder, x: Expr): Expr {
  // The order of the operands keeps NaN: min(a, b) and max(a, b) give b where they do not compare.
  const clamped = b.let(op("min", vf32(128), op("max", vf32(-127), x)));
  const whole = b.let(op("floor", clamped));
  const r = b.let(op("sub", clamped, whole));
  // In pairs: three sums one after the other instead of five.
  const [c1, c2, c3, c4, c5] = exp2Coefficients;
  const square = b.let(op("mul", r, r));
  const high = b.let(fma(vf32(c5), r, vf32(c4)));
  const middle = b.let(fma(vf32(c3), r, vf32(c2)));
  const low = b.let(fma(vf32(c1), r, vf32(1)));
  const upper = b.let(fma(high, square, middle));
  const power = b.let(fma(upper, square, low));
  // 2^whole by its exponent alone: 0 for −127, ∞ for 128, so that the product ends the range on either side.
  const scale = b.let(op("value", op("shl", op("bits", op("add", whole, vf32(magic + 127))), i32(23))));
  return b.let(op("mul", power, scale));
}

export function exp(b: Builder, x: Expr): Expr {
  const clamped = b.let(op("min", vf32(89), op("max", vf32(-88), x)));
  const shifted = b.let(op("add", op("mul", clamped, vf32(Math.LOG2E)), vf32(magic)));
  const n = b.let(op("sub", shifted, vf32(magic)));
  const r = b.let(fma(n, vf32(2.1219444e-4), fma(n, vf32(-0.693359375), clamped)));
  const p = horner(b, r, [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1]);
  const scaled = timesPower(b, p, shifted);
  const flushed = op("value", op("and", op("bits", scaled), op("not", op("lt", x, vf32(-87.33654)))));
  const capped = choose(op("gt", x, vf32(88.72283)), vf32(Number.POSITIVE_INFINITY), flushed);
  return b.let(op("add", capped, op("sub", r, r)));
}

const logCoefficients = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

function logarithm(b: Builder, x: Expr, finish: (e: Expr, m: Expr, y: Expr) => Expr): Expr {
  const small = b.let(op("lt", x, vf32(2 ** -126)));
  const normal = b.let(choose(small, op("mul", x, vf32(2 ** 23)), x));
  const bits = b.let(op("bits", normal));
  // sqrt(1/2) is 0x3f3504f3: the mantissa is brought to [sqrt(1/2), sqrt(2)).
  const shifted = b.let(op("sub", bits, vi32(0x3f3504f3)));
  const whole = b.let(op("shr", shifted, i32(23)));
  const e = b.let(op("float", op("sub", whole, op("and", small, vi32(23)))));
  const m = b.let(op("sub", op("value", op("sub", bits, op("shl", whole, i32(23)))), vf32(1)));
  const z = b.let(op("mul", m, m));
  const y = b.let(fma(z, vf32(-0.5), op("mul", op("mul", horner(b, m, logCoefficients), m), z)));
  const found = finish(e, m, y);
  const infinite = b.let(choose(op("eq", x, vf32(Number.POSITIVE_INFINITY)), x, found));
  const zero = b.let(choose(op("eq", x, vf32(0)), vf32(Number.NEGATIVE_INFINITY), infinite));
  return b.let(choose(op("ge", x, vf32(0)), zero, vf32(Number.NaN)));
}

export const log = (b: Builder, x: Expr): Expr =>
  logarithm(b, x, (e, m, y) => b.let(fma(e, vf32(0.693359375), op("add", m, fma(e, vf32(-2.1219444e-4), y)))));

/** log2 e − 1 apart, so that the leading term is exact. */
export const log2 = (b: Builder, x: Expr): Expr =>
  logarithm(b, x, (e, m, y) => {
    const rest = vf32(Math.LOG2E - 1);
    const tail = b.let(fma(m, rest, op("mul", y, rest)));
    return b.let(op("add", op("add", op("add", tail, y), m), e));
  });

export function tanh(b: Builder, x: Expr): Expr {
  const z = b.let(op("mul", x, x));
  const p = horner(b, z, [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]);
  const near = b.let(fma(op("mul", p, z), x, x));
  const size = b.let(op("abs", x));
  const far = b.let(op("sub", vf32(1), op("div", vf32(2), op("add", exp(b, op("add", size, size)), vf32(1)))));
  const signed = b.let(choose(op("lt", x, vf32(0)), op("neg", far), far));
  return b.let(choose(op("lt", size, vf32(0.625)), near, signed));
}

function circular(b: Builder, x: Expr, cosine: boolean): Expr {
  const shifted = b.let(op("add", op("mul", x, vf32(2 / Math.PI)), vf32(magic)));
  const n = b.let(op("sub", shifted, vf32(magic)));
  let r = x;
  for (const part of [-1.5703125, -4.837512969970703125e-4, -7.549789948768648e-8]) r = b.let(fma(n, vf32(part), r));
  const z = b.let(op("mul", r, r));
  const s = b.let(fma(op("mul", horner(b, z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]), z), r, r));
  const quartic = horner(b, z, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]);
  const c = b.let(fma(op("mul", quartic, z), z, fma(z, vf32(-0.5), vf32(1))));
  const quarter = b.let(cosine ? op("add", op("bits", shifted), vi32(1)) : op("bits", shifted));
  const odd = b.let(op("ne", op("and", quarter, vi32(1)), vi32(0)));
  const value = b.let(choose(odd, c, s));
  return b.let(op("value", op("xor", op("bits", value), op("shl", op("and", quarter, vi32(2)), i32(30)))));
}

export const sin = (b: Builder, x: Expr): Expr => circular(b, x, false);
export const cos = (b: Builder, x: Expr): Expr => circular(b, x, true);

/** The row `hash` of the scalar functions, on integers or on lanes of them. */
export function hash(b: Builder, x: Expr, y: Expr): Expr {
  const number = (value: number): Expr => (x.type === "vi32" || y.type === "vi32" ? vi32(value | 0) : i32(value | 0));
  /** h ^ (h >>> by); `shr` keeps the sign, so its copies are cut off. */
  const folded = (h: Expr, by: number): Expr =>
    op("xor", h, op("and", op("shr", h, i32(by)), number(2 ** (32 - by) - 1)));
  const start = b.let(op("add", op("mul", op("xor", x, y), number(0x85ebca6b)), number(0x9e3779b9)));
  const once = b.let(op("mul", folded(start, 16), number(0x85ebca6b)));
  const twice = b.let(op("mul", folded(once, 13), number(0xc2b2ae35)));
  return b.let(op("and", folded(twice, 16), number(0x7fffffff)));
}
