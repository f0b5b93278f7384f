/** The tests of one share of random specs; files of shares run beside each other. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSpec } from "./specs.ts";
import { newTally, trouble } from "./stages.ts";

/** FOVEA_RUNS asks for more, or fewer. */
export const runsOf = (usual: number): number => Number(process.env["FOVEA_RUNS"] ?? usual);

export function validSpecs(seed: number, usual: number): void {
  test(
    `random specs of seed ${seed} agree with the oracle at every stage`,
    async () => {
      const runs = runsOf(usual);
      const tally = newTally();
      await fc.assert(
        fc.asyncProperty(randomSpec(2), async (spec) => {
          expect(await trouble(spec, tally), spec.text).toBeUndefined();
        }),
        { seed, numRuns: runs },
      );
      expect(tally.specs).toBeGreaterThanOrEqual(runs);
      expect(tally.refused).toBeLessThan(tally.calls / 4);
    },
    20 * 60_000,
  );
}
