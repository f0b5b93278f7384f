/**
 * The one layout of a file. Takes an Ast (with its source, for comments and blank lines), gives text that
 * parses to the same Ast; formatting that again changes nothing. An attention of at most one clause stands on
 * one line where it fits; else every clause has its line. At most one blank line is kept between parts.
 */
import type {
  AttentionDeclaration,
  Clause,
  Comment,
  Declaration,
  Expr,
  File,
  FnDeclaration,
  Input,
  Name,
  RecordEntry,
  Returned,
} from "./ast.ts";
import { writeArguments, writeExpression, writeExpressions, writeList } from "./format-expression.ts";
import { createWriter, type Writer } from "./writer.ts";

const lineWidth = 100;

export function format(file: File): string {
  const writer = createWriter(file.source, file.comments);
  for (const declaration of file.declarations) {
    writer.line(0, declaration.span.start);
    writeDeclaration(writer, declaration, file.comments);
    writer.passed(declaration.span.end);
  }
  return writer.finish();
}

/** The text on one line, where it holds no comment and is not too long. */
function onOneLine(write: (writer: Writer) => void): string {
  const writer = createWriter("", []);
  write(writer);
  return writer.finish().trimEnd();
}

const hasComment = (comments: readonly Comment[], { start, end }: { start: number; end: number }): boolean =>
  comments.some(({ span }) => start <= span.start && span.start < end);

function writeDeclaration(writer: Writer, declaration: Declaration, comments: readonly Comment[]): void {
  const at = declaration.span.start;
  switch (declaration.kind) {
    case "pattern":
      writer.write(`pattern ${declaration.name.text}`, at);
      if (declaration.params.length > 0) writeNames(writer, declaration.params, "(", ")");
      writer.write(" = ");
      return writeExpression(writer, declaration.body);
    case "fn":
      return writeFn(writer, declaration.fn);
    case "param":
      writer.write(`param ${declaration.name.text} = `, at);
      return writeExpression(writer, declaration.value);
    case "alias":
      writer.write(`attention ${declaration.name.text} = `, at);
      writer.write(declaration.of.text, declaration.of.span.start);
      return writeArguments(writer, declaration.args, declaration.span.end);
    case "schedule":
      writer.write(`schedule ${declaration.name.text} for `, at);
      writer.write(`${declaration.target.text} `, declaration.target.span.start);
      return writeRecord(writer, declaration.record, declaration.span.end);
    case "attention":
      return writeAttention(writer, declaration, comments);
  }
}

function writeAttention(writer: Writer, attention: AttentionDeclaration, comments: readonly Comment[]): void {
  const { clauses, span } = attention;
  const header = onOneLine((scratch) => writeHeader(scratch, attention, false));
  if (clauses.length <= 1 && !hasComment(comments, span)) {
    const body = onOneLine((scratch) => clauses.forEach((clause) => writeClause(scratch, clause)));
    const whole = body === "" ? `${header}}` : `${header} ${body} }`;
    if (whole.length <= lineWidth) return writer.write(whole, span.start);
  }
  const headerEnd = Math.max(
    attention.name.span.end,
    ...attention.inputs.map((input) => input.span.end),
    ...attention.where.map((each) => each.span.end),
  );
  const tall = header.length > lineWidth || hasComment(comments, { start: span.start, end: headerEnd });
  writeHeader(writer, attention, tall);
  for (const clause of clauses) {
    writer.line(2, clause.span.start);
    writeClause(writer, clause);
    writer.passed(clause.span.end);
  }
  writer.close(0, span.end);
  writer.write("}");
}

/** Up to and with the opening brace; a tall one has a line for each input. */
function writeHeader(writer: Writer, { name, inputs, where, span }: AttentionDeclaration, tall: boolean): void {
  writer.write("attention ", span.start);
  writer.write(`${name.text}(`, name.span.start);
  if (tall) {
    for (const input of inputs) {
      writer.line(2, input.span.start);
      writeInput(writer, input);
      writer.write(",");
      writer.passed(input.span.end);
    }
    writer.close(0, where[0]?.span.start ?? inputs.at(-1)?.span.end ?? span.start);
    writer.write(")");
  } else {
    writeList(writer, inputs, (input) => writeInput(writer, input));
    writer.write(")");
  }
  if (where.length > 0) {
    writer.write(" where ");
    writeExpressions(writer, where);
  }
  writer.write(" {");
}

type TensorType = NonNullable<Returned["type"]>;

/** `L/32` in a shape is a number of blocks, and stands close. */
function writeDimension(writer: Writer, dim: Expr): void {
  if (dim.kind !== "binary" || dim.op !== "/" || dim.left.kind !== "name" || dim.right.kind !== "number") {
    return writeExpression(writer, dim);
  }
  writer.write(`${dim.left.name}/`, dim.left.span.start);
  writer.write(dim.right.text, dim.right.span.start);
}

