/**
 * Compile-time values. Takes the `param` declarations in order, what an alias binds and what `--set` gives;
 * gives each as a constant of its declared type. An alias's own argument stands over `--set`.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import { float, int, truth, type Scalar, type ScalarType } from "../scalar/scalar.ts";
import type { Name } from "../syntax/ast.ts";
import { isFree, twice, type ParamDeclaration } from "./declarations.ts";
import { lower } from "./lowering.ts";
import { places, report, scopeOf, type Resolver } from "./scope.ts";
import { maxInt, typeName } from "./typing.ts";

export interface Overrides {
  readonly set: ReadonlyMap<string, number>;
  readonly alias: ReadonlyMap<string, { readonly value: number; readonly span: Span }>;
}

/** Adds to `params`; a parameter in an attention hides one of the file. */
export function evaluateParams(
  declared: readonly ParamDeclaration[],
  overrides: Overrides,
  resolver: Resolver,
  params: Map<string, Scalar>,
): void {
  const seen = new Map<string, Name>();
  for (const { name, value } of declared) {
    const first = seen.get(name.text);
    if (first) twice(resolver.diagnostics, name, first.span);
    else if (isFree(resolver.diagnostics, name)) {
      seen.set(name.text, name);
      const scope = scopeOf(resolver, places.constant);
      const made = lower(value, scope);
      // After a mistake, one more about every use of the name would only be its echo.
      params.set(name.text, int(1));
      if (!made) continue;
      if (made.kind !== "const") {
        report(scope, "FOV3010", `the value of \`${name.text}\` is not known at compile time`, value.span);
        continue;
      }
      const alias = overrides.alias.get(name.text);
      const given = alias?.value ?? overrides.set.get(name.text);
      const taken = given === undefined ? made : override(resolver, name, made.type, given, alias?.span ?? name.span);
      if (taken) params.set(name.text, taken);
    }
  }
}

function override(resolver: Resolver, name: Name, type: ScalarType, value: number, span: Span): Scalar | undefined {
  const scope = scopeOf(resolver, places.constant);
  switch (type) {
    case "bool":
      return truth(value !== 0);
    case "f32":
      return Number.isFinite(Math.fround(value))
        ? float(Math.fround(value))
        : report(scope, "FOV4004", `${value} for \`${name.text}\` does not fit into f32`, span);
    case "i32":
      if (!Number.isInteger(value))
        return report(scope, "FOV2001", `\`${name.text}\` is ${typeName(type)} and is set to ${value}`, span);
      return Math.abs(value) <= maxInt
        ? int(value)
        : report(scope, "FOV4004", `${value} for \`${name.text}\` does not fit into 32 bits`, span);
  }
}
