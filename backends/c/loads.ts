/**
 * Tile loads, with and without a copy engine. Takes loads that follow each other; writes them so that the same
 * numbers arrive either way. With an engine, rows that lie as the tile wants them are copied into it directly, one
 * channel a load and all started before the first is waited for; a tile by columns is filled through a stage of two
 * halves, of which one is unpacked while the next rows are copied into the other. Everything else is read in place.
 */
import { elementOf } from "../../src/tile/loaded.ts";
import type { Operation } from "../../src/tile/tile.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { dependsOn } from "../../src/scalar/scalar.ts";
import { isReal } from "../../src/scalar/storage.ts";
import { bare, expression, flat } from "./scalar.ts";
import { smallRow } from "./small.ts";
import { elementTypes, widened } from "./storage.ts";
import { channels, stageRows } from "./transfer.ts";
import { Context, type Unit } from "./unit.ts";
import { elementContext, local, viewElement, type Writer } from "./writer.ts";

export type Load = Extract<Operation, { kind: "load" }>;

export function loads(run: readonly Load[], cx: Context, out: Writer): void {
  const found = run.map((op, n) => prepared(op, 2 + (n % (channels - 2)), cx, out));
  for (const load of found) if (load.way === "direct") start(load, cx, out);
  for (const load of found) finish(load, cx, out);
}

/** How a load can go: `plain` where the engine has nothing to copy. */
type Way = "direct" | "staged" | "plain";

interface Prepared {
  readonly op: Load;
  readonly way: Way;
  readonly rows: string;
  /** Of a tile by columns, or where there is no line: elsewhere the line says how many there are. */
  readonly columns: string;
  /** ` * scale`, or nothing. */
  readonly scale: string;
  readonly channel: number;
  /** Writes where row `r` of the load lies: gives the names of a pointer and of how many columns are inside. */
  readonly line:
    ((r: string, out: Writer, only?: "valid") => { readonly pointer: string; readonly valid: string }) | undefined;
}

function prepared(op: Load, channel: number, cx: Context, out: Writer): Prepared {
  const rows = local(op.to.rows, "rows", cx, out);
  const line = op.to.columns ? lineOf(op, op.to.columns, cx) : undefined;
  const asked = !line || cx.unit.lay(op.to.buffer).transposed;
  const columns = op.to.columns && asked ? local(op.to.columns, "columns", cx, out) : "1";
  const scale = op.scale ? ` * ${local(op.scale, "scale", cx, out)}` : "";
  return { op, way: line ? wayOf(op, cx.unit) : "plain", rows, columns, scale, channel, line };
}

/** Only f32 is copied as it is, and only where a row of the tile is a row of the tensor; halves are widened from a stage, small integers where they lie. */
export function wayOf({ to, tensor, at }: Load, unit: Unit): Way {
  const { dtype } = unit.tensor(tensor);
  const { ctype, transposed } = unit.lay(to.buffer);
  if (!to.columns || !isLine(at) || !isReal(dtype) || ctype !== "float") return "plain";
  return transposed || dtype !== "f32" ? "staged" : "direct";
}

/** Is the last index the column, and do the others not depend on it? */
function isLine(at: readonly Scalar[]): boolean {
  const last = at.at(-1);
  return last?.kind === "var" && last.name === "c" && !at.slice(0, -1).some((x) => dependsOn(x, "c"));
}

