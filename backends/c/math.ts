/**
 * The functions that C lacks without its library, as C text. A row has its text and the rows it needs; `emit`
 * writes out only those that are used. Guarantees: no undefined symbol, no state; exp2(-inf) = 0, exp2(0) = 1,
 * NaN stays NaN; sqrt is correctly rounded; int32_t helpers never overflow.
 */
export interface Helper {
  readonly needs?: readonly string[];
  readonly text: string;
}

export const math: Readonly<Record<string, Helper>> = {
  bits: {
    text: `static inline uint32_t fovea_bits(float x) {
  union { float f; uint32_t u; } v;
  v.f = x;
  return v.u;
}`,
  },
  from_bits: {
    text: `static inline float fovea_from_bits(uint32_t x) {
  union { float f; uint32_t u; } v;
  v.u = x;
  return v.f;
}`,
  },
  infinity: {
    needs: ["from_bits"],
    text: `static inline float fovea_infinity(void) { return fovea_from_bits(0x7f800000u); }`,
  },
  nan: { needs: ["from_bits"], text: `static inline float fovea_nan(void) { return fovea_from_bits(0x7fc00000u); }` },
  min_f32: { text: `static inline float fovea_min_f32(float a, float b) { return a < b ? a : b; }` },
  max_f32: { text: `static inline float fovea_max_f32(float a, float b) { return a > b ? a : b; }` },
  min_i32: { text: `static inline int32_t fovea_min_i32(int32_t a, int32_t b) { return a < b ? a : b; }` },
  max_i32: { text: `static inline int32_t fovea_max_i32(int32_t a, int32_t b) { return a > b ? a : b; }` },
  abs_f32: {
    needs: ["bits", "from_bits"],
    text: `static inline float fovea_abs_f32(float a) { return fovea_from_bits(fovea_bits(a) & 0x7fffffffu); }`,
  },
  abs_i32: {
    needs: ["sub_i32"],
    text: `static inline int32_t fovea_abs_i32(int32_t a) { return a < 0 ? fovea_sub_i32(0, a) : a; }`,
  },
  /* Arithmetic on numbers that come from tensors: it wraps instead of being undefined. */
  add_i32: {
    text: `static inline int32_t fovea_add_i32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }`,
  },
  sub_i32: {
    text: `static inline int32_t fovea_sub_i32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }`,
  },
  mul_i32: {
    text: `static inline int32_t fovea_mul_i32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }`,
  },
  idiv: {
    needs: ["sub_i32"],
    text: `/* Floored division; x div 0 is 0. */
static inline int32_t fovea_idiv(int32_t a, int32_t b) {
  if (b == 0) return 0;
  if (b == -1) return fovea_sub_i32(0, a);
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}`,
  },
  mod: {
    text: `/* The modulo of floored division; x mod 0 is x. */
static inline int32_t fovea_mod(int32_t a, int32_t b) {
  int32_t m;
  if (b == 0) return a;
  if (b == -1) return 0;
  m = a % b;
  return (m != 0 && (m < 0) != (b < 0)) ? m + b : m;
}`,
  },
  bit: {
    text: `static inline int fovea_bit(int32_t a, int32_t b) {
  return (b >= 0 && b < 32) ? (int)(((uint32_t)a >> (uint32_t)b) & 1u) : 0;
}`,
  },
  int: {
    text: `/* The whole number next to x towards zero, held to int32_t; 0 for NaN. */
static inline int32_t fovea_int(float x) {
  if (!(x > -2147483648.0f)) return x == x ? INT32_MIN : 0;
  return x < 2147483648.0f ? (int32_t)x : INT32_MAX;
}`,
  },
  hash: {
    text: `/* A number that looks drawn, from the number so far and a further one. */
static inline int32_t fovea_hash(int32_t a, int32_t b) {
  uint32_t h = ((uint32_t)a ^ (uint32_t)b) * 0x85ebca6bu + 0x9e3779b9u;
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return (int32_t)((h ^ (h >> 16)) & 0x7fffffffu);
}`,
  },
  power: {
    needs: ["from_bits"],
    text: `/* p * 2^n in two steps, for n from -252 to 254. */
static inline float fovea_scale(float p, int32_t n) {
  const int32_t h = n >> 1;
  return p * fovea_from_bits((uint32_t)(h + 127) << 23) * fovea_from_bits((uint32_t)(n - h + 127) << 23);
}`,
  },
  round: {
    needs: ["bits"],
    text: `/* The whole number next to x, for |x| < 2^22; the text is t = x + 1.5 * 2^23. */
static inline int32_t fovea_whole(float t) {
  return (int32_t)(fovea_bits(t) & 0x00ffffffu) - 0x00400000;
}`,
  },
  exp2: {
    needs: ["power", "round"],
    text: `static inline float fovea_exp2(float x) {
  const float y = x < -151.0f ? -151.0f : (x > 129.0f ? 129.0f : x);
  const float t = y + 12582912.0f;
  const float f = y - (t - 12582912.0f);
  float p = 1.535336188319500e-4f;
  p = p * f + 1.339887440266574e-3f;
  p = p * f + 9.618437357674640e-3f;
  p = p * f + 5.550332471162809e-2f;
  p = p * f + 2.402264791363012e-1f;
  p = p * f + 6.931472028550421e-1f;
  p = p * f + 1.0f;
  return fovea_scale(p, fovea_whole(t));
}`,
  },
  exp: {
    needs: ["power", "round"],
    text: `static inline float fovea_exp(float x) {
  const float y = x < -105.0f ? -105.0f : (x > 90.0f ? 90.0f : x);
  const float t = y * 1.44269504088896341f + 12582912.0f;
  const float n = t - 12582912.0f;
  const float f = (y - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * f * f + f + 1.0f;
  return fovea_scale(p, fovea_whole(t));
}`,
  },
  log_parts: {
    needs: ["bits", "from_bits"],
    text: `/* x = m * 2^e with m near 1, for x > 0 and finite: gives log(m) and e. */
static inline float fovea_log_parts(float x, float *e) {
  const int tiny = x < 1.17549435e-38f;
  const uint32_t b = fovea_bits(tiny ? x * 8388608.0f : x) - 0x3f3504f3u;
  const int32_t n = (int32_t)(b >> 23);
  const float m = fovea_from_bits((b & 0x007fffffu) + 0x3f3504f3u);
  const float s = (m - 1.0f) / (m + 1.0f);
  const float z = s * s;
  float p = 1.818181818e-1f;
  p = p * z + 2.222222222e-1f;
  p = p * z + 2.857142857e-1f;
  p = p * z + 4.0e-1f;
  p = p * z + 6.666666667e-1f;
  *e = (float)((n >= 256 ? n - 512 : n) - (tiny ? 23 : 0));
  return s * z * p + 2.0f * s;
}`,
  },
  log: {
    needs: ["log_parts", "infinity", "nan"],
    text: `static inline float fovea_log(float x) {
  float e, y;
  if (!(x > 0.0f)) return x == 0.0f ? -fovea_infinity() : fovea_nan();
  if (x == fovea_infinity()) return x;
  y = fovea_log_parts(x, &e);
  return e * 0.693359375f + (y - e * 2.12194440e-4f);
}`,
  },
  log2: {
    needs: ["log_parts", "infinity", "nan"],
    text: `static inline float fovea_log2(float x) {
  float e, y;
  if (!(x > 0.0f)) return x == 0.0f ? -fovea_infinity() : fovea_nan();
  if (x == fovea_infinity()) return x;
  y = fovea_log_parts(x, &e);
  return e + (y * 0.4426950409f + y);
}`,
  },
  tanh: {
    needs: ["exp", "abs_f32"],
    text: `static inline float fovea_tanh(float x) {
  const float a = fovea_abs_f32(x);
  const float z = x * x;
  const float big = 1.0f - 2.0f / (fovea_exp(2.0f * (a > 10.0f ? 10.0f : a)) + 1.0f);
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  return a >= 0.625f ? (x < 0.0f ? -big : big) : p * z * x + x;
}`,
  },
  turn: {
    needs: ["bits", "abs_f32"],
    text: `/* x = r + n * pi/2 with |r| <= pi/4, for every finite x: 2/pi to as many bits as it takes. Gives r; n modulo 4. */
static inline float fovea_turn(float x, uint32_t *n) {
  static const uint32_t inverse[24] = {
    0x000000a2u, 0x0000a2f9u, 0x00a2f983u, 0xa2f9836eu, 0xf9836e4eu, 0x836e4e44u, 0x6e4e4415u, 0x4e441529u,
    0x441529fcu, 0x1529fc27u, 0x29fc2757u, 0xfc2757d1u, 0x2757d1f5u, 0x57d1f534u, 0xd1f534ddu, 0xf534ddc0u,
    0x34ddc0dbu, 0xddc0db62u, 0xc0db6295u, 0xdb629599u, 0x6295993cu, 0x95993c43u, 0x993c4390u, 0x3c439041u};
  const uint32_t b = fovea_bits(fovea_abs_f32(x));
  const uint32_t *row = inverse + ((b >> 26) & 15u);
  const uint32_t m = ((b & 0x007fffffu) | 0x00800000u) << ((b >> 23) & 7u);
  uint64_t v;
  float r;
  *n = 0;
  if (b <= 0x3f490fdau) return x;
  if (b < 0x40000000u) {
    r = ((fovea_abs_f32(x) - 1.5703125f) - 4.837512969970703125e-4f) - 7.549789948768648e-8f;
    *n = x < 0.0f ? 3u : 1u;
    return x < 0.0f ? -r : r;
  }
  v = ((uint64_t)(uint32_t)(m * row[0]) << 32) | (((uint64_t)m * row[8]) >> 32);
  v += (uint64_t)m * row[4];
  *n = (uint32_t)((v + ((uint64_t)1 << 61)) >> 62);
  v -= (uint64_t)*n << 62;
  {
    const int minus = (v >> 63) != 0;
    if (minus) v = (uint64_t)0 - v;
    r = ((float)(uint32_t)(v >> 32) + (float)(uint32_t)v * 2.3283064365e-10f) * 1.4629180792671596e-9f;
    if (minus) r = -r;
  }
  if (x < 0.0f) {
    *n = (4u - *n) & 3u;
    r = -r;
  }
  return r;
}
static inline float fovea_sine(float r, uint32_t n) {
  const float z = r * r;
  const float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
  const float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
  const float y = (n & 1u) != 0u ? c : s;
  return (n & 2u) != 0u ? -y : y;
}`,
  },
  sin: {
    needs: ["turn"],
    text: `static inline float fovea_sin(float x) {
  uint32_t n;
  float r;
  if (!(x - x == 0.0f)) return x - x;
  r = fovea_turn(x, &n);
  return fovea_sine(r, n);
}`,
  },
  cos: {
    needs: ["turn"],
    text: `static inline float fovea_cos(float x) {
  uint32_t n;
  float r;
  if (!(x - x == 0.0f)) return x - x;
  r = fovea_turn(x, &n);
  return fovea_sine(r, n + 1u);
}`,
  },
  sqrt: {
    needs: ["bits", "from_bits", "infinity", "nan"],
    text: `/* Newton's steps from a guess by bits, then made exact in whole numbers. */
static inline float fovea_sqrt(float x) {
  uint32_t b, e;
  uint64_t m, s;
  float y, g;
  if (!(x > 0.0f)) return x == 0.0f ? x : fovea_nan();
  if (x == fovea_infinity()) return x;
  g = x < 1.17549435e-38f ? x * 16777216.0f : x;
  b = fovea_bits(g);
  e = (b >> 23) + 1u;
  m = (uint64_t)((b & 0x007fffffu) | 0x00800000u) << ((e & 1u) != 0u ? 24 : 23);
  y = fovea_from_bits((b >> 1) + 0x1fbd1df5u);
  y = 0.5f * (y + g / y);
  y = 0.5f * (y + g / y);
  y = 0.5f * (y + g / y);
  s = (uint64_t)((fovea_bits(y) & 0x007fffffu) | 0x00800000u);
  if ((fovea_bits(y) >> 23) < (e >> 1) + 63u) s = 0x00800000u;
  if ((fovea_bits(y) >> 23) > (e >> 1) + 63u) s = 0x00ffffffu;
  while (s * s > m) s--;
  while ((s + 1u) * (s + 1u) <= m) s++;
  if (m - s * s > s) s++;
  y = fovea_from_bits((((e >> 1) + 62u) << 23) + (uint32_t)s);
  return x < 1.17549435e-38f ? y * 2.44140625e-4f : y;
}`,
  },
  floor: {
    needs: ["abs_f32"],
    text: `static inline float fovea_floor(float x) {
  float t;
  if (!(fovea_abs_f32(x) < 8388608.0f) || x == 0.0f) return x;
  t = (float)(int32_t)x;
  return t > x ? t - 1.0f : t;
}`,
  },
  ceil: { needs: ["floor"], text: `static inline float fovea_ceil(float x) { return -fovea_floor(-x); }` },
};
