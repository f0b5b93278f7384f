/**
 * The loops that tile operations share, as C text. Views are a pointer, the distance of rows (`_ld`) and logical
 * extents. Guarantees: what a row becomes does not depend on the rows beside it, and terms that are zero at its
 * end change no bit of it; so a call's rows stay the same when rows or keys are appended.
 */
import type { Helper } from "./math.ts";
import { transfer } from "./transfer.ts";

export const kernels: Readonly<Record<string, Helper>> = {
  transfer,
  product: {
    text: `/* to[r, c] += sum over k of a[r, k] * b[k, c]: four rows and four k at a time, c innermost; sums in the order of k. */
static void fovea_product(float *restrict to, ptrdiff_t to_ld, const float *restrict a, ptrdiff_t a_ld,
                          const float *restrict b, ptrdiff_t b_ld, int32_t rows, int32_t columns, int32_t depth) {
  int32_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    float *restrict t0 = to + r * to_ld;
    float *restrict t1 = t0 + to_ld;
    float *restrict t2 = t1 + to_ld;
    float *restrict t3 = t2 + to_ld;
    const float *restrict a0 = a + r * a_ld;
    const float *restrict a1 = a0 + a_ld;
    const float *restrict a2 = a1 + a_ld;
    const float *restrict a3 = a2 + a_ld;
    int32_t k = 0;
    for (; k + 4 <= depth; k += 4) {
      const float *restrict b0 = b + k * b_ld;
      const float *restrict b1 = b0 + b_ld;
      const float *restrict b2 = b1 + b_ld;
      const float *restrict b3 = b2 + b_ld;
      const float a00 = a0[k], a01 = a0[k + 1], a02 = a0[k + 2], a03 = a0[k + 3];
      const float a10 = a1[k], a11 = a1[k + 1], a12 = a1[k + 2], a13 = a1[k + 3];
      const float a20 = a2[k], a21 = a2[k + 1], a22 = a2[k + 2], a23 = a2[k + 3];
      const float a30 = a3[k], a31 = a3[k + 1], a32 = a3[k + 2], a33 = a3[k + 3];
      for (int32_t c = 0; c < columns; c++) {
        t0[c] = (((t0[c] + a00 * b0[c]) + a01 * b1[c]) + a02 * b2[c]) + a03 * b3[c];
        t1[c] = (((t1[c] + a10 * b0[c]) + a11 * b1[c]) + a12 * b2[c]) + a13 * b3[c];
        t2[c] = (((t2[c] + a20 * b0[c]) + a21 * b1[c]) + a22 * b2[c]) + a23 * b3[c];
        t3[c] = (((t3[c] + a30 * b0[c]) + a31 * b1[c]) + a32 * b2[c]) + a33 * b3[c];
      }
    }
    for (; k < depth; k++) {
      const float *restrict b0 = b + k * b_ld;
      const float a00 = a0[k], a10 = a1[k], a20 = a2[k], a30 = a3[k];
      for (int32_t c = 0; c < columns; c++) {
        t0[c] = t0[c] + a00 * b0[c];
        t1[c] = t1[c] + a10 * b0[c];
        t2[c] = t2[c] + a20 * b0[c];
        t3[c] = t3[c] + a30 * b0[c];
      }
    }
  }
  for (; r < rows; r++) {
    float *restrict t0 = to + r * to_ld;
    const float *restrict a0 = a + r * a_ld;
    for (int32_t k = 0; k < depth; k++) {
      const float *restrict b0 = b + k * b_ld;
      const float a00 = a0[k];
      for (int32_t c = 0; c < columns; c++) t0[c] = t0[c] + a00 * b0[c];
    }
  }
}`,
  },
  product_guarded: {
    needs: ["bits"],
    text: `/* The same, but an a of +0 adds nothing, whatever b is. */
static void fovea_product_guarded(float *restrict to, ptrdiff_t to_ld, const float *restrict a, ptrdiff_t a_ld,
                                  const float *restrict b, ptrdiff_t b_ld, int32_t rows, int32_t columns, int32_t depth) {
  for (int32_t r = 0; r < rows; r++) {
    float *restrict t = to + r * to_ld;
    for (int32_t k = 0; k < depth; k++) {
      const float *restrict row = b + k * b_ld;
      const float x = a[r * a_ld + k];
      if (fovea_bits(x) == 0) continue;
      for (int32_t c = 0; c < columns; c++) t[c] = t[c] + x * row[c];
    }
  }
}`,
  },
  product_rows: {
    text: `/* to[r, c] += sum over k of a[r, k] * b[c, k], where b lies in rows: four of them at a time, sums in the order of k. */
static void fovea_product_rows(float *restrict to, ptrdiff_t to_ld, const float *restrict a, ptrdiff_t a_ld,
                               const float *restrict b, ptrdiff_t b_ld, int32_t rows, int32_t columns, int32_t depth) {
  for (int32_t r = 0; r < rows; r++) {
    float *restrict t = to + r * to_ld;
    const float *restrict x = a + r * a_ld;
    int32_t c = 0;
    for (; c + 4 <= columns; c += 4) {
      const float *restrict y0 = b + c * b_ld;
      const float *restrict y1 = y0 + b_ld;
      const float *restrict y2 = y1 + b_ld;
      const float *restrict y3 = y2 + b_ld;
      float s0 = t[c], s1 = t[c + 1], s2 = t[c + 2], s3 = t[c + 3];
      for (int32_t k = 0; k < depth; k++) {
        s0 = s0 + x[k] * y0[k];
        s1 = s1 + x[k] * y1[k];
        s2 = s2 + x[k] * y2[k];
        s3 = s3 + x[k] * y3[k];
      }
      t[c] = s0;
      t[c + 1] = s1;
      t[c + 2] = s2;
      t[c + 3] = s3;
    }
    for (; c < columns; c++) {
      const float *restrict y = b + c * b_ld;
      float s = t[c];
      for (int32_t k = 0; k < depth; k++) s = s + x[k] * y[k];
      t[c] = s;
    }
  }
}`,
  },
  product_rows_guarded: {
    needs: ["bits"],
    text: `/* The same, but an a of +0 adds nothing, whatever b is. */
static void fovea_product_rows_guarded(float *restrict to, ptrdiff_t to_ld, const float *restrict a, ptrdiff_t a_ld,
                                       const float *restrict b, ptrdiff_t b_ld, int32_t rows, int32_t columns,
                                       int32_t depth) {
  for (int32_t r = 0; r < rows; r++) {
    for (int32_t c = 0; c < columns; c++) {
      const float *restrict x = a + r * a_ld;
      const float *restrict y = b + c * b_ld;
      float s = to[r * to_ld + c];
      for (int32_t k = 0; k < depth; k++) {
        if (fovea_bits(x[k]) != 0) s = s + x[k] * y[k];
      }
      to[r * to_ld + c] = s;
    }
  }
}`,
  },
  clear: {
    text: `static void fovea_clear(float *to, ptrdiff_t to_ld, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++) {
    for (int32_t c = 0; c < columns; c++) to[r * to_ld + c] = 0.0f;
  }
}`,
  },
  row_max: {
    text: `/* The greatest of x and start, eight at a time; a NaN in x is passed over. */
static float fovea_row_max(const float *restrict x, int32_t count, float start) {
  float m[8] = {start, start, start, start, start, start, start, start};
  float most = start;
  int32_t c = 0;
  for (; c + 8 <= count; c += 8) {
    for (int32_t n = 0; n < 8; n++) m[n] = x[c + n] > m[n] ? x[c + n] : m[n];
  }
  for (int32_t n = 0; n < 8; n++) most = m[n] > most ? m[n] : most;
  for (; c < count; c++) most = x[c] > most ? x[c] : most;
  return most;
}`,
  },
  row_sum: {
    text: `/* The sum of x in eight running sums, so that zeros at the end change nothing. */
static float fovea_row_sum(const float *restrict x, int32_t count) {
  float s[8] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
  int32_t c = 0;
  for (; c + 8 <= count; c += 8) {
    for (int32_t n = 0; n < 8; n++) s[n] += x[c + n];
  }
  for (int32_t n = 0; c + n < count; n++) s[n] += x[c + n];
  return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}`,
  },
  rescale: {
    text: `static void fovea_rescale(float *restrict to, ptrdiff_t to_ld, const float *restrict by, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++) {
    const float x = by[r];
    if (x == 1.0f) continue;
    for (int32_t c = 0; c < columns; c++) to[r * to_ld + c] *= x;
  }
}`,
  },
  finite: {
    text: `static int fovea_finite(const float *restrict x, ptrdiff_t row_step, ptrdiff_t column_step, int32_t rows, int32_t columns) {
  int odd = 0;
  for (int32_t r = 0; r < rows; r++) {
    const float *restrict row = x + r * row_step;
    if (column_step == 1) {
      for (int32_t c = 0; c < columns; c++) odd |= !(row[c] - row[c] == 0.0f);
    } else {
      for (int32_t c = 0; c < columns; c++) odd |= !(row[c * column_step] - row[c * column_step] == 0.0f);
    }
  }
  return !odd;
}`,
  },
  insert: {
    text: `/* Ranges of one slot: how many, then pairs of bounds, sorted and disjoint. Adds one, joining what touches. */
static void fovea_insert(int32_t *list, int32_t capacity, int32_t lo, int32_t hi) {
  int32_t *at = list + 1;
  const int32_t count = list[0];
  int32_t first = 0;
  int32_t last;
  if (lo >= hi) return;
  while (first < count && at[2 * first + 1] < lo) first++;
  last = first;
  while (last < count && at[2 * last] <= hi) last++;
  if (first == last && count == capacity) {
    /* No room, which a program's capacity excludes: widen a neighbour rather than lose a range. */
    if (first == count) first--;
    last = first + 1;
  }
  if (first == last) {
    for (int32_t n = count; n > first; n--) {
      at[2 * n] = at[2 * n - 2];
      at[2 * n + 1] = at[2 * n - 1];
    }
    list[0] = count + 1;
  } else {
    if (at[2 * first] < lo) lo = at[2 * first];
    if (at[2 * last - 1] > hi) hi = at[2 * last - 1];
    for (int32_t n = last; n < count; n++) {
      at[2 * (first + 1 + n - last)] = at[2 * n];
      at[2 * (first + 1 + n - last) + 1] = at[2 * n + 1];
    }
    list[0] = count - (last - first - 1);
  }
  at[2 * first] = lo;
  at[2 * first + 1] = hi;
}`,
  },
  unite: {
    needs: ["insert"],
    text: `/* Rounds a range out to the granule, cuts it to 0 ... extent, and adds it. */
static void fovea_unite(int32_t *list, int32_t capacity, int32_t lo, int32_t hi, int32_t granule, int32_t extent) {
  if (lo < 0) lo = 0;
  if (hi > extent) hi = extent;
  if (lo >= hi) return;
  lo -= lo % granule;
  if (hi % granule != 0) hi = hi > INT32_MAX - granule ? extent : hi - hi % granule + granule;
  fovea_insert(list, capacity, lo, hi < extent ? hi : extent);
}`,
  },
};
