/**
 * What an expression may name while one attention is resolved, and how mistakes are reported. `Resolver` is the
 * attention's table of names; `Place` says what one clause allows; `Scope` adds the parameters of the patterns
 * being expanded. Reports inside a pattern carry the place it was called from.
 */
import type { Code } from "../diagnostics/codes.ts";
import { diagnostic, type Diagnostic, type DiagnosticDetails, type Span } from "../diagnostics/diagnostic.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Expr, Name } from "../syntax/ast.ts";
import type { SpecInput } from "./spec.ts";

/** A pattern or function: `prelude` ones have no text that the user could mend. */
export interface Callable {
  readonly kind: "pattern" | "fn";
  readonly name: Name;
  readonly params: readonly Name[];
  readonly body: Expr;
  readonly span: Span;
  readonly prelude: boolean;
  /** What its body calls, of the prelude's own; a file's redefinitions do not reach into it. */
  readonly home?: ReadonlyMap<string, Callable>;
}

/** An input without all of its indices; only `in`, `segment` and arguments may hold one. */
export interface TensorRef {
  readonly kind: "tensor";
  readonly input: SpecInput;
  readonly leading: readonly Scalar[];
}

export type Value = Scalar | TensorRef;

export interface Let {
  readonly name: Name;
  readonly value: Expr;
}

/** `real`: integers become reals; `refused`: FOV3008; `up`: rounds up, as in shapes. */
export type Division = "real" | "refused" | "up";

export interface Place {
  /** How messages call it: "`mask`". */
  readonly clause: string;
  readonly variables: readonly string[];
  readonly inputs: boolean;
  readonly sizes: boolean;
  readonly division: Division;
  /** May a tensor without its last index stand for its elements? */
  readonly vectors?: true;
}

const row = ["b", "h", "row", "i", "bi"];
const pair = [...row, "j", "bj"];

export const places = {
  mask: { clause: "`mask`", variables: pair, inputs: true, sizes: true, division: "refused" },
  score: { clause: "`score`", variables: [...pair, "s"], inputs: true, sizes: true, division: "real" },
  scale: { clause: "`scale`", variables: ["b", "h"], inputs: true, sizes: true, division: "real" },
  features: {
    clause: "a feature map",
    variables: ["b", "h"],
    inputs: true,
    sizes: true,
    division: "real",
    vectors: true,
  },
  sink: { clause: "a sink", variables: row, inputs: true, sizes: true, division: "real" },
  rotateQueries: { clause: "`rotate` of q", variables: row, inputs: true, sizes: true, division: "real" },
  rotateKeys: { clause: "`rotate` of k", variables: ["b", "j", "bj"], inputs: true, sizes: true, division: "real" },
  output: { clause: "`output`", variables: [...row, "o", "c"], inputs: true, sizes: true, division: "real" },
  align: { clause: "`align`", variables: ["b"], inputs: true, sizes: true, division: "refused" },
  where: { clause: "`where`", variables: [], inputs: false, sizes: true, division: "refused" },
  shape: { clause: "a shape", variables: [], inputs: false, sizes: true, division: "up" },
  example: { clause: "`example`", variables: [], inputs: false, sizes: true, division: "up" },
  constant: { clause: "a `param`", variables: [], inputs: false, sizes: false, division: "real" },
  schedule: { clause: "`schedule`", variables: [], inputs: false, sizes: false, division: "real" },
  blocks: { clause: "`blocks`", variables: [], inputs: false, sizes: false, division: "refused" },
} as const satisfies Record<string, Place>;

/** Names with a meaning of their own; no input, parameter, let or dimension may take them. */
export const positionNames: readonly string[] = ["b", "h", "row", "i", "j", "bi", "bj", "s"];

/** Names with a meaning in `output` alone: the result and its channel. */
export const outputNames: readonly string[] = ["o", "c"];

