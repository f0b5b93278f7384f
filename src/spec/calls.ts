/**
 * Calls: built-in functions, and patterns and functions expanded by value, their text kept as `origin`. Takes the
 * call and its scope; gives the Scalar or reports what does not fit.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import type { ScalarFn } from "../scalar/functions.ts";
import { printScalar } from "../scalar/print.ts";
import { call, int, type Scalar } from "../scalar/scalar.ts";
import type { Argument, Expr } from "../syntax/ast.ts";
import { count, lower, lowerValue, operand } from "./lowering.ts";
import { callableIn, report, suggestion, type Callable, type Scope, type Value } from "./scope.ts";
import { boundedSum, segment } from "./tensors.ts";
import { checked, nodes, promote, toReal, wants, type Operand } from "./typing.ts";
import { ungroup } from "./walk.ts";

type CallExpr = Expr & { kind: "call" };

interface Builtin {
  readonly arity: number;
  /** Takes more arguments, too. */
  readonly more?: true;
  readonly lower: (x: CallExpr, scope: Scope) => Scalar | undefined;
}

const operands = (x: CallExpr, scope: Scope): readonly Operand[] | undefined => {
  const all = x.args.map((argument) => operand(argument.value, scope));
  return all.every((each) => each !== undefined) ? all : undefined;
};

const numbers = (x: CallExpr, scope: Scope, type: "number" | "i32" = "number"): readonly Scalar[] | undefined => {
  const all = operands(x, scope);
  if (!all) return undefined;
  const fits = all.map((each) => wants(scope, each, type, `\`${x.callee.text}\``));
  return fits.every(Boolean) ? all.map((each) => each.value) : undefined;
};

const real = (fn: ScalarFn): Builtin => ({
  arity: 1,
  lower: (x, scope) => {
    const args = numbers(x, scope);
    return args && checked(scope, call(fn, toReal(args[0])), x.span);
  },
});

/** `ceil(L/32)` of integers, in a shape or an example, is the quotient rounded up, `floor` rounded down. */
const rounding = (fn: "floor" | "ceil"): Builtin => ({
  arity: 1,
  lower: (x, scope) => {
    const inner = ungroup(x.args[0].value);
    if (scope.place.division === "up" && fn === "floor" && inner.kind === "binary" && inner.op === "/") {
      return lower({ ...inner, op: "div" }, scope);
    }
    const args = numbers(x, scope);
    if (!args) return undefined;
    return args[0].type === "i32" ? args[0] : checked(scope, call(fn, args[0]), x.span);
  },
});

const pairwise = (fn: "min" | "max"): Builtin => ({
  arity: 2,
  lower: (x, scope) => {
    const args = numbers(x, scope);
    return args && checked(scope, call(fn, ...promote(args[0], args[1])), x.span);
  },
});

const table: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ...(["exp", "exp2", "log", "log2", "tanh", "sin", "cos", "sqrt", "float"] as const).map((fn): [string, Builtin] => [
    fn,
    real(fn),
  ]),
  ["floor", rounding("floor")],
  ["ceil", rounding("ceil")],
  ["min", pairwise("min")],
  ["max", pairwise("max")],
  [
    "abs",
    {
      arity: 1,
      lower: (x, scope) => {
        const a = numbers(x, scope);
        return a && checked(scope, call("abs", a[0]), x.span);
      },
    },
  ],
  [
    "bit",
    {
      arity: 2,
      lower: (x, scope) => {
        const a = numbers(x, scope, "i32");
        return a && checked(scope, call("bit", ...a), x.span);
      },
    },
  ],
  [
    "int",
    {
      arity: 1,
      lower: (x, scope) => {
        const a = numbers(x, scope);
        return a && (a[0].type === "i32" ? a[0] : checked(scope, call("int", a[0]), x.span));
      },
    },
  ],
  [
    "hash",
    {
      arity: 1,
      more: true,
      lower: (x, scope) => {
        const all = numbers(x, scope, "i32");
        return (
          all &&
          checked(
            scope,
            all.reduce((h, each) => call("hash", h, each), int(0)),
            x.span,
          )
        );
      },
    },
  ],
  ["segment", { arity: 2, lower: segment }],
  ["sum", { arity: 2, lower: boundedSum }],
]);

export const builtins: readonly string[] = [...table.keys()];

/** Names of the language that a later version understands. */
const later: ReadonlyMap<string, { code: "FOV3108" | "FOV3112" | "FOV3115"; now: string }> = new Map([
  ["top", { code: "FOV3108", now: "masks over positions and inputs, such as a table of blocks: `bj in table[h, bi]`" }],
  ["merge", { code: "FOV3112", now: "one attention a spec" }],
  ["mean", { code: "FOV3115", now: "`sum(t < n, …)` over an input" }],
]);
export const laterNames: readonly string[] = [...later.keys()];

