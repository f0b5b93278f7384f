/** The tests of one Spec: on each target, all awkward calls against the oracle, each once more with poison where it has some. */
import { afterAll, describe, expect, test } from "vitest";
import type { Spec } from "../../src/spec/spec.ts";
import { kernelOf, type Kernel, type Target } from "../support/kernels.ts";
import { caseOf, shapesOf, wrong, type Case, type Levels } from "./cases.ts";

export interface Suite {
  readonly targets: readonly Target[];
  readonly levels: Levels;
  readonly most: number;
  /** Factor on the contract's limit of `o`. */
  readonly slack?: number;
}

export function awkwardCalls(title: string, spec: Spec, { targets, levels, most, slack = 1 }: Suite): void {
  describe(title, () => {
    const { rows, covered } = shapesOf(spec, levels, most);
    const cases: Case[] = [];
    const caseAt = (n: number): Case => (cases[n] ??= caseOf(spec, rows[n], n + 1));
    const kernels: Kernel[] = [];
    afterAll(async () => {
      // Tensors of thousands of calls would pile up.
      cases.length = 0;
      for (const kernel of kernels) await kernel.close();
    });

    test("nearly every two things meet", () => expect(covered).toBeGreaterThan(0.9));

    for (const target of targets) {
      test(`on ${target}`, async () => {
        const kernel = await kernelOf(spec, target);
        kernels.push(kernel);
        const faults: string[] = [];
        for (let n = 0; n < rows.length; n++) {
          const fault = await wrong(spec, kernel, caseAt(n), target === "wgsl" ? "gpu" : "f32", slack);
          if (fault !== undefined) faults.push(fault);
        }
        expect(faults).toEqual([]);
      });
    }
  });
}
