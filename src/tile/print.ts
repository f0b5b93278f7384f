/** The text of a TileProgram: what `--dump` shows and golden tests hold. One statement a line, bodies indented. */
import { printScalar } from "../scalar/print.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Buffer, Operation, Parameter, RangeTerm, Statement, TensorRef, TileProgram, View } from "./tile.ts";

const p = printScalar;

export function printTileProgram(program: TileProgram): string {
  const tensor = (t: TensorRef): string =>
    `${t.name}: ${t.type}${t.dims.length ? `[${t.dims.map((d) => p(d)).join(", ")}]` : ""}`;
  return [
    `tiles ${program.name}(${program.inputs.map(tensor).join(", ")}) -> ${program.outputs.map(tensor).join(", ")}`,
    ...(program.parameters.length ? [program.parameters.map(printParameter).join("  ")] : []),
    ...program.buffers.map(printBuffer),
    ...program.lists.map((l) => `list ${l.name}[${p(l.slots)}] of at most ${p(l.capacity)} ranges`),
    ...program.body.flatMap((statement) => lines(statement, "")),
    "",
  ].join("\n");
}

const printParameter = ({ name, value }: Parameter): string => (value ? `${name} = ${p(value)}` : `${name} open`);

function printBuffer(b: Buffer): string {
  const extents = [p(b.rows), ...(b.columns ? [p(b.columns)] : [])].join(", ");
  const layout = b.layout ? (b.layout.kind === "panel" ? ` by panel(${b.layout.rows})` : ` by ${b.layout.kind}`) : "";
  return `buffer ${b.name}: ${b.type}[${extents}]${b.pad ? ` padded to ${b.pad}` : ""}${b.space ? ` in ${b.space}` : ""}${layout}`;
}

function lines(statement: Statement, indent: string): readonly string[] {
  const inner = (body: readonly Statement[]): readonly string[] => body.flatMap((each) => lines(each, `${indent}  `));
  switch (statement.kind) {
    case "let":
      return [`${indent}let ${statement.name} = ${p(statement.value)}`];
    case "for":
      return [
        `${indent}${statement.mode === "parallel" ? "parallel " : ""}for ${statement.name} < ${p(statement.to)}`,
        ...inner(statement.body),
      ];
    case "if":
      return [
        `${indent}if ${p(statement.when)}`,
        ...inner(statement.then),
        ...(statement.otherwise.length ? [`${indent}else`, ...inner(statement.otherwise)] : []),
      ];
    case "visit": {
      const within = statement.within ? ` within ${p(statement.within.lo)} .. ${p(statement.within.hi)}` : "";
      const head = `visit ${statement.list}[${p(statement.slot)}]${within} by ${p(statement.step)} as ${statement.lo} .. ${statement.hi}`;
      return [indent + head, ...inner(statement.body)];
    }
    default:
      return operation(statement).map((line) => indent + line);
  }
}

function operation(op: Operation): readonly string[] {
  switch (op.kind) {
    case "load":
      return [`load ${view(op.to)} = ${op.scale ? `${p(op.scale)} * ` : ""}${op.tensor}[${list(op.at)}]`];
    case "store":
      return [
        `store ${op.tensor}[${list(op.at)}] = ${p(op.value)} over ${p(op.rows)}${op.columns ? ` x ${p(op.columns)}` : ""}`,
      ];
    case "fill":
      return [`fill ${view(op.to)} = ${p(op.value)}`];
    case "map":
      return [
        `map ${view(op.to)} = ${p(op.value)}`,
        ...(op.reduce
          ? [`  ${view(op.reduce.to)} ${op.reduce.accumulate ? "joins" : "="} its ${op.reduce.op} over each row`]
          : []),
      ];
    case "reduce":
      return [`reduce ${view(op.to)} ${op.accumulate ? "joins" : "="} ${op.op} of ${view(op.from)}`];
    case "dot":
      return [
        `dot ${view(op.to)} ${op.start === "add" ? "+=" : "="} ${view(op.a)} @ ${view(op.b)} along ${op.along}${op.guard ? " guarded" : ""}`,
      ];
    case "rescale":
      return [`rescale ${view(op.to)} by ${view(op.by)}`];
    case "finite":
      return [`finite ${op.flag} = ${view(op.of)}`];
    case "bounds":
      return [`bounds ${op.min}, ${op.max} of ${p(op.value)} over ${p(op.rows)}`];
    case "unite":
      return [
        `unite ${op.list}[${p(op.slot)}] in granules of ${op.granule} below ${p(op.extent)}`,
        ...op.terms.map((each) => `  ${term(each)}`),
      ];
    case "join":
      return [`join ${op.list}[${p(op.slot)}] = slots ${p(op.from)} .. ${p(op.to)}`];
  }
  op satisfies never;
  return [];
}

const list = (all: readonly Scalar[]): string => all.map((x) => p(x)).join(", ");

const view = (v: View): string => `${v.buffer}[${p(v.row)} +${p(v.rows)}${v.columns ? `, ${p(v.columns)}` : ""}]`;

function term({ when, lo, hi, over }: RangeTerm): string {
  const loops = over.map((o) => ` for ${o.name} in ${p(o.from)} .. ${p(o.to)}`).join("");
  const guard = when.kind === "const" && when.value ? "" : ` when ${p(when)}`;
  return `${p(lo)} .. ${p(hi)}${loops}${guard}`;
}
