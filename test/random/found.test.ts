/** Specs that random ones once found wrong, each on every CPU stage, called again and again in one memory. */
import { expect, test } from "vitest";
import type { RandomCall } from "./specs.ts";
import { newTally, trouble } from "./stages.ts";

const sizes = { B: 2, H: 6, L: 75, S: 77, D: 7 };
const call = (more: RandomCall["sizes"], seed: number, poisoned = false): RandomCall => ({
  sizes: { ...sizes, ...more },
  seed,
  fill: "example",
  poisoned,
});
const calls = [call({}, 1, true), call({ H: 2, L: 33 }, 2), call({ H: 2, L: 130, D: 35 }, 3), call({ L: 0 }, 4)];

test.each([
  [
    "ranges of tiles that a set of residues does not have",
    "attention a(q, k, v: f32[B, H, L, D]) { mask (i - j) mod (h + 2) == 0 and j <= i }",
  ],
  [
    "remainders by a length that may be 0, which C took for integers beyond 32 bits",
    "attention a(q, k, v: f32[B, H, L, D]) { mask int(float(i)) mod L <= i }",
  ],
])("%s", async (_, text) => {
  const stages = new Set(["tiles", "micro", "plain", "relaxed", "c"] as const);
  expect(await trouble({ text, calls, turn: 0 }, newTally(), stages)).toBeUndefined();
});