/** A static function that says where row `r` lies and how many of its columns are inside the tensor. */
function lineOf(op: Load, width: Scalar, cx: Context): Prepared["line"] {
  if (!isLine(op.at)) return undefined;
  const { unit } = cx;
  const { dtype, dims } = unit.tensor(op.tensor);
  const name = unit.names.fresh(`row_of_${op.tensor}`);
  const inner = new Context(unit, new Map([["r", { text: "r", type: "i32", wild: false }]]), cx);
  const extents = dims.map((d) => expression(d, inner));
  const places = op.at.slice(0, -1).map((x) => bare(x, inner));
  const asked = bare(width, inner);
  const last = extents.at(-1) ?? "0";
  const most = dtype === "i4" ? `2 * (${last})` : last;
  const all = asked === last ? asked : `${unit.helper("min_i32")}(${asked}, ${most})`;
  const ctype = elementTypes[dtype];
  const from = unit.pointer(op.tensor);
  const taken = unit.taken(op.tensor);
  const numbered = places.map((_, n) => `i${n}`);
  const inside = numbered.map((i, n) => `${i} >= 0 && ${i} < ${extents[n]}`).join(" && ") || "1";
  const parameters = [...inner.parameters.values()];
  const offset = places.length > 0 ? ` + (${flat(numbered, extents)}) * (size_t)(${last})` : "";
  unit.functions.push(
    `static inline const ${ctype} *${name}(${[...taken.declare, ...parameters.map((p) => p.declare), "int32_t r", "int32_t *valid"].join(", ")}) {
${places.map((place, n) => `  const int32_t i${n} = ${place};\n`).join("")}  *valid = (${inside}) ? ${all} : 0;
  (void)r;
  return *valid > 0 ? ${from}${offset} : ${from};
}`,
  );
  const passed = [...taken.pass, ...parameters.map((p) => p.pass)];
  return (r, out, only) => {
    const valid = unit.names.fresh("valid");
    out.line(`int32_t ${valid};`);
    const call = `${name}(${[...passed, r, `&${valid}`].join(", ")})`;
    if (only) {
      out.line(`(void)${call};`);
      return { pointer: "", valid };
    }
    const pointer = unit.names.fresh("line");
    out.line(`const ${ctype} *restrict const ${pointer} = ${call};`);
    return { pointer, valid };
  };
}

function start({ op, rows, channel, line }: Prepared, cx: Context, out: Writer): void {
  const to = viewElement(op.to, cx).replace(/ \+ c\]$/, "]");
  cx.unit.helper("transfer");
  out.block("if (transfer.dma != NULL)", () =>
    out.count("r", rows, () => {
      const found = line?.("r", out);
      out.line(
        `fovea_fetch(&transfer, ${channel}u, &${to}, ${found?.pointer}, (size_t)${found?.valid} * sizeof(float));`,
      );
    }),
  );
}

function finish(load: Prepared, cx: Context, out: Writer): void {
  switch (load.way) {
    case "direct":
      out.line(`if (fovea_arrive(&transfer, ${load.channel}u) != 0) return FOVEA_DMA_FAILED;`);
      return direct(load, cx, out);
    case "staged": {
      cx.unit.helper("transfer");
      out.open("if (transfer.dma != NULL)");
      staged(load, cx, out);
      out.close("} else {");
      out.reopen();
      out.count("r", load.rows, () => read(load, cx, out));
      return out.close();
    }
    case "plain":
      return load.line ? out.count("r", load.rows, () => read(load, cx, out)) : checked(load, cx, out);
  }
}

/** The rows are there, or are read now; what lies beside them becomes 0. */
function direct({ op, rows, scale, line }: Prepared, cx: Context, out: Writer): void {
  const to = viewElement(op.to, cx);
  out.count("r", rows, () => {
    const found = line?.("r", out);
    const each = `for (int32_t c = 0; c < ${found?.valid}; c++) ${to}`;
    out.block("if (transfer.dma == NULL)", () => out.line(`${each} = ${found?.pointer}[c]${scale};`));
    if (scale !== "") out.block("else", () => out.line(`${each} = ${to}${scale};`));
    out.line(`for (int32_t c = ${found?.valid}; c < ${cx.stride(op.to.buffer)}; c++) ${to} = 0.0f;`);
  });
}

