/** Attention as the textbook writes it, in float64, for q [B, H, L, D] and k, v [B, Hkv, S, D]; shares no code with the compiler. */
export interface NaiveCase {
  readonly B: number;
  readonly H: number;
  readonly Hkv: number;
  readonly L: number;
  readonly S: number;
  readonly D: number;
  readonly q: ArrayLike<number>;
  readonly k: ArrayLike<number>;
  readonly v: ArrayLike<number>;
  readonly keep?: (i: number, j: number, b: number, h: number) => boolean;
  readonly score?: (s: number, i: number, j: number, h: number) => number;
}

export function naive({ B, H, Hkv, L, S, D, q, k, v, keep, score }: NaiveCase): { o: Float64Array; lse: Float64Array } {
  const o = new Float64Array(B * H * L * D);
  const lse = new Float64Array(B * H * L);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const kh = Math.floor(h / (H / Hkv));
      for (let row = 0; row < L; row++) {
        const i = row + S - L;
        const at = ((b * H + h) * L + row) * D;
        const kept: { j: number; s: number }[] = [];
        for (let j = 0; j < S; j++) {
          if (keep && !keep(i, j, b, h)) continue;
          let s = 0;
          for (let c = 0; c < D; c++) s += Number(q[at + c]) * Number(k[((b * Hkv + kh) * S + j) * D + c]);
          s /= Math.sqrt(D);
          kept.push({ j, s: score ? score(s, i, j, h) : s });
        }
        const m = kept.reduce((a, x) => (x.s > a ? x.s : a), Number.NEGATIVE_INFINITY);
        let l = 0;
        for (const { j, s } of kept) {
          const p = Math.exp(s - m);
          l += p;
          for (let c = 0; c < D; c++) o[at + c] = Number(o[at + c]) + p * Number(v[((b * Hkv + kh) * S + j) * D + c]);
        }
        for (let c = 0; c < D; c++) o[at + c] = kept.length ? Number(o[at + c]) / l : 0;
        lse[(b * H + h) * L + row] = kept.length ? m + Math.log(l) : Number.NEGATIVE_INFINITY;
      }
    }
  }
  return { o, lse };
}

/** max |a − b|; NaN where only one is NaN. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let n = 0; n < Math.max(a.length, b.length); n++) {
    const [x, y] = [Number(a[n]), Number(b[n])];
    if (Object.is(x, y) || x === y) continue;
    const d = Math.abs(x - y);
    if (!(d <= most)) most = d;
  }
  return most;
}
