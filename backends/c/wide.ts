/**
 * Sizes in 64 bits, as C text: what would overflow is held at 2^61, far above any size that is allowed. Guarantees:
 * no division of 64 bits, for which small cores would need a library.
 */
import type { Helper } from "./math.ts";

export const wide: Readonly<Record<string, Helper>> = {
  wide_hold: {
    text: `static inline int64_t fovea_wide_hold(int64_t x) {
  const int64_t most = (int64_t)1 << 61;
  return x > most ? most : (x < -most ? -most : x);
}`,
  },
  wide_add: {
    needs: ["wide_hold"],
    text: `static inline int64_t fovea_wide_add(int64_t a, int64_t b) { return fovea_wide_hold(a + b); }`,
  },
  wide_sub: {
    needs: ["wide_hold"],
    text: `static inline int64_t fovea_wide_sub(int64_t a, int64_t b) { return fovea_wide_hold(a - b); }`,
  },
  wide_mul: {
    text: `/* A product of sizes in 64 bits, held at 2^61 instead of overflowing; in halves, for cores without 64-bit division. */
static inline int64_t fovea_wide_mul(int64_t a, int64_t b) {
  const uint64_t most = (uint64_t)1 << 61;
  const uint64_t x = (uint64_t)(a < 0 ? -a : a);
  const uint64_t y = (uint64_t)(b < 0 ? -b : b);
  const uint64_t high = (x >> 32) * (y & 0xffffffffu) + (y >> 32) * (x & 0xffffffffu);
  uint64_t product = (x & 0xffffffffu) * (y & 0xffffffffu);
  if (((x >> 32) != 0 && (y >> 32) != 0) || (high >> 29) != 0 || product > most) product = most;
  else product += high << 32;
  if (product > most) product = most;
  return a != 0 && b != 0 && (a < 0) != (b < 0) ? -(int64_t)product : (int64_t)product;
}`,
  },
  wide_idiv: {
    text: `/* Floored division of sizes, bit by bit: a library would be needed for it where words have 32 bits. */
static inline int64_t fovea_wide_idiv(int64_t a, int64_t b) {
  uint64_t rest = (uint64_t)(a < 0 ? -a : a);
  const uint64_t by = (uint64_t)(b < 0 ? -b : b);
  uint64_t quotient = 0, part = 0;
  if (b == 0) return 0;
  for (int n = 0; n < 64; n++) {
    part = (part << 1) | (rest >> 63);
    rest <<= 1;
    quotient <<= 1;
    if (part >= by) {
      part -= by;
      quotient |= 1u;
    }
  }
  if ((a < 0) == (b < 0)) return (int64_t)quotient;
  return -(int64_t)quotient - (part != 0 ? 1 : 0);
}`,
  },
  wide_mod: {
    needs: ["wide_idiv"],
    text: `static inline int64_t fovea_wide_mod(int64_t a, int64_t b) { return b == 0 ? a : a - b * fovea_wide_idiv(a, b); }`,
  },
  wide_min: { text: `static inline int64_t fovea_wide_min(int64_t a, int64_t b) { return a < b ? a : b; }` },
  wide_max: { text: `static inline int64_t fovea_wide_max(int64_t a, int64_t b) { return a > b ? a : b; }` },
};
