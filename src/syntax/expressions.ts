/**
 * From chevrotain's tree of an expression to the Ast: chains are folded to the left in loops, parentheses
 * stay as `group`, every node gets its span. Guarantees at most `limits.expressionNodes` nodes.
 */
import type { CstNode, IToken } from "chevrotain";
import { diagnostic, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import type { Argument, BinaryOperator, ComparisonOperator, Expr } from "./ast.ts";
import { name, need, node, nodes, optionalName, spanOfNode, spanOfToken, token, tokens } from "./cst.ts";
import { limits } from "./limits.ts";

/** What building shares: where spans point to, where faults go, the nodes of the expression so far. */
export interface Building {
  readonly path: string;
  readonly diagnostics: Diagnostic[];
  nodes: number;
}

const binaryOperators: ReadonlySet<string> = new Set<BinaryOperator>([
  "or",
  "and",
  "+",
  "-",
  "*",
  "/",
  "@",
  "div",
  "mod",
  "in",
]);
const comparisonOperators: ReadonlySet<string> = new Set<ComparisonOperator>(["<", "<=", ">", ">=", "==", "!="]);
const isBinary = (text: string): text is BinaryOperator => binaryOperators.has(text);
const isComparison = (text: string): text is ComparisonOperator => comparisonOperators.has(text);

const spanning = (first: Span, last: Span): Span => ({ file: first.file, start: first.start, end: last.end });

/** A whole expression, as a clause or an argument of a declaration has it. */
export function buildExpression(building: Building, cst: CstNode): Expr {
  building.nodes = 0;
  const built = expression(building, cst);
  if (building.nodes > limits.expressionNodes) {
    building.diagnostics.push(
      diagnostic("FOV4003", `an expression has more than ${limits.expressionNodes} operands and operators`, {
        span: built.span,
        help: "name parts of it with `let` or `fn`, or pass a tensor and look the answer up",
      }),
    );
    need(undefined);
  }
  return built;
}

export const buildExpressions = (building: Building, list: CstNode): Expr[] =>
  nodes(list, "expression").map((each) => buildExpression(building, each));

export const buildArguments = (building: Building, cst: CstNode): Argument[] =>
  nodes(cst, "argument").map((each) => argument(building, each, buildExpression));

function argument(building: Building, cst: CstNode, build: typeof buildExpression): Argument {
  const label = optionalName(building.path, cst, "name");
  const value = build(building, need(node(cst, "expression")));
  return label ? { name: label, value } : { value };
}

function expression(building: Building, cst: CstNode): Expr {
  const loose = node(cst, "disjunction");
  if (loose) return disjunction(building, loose);
  building.nodes++;
  return {
    kind: "if",
    condition: expression(building, need(node(cst, "condition"))),
    then: expression(building, need(node(cst, "then"))),
    otherwise: expression(building, need(node(cst, "otherwise"))),
    span: spanOfNode(building.path, cst),
  };
}

/** `a + b + c` is ((a + b) + c). */
function fold(building: Building, operands: readonly Expr[], operators: readonly string[]): Expr {
  let left = need(operands[0]);
  operators.forEach((op, index) => {
    const right = need(operands[index + 1]);
    if (!isBinary(op)) return need(undefined);
    building.nodes++;
    left = { kind: "binary", op, left, right, span: spanning(left.span, right.span) };
  });
  return left;
}

function disjunction(building: Building, cst: CstNode): Expr {
  const operands = nodes(cst, "operands").map((each) => conjunction(building, each));
  return fold(building, operands, Array<string>(Math.max(0, operands.length - 1)).fill("or"));
}

function conjunction(building: Building, cst: CstNode): Expr {
  const operands = nodes(cst, "operands").map((each) => negation(building, each));
  return fold(building, operands, Array<string>(Math.max(0, operands.length - 1)).fill("and"));
}

function negation(building: Building, cst: CstNode): Expr {
  const tight = node(cst, "comparison");
  if (tight) return comparison(building, tight);
  building.nodes++;
  const operand = negation(building, need(node(cst, "negation")));
  return { kind: "unary", op: "not", operand, span: spanOfNode(building.path, cst) };
}

function comparison(building: Building, cst: CstNode): Expr {
  const operands = nodes(cst, "operands").map((each) => chain(building, each, product));
  const [first] = operands;
  const set = node(cst, "set");
  if (set) return fold(building, [need(first), chain(building, set, product)], ["in"]);
  const ops = nodes(cst, "comparisonSign")
    .map((each) => need(token(each, "sign")).image)
    .filter(isComparison);
  if (ops.length === 0) return need(first);
  if (operands.length !== ops.length + 1) need(undefined);
  building.nodes++;
  return { kind: "comparison", ops, operands, span: spanning(need(first).span, need(operands.at(-1)).span) };
}

function chain(building: Building, cst: CstNode, tighter: (building: Building, cst: CstNode) => Expr): Expr {
  const operands = nodes(cst, "operands").map((each) => tighter(building, each));
  return fold(
    building,
    operands,
    tokens(cst, "signs").map(({ image }) => image),
  );
}

const product = (building: Building, cst: CstNode): Expr => chain(building, cst, prefixed);

function prefixed(building: Building, cst: CstNode): Expr {
  const tight = node(cst, "suffixed");
  if (tight) return suffixed(building, tight);
  building.nodes++;
  const operand = prefixed(building, need(node(cst, "prefixed")));
  return { kind: "unary", op: "-", operand, span: spanOfNode(building.path, cst) };
}

function suffixed(building: Building, cst: CstNode): Expr {
  let target = operand(building, need(node(cst, "operand")));
  for (const suffix of nodes(cst, "suffix")) {
    building.nodes++;
    const span = spanning(target.span, spanOfNode(building.path, suffix));
    const list = node(suffix, "expressionList");
    target = list
      ? { kind: "index", target, indices: nodes(list, "expression").map((each) => expression(building, each)), span }
      : { kind: "member", target, member: name(building.path, suffix, "member"), span };
  }
  return target;
}

function operand(building: Building, cst: CstNode): Expr {
  building.nodes++;
  const span = spanOfNode(building.path, cst);
  const inner = node(cst, "inner");
  if (inner) return { kind: "group", inner: expression(building, inner), span };
  const number = token(cst, "number");
  if (number)
    return {
      kind: "number",
      value: Number(number.image),
      text: number.image,
      integer: /^[0-9]+$/.test(number.image),
      span,
    };
  const string = token(cst, "string");
  if (string) return { kind: "string", value: unescape(building, string), span };
  const bool = token(cst, "bool");
  if (bool) return { kind: "bool", value: bool.image === "true", span };
  const callee = name(building.path, cst, "name");
  const args = node(cst, "callArguments");
  if (!args) return { kind: "name", name: callee.text, span };
  return {
    kind: "call",
    callee,
    args: nodes(args, "argument").map((each) => argument(building, each, expression)),
    span,
  };
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", '"': '"', "\\": "\\" };

function unescape(building: Building, string: IToken): string {
  const { start } = spanOfToken(building.path, string);
  return string.image.slice(1, -1).replace(/\\(.)/gsu, (whole: string, letter: string, at: number) => {
    const meant = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    if (meant !== undefined) return meant;
    const span = { file: building.path, start: start + 1 + at, end: start + 1 + at + whole.length };
    building.diagnostics.push(
      diagnostic("FOV1001", `found \`${whole}\` where \`\\\\\`, \`\\"\`, \`\\n\` or \`\\t\` is expected`, {
        span,
        help: "write `\\\\` for a backslash",
      }),
    );
    return whole;
  });
}
