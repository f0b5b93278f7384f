/** Texts that are nearly specs end in coded diagnostics: nothing throws, nothing hangs, no message is half a message. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newTextTally, nearly, textFault } from "./nearly.ts";
import { randomSpec } from "./specs.ts";
import { runsOf } from "./valid.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const examples = readdirSync(new URL("../../examples/", import.meta.url)).filter((name) => name.endsWith(".attn"));

/** The whole language, what people write, and what nobody would. */
const texts = [
  ...read("../syntax/language.attn").split(/\n\n+/),
  ...examples.map((name) => read(`../../examples/${name}`)),
  ...fc.sample(randomSpec(1), { seed: 3, numRuns: 60 }).map(({ text }) => text),
];

test("texts that are nearly specs", () => {
  const runs = runsOf(20_000);
  const tally = newTextTally();
  fc.assert(
    fc.property(nearly(texts), (text) => {
      expect(textFault(text, tally), JSON.stringify(text)).toBeUndefined();
    }),
    { seed: 1, numRuns: runs },
  );
  expect(tally.texts).toBeGreaterThanOrEqual(runs);
  // The mutations are neither too wild nor too tame.
  expect(tally.refused).toBeGreaterThan(runs / 3);
  expect(tally.lowered).toBeGreaterThan(runs / 50);
  expect(tally.codes.size).toBeGreaterThan(20);
});
