/** Text to specs and diagnostics, as the compiler does it, for tests of level 2. */
import { preludeSource } from "../../grammar/generated/prelude.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { resolve, type ResolveOptions } from "../../src/spec/resolve.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { parse } from "../../src/syntax/parse.ts";

const prelude = parse(preludeSource, "prelude.attn").file;

export interface Outcome {
  readonly specs: Spec[];
  readonly diagnostics: readonly Diagnostic[];
  /** `CODE text of the span` for each diagnostic. */
  readonly said: readonly string[];
}

export function resolveText(source: string, options: ResolveOptions = {}): Outcome {
  const parsed = parse(source, "test.attn");
  if (parsed.diagnostics.length > 0)
    throw new Error(`the test's text does not parse: ${parsed.diagnostics.map((d) => d.message).join("; ")}`);
  const { specs, diagnostics } = resolve(parsed.file, prelude, options);
  const said = diagnostics.map(
    (d) =>
      `${d.code}${d.span?.file === "test.attn" ? ` ${source.slice(d.span.start, d.span.end)}` : d.span ? ` in ${d.span.file}` : ""}`,
  );
  return { specs, diagnostics, said };
}

export const signature = "attention a(q, k, v: f32[B, H, L, D])";

/** The only spec of a text without any diagnostic. */
export function only(source: string, options: ResolveOptions = {}): Spec {
  const { specs, diagnostics } = resolveText(source, options);
  if (diagnostics.length > 0 || specs.length !== 1)
    throw new Error(`${specs.length} specs; ${diagnostics.map((d) => `${d.code} ${d.message}`).join("; ")}`);
  return specs[0];
}

/** An attention with these clauses and further inputs. */
export const attention = (clauses: string, inputs = ""): string =>
  `attention a(q, k, v: f32[B, H, L, D]${inputs === "" ? "" : `, ${inputs}`}) { ${clauses} }`;
