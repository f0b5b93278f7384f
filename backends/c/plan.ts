/**
 * The C function that sees to the sizes of a call: it checks them in 64 bits, counts the elements of each tensor
 * and gives every buffer its place in the workspace. Takes a Unit; gives the layout struct and the function.
 * Guarantees: after it says OK no size, index or byte count of the kernel overflows.
 */
import { children, some, type Scalar } from "../../src/scalar/scalar.ts";
import { settled, type Statement } from "../../src/tile/tile.ts";
import { wide } from "./scalar.ts";
import { Context, type Unit } from "./unit.ts";

/** Buffers start at multiples of this many bytes from the start of the workspace. */
const apart = 64;

export function planFunction(unit: Unit): readonly string[] {
  const { prefix, program } = unit;
  const cx = new Context(unit, new Map());
  for (const name of ["add", "mul", "max"]) unit.helper(`wide_${name}`);
  const fields: string[] = ["size_t bytes;"];
  const body: string[] = [];
  const free = program.sizes.filter((size) => !Object.hasOwn(unit.fixed, size)).map((size) => unit.size(size));
  for (const size of free) body.push(`if (${size} < 0) return FOVEA_BAD_ARGUMENT;`);
  for (const size of free) body.push(`if (${size} > 0x40000000) return FOVEA_OVERFLOW;`);
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
    body.push(`if ((uint64_t)${most} > (uint64_t)(SIZE_MAX / 8u)) return FOVEA_OVERFLOW;`);
  }
  for (const extent of loopExtents(program.body))
    body.push(`if (${wide(extent, cx)} > 0x40000000) return FOVEA_OVERFLOW;`);
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
    if (buffer.columns && (buffer.pad ?? 1) > 1)
      body.push(`columns = (columns + ${(buffer.pad ?? 1) - 1}) / ${buffer.pad ?? 1} * ${buffer.pad ?? 1};`);
    if (buffer.columns && buffer.columns.kind !== "const" && !transposed) {
      fields.push(`ptrdiff_t ${name}_ld;`);
      body.push(`layout->${name}_ld = (ptrdiff_t)columns;`);
    }
    place(name, `fovea_wide_mul(columns, ${settled(buffer.rows) * 4})`, body);
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
  body.push("layout->bytes = (size_t)at;", "(void)args;", "(void)columns;", "return FOVEA_OK;");
  return [
    `typedef struct {\n  ${fields.join("\n  ")}\n} ${prefix}_layout;\n`,
    `static int32_t ${prefix}_plan(const ${prefix}_args *args, ${prefix}_layout *layout) {
  int64_t at = 0;
  int64_t columns = 0;
  ${body.join("\n  ")}
}\n`,
  ];
}

function place(name: string, bytes: string, body: string[]): void {
  body.push(`at = (at + ${apart - 1}) / ${apart} * ${apart};`);
  body.push(`layout->${name}_at = (size_t)at;`);
  body.push(`at = fovea_wide_add(at, ${bytes});`);
  body.push("if ((uint64_t)at > (uint64_t)(SIZE_MAX / 4u)) return FOVEA_OVERFLOW;");
}

/** Extents of loops that are known from sizes alone. */
function loopExtents(statements: readonly Statement[]): readonly Scalar[] {
  return statements.flatMap((s): readonly Scalar[] => {
    if (s.kind === "for") return [...(fromSizes(s.to) ? calls(s.to) : []), ...loopExtents(s.body)];
    if (s.kind === "if") return [...loopExtents(s.then), ...loopExtents(s.otherwise)];
    return s.kind === "visit" ? loopExtents(s.body) : [];
  });
}

/** The expression and its parts, as far as they are computed. */
const calls = (x: Scalar): readonly Scalar[] => (x.kind === "call" ? [x, ...children(x).flatMap(calls)] : []);

const fromSizes = (x: Scalar): boolean =>
  x.type === "i32" &&
  !some(x, (n) => n.kind !== "size" && n.kind !== "const" && n.kind !== "call") &&
  children(x).every((y) => y.type === "i32");
