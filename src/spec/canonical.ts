/**
 * How a spec is shown: its canonical text (the attention with every parameter set and all that it uses, no
 * comments, formatted), from which hashes are made, and the clauses with their defaults for `explain`.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { printConstant, printScalar } from "../scalar/print.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { AttentionDeclaration, Clause, Declaration, Expr, Name } from "../syntax/ast.ts";
import { format } from "../syntax/format.ts";
import { createWriter } from "../syntax/writer.ts";
import { writeExpression } from "../syntax/format-expression.ts";
import type { Clauses, Resolved } from "./clauses.ts";
import { clauseOf } from "./clauses.ts";
import type { ParamDeclaration } from "./declarations.ts";
import type { Resolver } from "./scope.ts";
import { outputText, type Spec } from "./spec.ts";

function constant(value: Scalar, span: Expr["span"]): Expr {
  if (value.kind !== "const") return { kind: "number", value: 0, text: "0", integer: true, span };
  if (value.type === "bool") return { kind: "bool", value: value.value !== 0, span };
  const positive = Math.abs(value.value);
  const number: Expr = {
    kind: "number",
    value: positive,
    text: printConstant(positive, value.type),
    integer: value.type === "i32",
    span,
  };
  return value.value < 0 ? { kind: "unary", op: "-", operand: number, span } : number;
}

/** Every parameter as it is set, so that texts differ where specs do; `example` fixes nothing and is left out. */
export function canonicalText(
  attention: AttentionDeclaration,
  name: Name,
  resolver: Resolver,
  fileParams: readonly ParamDeclaration[],
): string {
  const clauses = attention.clauses.flatMap((clause): Clause[] => {
    if (clause.kind === "example") return [];
    if (clause.kind !== "param") return [clause];
    const value = resolver.params.get(clause.name.text);
    return [value ? { ...clause, value: constant(value, clause.value.span) } : clause];
  });
  const own = new Set(
    attention.clauses.flatMap((clause) =>
      clause.kind === "param" ? [clause.name.text] : clause.kind === "fn" ? [clause.fn.name.text] : [],
    ),
  );
  const params = fileParams.flatMap((param): Declaration[] => {
    const value = resolver.params.get(param.name.text);
    return value && resolver.used.params.has(param.name.text) && !own.has(param.name.text)
      ? [{ kind: "param", name: param.name, value: constant(value, param.value.span), span: param.span }]
      : [];
  });
  const used = [...resolver.used.callables]
    .filter((callable) => !own.has(callable.name.text))
    .sort((a, b) => (a.name.text < b.name.text ? -1 : 1));
  const callables = used.map((callable): Declaration =>
    callable.kind === "pattern" ? { ...callable, kind: "pattern" } : { kind: "fn", fn: callable, span: callable.span },
  );
  return format({
    source: "",
    path: resolver.path,
    comments: [],
    declarations: [...callables, ...params, { ...attention, name, clauses }],
  });
}

export function exprText(x: Expr): string {
  const writer = createWriter("", []);
  writeExpression(writer, x);
  return writer.finish().trim();
}

/** The rows that `explain` prints, in the order in which they apply. */
export function clauseLines(clauses: Clauses, resolved: Resolved, resolver: Resolver): Spec["clauses"] {
  const lines: { clause: string; text: string; default: boolean }[] = [];
  const line = (clause: Clause["kind"], text: string): void => {
    lines.push({ clause, text, default: !clauses.has(clause) });
  };
  const written = (kind: "mask" | "score" | "scale" | "output"): string | undefined => {
    const clause = clauses.get(kind);
    return clause && "value" in clause && clause.kind === kind ? exprText(clause.value) : undefined;
  };
  const axes = clauseOf(clauses, "axes");
  if (axes) line("axes", axes.entries.map(({ role, dim }) => `${role.text} = ${dim.text}`).join(", "));
  if (resolver.blocks)
    line(
      "blocks",
      resolver.blocks.rows === resolver.blocks.columns
        ? String(resolver.blocks.rows)
        : `${resolver.blocks.rows} by ${resolver.blocks.columns}`,
    );
  const align = clauseOf(clauses, "align");
  line(
    "align",
    `${align?.at ? `at ${exprText(align.at)}` : (align?.to ?? "end")}: i = ${printScalar(resolved.position)}`,
  );
  line("scale", written("scale") ?? printScalar(resolved.scale));
  line("score", written("score") ?? "s");
  line("mask", written("mask") ?? "true");
  const weights = clauseOf(clauses, "weights");
  const [argument] = weights?.args ?? [];
  const named = argument?.name ? `${argument.name.text}: ` : "";
  line("weights", `${resolved.weights.kind}${argument ? `(${named}${exprText(argument.value)})` : ""}`);
  line("output", written("output") ?? "o");
  line("return", resolved.outputs.map(outputText).join(", "));
  return lines;
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((each) => each.severity === "error");
