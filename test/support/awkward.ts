/** Attentions that the examples leave out: other lengths for keys, Dv beside D, other layouts, rows without any key. */
import type { Spec } from "../../src/spec/spec.ts";
import { specsFrom } from "./examples.ts";

const text = `
attention cross(q: f32[B, H, L, D], k: f32[B, Hkv, S, D], v: f32[B, Hkv, S, Dv]) { mask causal return o, lse }
attention valid(q: f32[B, L, H, D], k: f32[B, S, Hkv, D], v: f32[B, S, Hkv, Dv], ok: bool[B, S]) {
  mask ok[b, j]
  return o, lse
  example ok = bernoulli(0.3)
}
attention picked(q: f32[B, H, L, D], k: f32[B, H, S, D], v: f32[B, H, S, Dv], pick: i32[B, L]) {
  mask j == pick[b, row]
  return o, lse
  example pick = between(0, S)
}
attention ahead(q: f32[B, H, L, D], k, v: f32[B, H, S, D]) { mask not causal or j mod 7 == 3 }
attention begin(q: f32[H, L, D], k, v: f32[H, S, D]) { align start mask causal and window(20) return o, lse }
attention squash(q: f32[B, H, L, D], k, v: f32[B, H, S, D]) { mask around(9) weights sigmoid }
attention per_head(q, k, v: f32[B, L, H, D]) { mask causal and window(4 * (h + 1)) }
attention strided(q: f32[B, H, L, D], k, v: f32[B, Hkv, S, D]) { mask causal and (window(8) or stride(16)) }
attention together(q, k, v: f32[B, H, L, D], doc: i32[B, L]) {
  mask doc[b, i] == doc[b, j]
  return o, lse
  example doc = segments(4)
}
attention blocked(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D]) { blocks 16 mask diagonal or bi - bj == 2 }
attention transposed(q: f32[D, L], k: f32[D, S], v: f32[Dv, S]) { mask causal return lse, o }
attention reach(q: f32[B, H, L, D], k, v: f32[B, H, S, D], n: i32) {
  mask causal and i - j < n
  return o, lse
  example n = 5
}
attention far(q, k, v: f32[B, H, L, D]) { mask j < i - 20 and window(40) score s + s * min(s, 1) / 4 - abs(i - j) / 8 return o, lse }
`;

export const awkward = (): readonly Spec[] => specsFrom(text, "awkward.attn");

const settable = `
param w = 64
param n = 4
attention streaming(q, k, v: f32[B, H, L, D]) { mask causal and (window(w) or sinks(n)) return o, lse }
`;

/** Windows of no key, of one and of more than there are; no sink and more sinks than keys. */
export const settings: readonly Readonly<Record<"w" | "n", number>>[] = [
  { w: 0, n: 0 },
  { w: 0, n: 4 },
  { w: 1, n: 0 },
  { w: 7, n: 500 },
  { w: 100_000, n: 3 },
];

export const streaming = (set: Readonly<Record<string, number>>): readonly Spec[] =>
  specsFrom(settable, "streaming.attn", set);
