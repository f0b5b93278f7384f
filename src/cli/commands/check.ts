/** `fovea check`: every diagnostic of every file, and nothing else. */
import { check } from "../../compile.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { filesOf, readSource } from "../load.ts";
import type { Common } from "../options.ts";
import { report, type Terminal } from "../terminal.ts";

export async function checkCommand(paths: readonly string[], options: Common, terminal: Terminal): Promise<number> {
  const all: Diagnostic[] = [];
  const names: string[] = [];
  for (const path of filesOf(paths)) {
    const { specs, diagnostics } = check(readSource(path, terminal), path, { set: options.set, dims: options.dim });
    all.push(...diagnostics);
    names.push(...specs.map((s) => s.name));
  }
  const code = report(terminal, all, options.json ?? false);
  if (code === 0 && !options.json) terminal.err(`ok: ${names.join(", ")}\n`);
  return code;
}
