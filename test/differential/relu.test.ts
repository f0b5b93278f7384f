/**
 * A key that a row sees but that relu weighs with 0 is not a masked one: what is not a number in its value reaches the
 * row (0 · NaN), and no other row.
 */
import { expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { specFrom } from "../support/examples.ts";
import { cpuTargets, kernelOf } from "../support/kernels.ts";

const spec = specFrom("attention a(q, k, v: f32[L, D]) { mask causal weights relu }");
const sizes = { L: 70, D: 8 };
const victim = 37;

test.each(cpuTargets)("on %s", async (target) => {
  const inputs = sampleInputs(spec, sizes, { seed: 1 });
  const [q, k, v] = ["q", "k", "v"].map((name) => inputs.get(name)?.data ?? new Float32Array());
  // No query agrees with the spoilt key.
  for (let n = 0; n < q.length; n++) q[n] = Math.abs(q[n]);
  for (let c = 0; c < sizes.D; c++) {
    k[victim * sizes.D + c] = -1;
    v[victim * sizes.D + c] = c % 2 ? Number.POSITIVE_INFINITY : Number.NaN;
  }
  const kernel = await kernelOf(spec, target);
  const found = (await kernel.call(sizes, inputs)).get("o")?.data ?? [];
  await kernel.close();
  const right = oracle(spec, sizes, inputs).outputs.get("o")?.data ?? [];
  for (let n = 0; n < sizes.L * sizes.D; n++) {
    const spoilt = n >= victim * sizes.D;
    expect([n, Number.isNaN(found[n]), Number.isNaN(right[n])]).toEqual([n, spoilt, spoilt]);
  }
});