export function lowerCall(x: CallExpr, scope: Scope): Scalar | undefined {
  const name = x.callee.text;
  const callable = callableIn(scope, name);
  if (callable) return expand(callable, x.args, x.span, scope);
  const builtin = table.get(name);
  if (builtin) {
    const named = x.args.find((argument) => argument.name);
    if (named?.name)
      return report(scope, "FOV2003", `\`${name}\` has no parameter \`${named.name.text}\``, named.name.span);
    const fits = builtin.more ? x.args.length >= builtin.arity : x.args.length === builtin.arity;
    if (!fits) return arity(scope, name, builtin.arity, x.args.length, x.span);
    return builtin.lower(x, scope);
  }
  const missing = later.get(name);
  if (missing)
    return report(scope, missing.code, `\`${name}\` is not available yet`, x.callee.span, {
      notes: [`available now: ${missing.now}`],
    });
  if (scope.resolver.attentions.has(name)) {
    return report(scope, "FOV3112", `the attention \`${name}\` as a value is not available yet`, x.callee.span, {
      notes: ["available now: one attention a spec"],
    });
  }
  const near = closest(name, [...scope.resolver.callables.keys(), ...builtins, ...laterNames]);
  return report(
    scope,
    "FOV3002",
    `no pattern or function is named \`${name}\``,
    x.callee.span,
    suggestion(x.callee.span, near),
  );
}

const arity = (scope: Scope, name: string, wanted: number, given: number, span: Span): undefined =>
  report(
    scope,
    "FOV2003",
    `\`${name}\` takes ${count(wanted, "argument")} and is given ${count(given, "argument")}`,
    span,
  );

/** The arguments in the order of the parameters. */
function bind(
  callable: Callable,
  args: readonly Argument[],
  span: Span,
  scope: Scope,
): readonly Argument[] | undefined {
  const name = callable.name.text;
  const params = callable.params.map((param) => param.text);
  const slots: (Argument | undefined)[] = params.map(() => undefined);
  let next = 0;
  for (const argument of args) {
    const at = argument.name ? params.indexOf(argument.name.text) : next++;
    if (argument.name && at < 0) {
      return report(
        scope,
        "FOV2003",
        `\`${name}\` has no parameter \`${argument.name.text}\``,
        argument.name.span,
        suggestion(argument.name.span, closest(argument.name.text, params)),
      );
    }
    if (at >= params.length) return arity(scope, name, params.length, args.length, span);
    if (slots[at])
      return report(scope, "FOV2003", `\`${params[at]}\` of \`${name}\` is given twice`, argument.value.span);
    slots[at] = argument;
  }
  return slots.every((slot) => slot !== undefined) ? slots : arity(scope, name, params.length, args.length, span);
}

export function expand(callable: Callable, args: readonly Argument[], span: Span, scope: Scope): Scalar | undefined {
  const { resolver } = scope;
  const name = callable.name.text;
  const bound = bind(callable, args, span, scope);
  if (!bound || resolver.broken.has(callable)) return undefined;
  const locals = new Map<string, Value>();
  for (const [n, argument] of bound.entries()) {
    const value = lowerValue(argument.value, scope);
    if (value) locals.set(callable.params[n].text, value);
  }
  if (locals.size < callable.params.length) return undefined;
  resolver.used.callables.add(callable);
  scope.met.add(name);
  const expansion = { name, prelude: callable.prelude, home: callable.home, span, outer: scope.expansion };
  const body = lower(callable.body, { ...scope, locals, expansion });
  if (!body) return undefined;
  if (callable.kind === "pattern" && body.type !== "bool") {
    return report(scope, "FOV2001", `the pattern \`${name}\` is not a truth value`, callable.body.span);
  }
  const texts = [...locals.values()].map((value) => argumentText(value));
  const origin = callable.params.length === 0 ? name : `${name}(${texts.join(", ")})`;
  return { ...body, origin };
}

/** What an argument looks like in an origin; long ones are left out. */
function argumentText(value: Value): string {
  if (value.kind === "tensor") {
    const { input, leading } = value;
    return leading.length === 0 ? input.name : `${input.name}[${leading.map(argumentText).join(", ")}]`;
  }
  if (value.origin !== undefined && value.origin.length <= 60) return value.origin;
  const text = nodes(value) <= 40 ? printScalar(value, { origins: true }) : "…";
  return text.length <= 60 ? text : "…";
}
