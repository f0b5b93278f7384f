/** Visits every sub-expression without recursion, so that no text can exhaust the stack. */
import type { Expr } from "../syntax/ast.ts";

function parts(x: Expr): readonly Expr[] {
  switch (x.kind) {
    case "number":
    case "string":
    case "bool":
    case "name":
      return [];
    case "unary":
      return [x.operand];
    case "binary":
      return [x.left, x.right];
    case "comparison":
      return x.operands;
    case "if":
      return [x.condition, x.then, x.otherwise];
    case "call":
      return x.args.map((argument) => argument.value);
    case "index":
      return [x.target, ...x.indices];
    case "member":
      return [x.target];
    case "group":
      return [x.inner];
  }
  x satisfies never;
  return [];
}

export function walk(root: Expr, visit: (x: Expr) => void): void {
  const stack = [root];
  for (let x = stack.pop(); x; x = stack.pop()) {
    visit(x);
    stack.push(...parts(x));
  }
}

export const ungroup = (x: Expr): Expr => {
  let inner = x;
  while (inner.kind === "group") inner = inner.inner;
  return inner;
};
