#!/usr/bin/env node
// Runs the built command line; in a checkout whose sources are newer than the build, the sources through tsx.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = join(root, "dist/src/cli/main.js");

function newest(folder) {
  let last = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) last = Math.max(last, newest(path));
    else if (entry.name.endsWith(".ts")) last = Math.max(last, statSync(path).mtimeMs);
  }
  return last;
}

const sources = ["src", "backends", "grammar"].map((name) => join(root, name)).filter((path) => existsSync(path));
const fresh = existsSync(built) && sources.every((path) => newest(path) <= statSync(built).mtimeMs);
if (!fresh) (await import("tsx/esm/api")).register();
const { main } = await import(new URL(fresh ? "../dist/src/cli/main.js" : "../src/cli/main.ts", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));