export interface Resolver {
  readonly lowerValue: (x: Expr, scope: Scope) => Value | undefined;
  readonly path: string;
  readonly diagnostics: Diagnostic[];
  readonly callables: ReadonlyMap<string, Callable>;
  /** Callables of a cycle that is already reported. */
  readonly broken: ReadonlySet<Callable>;
  readonly attentions: ReadonlySet<string>;
  readonly params: ReadonlyMap<string, Scalar>;
  readonly inputs: Map<string, SpecInput>;
  /** A free dimension is a `size`, a fixed or numeric one a constant. */
  readonly sizes: Map<string, Scalar>;
  readonly lets: Map<string, Let>;
  blocks?: { readonly rows: number; readonly columns: number };
  /** What the attention turned out to use. */
  readonly used: { readonly callables: Set<Callable>; readonly params: Set<string>; readonly lets: Set<string> };
  /** How many elements a row has, of which a feature map speaks. */
  rowOf?: Scalar;
  bound: number;
  steps: number;
}

/** One expansion on the way from the clause to where an expression stands. */
export interface Expansion {
  readonly name: string;
  readonly prelude: boolean;
  readonly home: ReadonlyMap<string, Callable> | undefined;
  /** Where it was called. */
  readonly span: Span;
  readonly outer: Expansion | undefined;
}

export interface Scope {
  readonly resolver: Resolver;
  readonly place: Place;
  readonly locals: ReadonlyMap<string, Value>;
  readonly expansion: Expansion | undefined;
  /** Lets being expanded, against `let a = b  let b = a`. */
  readonly lets: readonly string[];
  readonly depth: number;
  /** Names of the patterns met on the way; the warning about later keys asks for them. */
  readonly met: Set<string>;
}

/** The scope in which a clause begins, with the full allowance of steps. */
export function scopeOf(resolver: Resolver, place: Place): Scope {
  resolver.steps = 0;
  return { resolver, place, locals: new Map(), expansion: undefined, lets: [], depth: 0, met: new Set() };
}

/** The pattern or function that a name means here. */
export const callableIn = ({ expansion, resolver }: Scope, name: string): Callable | undefined =>
  (expansion?.home ?? resolver.callables).get(name);

/** Where the user can act: the expression itself, or the call that leads into the prelude. */
function userSpan(scope: Scope, span: Span): { span: Span; notes: string[] } {
  let at = span;
  const notes: string[] = [];
  let inPrelude = false;
  for (let e = scope.expansion; e; e = e.outer) {
    if (e.prelude && (inPrelude || at === span)) {
      at = e.span;
      inPrelude = true;
      notes.splice(0, notes.length, `in the prelude's \`${e.name}\``);
    } else if (!e.prelude) break;
  }
  return { span: at, notes };
}

export function report(
  scope: Scope,
  code: Code,
  message: string,
  span: Span,
  details: Omit<DiagnosticDetails, "span"> = {},
): undefined {
  const user = userSpan(scope, span);
  // Inside the prelude there is one thing to say about a call, however many of its names it touches.
  const echo = (d: Diagnostic): boolean =>
    d.code === code && d.span?.start === user.span.start && d.span.end === user.span.end;
  if (user.notes.length > 0 && scope.resolver.diagnostics.some(echo)) return undefined;
  const labels = [...(details.labels ?? [])];
  for (let e = scope.expansion; e && labels.length < 3; e = e.outer) {
    if (!e.prelude) labels.push({ span: e.span, text: `\`${e.name}\` is expanded here` });
  }
  push(
    scope.resolver.diagnostics,
    diagnostic(code, message, {
      ...details,
      span: user.span,
      labels,
      notes: [...(details.notes ?? []), ...user.notes],
    }),
  );
  return undefined;
}

/** A pattern used five times with one mistake in it is one diagnostic. */
export function push(diagnostics: Diagnostic[], made: Diagnostic): void {
  const same = (d: Diagnostic): boolean =>
    d.code === made.code &&
    d.message === made.message &&
    d.span?.start === made.span?.start &&
    d.span?.end === made.span?.end &&
    d.span?.file === made.span?.file;
  if (!diagnostics.some(same)) diagnostics.push(made);
}

/** "did you mean" as help and as a fix that replaces the name. */
export function suggestion(span: Span, near: string | undefined): Pick<DiagnosticDetails, "help" | "fixes"> {
  if (near === undefined) return {};
  return {
    help: `did you mean \`${near}\`?`,
    fixes: [{ title: `replace with \`${near}\``, edits: [{ span, text: near }] }],
  };
}
