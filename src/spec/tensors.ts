/**
 * What is computed over the last axis of a partly indexed tensor: `x in t[h, bi]` and `segment(offsets, x)`,
 * and the bounded sum `sum(t < 64, expr)`. Bound variables get names that nothing else has.
 */
import { add, call, int, isConst, read, select, sub, variable, type Scalar } from "../scalar/scalar.ts";
import type { Expr } from "../syntax/ast.ts";
import { lower, lowerValue, operand } from "./lowering.ts";
import { report, type Scope, type TensorRef } from "./scope.ts";
import { checked, typeName, wants } from "./typing.ts";
import { ungroup } from "./walk.ts";

/** A sum over more terms than this, for one pair of positions, is a mistake. */
const maxTerms = 65_536;

const fresh = (scope: Scope, name: string): string => `${name}_${++scope.resolver.bound}`;

/** The tensor with exactly its last index open. */
function openRow(x: Expr, scope: Scope, who: string): TensorRef | undefined {
  const value = lowerValue(x, scope);
  if (!value) return undefined;
  if (value.kind !== "tensor")
    return report(
      scope,
      "FOV2001",
      `${who} takes a tensor without its last index, and this is ${typeName(value.type)}`,
      x.span,
    );
  const open = value.input.dims.length - value.leading.length;
  if (open !== 1) {
    return report(
      scope,
      "FOV2002",
      `${who} takes \`${value.input.name}\` with ${value.input.dims.length - 1} of its ${value.input.dims.length} indices, and it has ${value.leading.length}`,
      x.span,
    );
  }
  if (value.input.dtype !== "i32")
    return report(
      scope,
      "FOV2001",
      `${who} takes a tensor of i32, and \`${value.input.name}\` is ${value.input.dtype}`,
      x.span,
    );
  return value;
}

const lastDim = (ref: TensorRef): Scalar => ref.input.dims[ref.input.dims.length - 1];

export function membership(x: Expr & { kind: "binary" }, scope: Scope): Scalar | undefined {
  const value = operand(x.left, scope);
  const ref = openRow(x.right, scope, "`in`");
  if (!value || !ref || !wants(scope, value, "i32", "`in`")) return undefined;
  const name = fresh(scope, "e");
  const body = call("eq", read(ref.input.name, "i32", [...ref.leading, variable(name)]), value.value);
  return checked(scope, { kind: "any", type: "bool", name, count: lastDim(ref), body }, x.span);
}

/** The index of the segment that holds x: offsets that are <= x, less one. */
export function segment(x: Expr & { kind: "call" }, scope: Scope): Scalar | undefined {
  const [offsets, at] = x.args;
  const ref = openRow(offsets.value, scope, "`segment`");
  const value = operand(at.value, scope);
  if (!value || !ref || !wants(scope, value, "i32", "`segment`")) return undefined;
  const name = fresh(scope, "e");
  const before = call("le", read(ref.input.name, "i32", [...ref.leading, variable(name)]), value.value);
  const total: Scalar = { kind: "sum", type: "i32", name, count: lastDim(ref), body: select(before, int(1), int(0)) };
  return checked(scope, sub(total, int(1)), x.span);
}

export function boundedSum(x: Expr & { kind: "call" }, scope: Scope): Scalar | undefined {
  const [first, second] = x.args;
  const range = ungroup(first.value);
  const [name, limit] =
    range.kind === "comparison" && range.ops.length === 1 && range.ops[0] === "<" ? range.operands : [];
  if (name?.kind !== "name" || !limit) {
    return report(scope, "FOV2001", "the first argument of `sum` is not a range", first.value.span, {
      help: "write `sum(t < 64, …)`",
    });
  }
  const terms = operand(limit, scope);
  const bound = fresh(scope, name.name);
  const body = lower(second.value, { ...scope, locals: new Map([...scope.locals, [name.name, variable(bound)]]) });
  if (!terms || !body || !wants(scope, terms, "i32", "`sum`")) return undefined;
  if (!wants(scope, { value: body, span: second.value.span }, "number", "`sum`")) return undefined;
  if (isConst(terms.value) && terms.value.value > maxTerms) {
    return report(scope, "FOV4004", `a sum of ${terms.value.value} terms is longer than ${maxTerms}`, terms.span);
  }
  if (isConst(terms.value) && terms.value.value <= 0)
    return add(body.type === "i32" ? int(0) : { kind: "const", type: "f32", value: 0 }, int(0));
  return checked(scope, { kind: "sum", type: body.type, name: bound, count: terms.value, body }, x.span);
}
