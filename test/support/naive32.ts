/** Softmax attention as one would write it first, every operation rounded to float32: the yardstick of rounding. */
import type { NaiveCase } from "./naive.ts";

const round = Math.fround;

/** q, k, v of [B, H, L, D], as many keys as queries. */
export function naive32({ B, H, L, D, q, k, v, keep }: Omit<NaiveCase, "S" | "Hkv" | "score">): Float32Array {
  const o = new Float32Array(B * H * L * D);
  const scale = round(1 / round(Math.sqrt(D)));
  for (let head = 0; head < B * H; head++)
    for (let i = 0; i < L; i++) {
      const kept: number[] = [];
      const logits: number[] = [];
      for (let j = 0; j < L; j++) {
        if (keep && !keep(i, j, Math.floor(head / H), head % H)) continue;
        let dot = 0;
        for (let c = 0; c < D; c++) dot = round(dot + round(q[(head * L + i) * D + c] * k[(head * L + j) * D + c]));
        kept.push(j);
        logits.push(round(dot * scale));
      }
      const most = logits.reduce((a, x) => Math.max(a, x), Number.NEGATIVE_INFINITY);
      const weights = logits.map((x) => round(Math.exp(round(x - most))));
      const sum = weights.reduce((a, x) => round(a + x), 0);
      for (let c = 0; c < D; c++) {
        let total = 0;
        for (const [n, j] of kept.entries()) total = round(total + round(weights[n] * v[(head * L + j) * D + c]));
        o[(head * L + i) * D + c] = kept.length > 0 ? round(total / sum) : 0;
      }
    }
  return o;
}
