#!/usr/bin/env node
// Runs the built command line, or the sources through tsx in a checkout that has not been built.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = new URL("../dist/src/cli/main.js", import.meta.url);
if (!existsSync(fileURLToPath(built))) (await import("tsx/esm/api")).register();
const { main } = await import(
  existsSync(fileURLToPath(built)) ? built.href : new URL("../src/cli/main.ts", import.meta.url).href
);
process.exitCode = await main(process.argv.slice(2));
