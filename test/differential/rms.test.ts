/** The root mean square error, pooled over eight draws of a shape, is at most 1.5 times that of naive float32. */
import { afterAll, expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { specFrom } from "../support/examples.ts";
import { kernelOf, type Kernel, type Target } from "../support/kernels.ts";
import { naive32 } from "../support/naive32.ts";

const draws = 8;
const kernels: Kernel[] = [];
afterAll(async () => {
  for (const kernel of kernels) await kernel.close();
});

/** A software GPU takes seconds for a pipeline, one for each head size: there it is one shape. */
const targets = (D: number): readonly Target[] => [
  "wasm plain",
  "wasm relaxed",
  "c",
  ...(D === 64 ? (["wgsl"] as const) : []),
];

for (const [mask, keep] of [
  ["true", undefined],
  ["causal", (i: number, j: number) => j <= i],
] as const)
  for (const [L, D] of [
    [150, 64],
    [70, 128],
  ] as const) {
    const spec = specFrom(`attention a(q, k, v: f32[B, H, L, D]) { mask ${mask} }`);
    const sizes = { B: 1, H: 1, L, D };
    const cases = Array.from({ length: draws }, (_, seed) => {
      const inputs = sampleInputs(spec, sizes, { seed: seed + 100 });
      const [q, k, v] = ["q", "k", "v"].map((name) => inputs.get(name)?.data ?? new Float32Array());
      const right = oracle(spec, sizes, inputs).outputs.get("o")?.data ?? new Float64Array();
      return { inputs, right, naive: naive32({ ...sizes, q, k, v, ...(keep ? { keep } : {}) }) };
    });
    const squares = (found: ArrayLike<number>, right: Float64Array): number =>
      right.reduce((sum, want, n) => sum + (Number(found[n]) - want) ** 2, 0);
    const naive = cases.reduce((sum, each) => sum + squares(each.naive, each.right), 0);

    for (const target of targets(D))
      test(`mask ${mask}, L = ${L}, D = ${D}, on ${target}`, async () => {
        const kernel = await kernelOf(spec, target);
        kernels.push(kernel);
        let sum = 0;
        for (const { inputs, right } of cases)
          sum += squares((await kernel.call(sizes, inputs)).get("o")?.data ?? [], right);
        expect(naive).toBeGreaterThan(0);
        expect(Math.sqrt(sum / naive)).toBeLessThan(1.5);
        // An error of exactly nothing would mean that nothing was compared.
        expect(sum).toBeGreaterThan(0);
      });
  }
