/**
 * What a command says and hears: results go to stdout, everything else to stderr. Failing commands print their
 * diagnostics, as text or as one JSON document, and end in exit code 1, or 2 for wrong usage. Only `processTerminal`
 * knows the process; tests hand in a terminal of their own.
 */
import { readSync, writeSync } from "node:fs";
import type { Code } from "../diagnostics/codes.ts";
import { diagnostic, fail, FoveaError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { renderText, toJson } from "../diagnostics/render.ts";
import { reasonOf } from "../runtime/write.ts";
import { version } from "./version.ts";

export interface Terminal {
  readonly out: (content: string | Uint8Array) => void;
  readonly err: (text: string) => void;
  /** Standard input, up to `most` bytes of it. */
  readonly input: (most: number) => Uint8Array;
  readonly color: boolean;
  /** Sources by path, for the excerpts of diagnostics. */
  readonly sources: Map<string, string>;
}

export const exit = { yes: 0, no: 1, usage: 2, bug: 70 } as const;

export const processTerminal = (): Terminal => ({
  out: writer(1),
  err: (text) => {
    try {
      writeAll(2, Buffer.from(text));
    } catch {
      // Nobody is left to tell.
    }
  },
  input: (most) => readAtMost(0, most),
  color: Boolean(process.stderr.isTTY) && !process.env["NO_COLOR"],
  sources: new Map(),
});

/** Once the reader of a pipe has gone (`| head`), the rest is for nobody, and that is no failure. */
function writer(file: number): Terminal["out"] {
  let gone = false;
  return (content) => {
    if (gone) return;
    try {
      writeAll(file, typeof content === "string" ? Buffer.from(content) : content);
    } catch (error) {
      if (codeOf(error) !== "EPIPE")
        fail("FOV0003", `standard output cannot be written: ${reasonOf(error)}`, { help: "send it elsewhere" });
      gone = true;
    }
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += patiently(() => writeSync(file, bytes, at)) ?? 0;
}

/** All of a file or pipe, but no more than `most` bytes: `/dev/zero` has no end. */
export function readAtMost(file: number, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let at = 0;
  while (at < most) {
    const count = patiently(() => readSync(file, bytes, at, most - at, null)) ?? 0;
    if (count === 0) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

/** Pipes and terminals may be set not to wait; then waiting is ours. `undefined`: the end. */
function patiently<T>(call: () => T): T | undefined {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (codeOf(error) === "EOF") return undefined;
      if (codeOf(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;

/** Mistakes of the command line itself; where they have a span they are mistakes of a file. */
const usageCodes: ReadonlySet<Code> = new Set(["FOV0001", "FOV0004", "FOV0007", "FOV5001"]);

const exitOf = (diagnostics: readonly Diagnostic[]): number => {
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (errors.length === 0) return exit.yes;
  if (errors.some((d) => d.code === "FOV9001")) return exit.bug;
  return errors.some((d) => usageCodes.has(d.code) && d.span === undefined) ? exit.usage : exit.no;
};

/** `more`: fields of the JSON document beside the diagnostics. */
export function report(
  terminal: Terminal,
  diagnostics: readonly Diagnostic[],
  json: boolean,
  more: Readonly<Record<string, unknown>> = {},
): number {
  const code = exitOf(diagnostics);
  const { sources } = terminal;
  if (json) {
    const said = {
      version: 1,
      ok: code === exit.yes,
      diagnostics: diagnostics.map((d) => toJson(d, sources)),
      ...more,
    };
    terminal.out(`${JSON.stringify(said)}\n`);
  } else if (diagnostics.length) terminal.err(renderText(diagnostics, sources, { color: terminal.color }));
  return code;
}

/** Runs a command; user errors become a report, anything else is our own mistake and says how to repeat it. */
export async function guarded(
  terminal: Terminal,
  { json, args }: { readonly json: boolean; readonly args: readonly string[] },
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const diagnostics = diagnosticsOf(error, args);
    try {
      const code = report(terminal, diagnostics, json);
      if (code === exit.bug && error instanceof Error && !(error instanceof FoveaError))
        terminal.err(`${error.stack ?? error.message}\n`);
      return code;
    } catch (second) {
      // Standard output takes no document.
      return report(terminal, [...diagnostics, ...diagnosticsOf(second, args)], false);
    }
  }
}

function diagnosticsOf(error: unknown, args: readonly string[]): readonly Diagnostic[] {
  if (error instanceof FoveaError) return error.diagnostics;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && /allocation failed|Invalid typed array length|Invalid array length/.test(text)) {
    return [
      diagnostic("FOV4006", `there is no memory for this call: ${text}`, {
        help: "give smaller sizes with `--dim`",
      }),
    ];
  }
  return [
    diagnostic("FOV9001", `this is a mistake of the compiler, not of your file: ${text}`, {
      notes: [`fovea ${version()}, Node ${process.version}`, `it was called as: fovea ${args.join(" ")}`],
      help: "report it with the file and these lines",
    }),
  ];
}
