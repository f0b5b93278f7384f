/** `fovea check`: every diagnostic of every file, and nothing else. */
import { withoutAttention } from "../../attentions.ts";
import { check } from "../../compile.ts";
import { diagnostic, FoveaError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { filesOf, readSource } from "../load.ts";
import type { Common } from "../options.ts";
import { report, type Terminal } from "../terminal.ts";

export async function checkCommand(paths: readonly string[], options: Common, terminal: Terminal): Promise<number> {
  const all: Diagnostic[] = [];
  const names: string[] = [];
  for (const path of filesOf(paths)) {
    try {
      const { specs, diagnostics } = check(readSource(path, terminal), path, { set: options.set, dims: options.dim });
      all.push(...diagnostics);
      if (specs.length === 0 && diagnostics.every((d) => d.severity !== "error")) all.push(withoutAttention(path));
      names.push(...specs.map((s) => s.name));
    } catch (error) {
      // One file that cannot be read hides nothing of the others.
      if (!(error instanceof FoveaError)) throw error;
      all.push(...error.diagnostics);
    }
  }
  const sound = all.every((d) => d.severity !== "error");
  if (sound && options.name !== undefined && !names.includes(options.name)) {
    all.push(
      diagnostic("FOV0007", `no attention is named \`${options.name}\``, {
        notes: [`the attentions are ${names.join(", ")}`],
      }),
    );
  }
  const code = report(terminal, all, options.json ?? false);
  if (code === 0 && !options.json) terminal.err(`ok: ${names.join(", ")}\n`);
  return code;
}
