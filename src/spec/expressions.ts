/**
 * Expressions to Scalars: names resolved, types on every node, patterns, functions and lets expanded with their
 * text kept as `origin`. Takes an Expr and a Scope; gives the Scalar, or undefined once every mistake in it is
 * reported. Guarantees: at most `maxNodes` nodes and as many steps, at most `maxDepth` levels.
 */
import { FoveaError, diagnostic } from "../diagnostics/diagnostic.ts";
import { call, read, truth, type Scalar } from "../scalar/scalar.ts";
import { scalarTypeOf } from "../scalar/storage.ts";
import type { Expr } from "../syntax/ast.ts";
import { lowerCall } from "./calls.ts";
import { product } from "./feature-map.ts";
import { operand, wrongRank } from "./lowering.ts";
import { lowerName } from "./names.ts";
import { report, type Scope, type Value } from "./scope.ts";
import {
  arithmeticOf,
  checked,
  choose,
  compare,
  divide,
  literal,
  logical,
  maxNodes,
  negate,
  tooLarge,
  wants,
} from "./typing.ts";
import { membership } from "./tensors.ts";
import { ungroup, walk } from "./walk.ts";

const maxDepth = 500;

export function lowerValue(x: Expr, outer: Scope): Value | undefined {
  const scope = { ...outer, depth: outer.depth + 1 };
  if (++scope.resolver.steps > maxNodes) tooLarge(scope, x.span);
  if (scope.depth > maxDepth) {
    throw new FoveaError([
      diagnostic("FOV4002", `the expression is nested deeper than ${maxDepth} levels`, {
        span: x.span,
        help: "name parts of it with `let`, `pattern` or `fn`, or pass a tensor and look the answer up",
      }),
    ]);
  }
  switch (x.kind) {
    case "number":
      return literal(scope, x.value, x.integer, x.span);
    case "bool":
      return truth(x.value);
    case "string":
      return report(scope, "FOV2001", "a string stands where a value is expected", x.span);
    case "name":
      return lowerName(x.name, x.span, scope);
    case "group":
      return lowerValue(x.inner, scope);
    case "unary":
      return lowerUnary(x, scope);
    case "binary":
      return lowerBinary(x, scope);
    case "comparison":
      return lowerComparison(x, scope);
    case "if": {
      const [c, a, b] = [operand(x.condition, scope), operand(x.then, scope), operand(x.otherwise, scope)];
      return c && a && b ? choose(scope, c, a, b, x.span) : undefined;
    }
    case "call":
      return lowerCall(x, scope);
    case "index":
      return lowerIndex(x, scope);
    case "member":
      return report(
        scope,
        "FOV3112",
        `\`.${x.member.text}\` reads the state of another attention, which is not available yet`,
        x.span,
        {
          notes: ["available now: one attention a spec, with its own mask, score and weights"],
        },
      );
  }
}

function lowerUnary(x: Expr & { kind: "unary" }, scope: Scope): Scalar | undefined {
  const a = operand(x.operand, scope);
  if (!a) return undefined;
  switch (x.op) {
    case "-":
      return negate(scope, a, x.span);
    case "not":
      return wants(scope, a, "bool", "`not`") ? checked(scope, call("not", a.value), x.span) : undefined;
  }
}

function lowerBinary(x: Expr & { kind: "binary" }, scope: Scope): Scalar | undefined {
  if (x.op === "@") {
    if (scope.place.vectors) return product(x, scope);
    const row = operandRow(x, scope);
    if (row) return refuseRow(row, scope);
    return report(scope, "FOV3114", "`@` multiplies rows of operands, which is not available yet", x.span, {
      notes: ["available now: `s`, the scaled product of q and k, in `score`"],
    });
  }
  if (x.op === "in") return membership(x, scope);
  const a = operand(x.left, scope);
  const b = operand(x.right, scope);
  if (!a || !b) return undefined;
  switch (x.op) {
    case "and":
    case "or":
      return logical(scope, x.op, a, b, x.span);
    case "+":
    case "-":
    case "*":
      return arithmeticOf(scope, x.op, a, b, x.span);
    case "/":
    case "div":
    case "mod":
      return divide(scope, x.op, a, b, x.span);
  }
}

/** `a <= b < c` is `a <= b and b < c`, each pair with its own promotion. */
function lowerComparison(x: Expr & { kind: "comparison" }, scope: Scope): Scalar | undefined {
  const operands = x.operands.map((each) => operand(each, scope));
  let all: Scalar | undefined;
  for (const [n, op] of x.ops.entries()) {
    const [a, b] = [operands[n], operands[n + 1]];
    if (!a || !b) return undefined;
    const one = compare(scope, op, a, b, x.span);
    if (!one) return undefined;
    all = all ? checked(scope, call("and", all, one), x.span) : one;
  }
  return all;
}

/** q, k or v itself, not something that hides its name. */
const isOperand = (x: Expr, scope: Scope): boolean =>
  x.kind === "name" && ["q", "k", "v"].includes(x.name) && !scope.locals.has(x.name);

/** The `row` at which an expression reads q, k or v, if it does. */
function operandRow(x: Expr, scope: Scope): Expr | undefined {
  let found: Expr | undefined;
  walk(x, (part) => {
    if (part.kind !== "index" || !isOperand(ungroup(part.target), scope)) return;
    for (const index of part.indices)
      walk(index, (inner) => {
        if (inner.kind === "name" && inner.name === "row") found ??= inner;
      });
  });
  return found;
}

const refuseRow = (row: Expr, scope: Scope): undefined =>
  report(scope, "FOV3013", "operands are read at a position or a block, not at a `row`", row.span, {
    help: "`i` is the query's position, `j` the key's",
  });

function lowerIndex(x: Expr & { kind: "index" }, scope: Scope): Value | undefined {
  const target = ungroup(x.target);
  if (target.kind !== "name" && target.kind !== "index")
    return report(scope, "FOV2001", "only an input can be indexed", x.target.span);
  const row = operandRow(x, scope);
  if (row) return refuseRow(row, scope);
  const value = lowerValue(target, scope);
  const indices = x.indices.map((index) => operand(index, scope));
  if (!value) return undefined;
  if (value.kind !== "tensor") return report(scope, "FOV2002", "a value without dimensions is indexed", x.span);
  const given: Scalar[] = [...value.leading];
  let fits = true;
  for (const index of indices) {
    if (index && wants(scope, index, "i32", "an index")) given.push(index.value);
    else fits = false;
  }
  if (!fits) return undefined;
  const ref = { ...value, leading: given };
  const rank = value.input.dims.length;
  if (given.length > rank) return wrongRank(ref, x.span, scope);
  return given.length < rank
    ? ref
    : checked(scope, read(value.input.name, scalarTypeOf(value.input.dtype), given), x.span);
}