/** Row `r`, element by element from where it lies. */
function read({ op, columns, scale, line }: Prepared, cx: Context, out: Writer): void {
  const lay = cx.unit.lay(op.to.buffer);
  const to = viewElement(op.to, cx);
  const found = line?.("r", out);
  if (op.small && found) smallRow(op.small, found, (x) => `${to} = ${x}${scale};`, cx, out);
  else
    out.line(`for (int32_t c = 0; c < ${found?.valid}; c++) ${to} = ${value(op, `${found?.pointer}[c]`, cx)}${scale};`);
  const end = lay.transposed ? columns : cx.stride(op.to.buffer);
  out.line(`for (int32_t c = ${found?.valid}; c < ${end}; c++) ${to} = ${zero(op, cx)};`);
}

function staged({ op, rows, columns, scale, line }: Prepared, cx: Context, out: Writer): void {
  const [half, next] = ["half", "next"].map((x) => cx.unit.names.fresh(x));
  const to = viewElement(op.to, cx);
  const { dtype } = cx.unit.tensor(op.tensor);
  const element = elementTypes[dtype];
  const stage = dtype === "f32" ? "stage" : `(${element} *)(void *)stage`;
  const at = (r: string): string => `${stage} + ((ptrdiff_t)${half} * ${stageRows} + ${r}) * stage_ld`;
  const end = cx.unit.lay(op.to.buffer).transposed ? columns : cx.stride(op.to.buffer);
  out.line(`uint32_t ${half} = 0;`);
  out.block(`for (int32_t ${next} = 0; ${next} < ${rows} + ${stageRows}; ${next} += ${stageRows})`, () => {
    out.block(`for (int32_t r = ${next}; r < ${rows} && r < ${next} + ${stageRows}; r++)`, () => {
      const found = line?.("r", out);
      out.line(
        `fovea_fetch(&transfer, ${half}, ${at(`(r - ${next})`)}, ${found?.pointer}, (size_t)${found?.valid} * sizeof(${element}));`,
      );
    });
    out.line(`${half} ^= 1u;`);
    out.line(`if (${next} == 0) continue;`);
    out.line(`if (fovea_arrive(&transfer, ${half}) != 0) return FOVEA_DMA_FAILED;`);
    out.block(`for (int32_t r = ${next} - ${stageRows}; r < ${rows} && r < ${next}; r++)`, () => {
      const row = cx.unit.names.fresh("staged");
      const found = line?.("r", out, "valid");
      out.line(`const ${element} *restrict const ${row} = ${at(`(r - ${next} + ${stageRows})`)};`);
      out.line(`for (int32_t c = 0; c < ${found?.valid}; c++) ${to} = ${value(op, `${row}[c]`, cx)}${scale};`);
      out.line(`for (int32_t c = ${found?.valid}; c < ${end}; c++) ${to} = 0.0f;`);
    });
  });
}

/** Element by element, each index checked. */
function checked({ op, rows, columns, scale }: Prepared, cx: Context, out: Writer): void {
  const { unit } = cx;
  const to = viewElement(op.to, cx);
  const inner = elementContext(cx);
  const read = elementOf(op, unit.tensor(op.tensor).dtype);
  const cast = unit.lay(op.to.buffer).ctype === "float" && read.type !== "f32" ? "(float)" : "";
  const element = expression(read, inner);
  out.count("r", rows, () => {
    if (!op.to.columns) return out.line(`${to} = ${cast}${element}${scale};`);
    out.line(`for (int32_t c = 0; c < ${columns}; c++) ${to} = ${cast}${element}${scale};`);
    if (!unit.lay(op.to.buffer).transposed)
      out.line(`for (int32_t c = ${columns}; c < ${cx.stride(op.to.buffer)}; c++) ${to} = ${zero(op, cx)};`);
  });
}

/** A stored element as a number of the tile. */
function value(op: Load, element: string, { unit }: Context): string {
  const { dtype } = unit.tensor(op.tensor);
  if (isReal(dtype)) return widened(dtype, element, unit);
  return `${unit.lay(op.to.buffer).ctype === "float" ? "(float)" : ""}${element}`;
}
const zero = (op: Load, { unit }: Context): string => (unit.lay(op.to.buffer).ctype === "float" ? "0.0f" : "0");
