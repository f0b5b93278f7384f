/**
 * Clauses of the language that this version refuses, each by its own code and with what is available instead.
 */
import type { Code } from "../diagnostics/codes.ts";
import { diagnostic } from "../diagnostics/diagnostic.ts";
import type { Clause } from "../syntax/ast.ts";
import { push, type Resolver } from "./scope.ts";

const later: ReadonlyMap<Clause["kind"], { readonly code: Code; readonly now: string }> = new Map([
  ["positions", { code: "FOV3103", now: "keys at positions 0 … S−1, and `align` for the queries" }],
  ["route", { code: "FOV3104", now: "one attention a spec" }],
  ["precision", { code: "FOV3105", now: "f32 throughout" }],
]);

export function refuseLater(resolver: Resolver, clauses: readonly Clause[]): void {
  for (const clause of clauses) {
    const row = later.get(clause.kind);
    if (row)
      push(
        resolver.diagnostics,
        diagnostic(row.code, `\`${clause.kind}\` is not available yet`, {
          span: clause.span,
          notes: [`available now: ${row.now}`],
        }),
      );
  }
}
