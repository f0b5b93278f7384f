/**
 * The C function that sees to the sizes of a call: it checks them in 64 bits, counts the elements of each tensor
 * and gives every buffer its place in the workspace. Takes a Unit; gives the layout struct and the function.
 * Guarantees: after it says OK no size, index or byte count of the kernel overflows.
 */
import type { Scalar } from "../../src/scalar/scalar.ts";
import { everyStatement } from "../../src/tile/walk.ts";
import { elementBytes } from "../../src/scalar/storage.ts";
import { settled, type Statement } from "../../src/tile/tile.ts";
import type { EmitOptions } from "../backend.ts";
import { indicesFunction } from "./indices.ts";
import { wayOf, type Load } from "./loads.ts";
import { truth, wide } from "./scalar.ts";
import { stageRows } from "./transfer.ts";
import { Context, type Unit } from "./unit.ts";

/** Buffers start at multiples of this many bytes from the start of the workspace. */
export const apart = 64;

/** `conditions`: what must hold of the sizes of a call; a head size beyond the limit is too large, all else is bad. */
export function planFunction(unit: Unit, conditions: NonNullable<EmitOptions["conditions"]>): readonly string[] {
  const { prefix, program } = unit;
  const cx = new Context(unit, new Map());
  for (const name of ["add", "mul", "max"]) unit.helper(`wide_${name}`);
  const indices = indicesFunction(unit);
  const fields: string[] = ["size_t bytes;"];
  const body: string[] = [];
  const free = program.sizes.filter((size) => !Object.hasOwn(unit.fixed, size)).map((size) => unit.size(size));
  for (const size of free) body.push(`if (${size} < 0) return FOVEA_BAD_ARGUMENT;`);
  for (const size of free) body.push(`if (${size} > 0x40000000) return FOVEA_OVERFLOW;`);
  for (const { code, condition } of conditions)
    body.push(`if (!${truth(condition, cx)}) return FOVEA_${code === "FOV4005" ? "OVERFLOW" : "BAD_ARGUMENT"};`);
  for (const tensor of [...program.inputs, ...program.outputs]) {
    const name = unit.field(tensor.name);
    if (tensor.dims.length === 0) continue;
    fields.push(`int64_t ${name}_count;`);
    for (const dim of tensor.dims) {
      if (dim.kind === "size" || dim.kind === "const") continue;
      body.push(`if (${wide(dim, cx)} < 0) return FOVEA_BAD_ARGUMENT;`);
      body.push(`if (${wide(dim, cx)} > INT32_MAX) return FOVEA_OVERFLOW;`);
    }
    const count = tensor.dims.map((d) => wide(d, cx)).reduce((a, b) => `fovea_wide_mul(${a}, ${b})`);
    const most = tensor.dims
      .map((d) => `fovea_wide_max(${wide(d, cx)}, 1)`)
      .reduce((a, b) => `fovea_wide_mul(${a}, ${b})`);
    body.push(`layout->${name}_count = ${count};`);
    const check = `if ((uint64_t)${most} > (uint64_t)(SIZE_MAX / 8u)) return FOVEA_OVERFLOW;`;
    if (!body.includes(check)) body.push(check);
  }
  for (const { buffer, name, transposed } of unit.lays.values()) {
    fields.push(`size_t ${name}_at;`);
    const columns = buffer.columns ? wide(buffer.columns, cx) : "1";
    body.push(
      `/* ${name}: ${buffer.type}, ${settled(buffer.rows)} rows${transposed ? ", stored column by column" : ""} */`,
    );
    body.push(`columns = ${columns};`);
    body.push("if (columns < 0) return FOVEA_BAD_ARGUMENT;");
    if (buffer.columns)
      body.push(`if (columns > INT32_MAX / ${settled(buffer.rows)} - ${buffer.pad ?? 1}) return FOVEA_OVERFLOW;`);
    if (buffer.columns && (buffer.pad ?? 1) > 1) body.push(`columns = ${roundedUp("columns", buffer.pad ?? 1)};`);
    if (buffer.columns && buffer.columns.kind !== "const" && !transposed) {
      fields.push(`ptrdiff_t ${name}_ld;`);
      body.push(`layout->${name}_ld = (ptrdiff_t)columns;`);
    }
    place(name, `fovea_wide_mul(columns, ${settled(buffer.rows) * 4})`, body);
  }
  for (const tensor of program.intermediates ?? []) {
    const name = unit.pointer(tensor.name);
    fields.push(`size_t ${name}_at;`);
    const count = tensor.dims
      .map((d) => `fovea_wide_max(${wide(d, cx)}, 0)`)
      .reduce((a, b) => `fovea_wide_mul(${a}, ${b})`);
    body.push(`/* ${name}: ${tensor.dtype}, written by one loop over heads and read by the next */`);
    place(name, `fovea_wide_mul(${count}, ${elementBytes[tensor.dtype]})`, body);
  }
  for (const { list, name } of unit.lists.values()) {
    fields.push(`size_t ${name}_at;`, `int64_t ${name}_capacity;`);
    body.push(
      `columns = ${wide(list.capacity, cx)};`,
      "if (columns < 1) columns = 1;",
      "if (columns > 0x20000000) return FOVEA_OVERFLOW;",
    );
    body.push(`layout->${name}_capacity = columns;`);
    place(name, `fovea_wide_mul(2 * columns + 1, ${settled(list.slots) * 4})`, body);
  }
  const staged = stagedLoads(program.body, unit);
  if (staged.length > 0) {
    fields.push("size_t stage_at;", "ptrdiff_t stage_ld;");
    body.push("/* stage: rows on their way from the copy engine into a tile by columns */");
    body.push(`columns = ${staged.map((x) => wide(x, cx)).reduce((a, b) => `fovea_wide_max(${a}, ${b})`)};`);
    body.push(`columns = ${roundedUp("columns", 8)};`, "layout->stage_ld = (ptrdiff_t)columns;");
    place("stage", `fovea_wide_mul(columns, ${2 * stageRows * 4})`, body);
  }
  if (indices) body.push(indices.call);
  body.push("layout->bytes = (size_t)at;", "(void)args;", "(void)columns;", "return FOVEA_OK;");
  return [
    ...(indices ? [indices.text] : []),
    `typedef struct {\n  ${fields.join("\n  ")}\n} ${prefix}_layout;\n`,
    `static int32_t ${prefix}_plan(const ${prefix}_args *args, ${prefix}_layout *layout) {
  int64_t at = 0;
  int64_t columns = 0;
  ${body.join("\n  ")}
}\n`,
  ];
}

function place(name: string, bytes: string, body: string[]): void {
  body.push(`at = ${roundedUp("at", apart)};`);
  body.push(`layout->${name}_at = (size_t)at;`);
  body.push(`at = fovea_wide_add(at, ${bytes});`);
  body.push("if ((uint64_t)at > (uint64_t)(SIZE_MAX / 4u)) return FOVEA_OVERFLOW;");
}

/** By a mask where it can be: division of 64 bits takes a library on small cores. */
const roundedUp = (x: string, to: number): string =>
  Number.isInteger(Math.log2(to)) ? `(${x} + ${to - 1}) & ~INT64_C(${to - 1})` : `(${x} + ${to - 1}) / ${to} * ${to}`;

/** Columns of the tiles that a copy engine fills through the stage. */
export function stagedLoads(statements: readonly Statement[], unit: Unit): readonly Scalar[] {
  return loadsOf(statements).flatMap((op) => (op.to.columns && wayOf(op, unit) === "staged" ? [op.to.columns] : []));
}

export function loadsOf(statements: readonly Statement[]): readonly Load[] {
  return [...everyStatement(statements)].flatMap((s) => (s.kind === "load" ? [s] : []));
}
