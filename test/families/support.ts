/** What the tests of families share: a kernel beside the oracle over several sizes, and the codes of a wrong attention. */
import { expect } from "vitest";
import { check } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { sampleInputs, type SampleOptions } from "../../src/verify/sample.ts";
import { kernelOf, type Target } from "../support/kernels.ts";

/** One kernel gives what the oracle says, at the contract's limit, for each of the calls; each names at least its sizes. */
export async function expectRight(
  spec: Spec,
  target: Target,
  calls: readonly Sizes[],
  options: SampleOptions = { seed: 3 },
): Promise<void> {
  const kernel = await kernelOf(spec, target);
  for (const call of calls) {
    const sizes = Object.fromEntries(spec.sizes.map((name) => [name, call[name]]));
    const inputs = sampleInputs(spec, sizes, options);
    const right = oracle(spec, sizes, inputs);
    const limit = limitFor("f32", right, call["D"]);
    expect(compare(spec, right, await kernel.call(sizes, inputs), limit)).toMatchObject({ ok: true });
  }
  await kernel.close();
}

/** What is said of an attention over [B, H, L, D] with these clauses. */
export const codesOf = (clauses: string, inputs: string): readonly string[] =>
  check(`attention a(q, k, v: f32[B, H, L, D], ${inputs}) { ${clauses} }`, "t.attn").diagnostics.map((d) => d.code);
