/**
 * Writes expressions in canonical layout: single spaces around operators, parentheses as written and wherever
 * the tree needs them. Guarantees that the text parses to the same tree. Left-deep chains do not recurse.
 */
import type { Argument, BinaryOperator, Expr } from "./ast.ts";
import type { Writer } from "./writer.ts";

/** How tightly each form binds, loosest 0; an operand is put in parentheses where it binds too loosely. */
const levels = {
  if: 0,
  or: 1,
  and: 2,
  not: 3,
  comparison: 4,
  sum: 5,
  product: 6,
  minus: 7,
  suffixed: 8,
  operand: 9,
} as const;

const binaryLevels: Readonly<Record<BinaryOperator, number>> = {
  or: levels.or,
  and: levels.and,
  in: levels.comparison,
  "+": levels.sum,
  "-": levels.sum,
  "*": levels.product,
  "/": levels.product,
  "@": levels.product,
  div: levels.product,
  mod: levels.product,
};

function levelOf(expr: Expr): number {
  switch (expr.kind) {
    case "if":
      return levels.if;
    case "binary":
      return binaryLevels[expr.op];
    case "comparison":
      return levels.comparison;
    case "unary":
      return expr.op === "not" ? levels.not : levels.minus;
    case "index":
    case "member":
      return levels.suffixed;
    case "number":
    case "string":
    case "bool":
    case "name":
    case "call":
    case "group":
      return levels.operand;
  }
}

const escape = (text: string): string =>
  `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;

type Spine = Extract<Expr, { kind: "binary" | "index" | "member" }>;

const isSpine = (expr: Expr): expr is Spine =>
  expr.kind === "binary" || expr.kind === "index" || expr.kind === "member";

/** The left operand of a chain may be of the chain's own level, except that comparisons do not nest. */
const leftOf = (expr: Spine): { inner: Expr; level: number } => {
  if (expr.kind !== "binary") return { inner: expr.target, level: levels.suffixed };
  return { inner: expr.left, level: expr.op === "in" ? levels.sum : binaryLevels[expr.op] };
};

export function writeExpression(writer: Writer, expr: Expr, level = 0): void {
  if (levelOf(expr) < level) {
    writer.write("(", expr.span.start);
    writeExpression(writer, expr);
    writer.write(")");
    return;
  }
  const spine: Spine[] = [];
  let leftmost = expr;
  while (isSpine(leftmost)) {
    const { inner, level: needed } = leftOf(leftmost);
    spine.push(leftmost);
    leftmost = inner;
    if (levelOf(inner) < needed) break;
  }
  const outermost = spine.at(-1);
  if (outermost) writeExpression(writer, leftmost, leftOf(outermost).level);
  else if (!isSpine(leftmost)) writeSingle(writer, leftmost);
  for (const each of spine.toReversed()) writeRight(writer, each);
}

function writeRight(writer: Writer, expr: Spine): void {
  if (expr.kind === "binary") {
    writer.write(` ${expr.op} `);
    writeExpression(writer, expr.right, (expr.op === "in" ? levels.comparison : binaryLevels[expr.op]) + 1);
  } else if (expr.kind === "member") {
    writer.write(".");
    writer.write(expr.member.text, expr.member.span.start);
  } else {
    writer.write("[");
    writeExpressions(writer, expr.indices);
    writer.write("]", expr.span.end);
  }
}

function writeSingle(writer: Writer, expr: Exclude<Expr, Spine>): void {
  const at = expr.span.start;
  switch (expr.kind) {
    case "number":
      return writer.write(expr.text, at);
    case "string":
      return writer.write(escape(expr.value), at);
    case "bool":
      return writer.write(String(expr.value), at);
    case "name":
      return writer.write(expr.name, at);
    case "call":
      writer.write(expr.callee.text, at);
      return writeArguments(writer, expr.args, expr.span.end);
    case "group":
      writer.write("(", at);
      writeExpression(writer, expr.inner);
      return writer.write(")", expr.span.end);
    case "unary":
      writer.write(expr.op === "not" ? "not " : "-", at);
      return writeExpression(writer, expr.operand, expr.op === "not" ? levels.not : levels.minus);
    case "comparison":
      expr.operands.forEach((operand, index) => {
        if (index > 0) writer.write(` ${expr.ops[index - 1]} `);
        writeExpression(writer, operand, levels.sum);
      });
      return;
    case "if":
      writer.write("if ", at);
      writeExpression(writer, expr.condition);
      writer.write(" then ");
      writeExpression(writer, expr.then);
      writer.write(" else ");
      return writeExpression(writer, expr.otherwise);
  }
}

export function writeList<T>(writer: Writer, list: readonly T[], each: (item: T) => void): void {
  list.forEach((item, index) => {
    if (index > 0) writer.write(", ");
    each(item);
  });
}

export const writeExpressions = (writer: Writer, list: readonly Expr[]): void =>
  writeList(writer, list, (each) => writeExpression(writer, each));

/** `end` is where the closing parenthesis ends in the source. */
export function writeArguments(writer: Writer, args: readonly Argument[], end?: number): void {
  writer.write("(");
  writeList(writer, args, ({ name, value }) => {
    if (name) writer.write(`${name.text}: `, name.span.start);
    writeExpression(writer, value);
  });
  writer.write(")", end);
}
