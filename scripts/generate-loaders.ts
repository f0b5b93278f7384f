/**
 * Makes src/runtime/loaders/generated/text.ts: the loaders of src/runtime/loaders as the text that stands in every
 * generated file, types taken out and comments kept. `--check` writes nothing and exits with 1 when it is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import ts from "typescript";

const folder = new URL("../src/runtime/loaders/", import.meta.url);
const target = new URL("generated/text.ts", folder);

/** In an order in which whatever runs at once stands before its use. */
const loaders = {
  wasmLoader: ["errors", "bytes", "half", "call", "probe", "wasm-memory", "wasm-allocation", "wasm"],
  wgslLoader: ["errors", "bytes", "half", "call", "wgsl-buffers", "wgsl-engine", "wgsl"],
  combinedLoader: ["errors", "combined"],
} as const;

/** The compiler drops blank lines; they are carried through as comments. */
const blank = "//:blank";

function withoutTypes(name: string): string {
  const source = readFileSync(new URL(`${name}.ts`, folder), "utf8").replace(/^\n/gm, `${blank}\n`);
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    fileName: `${name}.ts`,
  });
  return outputText
    .replace(/^import [^;]*;\n/gm, "")
    .replace(/^export \{\};\n/gm, "")
    .replace(/^export (?!async function create\b)/gm, "")
    .replaceAll(new RegExp(`^\\s*${blank}$`, "gm"), "");
}

async function textOf(names: readonly string[]): Promise<string> {
  const whole = names.map(withoutTypes).join("\n");
  return format(whole, { parser: "babel", printWidth: 120 });
}

export async function generated(): Promise<string> {
  const parts: string[] = [];
  for (const [name, files] of Object.entries(loaders)) {
    const lines = (await textOf(files)).split("\n").map((line) => JSON.stringify(line));
    parts.push(`export const ${name} = [${lines.join(",")}].join("\\n");`);
  }
  const head = "/** Generated from src/runtime/loaders by scripts/generate-loaders.ts; do not edit. */";
  return format([head, ...parts].join("\n\n"), { parser: "typescript", printWidth: 120 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await generated();
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error("src/runtime/loaders/generated/text.ts is stale: run npx tsx scripts/generate-loaders.ts");
    process.exitCode = 1;
  }
}