function writeType(writer: Writer, { dtype, dims, scale, zero }: TensorType): void {
  writer.write(dtype.text, dtype.span.start);
  if (dims) {
    writer.write("[");
    writeList(writer, dims, (each) => writeDimension(writer, each));
    writer.write("]");
  }
  if (scale) writer.write(` scale ${scale.text}`, scale.span.start);
  if (zero) writer.write(` zero ${zero.text}`, zero.span.start);
}

function writeInput(writer: Writer, input: Input): void {
  writeNames(writer, input.names);
  writer.write(": ");
  writeType(writer, input);
}

function writeNames(writer: Writer, names: readonly Name[], before = "", after = ""): void {
  writer.write(before);
  writeList(writer, names, (each) => writer.write(each.text, each.span.start));
  writer.write(after);
}

function writeFn(writer: Writer, { name, params, body, span }: FnDeclaration): void {
  writer.write(`fn ${name.text}`, span.start);
  writeNames(writer, params, "(", ")");
  writer.write(" = ");
  writeExpression(writer, body);
}

function writeRecord(writer: Writer, record: readonly RecordEntry[], end: number): void {
  if (record.length === 0) return writer.write("{}", end);
  writer.write("{ ");
  writeList(writer, record, ({ name, value, arrow, by }) => {
    writer.write(`${name.text}: `, name.span.start);
    writeExpression(writer, value);
    if (arrow) writer.write(` -> ${arrow.text}`, arrow.span.start);
    if (by) {
      writer.write(" by ");
      writeExpression(writer, by);
    }
  });
  writer.write(" }", end);
}

function writeReturned(writer: Writer, { alias, name, type }: Returned): void {
  if (alias) writer.write(`${alias.text} = `, alias.span.start);
  writer.write(name.text, name.span.start);
  if (!type) return;
  writer.write(": ");
  writeType(writer, type);
}

function writeClause(writer: Writer, clause: Clause): void {
  const at = clause.span.start;
  const name = (each: Name): void => writer.write(each.text, each.span.start);
  switch (clause.kind) {
    case "mask":
    case "score":
    case "scale":
    case "output":
      writer.write(`${clause.kind} `, at);
      return writeExpression(writer, clause.value);
    case "weights":
      writer.write("weights ", at);
      name(clause.name);
      if (clause.args) writeArguments(writer, clause.args, clause.span.end);
      return;
    case "blocks":
      writer.write("blocks ", at);
      writeExpression(writer, clause.rows);
      if (!clause.columns) return;
      writer.write(" by ");
      return writeExpression(writer, clause.columns);
    case "align":
      writer.write(`align ${clause.to}`, at);
      if (!clause.at) return;
      writer.write(" ");
      return writeExpression(writer, clause.at);
    case "axes":
      writer.write("axes ", at);
      return writeList(writer, clause.entries, ({ role, dim }) => {
        writer.write(`${role.text} = `, role.span.start);
        name(dim);
      });
    case "project":
      writer.write("project ", at);
      name(clause.operand);
      writer.write(` along ${clause.along.text}`, clause.along.span.start);
      return writer.write(` by ${clause.by.text}`, clause.by.span.start);
    case "rotate":
      writer.write("rotate ", at);
      writeNames(writer, clause.operands);
      writer.write(" by ");
      return writeExpression(writer, clause.by);
    case "positions":
      writer.write("positions ", at);
      name(clause.operand);
      return writer.write(` at ${clause.at.text}`, clause.at.span.start);
    case "route":
      writer.write("route by ", at);
      writeExpression(writer, clause.by);
      writer.write(" to ");
      return writeNames(writer, clause.to);
    case "precision":
      writer.write("precision ", at);
      if (clause.record) return writeRecord(writer, clause.record, clause.span.end);
      return (clause.words ?? []).forEach((each, index) =>
        writer.write(`${index > 0 ? " " : ""}${each.text}`, each.span.start),
      );
    case "return":
      writer.write("return ", at);
      return writeList(writer, clause.values, (each) => writeReturned(writer, each));
    case "let":
    case "param":
      writer.write(`${clause.kind} `, at);
      name(clause.name);
      writer.write(" = ");
      return writeExpression(writer, clause.value);
    case "fn":
      return writeFn(writer, clause.fn);
    case "example":
      writer.write("example ", at);
      return writeList(writer, clause.entries, (each) => {
        writer.write(`${each.name.text} = `, each.name.span.start);
        writeExpression(writer, each.value);
      });
  }
}
