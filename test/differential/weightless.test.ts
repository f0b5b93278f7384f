/**
 * A key that a row sees but that weighs 0 there, by relu or because its logit lies a hundred below the largest, is not
 * a masked one: what is not a number in its value reaches the row (0 · NaN), and no other row.
 */
import { expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { specFrom } from "../support/examples.ts";
import { cpuTargets, kernelOf } from "../support/kernels.ts";

const sizes = { L: 70, D: 8 };
const victim = 37;
const all = ["relu", "softmax"].flatMap((weights) => cpuTargets.map((target) => [weights, target] as const));

test.each(all)("%s on %s", async (weights, target) => {
  const spec = specFrom(`attention a(q, k, v: f32[L, D]) { mask causal weights ${weights} }`);
  const inputs = sampleInputs(spec, sizes, { seed: 1 });
  const [q, k, v] = ["q", "k", "v"].map((name) => inputs.get(name)?.data ?? new Float32Array());
  // No query agrees with the spoilt key: relu weighs it with 0, and so does softmax in f32.
  for (let n = 0; n < q.length; n++) q[n] = 1 + Math.abs(q[n]);
  for (let c = 0; c < sizes.D; c++) {
    k[victim * sizes.D + c] = -100;
    v[victim * sizes.D + c] = Number.NaN;
  }
  const kernel = await kernelOf(spec, target);
  const found = (await kernel.call(sizes, inputs)).get("o")?.data ?? [];
  await kernel.close();
  const right = oracle(spec, sizes, inputs).outputs.get("o")?.data ?? [];
  const spoilt = Array.from({ length: sizes.L * sizes.D }, (_, n) => n >= victim * sizes.D);
  expect(Array.from(right, Number.isNaN)).toEqual(spoilt);
  expect(Array.from(found, Number.isNaN)).toEqual(spoilt);
});
