/**
 * Makes what shows the grammar to people and editors, from the tokens, the parser and the prelude: EBNF, railroad
 * diagrams and highlighting. `--check` writes nothing and exits with 1 when a file is stale.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ebnf } from "./grammar/ebnf.ts";
import { railroad } from "./grammar/railroad.ts";
import { textMate } from "./grammar/textmate.ts";

/** Paths from the root, and what stands there. An extension of an editor can hold only files of its own folder. */
export const generated = (): ReadonlyMap<string, string> =>
  new Map([
    ["grammar/generated/attn.ebnf", ebnf()],
    ["grammar/generated/railroad.html", railroad()],
    ["grammar/generated/attn.tmLanguage.json", textMate()],
    ["editors/vscode/syntaxes/attn.tmLanguage.json", textMate()],
  ]);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generated()) {
    const place = new URL(`../${path}`, import.meta.url);
    if (!process.argv.includes("--check")) writeFileSync(place, text);
    else if (!existsSync(place) || readFileSync(place, "utf8") !== text) {
      console.error(`${path} is stale: run npm run generate`);
      process.exitCode = 1;
    }
  }
}
