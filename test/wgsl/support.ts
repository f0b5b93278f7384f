/** Runs a hand-made plan on WGSL and compares it with the naive float64 attention. */
import type { Plan } from "../../src/plan/plan.ts";
import { normal } from "../../src/runtime/random.ts";
import { lowerPlan } from "../../src/compile.ts";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { runModule } from "../../backends/wgsl/host.ts";
import { wgsl } from "../../backends/wgsl/index.ts";
import { naive, worst, type NaiveCase } from "../support/naive.ts";

export interface Shape {
  readonly B?: number;
  readonly H?: number;
  readonly Hkv?: number;
  readonly L: number;
  readonly S?: number;
  readonly D: number;
  /** Logits reach about this far. */
  readonly spread?: number;
}

type More = Pick<NaiveCase, "keep" | "score"> & {
  readonly change?: (data: { q: Float32Array; k: Float32Array; v: Float32Array }) => void;
  /** Workgroups in a row of the dispatch. */
  readonly widest?: number;
};

export async function runCase(plan: Plan, shape: Shape, more: More = {}) {
  const { B = 1, H = 2, L, D } = shape;
  const Hkv = shape.Hkv ?? H;
  const S = shape.S ?? L;
  const q = normal(1, "q", B * H * L * D).map((x) => x * (shape.spread ?? 1));
  const k = normal(1, "k", B * Hkv * S * D);
  const v = normal(1, "v", B * Hkv * S * D);
  const clean = { q: q.slice(), k: k.slice(), v: v.slice() };
  more.change?.({ q, k, v });
  const inputs = new Map([
    ["q", { dims: [B, H, L, D], data: q }],
    ["k", { dims: [B, Hkv, S, D], data: k }],
    ["v", { dims: [B, Hkv, S, D], data: v }],
  ]);
  const program = lowerPlan(plan, wgsl.device);
  const call = { sizes: { B, H, Hkv, L, S, D }, inputs };
  const outputs = await runModule(emitModule(program, {}), call, more.widest);
  const want = naive({
    B,
    H,
    Hkv,
    L,
    S,
    D,
    ...clean,
    ...(more.keep ? { keep: more.keep } : {}),
    ...(more.score ? { score: more.score } : {}),
  });
  const o = outputs.get("o")?.data ?? new Float32Array();
  const lse = outputs.get("lse")?.data ?? new Float32Array();
  const largest = clean.v.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  return { o, lse, want, error: worst(o, want.o) / largest, lseError: worst(lse, want.lse) };
}
