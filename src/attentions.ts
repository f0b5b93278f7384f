/**
 * The attentions of a source that somebody asked for. Takes text, its path and a name; gives Specs and warnings.
 * Guarantees: text with an error, without an attention, or with several where one is needed, is a FoveaError.
 */
import { check, type Checked } from "./compile.ts";
import { diagnostic, fail, FoveaError, type Diagnostic } from "./diagnostics/diagnostic.ts";
import { closest } from "./diagnostics/suggest.ts";
import type { ResolveOptions } from "./spec/resolve.ts";

export interface Asked extends ResolveOptions {
  readonly name?: string | undefined;
  /** Exactly one is needed: by its name where there are several. */
  readonly one?: boolean;
}

export const withoutAttention = (path: string): Diagnostic =>
  diagnostic("FOV0005", `\`${path}\` declares no attention`, {
    help: "declare one: `attention dense(q, k, v: f32[B, H, L, D]) {}`",
  });

export function attentionsOf(source: string, path: string, { name, one = false, ...options }: Asked): Checked {
  const { specs, diagnostics } = check(source, path, options);
  if (diagnostics.some((d) => d.severity === "error")) throw new FoveaError(diagnostics);
  const names = specs.map((s) => s.name);
  const [first] = names;
  if (first === undefined) throw new FoveaError([withoutAttention(path)]);
  const notes = [`its attentions are ${names.join(", ")}`];
  const pick = `pick one: \`--name ${first}\``;
  if (name === undefined) {
    if (one && specs.length > 1)
      fail("FOV0004", `\`${path}\` has several attentions and none is named`, { notes, help: pick });
    return { specs, diagnostics };
  }
  const found = specs.filter((s) => s.name === name);
  if (found.length) return { specs: found, diagnostics };
  const near = closest(name, names);
  return fail("FOV0007", `\`${path}\` has no attention \`${name}\``, {
    notes,
    help: near ? `did you mean \`${near}\`?` : pick,
  });
}
