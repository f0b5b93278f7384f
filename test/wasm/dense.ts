/** Kernels of whole attentions as wasm, against naive loops: one suite for each kind of module. */
import { describe, expect, it } from "vitest";
import type { Simd } from "../../backends/wasm/emit.ts";
import { compileKernel } from "../../backends/wasm/host.ts";
import { lowerPlan } from "../../src/compile.ts";
import { wasm } from "../../src/targets/index.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { alibi, causal, dense, groupedCausal, windowed } from "../support/plans.ts";
import { naive, worst } from "../support/naive.ts";

let seed = 1;
function normal(): number {
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed + 1) / 4294967297;
  };
  return Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}
const draw = (n: number): Float32Array => Float32Array.from({ length: n }, normal);

type Keep = (i: number, j: number) => boolean;
const patterns: readonly {
  plan: Plan;
  keep?: Keep;
  score?: (s: number, i: number, j: number, h: number) => number;
  group?: number;
}[] = [
  { plan: dense },
  { plan: causal, keep: (i, j) => j <= i },
  { plan: windowed(20), keep: (i, j) => j <= i && i - j < 20 },
  { plan: groupedCausal, keep: (i, j) => j <= i, group: 2 },
  { plan: alibi, keep: (i, j) => j <= i, score: (s, i, j, h) => s + 2 ** ((-8 * (h + 1)) / 2) * (j - i) },
];

export const againstNaive = (simd: Simd) =>
  describe(`${simd} kernels against naive attention`, () => {
    describe.each(patterns)("$plan.name", ({ plan, keep, score, group = 1 }) => {
      const kernel = compileKernel(lowerPlan(plan, wasm), simd);
      const cases = [
        [0, 0, 8],
        [1, 1, 1],
        [1, 7, 3],
        [31, 31, 15],
        [33, 33, 64],
        [70, 70, 80],
        [200, 200, 16],
        [300, 300, 64],
        [40, 100, 64],
        [50, 20, 3],
      ];
      it.each(cases)("L=%i S=%i D=%i", async (L = 0, S = 0, D = 0) => {
        const [B, H] = [1, 2];
        const Hkv = H / group;
        const [q, k, v] = [draw(B * H * L * D), draw(B * Hkv * S * D), draw(B * Hkv * S * D)];
        const sizes = { B, H, Hkv, L, S, D };
        const ready = (await kernel).prepare({
          sizes,
          inputs: new Map([
            ["q", { dims: [B, H, L, D], data: q }],
            ["k", { dims: [B, Hkv, S, D], data: k }],
            ["v", { dims: [B, Hkv, S, D], data: v }],
          ]),
        });
        ready?.run();
        const got = ready?.outputs();
        const want = naive({ ...sizes, q, k, v, ...(keep ? { keep } : {}), ...(score ? { score } : {}) });
        const top = Math.max(1e-30, ...Array.from(v, Math.abs));
        expect(worst(got?.get("o")?.data ?? [], want.o) / top).toBeLessThan(5e-7);
        const lse = got?.get("lse")?.data ?? [];
        const scale = Math.max(1, ...Array.from(want.lse, (x) => (Number.isFinite(x) ? Math.abs(x) : 0)));
        expect(worst(lse, want.lse) / scale).toBeLessThan(2e-6);
      });
    });
  });

/** The same plan with pieces that begin anywhere, not only at whole panels. */
const ragged = (plan: Plan, granule: number): Plan => ({
  ...plan,
  stages: plan.stages.map((stage) =>
    stage.kind === "attend" ? { ...stage, visit: { ...stage.visit, granule } } : stage,
  ),
});

export const atTheEdges = (simd: Simd) =>
  describe(`${simd} kernels at the edges`, () => {
    const [B, H, D] = [1, 1, 12];
    const call = (L: number, spoil: (v: Float32Array) => void = () => undefined) => {
      const dims = [B, H, L, D];
      const [q, k, v] = [draw(L * D), draw(L * D), draw(L * D)];
      spoil(v);
      const inputs = new Map(Object.entries({ q, k, v }).map(([name, data]) => [name, { dims, data }]));
      return { q, k, v, call: { sizes: { B, H, L, S: L, D }, inputs } };
    };

    it.each([1, 5, 12])("pieces of granule %i", async (granule) => {
      const kernel = await compileKernel(lowerPlan(ragged(windowed(37), granule), wasm), simd);
      const { q, k, v, call: given } = call(211);
      const ready = kernel.prepare(given);
      ready.run();
      const want = naive({ B, H, Hkv: H, L: 211, S: 211, D, q, k, v, keep: (i, j) => j <= i && i - j < 37 });
      expect(worst(ready.outputs().get("o")?.data ?? [], want.o) / Math.max(...v.map(Math.abs))).toBeLessThan(5e-7);
    });

    it("a value that is masked reaches no row, not even NaN", async () => {
      const kernel = await compileKernel(lowerPlan(causal, wasm), simd);
      const {
        q,
        k,
        v,
        call: given,
      } = call(90, (values) => values.fill(Number.NaN, 75 * D, 76 * D).fill(Infinity, 80 * D, 81 * D));
      const ready = kernel.prepare(given);
      ready.run();
      const o = ready.outputs().get("o")?.data ?? new Float32Array();
      const clean = v.map((x) => (Number.isFinite(x) ? x : 0));
      const want = naive({ B, H, Hkv: H, L: 90, S: 90, D, q, k, v: clean, keep: (i, j) => j <= i });
      expect(worst(o.slice(0, 75 * D), want.o.slice(0, 75 * D))).toBeLessThan(2e-6);
      expect(o.slice(75 * D).every(Number.isNaN)).toBe(true);
    });

    it("an appended key changes no bit of earlier rows", async () => {
      const kernel = await compileKernel(lowerPlan(causal, wasm), simd);
      const { q, k, v, call: given } = call(130);
      const ready = kernel.prepare(given);
      ready.run();
      const whole = ready.outputs().get("o")?.data.slice() ?? [];
      for (const L of [40, 97, 129]) {
        const dims = [B, H, L, D];
        const inputs = new Map(
          Object.entries({ q, k, v }).map(([name, data]) => [name, { dims, data: data.slice(0, L * D) }]),
        );
        const shorter = kernel.prepare({ sizes: { B, H, L, S: L, D }, inputs });
        shorter.run();
        expect(shorter.outputs().get("o")?.data).toEqual(Float32Array.from(whole.slice(0, L * D)));
      }
    });
  });
