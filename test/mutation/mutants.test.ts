/**
 * Does the random harness notice mistakes? Every mutant stands where it is said to stand, and a handful of them, one a
 * layer, are planted and must be caught. `npm run mutants` plants them all.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { plantAll } from "./plant.ts";

test("every mutant fits its file", () => {
  const misfits = mutants.filter(({ file, old }) => readFileSync(file, "utf8").split(old).length !== 2);
  expect(misfits.map(({ file, what }) => `${file}: ${what}`)).toEqual([]);
  expect(mutants.length).toBeGreaterThanOrEqual(60);
});

const handful = [
  "a window one key short",
  "the rescale of the output",
  "the wrong head of a group",
  "the tail of a row",
  "the tail of a sum",
];

test("a handful of mutants is caught", async () => {
  const chosen = mutants.filter(({ what }) => handful.includes(what));
  const results = await plantAll(chosen, 1, 0);
  expect(results.map(({ mutant, outcome }) => `${mutant.what}: ${outcome}`).toSorted()).toEqual(
    handful.map((what) => `${what}: caught`).toSorted(),
  );
});
