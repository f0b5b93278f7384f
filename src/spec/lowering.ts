/**
 * How the parts of the lowering call each other: through the resolver, so that no file imports its importer.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import { read, variable, type Scalar } from "../scalar/scalar.ts";
import { scalarTypeOf } from "../scalar/storage.ts";
import type { Expr } from "../syntax/ast.ts";
import { report, type Scope, type TensorRef, type Value } from "./scope.ts";
import type { Operand } from "./typing.ts";

export const lowerValue = (x: Expr, scope: Scope): Value | undefined => scope.resolver.lowerValue(x, scope);

/** The element `c` of a tensor whose last index is open. */
export function elementOf({ input, leading }: TensorRef): Scalar | undefined {
  return input.dims.length - leading.length === 1
    ? read(input.name, scalarTypeOf(input.dtype), [...leading, variable("c")])
    : undefined;
}

/** A number or a truth value; a tensor without all of its indices is refused, but for a vector in a feature map. */
export function lower(x: Expr, scope: Scope): Scalar | undefined {
  const value = lowerValue(x, scope);
  if (value?.kind !== "tensor") return value;
  return (scope.place.vectors && elementOf(value)) ?? wrongRank(value, x.span, scope);
}

export function operand(x: Expr, scope: Scope): Operand | undefined {
  const value = lower(x, scope);
  return value && { value, span: x.span };
}

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n === 0 ? "no" : n} ${n === 1 ? one : many}`;

export function wrongRank({ input, leading }: TensorRef, span: Span, scope: Scope): undefined {
  return report(
    scope,
    "FOV2002",
    `\`${input.name}\` has ${count(input.dims.length, "dimension")} and is given ${count(leading.length, "index", "indices")}`,
    span,
  );
}
