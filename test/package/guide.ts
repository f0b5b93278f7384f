/**
 * docs/guide as its reader types it. In a folder of its own for each page, a block under a paragraph that ends in `name`: becomes that file, the
 * lines of the sh blocks are run one after the other, and what a text block shows is what the last one printed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { run } from "./installed.ts";

const guide = fileURLToPath(new URL("../../docs/guide", import.meta.url));
export const pages = readdirSync(guide).toSorted();
const textOf = (page: string): string => readFileSync(join(guide, page), "utf8");

interface Block {
  readonly file: string | undefined;
  readonly language: string;
  readonly text: string;
}

const blocksOf = (page: string): readonly Block[] =>
  [...page.matchAll(/(?:`([\w./-]+)`:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, file, language = "", text = ""]) => ({
      file,
      language,
      text,
    }),
  );

/** One line of a shell block; `npx fovea` is the command line that is installed in the project. */
async function type(line: string, project: string, folder: string): Promise<string> {
  const [word = "", ...words] = line
    .replace(/^npx fovea/, `node ${join(project, "node_modules/.bin/fovea")}`)
    .split(" ");
  const { stdout } = await run(word === "node" ? process.execPath : word, words, folder);
  return stdout;
}

/** Numbers may move as the compiler gets better; what a line says may not. */
const words = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/\d[\d.,]*/g, "#").trimEnd());

export async function follow(page: string, project: string): Promise<void> {
  const folder = join(project, page.replace(/\W/g, "-"));
  mkdirSync(folder);
  let said = "";
  for (const { file, language, text } of blocksOf(textOf(page))) {
    if (file) writeFileSync(join(folder, file), text);
    else if (language === "sh") {
      for (const line of text.trimEnd().split("\n")) said = await type(line, project, folder);
    } else if (language === "text" && said) expect(words(text)).toEqual(words(said));
  }
}

export function expectLinks(page: string): void {
  for (const [, link = ""] of textOf(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g))
    expect(existsSync(join(guide, link)), `${page}: ${link}`).toBe(true);
}
