/** Two attentions that the tests of the wasm loader share, one plain and one with every kind of input, and their inputs. */
export const plainText = "attention t(q, k, v: f32[B, H, L, D]) where L < 2000 { mask causal }";
export const mixedText = `attention mixed(q: f32[B, H, L, D], k, v: f32[B, Hkv, S, D], n: i32, ok: bool[B, S], bias: f32)
  where H mod Hkv == 0 {
  score s + bias * (j - i)
  mask ok[b, j] and (j <= i or j < n)
  return o, lse
  example B = 1, H = 4, Hkv = 2, L = 8, S = 8, D = 4, n = 3, ok = bernoulli(0.7), bias = 0.25
}`;

export const dims = { B: 1, H: 2, L: 96, D: 16 };
export const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, x) => Math.sin(x));
export const good = (): { q: Float32Array; k: Float32Array; v: Float32Array } => ({
  q: numbers(3072),
  k: numbers(3072),
  v: numbers(3072),
});
