/** Prints GFLOP/s of the wasm kernel: dense, 8 heads, D 64. `node bench/dense.ts [n]`. */
import { available, compileKernel } from "../backends/wasm/host.ts";
import { lowerPlan } from "../src/compile.ts";
import { wasm } from "../src/targets/index.ts";
import { causal, dense } from "../test/support/plans.ts";

const n = Number(process.argv[2] ?? 1024);
const [B, H, D] = [1, 8, 64];
const draw = (): Float32Array => Float32Array.from({ length: B * H * n * D }, () => Math.random() * 2 - 1);
const runs = Math.max(10, Math.ceil(30 * (1024 / n) ** 2));
const dims = [B, H, n, D];
for (const plan of [dense, causal]) {
  for (const simd of ["plain", "relaxed"] as const) {
    if (!available(simd)) continue;
    const begun = performance.now();
    const kernel = await compileKernel(lowerPlan(plan, wasm), simd);
    const built = performance.now() - begun;
    const inputs = new Map(["q", "k", "v"].map((name) => [name, { dims, data: draw() }]));
    const { run } = kernel.prepare({ sizes: { B, H, L: n, S: n, D }, inputs });
    const times: number[] = [];
    for (let k = 0; k < runs; k++) {
      const start = performance.now();
      run();
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const [least = 0, median = 0] = [times[0], times[runs >> 1]];
    const flops = 4 * H * n * n * D * (plan === causal ? (n + 1) / (2 * n) : 1);
    const rate = (ms: number): string => (flops / ms / 1e6).toFixed(1);
    console.log(
      `${plan.name} ${simd}: ${rate(least)} GFLOP/s best, ${rate(median)} median, ${least.toFixed(1)} ms; built in ${built.toFixed(0)} ms`,
    );
  }
}
