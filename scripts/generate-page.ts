/**
 * Makes src/page/generated/text.ts: the page of `bench --page` as text, its script without types. `--check` writes
 * nothing and exits with 1 when it is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import ts from "typescript";

const folder = new URL("../src/page/", import.meta.url);
const target = new URL("generated/text.ts", folder);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

/** In an order in which whatever runs at once stands before its use. */
const scripts = ["measure.ts", "page.ts"];

function withoutTypes(name: string): string {
  const { outputText } = ts.transpileModule(read(name), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    fileName: name,
  });
  return outputText
    .replace(/^import [^;]*;\n/gm, "")
    .replace(/^export \{\};\n/gm, "")
    .replace(/^export /gm, "");
}

export async function generated(): Promise<string> {
  const script = await format(["// SPDX-License-Identifier: 0BSD", ...scripts.map(withoutTypes)].join("\n"), {
    parser: "babel",
    printWidth: 120,
  });
  const texts = { pageHtml: read("index.html"), pageStyle: read("style.css"), pageScript: script };
  const parts = Object.entries(texts).map(([name, text]) => {
    const lines = text.split("\n").map((line) => JSON.stringify(line));
    return `export const ${name} = [${lines.join(",")}].join("\\n");`;
  });
  const head = "/** Generated from src/page by scripts/generate-page.ts; do not edit. */";
  return format([head, ...parts].join("\n\n"), { parser: "typescript", printWidth: 120 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await generated();
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error("src/page/generated/text.ts is stale: run npx tsx scripts/generate-page.ts");
    process.exitCode = 1;
  }
}
