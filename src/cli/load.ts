/** From paths to sources and Specs. Reads .attn files; says what is missing by its code. */
import { closeSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { attentionsOf, withoutAttention } from "../attentions.ts";
import { fail, FoveaError } from "../diagnostics/diagnostic.ts";
import { reasonOf } from "../runtime/write.ts";
import type { Spec } from "../spec/spec.ts";
import { limits } from "../syntax/limits.ts";
import type { Common } from "./options.ts";
import { readAtMost, report, type Terminal } from "./terminal.ts";

export { reasonOf };

/** One byte more than a source may have, so that `check` sees that it is too long and no more is ever read. */
const most = limits.sourceBytes + 1;

/** The text of a file, or of standard input for `-`. What is not UTF-8 becomes U+FFFD, which the lexer refuses. */
export function readSource(path: string, terminal: Terminal): string {
  try {
    const source = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      path === "-" ? terminal.input(most) : readFile(path),
    );
    terminal.sources.set(path, source);
    return source;
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    return unreadable(path, error);
  }
}

function readFile(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    if (fstatSync(file).isDirectory()) fail("FOV0002", `\`${path}\` is a directory`, { help: "name a file in it" });
    return readAtMost(file, most);
  } finally {
    closeSync(file);
  }
}

function unreadable(path: string, error: unknown): never {
  return fail("FOV0002", `\`${path}\` cannot be read: ${reasonOf(error)}`, {
    help: "check the path and its permissions; `-` reads standard input",
  });
}

/**
 * Files as they are, folders as the .attn files in them and in their folders, in order of name. What is not there is
 * left to whoever reads it, so that it hides nothing of the others.
 */
export function filesOf(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    if (path === "-" || !isFolder(path)) return [path];
    const found = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith(".attn"))
      .map((entry) => join(entry.parentPath, entry.name));
    if (found.length === 0)
      fail("FOV0005", `\`${path}\` holds no .attn file`, { help: "name a file or another folder" });
    return found.toSorted();
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The attentions of a file; `one`: exactly one, by --name where there are several. */
export function specsOf(path: string, options: Common, terminal: Terminal, one = false): readonly Spec[] {
  return specsIn(readSource(path, terminal), path, options, terminal, one);
}

export function specsIn(
  source: string,
  path: string,
  options: Common,
  terminal: Terminal,
  one = false,
): readonly Spec[] {
  const { specs, diagnostics } = attentionsOf(source, path, {
    set: options.set,
    dims: options.dim,
    name: options.name,
    one,
  });
  if (diagnostics.length && !options.json) report(terminal, diagnostics, false);
  return specs;
}

/** The one attention that a command works on. */
export function specOf(paths: readonly string[], options: Common, terminal: Terminal): Spec {
  const [path = "-"] = paths;
  const [spec] = specsOf(path, options, terminal, true);
  if (!spec) throw new FoveaError([withoutAttention(path)]);
  return spec;
}
