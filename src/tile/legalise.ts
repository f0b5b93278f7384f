/**
 * legalise: every `dot` in a form that the device has. Layouts were chosen by the first use of a buffer; where
 * another use wants it to lie otherwise, the operand is copied into a buffer of the layout it needs just before the
 * product. Guarantees: for each `dot` that is left, the device lists a form with its direction and its b's layout.
 */
import * as s from "../scalar/scalar.ts";
import type { Device, Layout } from "../targets/device.ts";
import type { Buffer, Statement, TileProgram } from "./tile.ts";
import { mapBodies } from "./walk.ts";

export function legalise(program: TileProgram, device: Device): TileProgram {
  const buffers = new Map(program.buffers.map((b) => [b.name, b]));
  const block = (list: readonly Statement[]): readonly Statement[] =>
    list.flatMap((x) => (x.kind === "dot" ? legal(x, device, buffers) : [mapBodies(x, block)]));
  const body = block(program.body);
  return { ...program, buffers: [...buffers.values()], body };
}

type Dot = Extract<Statement, { kind: "dot" }>;

function legal(dot: Dot, device: Device, buffers: Map<string, Buffer>): readonly Statement[] {
  const forms = device.dot.filter((f) => f.along === dot.along);
  const from = buffers.get(dot.b.buffer);
  const [wanted] = forms;
  if (!from || !wanted || forms.some((f) => same(f.b, from.layout ?? { kind: "rows" }))) return [dot];
  const name = `${from.name}_by_${wanted.b.kind}`;
  buffers.set(name, { ...from, name, layout: wanted.b });
  const to = { ...dot.b, buffer: name, row: s.int(0) };
  const value = s.read(from.name, "f32", [s.add(dot.b.row, s.variable("r")), s.variable("c")]);
  return [
    { kind: "map", to, value },
    { ...dot, b: to },
  ];
}

const same = (a: Layout, b: Layout): boolean =>
  a.kind === b.kind && (a.kind !== "panel" || (b.kind === "panel" && a.rows === b.rows));
