/** `fovea fmt`: the canonical layout on stdout, or written back; a file with errors is left as it is. */
import { writeFileSync } from "node:fs";
import { fail, FoveaError } from "../../diagnostics/diagnostic.ts";
import { format } from "../../syntax/format.ts";
import { parse } from "../../syntax/parse.ts";
import { filesOf, readSource, reasonOf } from "../load.ts";
import { exit, type Terminal } from "../terminal.ts";

interface FormatOptions {
  readonly check?: boolean;
  readonly write?: boolean;
  readonly json?: boolean;
}

export async function formatCommand(
  paths: readonly string[],
  options: FormatOptions,
  terminal: Terminal,
): Promise<number> {
  const changed: string[] = [];
  for (const path of filesOf(paths)) {
    const source = readSource(path, terminal);
    const { file, diagnostics } = parse(source, path);
    if (diagnostics.some((d) => d.severity === "error")) throw new FoveaError(diagnostics);
    const text = format(file);
    if (text !== source) changed.push(path);
    if (options.write && path !== "-") {
      try {
        if (text !== source) writeFileSync(path, text);
      } catch (error) {
        fail("FOV0003", `${path} cannot be written: ${reasonOf(error)}`);
      }
    } else if (!options.check && !options.json) terminal.out(text);
  }
  if (options.json)
    terminal.out(`${JSON.stringify({ version: 1, ok: !options.check || changed.length === 0, changed })}\n`);
  else if (options.check) for (const path of changed) terminal.err(`${path} is not in the canonical layout\n`);
  return options.check && changed.length ? exit.no : exit.yes;
}
