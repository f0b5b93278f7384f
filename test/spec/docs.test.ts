/** Every FOV2xxx and FOV3xxx has a page whose first example has that mistake and whose last has none. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { codes } from "../../src/diagnostics/codes.ts";
import { resolveText } from "./support.ts";

describe("pages of docs/errors", () => {
  for (const [code, title] of Object.entries(codes).filter(([name]) => /^FOV[23]/.test(name))) {
    it(code, () => {
      const url = new URL(`../../docs/errors/${code}.md`, import.meta.url);
      expect(existsSync(url)).toBe(true);
      const text = readFileSync(url, "utf8");
      expect(text.startsWith(`# ${code}: ${title}\n`)).toBe(true);
      const blocks = [...text.matchAll(/```attn\n([\s\S]*?)```/g)].map((match) => match[1]);
      expect(blocks.length).toBeGreaterThan(0);
      for (const [n, block] of blocks.entries()) {
        const found = resolveText(block).diagnostics.map((d) => d.code);
        if (n === blocks.length - 1) expect(found).toEqual([]);
        else expect(new Set(found)).toEqual(new Set([code]));
      }
    });
  }
});
