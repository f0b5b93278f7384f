/**
 * `return entropy`: by hand where all weights are alike, with a sink, of rows without a key; on the CPU targets beside the
 * oracle, where references move, heads are grouped and rows are regrouped; refused for plain sums.
 */
import { expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import type { SampleTensor } from "../../src/verify/sample.ts";
import { specFrom } from "../support/examples.ts";
import { cpuTargets, kernelOf } from "../support/kernels.ts";
import { expectRight } from "./support.ts";

const zeros = (rows: number): SampleTensor => ({ dims: [rows, 2], data: new Float32Array(rows * 2) });

test.each(["oracle", ...cpuTargets] as const)("by hand: %s", async (target) => {
  const of = async (text: string, L: number): Promise<readonly number[]> => {
    const spec = specFrom(`attention a(q, k, v: f32[L, D]) { ${text} return entropy }`);
    const inputs = new Map(["q", "k", "v"].map((name) => [name, zeros(L)] as const));
    const sizes = { L, D: 2 };
    if (target === "oracle") return Array.from(oracle(spec, sizes, inputs).outputs.get("entropy")?.data ?? []);
    const kernel = await kernelOf(spec, target);
    const found = (await kernel.call(sizes, inputs)).get("entropy")?.data ?? [];
    await kernel.close();
    return Array.from(found);
  };
  const near = (found: readonly number[], want: readonly number[]): void => {
    expect(found).toHaveLength(want.length);
    want.forEach((x, n) => expect(found[n]).toBeCloseTo(x, 5));
  };
  near(await of("mask causal", 4), [1, 2, 3, 4].map(Math.log));
  // The sink is one weight more.
  near(await of("mask causal weights softmax(sink: 0)", 3), [2, 3, 4].map(Math.log));
  near(await of("mask j < i", 3), [0, 0, Math.log(2)]);
  // One key far above the rest leaves nothing to doubt.
  near(await of("score if j == 0 then 80.0 else 0.0", 2), [0, 0]);
});

const forms: readonly (readonly [name: string, text: string])[] = [
  ["causal, grouped", "(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D]) { mask causal return o, lse, entropy }"],
  ["references that rise", "(q, k, v: f32[L, D]) { score s + j * 0.5 return entropy, o }"],
  ["a sink above all", "(q, k, v: f32[H, L, D]) { weights softmax(sink: 9) mask window(5) return h = entropy }"],
  ["rows regrouped", "(q, k, v: f32[L, D]) { mask causal and (window(8) or stride(8)) return o, entropy: f16 }"],
];

test.each(forms.flatMap(([name, text]) => cpuTargets.map((target) => [name, target, text] as const)))(
  "%s on %s",
  (_, target, text) => {
    const calls = [0, 5, 150].map((L) => ({ B: 2, H: 4, Hkv: 2, L, D: 12 }));
    return expectRight(specFrom(`attention a${text}`), target, calls, { seed: 3, spread: 4 });
  },
);
