/**
 * What a file declares. Takes the file and the prelude; gives its patterns and functions, parameters and
 * attentions by name, with duplicates and cycles reported. A file may redefine a name of the prelude, never a
 * built-in function. Every table is a Map, so that no name of a user's meets one of JavaScript's.
 */
import { diagnostic, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import type { Declaration, Expr, File, FnDeclaration, Name } from "../syntax/ast.ts";
import { builtins, laterNames } from "./calls.ts";
import { positionNames, push, type Callable } from "./scope.ts";
import { walk } from "./walk.ts";

export interface ParamDeclaration {
  readonly name: Name;
  readonly value: Expr;
  readonly span: Span;
}

export type Attention = Extract<Declaration, { kind: "attention" | "alias" }>;

export interface Declarations {
  readonly callables: ReadonlyMap<string, Callable>;
  readonly params: readonly ParamDeclaration[];
  readonly attentions: ReadonlyMap<string, Attention>;
  readonly schedules: readonly Extract<Declaration, { kind: "schedule" }>[];
}

const reserved: ReadonlySet<string> = new Set(positionNames);
const builtin: ReadonlySet<string> = new Set([...builtins, ...laterNames]);

export function twice(diagnostics: Diagnostic[], name: Name, first: Span | undefined): void {
  const labels = first ? [{ span: first, text: "first declared here" }] : [];
  push(diagnostics, diagnostic("FOV3003", `\`${name.text}\` is declared twice`, { span: name.span, labels }));
}

/** Is the name the user's to give? Reports where it is not. */
export function isFree(diagnostics: Diagnostic[], name: Name, callable = false): boolean {
  const what = reserved.has(name.text)
    ? "a position or the score"
    : callable && builtin.has(name.text)
      ? "a built-in function"
      : undefined;
  if (what === undefined) return true;
  push(
    diagnostics,
    diagnostic("FOV3003", `\`${name.text}\` is already ${what}`, { span: name.span, help: "choose another name" }),
  );
  return false;
}

export function callableOf(
  kind: "pattern" | "fn",
  declared: Pick<FnDeclaration, "name" | "params" | "body" | "span">,
  home?: ReadonlyMap<string, Callable>,
): Callable {
  const { name, params, body, span } = declared;
  return { kind, name, params, body, span, prelude: home !== undefined, ...(home ? { home } : {}) };
}

/** Two parameters of one name. */
export function checkParams(diagnostics: Diagnostic[], params: readonly Name[]): void {
  const seen = new Map<string, Span>();
  for (const param of params) {
    if (seen.has(param.text)) twice(diagnostics, param, seen.get(param.text));
    seen.set(param.text, param.span);
  }
}

export function collect(file: File, prelude: File, diagnostics: Diagnostic[]): Declarations {
  const home = new Map<string, Callable>();
  const params: ParamDeclaration[] = [];
  const attentions = new Map<string, Attention>();
  for (const declaration of prelude.declarations) {
    if (declaration.kind === "pattern") home.set(declaration.name.text, callableOf("pattern", declaration, home));
    if (declaration.kind === "fn") home.set(declaration.fn.name.text, callableOf("fn", declaration.fn, home));
  }
  const schedules: Extract<Declaration, { kind: "schedule" }>[] = [];
  const callables = new Map(home);
  const seen = new Map<string, Span>();
  const isNew = (name: Name): boolean => {
    const first = seen.get(name.text);
    if (first) twice(diagnostics, name, first);
    else seen.set(name.text, name.span);
    return !first;
  };
  for (const declaration of file.declarations) {
    switch (declaration.kind) {
      case "pattern":
      case "fn": {
        const declared = declaration.kind === "fn" ? declaration.fn : declaration;
        checkParams(diagnostics, declared.params);
        if (isNew(declared.name) && isFree(diagnostics, declared.name, true)) {
          callables.set(declared.name.text, callableOf(declaration.kind, declared));
        }
        break;
      }
      case "param":
        if (isNew(declaration.name) && isFree(diagnostics, declaration.name)) params.push(declaration);
        break;
      case "attention":
      case "alias":
        if (isNew(declaration.name)) attentions.set(declaration.name.text, declaration);
        break;
      case "schedule":
        schedules.push(declaration);
    }
  }
  return { callables, params, attentions, schedules };
}

/** Patterns and functions that call themselves, however far around; each cycle is reported once. */
export function cycles(callables: ReadonlyMap<string, Callable>, diagnostics: Diagnostic[]): Set<Callable> {
  const broken = new Set<Callable>();
  const done = new Set<Callable>();
  for (const root of callables.values()) {
    if (done.has(root)) continue;
    const path: { callable: Callable; calls: { callable: Callable; span: Span }[] }[] = [
      { callable: root, calls: callsOf(root, callables) },
    ];
    while (path.length > 0) {
      const top = path[path.length - 1];
      const next = top.calls.pop();
      if (!next) {
        done.add(top.callable);
        path.pop();
        continue;
      }
      const start = path.findIndex((entry) => entry.callable === next.callable);
      if (start >= 0) {
        const loop = path.slice(start).map((entry) => entry.callable);
        for (const each of loop) broken.add(each);
        const names = [...loop, next.callable].map((each) => `\`${each.name.text}\``);
        push(
          diagnostics,
          diagnostic("FOV3004", `\`${next.callable.name.text}\` calls itself`, {
            span: next.span,
            notes:
              names.length > 2 ? [`by way of ${names.slice(0, 6).join(" → ")}${names.length > 6 ? " …" : ""}`] : [],
          }),
        );
      } else if (!done.has(next.callable)) {
        path.push({ callable: next.callable, calls: callsOf(next.callable, callables) });
      }
    }
  }
  return broken;
}

function callsOf(
  { params, body, home }: Callable,
  callables: ReadonlyMap<string, Callable>,
): { callable: Callable; span: Span }[] {
  const own = new Set(params.map((param) => param.text));
  const found: { callable: Callable; span: Span }[] = [];
  walk(body, (x) => {
    const name = x.kind === "call" ? x.callee.text : x.kind === "name" && !own.has(x.name) ? x.name : undefined;
    const callable = name === undefined ? undefined : (home ?? callables).get(name);
    if (callable) found.push({ callable, span: x.span });
  });
  return found.reverse();
}
