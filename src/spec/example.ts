/**
 * The `example` clause: sizes and values that commands take where none are given. Takes the clause and the
 * resolver; gives numbers for dimensions and a recipe for each input that has one. Fixes nothing.
 */
import { closest } from "../diagnostics/suggest.ts";
import type { Span } from "../diagnostics/diagnostic.ts";
import { int, isConst, rewrite, type Scalar } from "../scalar/scalar.ts";
import { isReal, isSmall, type Dtype } from "../scalar/storage.ts";
import type { Clause, Expr, Name } from "../syntax/ast.ts";
import { lower } from "./lowering.ts";
import { places, report, scopeOf, suggestion, type Resolver, type Scope } from "./scope.ts";
import type { ExampleValue, Spec } from "./spec.ts";
import { typeName } from "./typing.ts";

const recipes: ReadonlyMap<string, number> = new Map([
  ["segments", 1],
  ["offsets", 1],
  ["between", 2],
  ["bernoulli", 1],
  ["file", 1],
]);

export function resolveExample(
  resolver: Resolver,
  clause: (Clause & { kind: "example" }) | undefined,
): Spec["example"] {
  const sizes: Record<string, number> = {};
  const values: Record<string, ExampleValue> = {};
  const scope = scopeOf(resolver, places.example);
  const seen = new Map<string, Span>();
  for (const { name, value } of clause?.entries ?? []) {
    const first = seen.get(name.text);
    if (first)
      report(scope, "FOV3003", `\`${name.text}\` has two values in \`example\``, name.span, {
        labels: [{ span: first, text: "first given here" }],
      });
    seen.set(name.text, name.span);
    const input = resolver.inputs.get(name.text);
    if (input) {
      const made = recipe(scope, value, input.dtype);
      if (made) define(values, name.text, made);
    } else if (resolver.sizes.has(name.text)) {
      const made = exampleSize(scope, value, sizes);
      if (made !== undefined && resolver.sizes.get(name.text)?.kind === "size") define(sizes, name.text, made);
    } else {
      const near = closest(name.text, [...resolver.sizes.keys(), ...resolver.inputs.keys()]);
      report(
        scope,
        "FOV3001",
        `no dimension or input is named \`${name.text}\``,
        name.span,
        suggestion(name.span, near),
      );
    }
  }
  return { sizes, values };
}

/** Own properties only, whatever the name is. */
function define<T>(record: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

/** A size may use the sizes before it. */
function exampleSize(scope: Scope, x: Expr, sizes: Readonly<Record<string, number>>): number | undefined {
  const made = lower(x, scope);
  if (!made) return undefined;
  const value = rewrite(made, (n) =>
    n.kind === "size" && Object.hasOwn(sizes, n.name) ? int(sizes[n.name]) : undefined,
  );
  if (isConst(value) && value.type === "i32" && value.value >= 0) return value.value;
  return report(scope, "FOV2106", "the value of a dimension is not a size", x.span);
}

function recipe(scope: Scope, x: Expr, dtype: Dtype): ExampleValue | undefined {
  if (isSmall(dtype) && !(x.kind === "call" && x.callee.text === "file"))
    return report(scope, "FOV2001", `the integers of an ${dtype} operand are random, or those of a file`, x.span, {
      help: 'leave the value out, or write `file("x.npy")`',
    });
  if (x.kind !== "call" || !recipes.has(x.callee.text)) return plain(scope, x, dtype);
  const { callee, args } = x;
  const wanted = recipes.get(callee.text) ?? 0;
  if (args.length !== wanted || args.some((argument) => argument.name)) {
    return report(
      scope,
      "FOV2003",
      `\`${callee.text}\` takes ${wanted} argument${wanted === 1 ? "" : "s"} without names`,
      x.span,
    );
  }
  if (callee.text === "file") return fileOf(scope, args[0].value);
  const made = args.map((argument) => numberOf(scope, argument.value));
  if (made.some((value) => value === undefined)) return undefined;
  const [first, second] = made;
  if (!first) return undefined;
  return made.length === 2 && second
    ? between(scope, dtype, first, second, x, callee)
    : counted(scope, dtype, first, x, callee);
}

function counted(scope: Scope, dtype: Dtype, first: Scalar, x: Expr, callee: Name): ExampleValue | undefined {
  if (callee.text === "bernoulli") {
    if (isConst(first) && first.value >= 0 && first.value <= 1) return { kind: "bernoulli", p: first.value };
    return report(scope, "FOV2001", "the probability of `bernoulli` is not a number from 0 to 1", x.span);
  }
  const name = callee.text;
  if (dtype !== "i32") return report(scope, "FOV2001", `\`${name}\` gives integers, and the input is ${dtype}`, x.span);
  if (first.type !== "i32") return report(scope, "FOV2001", `\`${name}\` takes an integer`, x.span);
  return name === "offsets" ? { kind: "offsets", length: first } : { kind: "segments", count: first };
}

function between(scope: Scope, dtype: Dtype, lo: Scalar, hi: Scalar, x: Expr, callee: Name): ExampleValue | undefined {
  if (dtype === "bool")
    return report(scope, "FOV2001", `\`${callee.text}\` gives numbers, and the input is bool`, x.span, {
      help: "use `bernoulli(0.5)`",
    });
  if (dtype === "i32" && (lo.type !== "i32" || hi.type !== "i32"))
    return report(scope, "FOV2001", "the bounds of an integer input are not integers", x.span);
  return { kind: "between", lo, hi };
}

function fileOf(scope: Scope, x: Expr): ExampleValue | undefined {
  return x.kind === "string"
    ? { kind: "file", path: x.value }
    : report(scope, "FOV2001", "`file` takes a string", x.span);
}

function numberOf(scope: Scope, x: Expr): Scalar | undefined {
  const value = lower(x, scope);
  if (value?.type === "bool")
    return report(scope, "FOV2001", "a number is expected, and this is a truth value", x.span);
  return value;
}

function plain(scope: Scope, x: Expr, dtype: Dtype): ExampleValue | undefined {
  const value = lower(x, scope);
  if (!value) return undefined;
  if (!isConst(value))
    return report(scope, "FOV2001", "the value of an input in `example` is not known at compile time", x.span);
  const fits = isReal(dtype)
    ? value.type !== "bool"
    : value.type === dtype || (dtype === "bool" && value.type === "i32");
  if (!fits) return report(scope, "FOV2001", `the input is ${dtype}, and this is ${typeName(value.type)}`, x.span);
  return { kind: "number", value: dtype === "bool" ? Number(value.value !== 0) : value.value };
}
