/**
 * What every stage says about bad input. A diagnostic names the thing (message), where it is (span and
 * labels), why (notes) and the way out (help, fixes). Stages collect diagnostics and go on where they can;
 * user errors are never thrown as stack traces: `FoveaError` carries them out of places that cannot go on.
 */
import { ways, type Code } from "./codes.ts";

export interface Span {
  readonly file: string;
  /** UTF-16 offsets into the source, half open. */
  readonly start: number;
  readonly end: number;
}

export interface Label {
  readonly span: Span;
  readonly text: string;
}

export interface Fix {
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
}

export interface Diagnostic {
  readonly code: Code;
  readonly severity: "error" | "warning";
  /** One lower-case sentence without a full stop; it says what is wrong, never how to mend it. */
  readonly message: string;
  readonly span?: Span;
  readonly labels: readonly Label[];
  readonly notes: readonly string[];
  /** The only place that suggests. */
  readonly help?: string;
  readonly fixes: readonly Fix[];
}

export interface DiagnosticDetails {
  readonly span?: Span | undefined;
  readonly labels?: readonly Label[];
  readonly notes?: readonly string[];
  readonly help?: string | undefined;
  readonly fixes?: readonly Fix[];
  readonly severity?: "error" | "warning";
}

export function diagnostic(code: Code, message: string, details: DiagnosticDetails = {}): Diagnostic {
  const said = (details.notes ?? []).length > 0 || (details.fixes ?? []).length > 0;
  const help = details.help ?? (said ? undefined : ways[code]);
  return {
    code,
    severity: details.severity ?? "error",
    message,
    ...(details.span ? { span: details.span } : {}),
    labels: details.labels ?? [],
    notes: details.notes ?? [],
    ...(help ? { help } : {}),
    fixes: details.fixes ?? [],
  };
}

/** Carries diagnostics out of a stage that cannot go on; the command line prints them and exits with 1. */
export class FoveaError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}`).join("\n"));
    this.name = "FoveaError";
    this.diagnostics = diagnostics;
  }
}

export function fail(code: Code, message: string, details: DiagnosticDetails = {}): never {
  throw new FoveaError([diagnostic(code, message, details)]);
}
