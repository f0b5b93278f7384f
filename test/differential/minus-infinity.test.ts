/**
 * A bias of −∞ in the score stands for a mask, as in other libraries: what it falls on weighs nothing, a row of
 * nothing else is a row without a key, and no target makes NaN of it.
 */
import { describe, expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { only } from "../spec/support.ts";
import { cpuTargets, kernelOf } from "../support/kernels.ts";

const spec = only(
  "attention a(q, k, v: f32[H, L, D], bias: f32[L, L]) { mask j <= i + 20 score s + bias[row, j] return o, lse }",
);
const L = 70;
const sizes = { H: 2, L, D: 8 };

/** Rows 3 … 40 lose all keys, the others some. */
function call(): ReturnType<typeof sampleInputs> {
  const inputs = sampleInputs(spec, sizes);
  const data = Float32Array.from({ length: L * L }, (_, n) => {
    const [row, j] = [Math.floor(n / L), n % L];
    return (row >= 3 && row <= 40) || (row + j) % 5 === 0 ? -Infinity : (n % 7) / 7;
  });
  return inputs.set("bias", { dims: [L, L], data });
}

describe("a bias of −∞", () => {
  test.each([...cpuTargets, "wgsl"] as const)("%s", async (target) => {
    const inputs = call();
    const { outputs } = oracle(spec, sizes, inputs);
    const kernel = await kernelOf(spec, target);
    try {
      const found = await kernel.call(sizes, inputs);
      for (const [name, { data }] of outputs) {
        const got = found.get(name)?.data ?? [];
        const worst = data.reduce((most, x, n) => Math.max(most, x === got[n] ? 0 : Math.abs(x - (got[n] ?? 9))), 0);
        expect(worst, name).toBeLessThan(4e-6);
      }
      expect(found.get("lse")?.data[3]).toBe(-Infinity);
    } finally {
      await kernel.close();
    }
  });
});
