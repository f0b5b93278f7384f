/**
 * Makes backends/wasm/generated/support.ts from the AssemblyScript routines in backends/wasm/support, so that what
 * ships needs no AssemblyScript. `--check` writes nothing and exits with 1 when the generated file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const folder = fileURLToPath(new URL("../backends/wasm/support/", import.meta.url));
const to = new URL("../backends/wasm/generated/support.ts", import.meta.url);

/**
 * The runtime that never frees and a memory from outside leave nothing in the module but the routines. Without
 * `abort` a failed assertion traps; names stay for the module that the routines become part of.
 */
const options: readonly string[] =
  "--runtime stub --importMemory --debug --use abort= --optimizeLevel 3 --shrinkLevel 2 --outFile support.wasm".split(
    " ",
  );

/** The text of the generated module. */
export async function supportText(): Promise<string> {
  let made: Uint8Array | undefined;
  const { error, stderr } = await asc.main(["ranges.ts", "--baseDir", folder, ...options], {
    writeFile: (_, content) => {
      if (typeof content !== "string") made = content;
    },
  });
  if (error || !made) throw error ?? new Error(`asc made nothing: ${stderr.toString()}`);
  return [
    "/** Generated from backends/wasm/support by scripts/generate-support.ts; do not edit. A wasm module in base64. */",
    "export const supportModule =",
    `  ${JSON.stringify(Buffer.from(made).toString("base64"))};`,
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await supportText();
  if (!process.argv.includes("--check")) writeFileSync(to, text);
  else if (readFileSync(to, "utf8") !== text) {
    console.error("backends/wasm/generated/support.ts is stale: run npm run generate");
    process.exitCode = 1;
  }
}
