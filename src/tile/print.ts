/** The text of a TileProgram: what `--dump` shows and golden tests hold. One statement a line, bodies indented. */
import { operationText } from "./operations/index.ts";
import { scalarText as p } from "./text.ts";
import type { Buffer, Parameter, Statement, TensorRef, TileProgram } from "./tile.ts";

export function printTileProgram(program: TileProgram): string {
  const tensor = (t: TensorRef): string =>
    `${t.name}: ${t.dtype}${t.dims.length ? `[${t.dims.map((d) => p(d)).join(", ")}]` : ""}`;
  return [
    `tiles ${program.name}(${program.inputs.map(tensor).join(", ")}) -> ${program.outputs.map(tensor).join(", ")}`,
    ...(program.parameters.length ? [program.parameters.map(printParameter).join("  ")] : []),
    ...(program.intermediates ?? []).map((t) => `intermediate ${tensor(t)}`),
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
      return operationText(statement).map((line) => indent + line);
  }
}
