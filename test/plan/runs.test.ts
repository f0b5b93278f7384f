/** Runs of keys counted by arithmetic against runs looked at one by one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { runsOf } from "../../src/plan/runs.ts";
import type { Keys } from "../../src/plan/tiles.ts";

const range = (most: number): fc.Arbitrary<Keys> =>
  fc.tuple(fc.nat(most), fc.nat(most)).map(([a, b]): Keys => [Math.min(a, b), Math.max(a, b) + 1]);

/** Sorted and disjoint, as ranges of a tile are. */
const disjoint = fc
  .uniqueArray(fc.nat(200), { minLength: 2, maxLength: 8 })
  .map((ends) => ends.toSorted((a, b) => a - b))
  .map((ends) =>
    ends.flatMap((lo, n): Keys[] => (n % 2 === 0 && ends[n + 1] !== undefined ? [[lo, ends[n + 1]]] : [])),
  );

test("full and mixed runs, the keys in them, and whose they are", () => {
  const asked = fc.array(fc.record({ origin: fc.constantFrom("a", "b", "c"), keys: range(200) }), { maxLength: 4 });
  fc.assert(
    fc.property(range(200), disjoint, asked, fc.integer({ min: 1, max: 70 }), ([start, end], must, asked, keys) => {
      const wanted = { full: 0, fullKeys: 0, mixed: 0, mixedKeys: 0, byClause: {} as Record<string, number> };
      for (let lo = start; lo < end; lo += keys) {
        const hi = Math.min(end, lo + keys);
        const kind = must.some(([from, to]) => from <= lo && hi <= to) ? "full" : "mixed";
        wanted[kind]++;
        wanted[`${kind}Keys`] += hi - lo;
        const clause = (asked.find(({ keys: [from, to] }) => from < hi && lo < to) ?? asked[0])?.origin ?? "all";
        wanted.byClause[clause] = (wanted.byClause[clause] ?? 0) + 1;
      }
      const { full, mixed, byClause } = runsOf({ may: [], must, asked, examined: 0 }, [start, end], keys);
      const sum = (parts: readonly Keys[]): number => parts.reduce((all, [lo, hi]) => all + hi - lo, 0);
      const found: Record<string, number> = {};
      for (const [clause, n] of byClause) found[clause] = (found[clause] ?? 0) + n;
      expect({
        full: sum(full.runs),
        fullKeys: sum(full.keys),
        mixed: sum(mixed.runs),
        mixedKeys: sum(mixed.keys),
        byClause: found,
      }).toEqual(wanted);
    }),
  );
});
