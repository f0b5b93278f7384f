/** The text of the loaders: made from their sources, self-contained, and right about SHA-256. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generated } from "../../scripts/generate-loaders.ts";
import { sha256 } from "../../src/runtime/loaders/bytes.ts";
import { combinedLoader, wasmLoader, wgslLoader } from "../../src/runtime/loaders/generated/text.ts";

test("the generated text is that of the sources: npx tsx scripts/generate-loaders.ts", async () => {
  const text = readFileSync(new URL("../../src/runtime/loaders/generated/text.ts", import.meta.url), "utf8");
  expect(await generated()).toBe(text);
});

test.each(Object.entries({ wasmLoader, wgslLoader, combinedLoader }))(
  "%s imports nothing and names no address",
  (_, text) => {
    expect(text).not.toMatch(/^\s*import\b/m);
    expect(text).not.toMatch(/^export (?!async function create\b)/m);
    expect(text).not.toMatch(/\bimport\(/);
    expect(text).not.toMatch(/https?:/);
  },
);

test("SHA-256 agrees with Node's, also where padding takes a block of its own", () => {
  for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, n) => n * 7);
    expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});
