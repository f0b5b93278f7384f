/** `fovea fmt`: the canonical layout on stdout, or written back; a file with errors is left as it is. */
import { realpathSync, statSync } from "node:fs";
import { diagnostic, fail, FoveaError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { writeWhole } from "../../runtime/write.ts";
import { format } from "../../syntax/format.ts";
import { parse } from "../../syntax/parse.ts";
import { filesOf, readSource } from "../load.ts";
import { report, type Terminal } from "../terminal.ts";

interface FormatOptions {
  readonly check?: boolean;
  readonly write?: boolean;
  readonly json?: boolean;
}

interface Formatted {
  readonly path: string;
  readonly text: string;
  readonly changed: boolean;
}

/** Every file is laid out before the first is written. */
export async function formatCommand(
  paths: readonly string[],
  options: FormatOptions,
  terminal: Terminal,
): Promise<number> {
  if (options.check && options.write)
    fail("FOV0001", "--check and --write exclude each other", { help: "--check only says what --write would change" });
  const files = filesOf(paths).map((path): Formatted => {
    const source = readSource(path, terminal);
    const { file, diagnostics } = parse(source, path);
    if (diagnostics.some((d) => d.severity === "error")) throw new FoveaError(diagnostics);
    const text = format(file);
    return { path, text, changed: text !== source };
  });
  for (const { path, text, changed } of files) {
    if (options.write && path !== "-") {
      if (changed) writeBack(path, text);
    } else if (!options.check && !options.json) terminal.out(text);
  }
  const changed = files.filter((file) => file.changed).map((file) => file.path);
  const faults: readonly Diagnostic[] = options.check
    ? changed.map((path) =>
        diagnostic("FOV0008", `\`${path}\` is not in the canonical layout`, {
          help: `\`fovea fmt -w ${path}\` writes it so`,
        }),
      )
    : [];
  const texts = options.write || options.check ? {} : { files: files.map(({ path, text }) => ({ path, text })) };
  if (options.json) return report(terminal, faults, true, { changed, ...texts });
  return report(terminal, faults, false);
}

/** Through links, and with the mode that the file had. */
function writeBack(path: string, text: string): void {
  const place = realpathSync(path);
  writeWhole(place, text, statSync(place).mode);
}
