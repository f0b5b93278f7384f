/**
 * The clauses of an attention, defaults filled in. Takes the clauses and the resolver (inputs, sizes and
 * parameters known); gives their Scalars, or undefined where one of them does not stand.
 */
import { diagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { add, call, float, sub, truth, variable, type Scalar } from "../scalar/scalar.ts";
import type { Clause, Expr, Name, Returned } from "../syntax/ast.ts";
import { warnLaterKeys } from "./later-keys.ts";
import { lower } from "./lowering.ts";
import { places, push, report, scopeOf, suggestion, type Resolver, type Scope } from "./scope.ts";
import type { Extents, SpecOutput, Weights } from "./spec.ts";
import { toReal, typeName } from "./typing.ts";

export type Clauses = ReadonlyMap<Clause["kind"], Clause>;

/** The clauses that may stand once, by kind; a second one is refused. */
export function once(clauses: readonly Clause[], diagnostics: Diagnostic[]): Clauses {
  const found = new Map<Clause["kind"], Clause>();
  for (const clause of clauses) {
    if (["let", "fn", "param", "project", "rotate"].includes(clause.kind)) continue;
    const first = found.get(clause.kind);
    if (!first) found.set(clause.kind, clause);
    else
      push(
        diagnostics,
        diagnostic("FOV3005", `\`${clause.kind}\` is given twice`, {
          span: clause.span,
          labels: [{ span: first.span, text: "first given here" }],
        }),
      );
  }
  return found;
}

export function clauseOf<K extends Clause["kind"]>(clauses: Clauses, kind: K): (Clause & { kind: K }) | undefined {
  const found = clauses.get(kind);
  return found?.kind === kind ? (found as Clause & { kind: K }) : undefined;
}

/** `mask`, `score`, `scale` and `output` share one node. */
function valueOf(clauses: Clauses, kind: "mask" | "score" | "scale"): Expr | undefined {
  const found = clauses.get(kind);
  return found && "value" in found && found.kind === kind ? found.value : undefined;
}

export function resolveBlocks(resolver: Resolver, clauses: Clauses): void {
  const clause = clauseOf(clauses, "blocks");
  if (!clause) return;
  const scope = scopeOf(resolver, places.blocks);
  const extent = (x: Expr): number | undefined => {
    const value = lower(x, scope);
    if (!value) return undefined;
    if (value.kind === "const" && value.type === "i32" && value.value >= 1) return value.value;
    return report(scope, "FOV2001", "the size of a block is not a positive integer known at compile time", x.span);
  };
  const rows = extent(clause.rows);
  const columns = clause.columns ? extent(clause.columns) : rows;
  // After a mistake, one more about `bi` would only be its echo.
  resolver.blocks = { rows: rows ?? 1, columns: columns ?? 1 };
}

export interface Resolved {
  readonly position: Scalar;
  readonly scale: Scalar;
  readonly score: Scalar;
  readonly mask: Scalar;
  readonly weights: Weights;
  readonly outputs: readonly SpecOutput[];
}

export function resolveClauses(resolver: Resolver, clauses: Clauses, extents: Extents): Resolved | undefined {
  const position = resolvePosition(resolver, clauses, extents);
  const scale = resolveReal(valueOf(clauses, "scale"), scopeOf(resolver, places.scale), () =>
    call("div", float(1), call("sqrt", call("float", extents.channel))),
  );
  const score = resolveReal(valueOf(clauses, "score"), scopeOf(resolver, places.score), () => variable("s", "f32"));
  const mask = resolveMask(resolver, clauses);
  const weights = resolveWeights(resolver, clauses);
  const outputs = resolveReturn(resolver, clauses, weights);
  if (!position || !scale || !score || !mask || !weights || !outputs) return undefined;
  return { position, scale, score, mask, weights, outputs };
}

function resolvePosition(resolver: Resolver, clauses: Clauses, extents: Extents): Scalar | undefined {
  const align = clauseOf(clauses, "align");
  const row = variable("row");
  switch (align?.to ?? "end") {
    case "end":
      return add(row, sub(extents.key, extents.query));
    case "start":
      return row;
    case "at": {
      if (!align?.at) return row;
      const scope = scopeOf(resolver, places.align);
      const at = lower(align.at, scope);
      if (!at) return undefined;
      return at.type === "i32"
        ? add(row, at)
        : report(scope, "FOV2001", `\`align at\` takes an integer, and this is ${typeName(at.type)}`, align.at.span);
    }
  }
}

function resolveReal(x: Expr | undefined, scope: Scope, fallback: () => Scalar): Scalar | undefined {
  if (!x) return fallback();
  const value = lower(x, scope);
  if (!value) return undefined;
  if (value.type === "bool")
    return report(scope, "FOV2001", `${scope.place.clause} takes a number, and this is a truth value`, x.span);
  return toReal(value);
}

function resolveMask(resolver: Resolver, clauses: Clauses): Scalar | undefined {
  const x = valueOf(clauses, "mask");
  if (!x) return truth(true);
  const scope = scopeOf(resolver, places.mask);
  const value = lower(x, scope);
  if (!value) return undefined;
  if (value.type !== "bool")
    return report(scope, "FOV2001", `\`mask\` takes a truth value, and this is ${typeName(value.type)}`, x.span);
  warnLaterKeys(resolver, value, scope.met, x);
  return value;
}

const laterWeights = ["relu", "linear", "delta", "nystrom"];

function resolveWeights(resolver: Resolver, clauses: Clauses): Weights | undefined {
  const clause = clauseOf(clauses, "weights");
  if (!clause) return { kind: "softmax" };
  const scope = scopeOf(resolver, places.sink);
  const { text, span } = clause.name;
  const args = clause.args ?? [];
  if (laterWeights.includes(text)) {
    return report(scope, "FOV3107", `\`weights ${text}\` is not available yet`, clause.span, {
      notes: ["available now: `softmax`, `softmax(sink: …)` and `sigmoid`"],
    });
  }
  if (text !== "softmax" && text !== "sigmoid") {
    return report(
      scope,
      "FOV3002",
      `no weights are named \`${text}\``,
      span,
      suggestion(span, closest(text, ["softmax", "sigmoid", ...laterWeights])),
    );
  }
  const [first, second] = args;
  if (!first) return { kind: text };
  if (text === "sigmoid" || second || first.name?.text !== "sink") {
    const wrong = text === "sigmoid" ? first : first.name?.text === "sink" && second ? second : first;
    return report(
      scope,
      "FOV2003",
      `\`${text}\` takes ${text === "sigmoid" ? "no arguments" : "no argument but `sink:`"}`,
      wrong.name?.span ?? wrong.value.span,
    );
  }
  const sink = resolveReal(first.value, scope, () => float(0));
  return sink && { kind: "softmax", sink };
}

const values = ["o", "lse"] as const;
const laterValues = ["mass", "entropy", "selected"];
const reservedOutputs: readonly string[] = [...values, ...laterValues];

function resolveReturn(
  resolver: Resolver,
  clauses: Clauses,
  weights: Weights | undefined,
): readonly SpecOutput[] | undefined {
  const clause = clauseOf(clauses, "return");
  if (!clause) return [{ name: "o", value: "o" }];
  const scope = scopeOf(resolver, places.sink);
  const outputs: SpecOutput[] = [];
  for (const returned of clause.values) {
    const output = resolveReturned(resolver, scope, returned, outputs, weights);
    if (output) outputs.push(output);
  }
  return outputs.length === clause.values.length ? outputs : undefined;
}

function resolveReturned(
  resolver: Resolver,
  scope: Scope,
  returned: Returned,
  before: readonly SpecOutput[],
  weights: Weights | undefined,
): SpecOutput | undefined {
  const { name, alias, type } = returned;
  const now = { notes: ["available now: `o` and `lse`, f32"] };
  if (laterValues.includes(name.text))
    return report(scope, "FOV3109", `\`${name.text}\` is not available yet`, name.span, now);
  const value = values.find((each) => each === name.text);
  if (!value) {
    return report(
      scope,
      "FOV3001",
      `no result is named \`${name.text}\``,
      name.span,
      suggestion(name.span, closest(name.text, reservedOutputs)),
    );
  }
  if (type?.scale ?? type?.zero)
    return report(
      scope,
      "FOV3110",
      `\`${name.text}\` with a scale is not available yet`,
      (type?.scale ?? type?.zero ?? name).span,
      now,
    );
  if (type && type.dtype.text !== "f32")
    return report(scope, "FOV3111", `a result as \`${type.dtype.text}\` is not available yet`, type.dtype.span, now);
  if (value === "lse" && weights?.kind === "sigmoid") {
    return report(scope, "FOV3009", "`lse` has no meaning for `weights sigmoid`", name.span, {
      notes: ["sigmoid weights are a plain sum without a normaliser"],
      help: "return `o` alone",
    });
  }
  const own: Name = alias ?? name;
  if (alias && reservedOutputs.includes(alias.text) && alias.text !== name.text) {
    return report(scope, "FOV3003", `\`${alias.text}\` is already the name of a result`, alias.span, {
      help: "choose another name",
    });
  }
  if (before.some((each) => each.name === own.text))
    return report(scope, "FOV3003", `\`${own.text}\` is returned twice`, own.span);
  if (resolver.inputs.has(own.text))
    return report(scope, "FOV3003", `\`${own.text}\` is already an input`, own.span, { help: "choose another name" });
  return { name: own.text, value };
}
