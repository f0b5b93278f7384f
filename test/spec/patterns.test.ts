/** Every pattern of the prelude against its meaning, pair by pair. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { evaluate } from "../../src/scalar/evaluate.ts";
import { attention as a, only } from "./support.ts";

type Meaning = (i: number, j: number, n: number) => boolean;
const rest = (x: number, n: number): number => ((x % n) + n) % n;

const patterns: Readonly<Record<string, Meaning>> = {
  causal: (i, j) => j <= i,
  "window(n)": (i, j, n) => j <= i && j > i - n,
  "around(n)": (i, j, n) => j >= i - n && j <= i + n,
  "dilated(4, n)": (i, j, n) => j <= i && i - j <= 3 * n && rest(i - j, n) === 0,
  "chunk(n)": (i, j, n) => Math.floor(i / n) === Math.floor(j / n),
  diagonal: (i, j) => Math.floor(i / 4) === Math.floor(j / 4),
  "stride(n)": (i, j, n) => rest(i - j, n) === 0,
  "columns(n)": (_, j, n) => rest(j, n) === 0,
  "sinks(n)": (_, j, n) => j < n,
  "global(n)": (i, j, n) => i < n || j < n,
  "prefix(n)": (_, j, n) => j < n,
  both_ways: () => true,
};

describe("patterns of the prelude", () => {
  for (const [pattern, meaning] of Object.entries(patterns)) {
    it(pattern, () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 9 }), (n) => {
          const { mask } = only(`param n = ${n} ${a(`blocks 4 mask both_ways and ${pattern}`)}`);
          for (let i = -3; i < 20; i++) {
            for (let j = 0; j < 20; j++) {
              const got = evaluate(
                mask,
                { variables: { i, j, b: 0, h: 0, row: 0 }, sizes: {}, read: () => 0, dims: () => [] },
                "f32",
              );
              expect(got !== 0, `i ${i}, j ${j}, n ${n}`).toBe(meaning(i, j, n));
            }
          }
        }),
        { numRuns: 12 },
      );
    });
  }
  it("window(w) is exactly w keys, the query's own included", () => {
    const { mask } = only(a("mask window(5)"));
    const sees = (j: number): boolean =>
      evaluate(mask, { variables: { i: 10, j }, sizes: {}, read: () => 0, dims: () => [] }, "f32") !== 0;
    expect(Array.from({ length: 20 }, (_, j) => j).filter(sees)).toEqual([6, 7, 8, 9, 10]);
  });
});
