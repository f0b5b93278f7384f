/**
 * What a command says: results on stdout, everything else on stderr. Failing commands print their diagnostics, as
 * text or as one JSON document, and end in exit code 1, or 2 for wrong usage.
 */
import { FoveaError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { renderText, toJson } from "../diagnostics/render.ts";

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly color: boolean;
  /** Sources by path, for the excerpts of diagnostics. */
  readonly sources: Map<string, string>;
}

export const exit = { yes: 0, no: 1, usage: 2, bug: 70 } as const;

export function report(terminal: Terminal, diagnostics: readonly Diagnostic[], json: boolean): number {
  const errors = diagnostics.some((d) => d.severity === "error");
  if (json)
    terminal.out(
      `${JSON.stringify({ version: 1, ok: !errors, diagnostics: diagnostics.map((d) => toJson(d, terminal.sources)) })}\n`,
    );
  else if (diagnostics.length) terminal.err(renderText(diagnostics, terminal.sources, { color: terminal.color }));
  if (!errors) return exit.yes;
  return diagnostics.some((d) => d.code === "FOV0001" || d.code === "FOV0004" || d.code === "FOV5001")
    ? exit.usage
    : exit.no;
}

/** Runs a command; user errors become a report, anything else is our own mistake and says how to repeat it. */
export async function guarded(terminal: Terminal, json: boolean, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof FoveaError) {
      const code = report(terminal, error.diagnostics, json);
      return error.diagnostics.some((d) => d.code === "FOV9001") ? exit.bug : code;
    }
    terminal.err(
      `fovea: this is a mistake of the compiler, not of your file\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return exit.bug;
  }
}
