/**
 * Makes grammar/generated/prelude.ts from grammar/prelude.attn, so that the compiler carries its prelude
 * without reading a file. `--check` writes nothing and exits with 1 when the generated file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";

const from = new URL("../grammar/prelude.attn", import.meta.url);
const to = new URL("../grammar/generated/prelude.ts", import.meta.url);

const lines = readFileSync(from, "utf8").trimEnd().split(/\r?\n/);
const text = [
  "/** Generated from grammar/prelude.attn by scripts/generate-prelude.ts; do not edit. */",
  "export const preludeSource = [",
  ...lines.map((line) => `  ${JSON.stringify(line)},`),
  '  "",',
  '].join("\\n");',
  "",
].join("\n");

if (process.argv.includes("--check")) {
  if (readFileSync(to, "utf8") !== text) {
    console.error("grammar/generated/prelude.ts is stale: run npx tsx scripts/generate-prelude.ts");
    process.exitCode = 1;
  }
} else {
  writeFileSync(to, text);
}
