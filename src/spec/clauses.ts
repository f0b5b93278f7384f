/**
 * The clauses of an attention, defaults filled in. Takes the clauses and the resolver (inputs, sizes and
 * parameters known); gives their Scalars, or undefined where one of them does not stand.
 */
import { diagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { add, call, float, sub, truth, variable, type Scalar } from "../scalar/scalar.ts";
import type { Clause, Expr } from "../syntax/ast.ts";
import { resolveFeatures } from "./feature-map.ts";
import { warnLaterKeys } from "./later-keys.ts";
import { lower } from "./lowering.ts";
import { resolveReturn } from "./returned.ts";
import { outputNames, places, push, report, scopeOf, suggestion, type Resolver, type Scope } from "./scope.ts";
import type { Signature } from "./signature.ts";
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
function valueOf(clauses: Clauses, kind: "mask" | "score" | "scale" | "output"): Expr | undefined {
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
  readonly output?: Scalar;
  readonly outputs: readonly SpecOutput[];
}

/** `passed`: the extents of what the caller passes, before any projection; positions are of these. */
export function resolveClauses(
  resolver: Resolver,
  clauses: Clauses,
  signature: Signature,
  passed: Extents,
): Resolved | undefined {
  const { extents } = signature;
  const position = resolvePosition(resolver, clauses, passed);
  const scale = resolveReal(valueOf(clauses, "scale"), scopeOf(resolver, places.scale), () =>
    call("div", float(1), call("sqrt", call("float", extents.channel))),
  );
  const score = resolveReal(valueOf(clauses, "score"), scopeOf(resolver, places.score), () => variable("s", "f32"));
  const mask = resolveMask(resolver, clauses);
  const weights = resolveWeights(resolver, clauses, signature);
  const output = resolveOutput(resolver, clauses);
  const outputs = resolveReturn(resolver, clauseOf(clauses, "return"), signature, weights);
  if (!position || !scale || !score || !mask || !weights || !output || !outputs) return undefined;
  const plain = output.kind === "var" && output.name === "o";
  return { position, scale, score, mask, weights, ...(plain ? {} : { output }), outputs };
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

/** f32 in terms of `o` and `c`. An input of such a name would be hidden without a word. */
function resolveOutput(resolver: Resolver, clauses: Clauses): Scalar | undefined {
  const x = valueOf(clauses, "output");
  const scope = scopeOf(resolver, places.output);
  if (x) {
    const hidden = [resolver.inputs, resolver.lets, resolver.params, resolver.sizes].flatMap((table) =>
      outputNames.filter((name) => table.has(name)),
    );
    for (const name of hidden)
      report(scope, "FOV3003", `\`${name}\` has a meaning of its own in \`output\``, x.span, {
        help: `give your own \`${name}\` another name`,
      });
    if (hidden.length > 0) return undefined;
  }
  return resolveReal(x, scope, () => variable("o", "f32"));
}

/** A record, so that a kind that is not in it is a type error. */
const weightsByName: Readonly<Record<string, Weights["kind"]>> = {
  softmax: "softmax",
  sigmoid: "sigmoid",
  relu: "relu",
  linear: "linear",
} satisfies { [K in Weights["kind"]]: K };
const knownWeights = Object.values(weightsByName);
const laterWeights = ["delta", "nystrom"];

function resolveWeights(resolver: Resolver, clauses: Clauses, signature: Signature): Weights | undefined {
  const clause = clauseOf(clauses, "weights");
  if (!clause) return { kind: "softmax" };
  const scope = scopeOf(resolver, places.sink);
  const { text, span } = clause.name;
  const args = clause.args ?? [];
  if (laterWeights.includes(text)) {
    return report(scope, "FOV3107", `\`weights ${text}\` is not available yet`, clause.span, {
      notes: ["available now: `softmax`, `softmax(sink: …)`, `sigmoid`, `relu` and `linear(phi)`"],
    });
  }
  const kind = Object.hasOwn(weightsByName, text) ? weightsByName[text] : undefined;
  if (!kind) {
    return report(
      scope,
      "FOV3002",
      `no weights are named \`${text}\``,
      span,
      suggestion(span, closest(text, [...knownWeights, ...laterWeights])),
    );
  }
  if (kind === "linear") return resolveFeatures(resolver, clause, signature);
  const [first, second] = args;
  if (!first) return { kind };
  const bare = kind !== "softmax";
  if (bare || second || first.name?.text !== "sink") {
    const wrong = bare ? first : first.name?.text === "sink" && second ? second : first;
    return report(
      scope,
      "FOV2003",
      `\`${text}\` takes ${bare ? "no arguments" : "no argument but `sink:`"}`,
      wrong.name?.span ?? wrong.value.span,
    );
  }
  const sink = resolveReal(first.value, scope, () => float(0));
  return sink && { kind: "softmax", sink };
}
