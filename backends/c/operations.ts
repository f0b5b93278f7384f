/**
 * One emitter for each tile operation. Takes the operation, the C function it is written into and the writer;
 * gives the context for the statements after it, with the variables that the operation binds.
 */
import type { Operation, OperationKind, OperationTable, View } from "../../src/tile/tile.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { loads } from "./loads.ts";
import { bare, expression, flat } from "./scalar.ts";
import { stored } from "./storage.ts";
import { ctypes, type Context } from "./unit.ts";
import { elementContext, hoistRow, local, rowAccess, viewElement, viewPointer, type Writer } from "./writer.ts";

type Emit<K extends OperationKind> = (op: Extract<Operation, { kind: K }>, cx: Context, out: Writer) => Context;
type AnyEmit = (op: never, cx: Context, out: Writer) => Context;

export function operation(op: Operation, cx: Context, out: Writer): Context {
  return (operations[op.kind] as (op: Operation, cx: Context, out: Writer) => Context)(op, cx, out);
}

const load: Emit<"load"> = (op, cx, out) => {
  loads([op], cx, out);
  return cx;
};

const store: Emit<"store"> = (op, cx, out) => {
  const { unit } = cx;
  const { dtype, dims } = unit.tensor(op.tensor);
  const rows = local(op.rows, "rows", cx, out);
  const columns = op.columns ? local(op.columns, "columns", cx, out) : undefined;
  const inner = elementContext(cx);
  const element = (context: Context): void => {
    const places = op.at.map((x) => local(x, "place", context, out));
    const extents = dims.map((d) => expression(d, context));
    const inside = places.map((p, n) => `${p} >= 0 && ${p} < ${extents[n]}`).join(" && ") || "1";
    out.line(
      `if (${inside}) ${unit.pointer(op.tensor)}[${dims.length > 0 ? flat(places, extents) : "0"}] = ${stored(dtype, op.value.type, bare(op.value, context), unit)};`,
    );
  };
  out.count("r", rows, () => {
    if (columns === undefined) return element(inner);
    const line = rowAccess(op.tensor, op.at, columns, inner, out);
    if (!line) return out.count("c", columns, () => element(inner));
    const hoisted = hoistRow([op.value], inner, out);
    const value = stored(dtype, op.value.type, bare(op.value, hoisted), unit);
    out.line(`for (int32_t c = 0; c < ${line.valid}; c++) ${line.pointer}[c] = ${value};`);
  });
  return cx;
};

function map(to: View, value: Scalar, cx: Context, out: Writer): Context {
  const rows = local(to.rows, "rows", cx, out);
  const columns = to.columns ? local(to.columns, "columns", cx, out) : undefined;
  const element = viewElement(to, cx);
  const inner = elementContext(cx);
  if (columns === undefined) {
    out.line(`for (int32_t r = 0; r < ${rows}; r++) ${element} = ${bare(value, inner)};`);
    return cx;
  }
  out.count("r", rows, () => {
    const hoisted = hoistRow([value], inner, out);
    out.line(`for (int32_t c = 0; c < ${columns}; c++) ${element} = ${bare(value, hoisted)};`);
  });
  return cx;
}

const reduce: Emit<"reduce"> = (op, cx, out) => {
  const to = viewElement(op.to, cx);
  const columns = op.from.columns ? bare(op.from.columns, cx) : "1";
  const row = `${viewPointer(op.from, cx)} + r * ${cx.stride(op.from.buffer)}`;
  const start = op.accumulate ? to : `-${cx.unit.helper("infinity")}()`;
  const value =
    op.op === "max"
      ? `${cx.unit.helper("row_max")}(${row}, ${columns}, ${start})`
      : `${op.accumulate ? `${to} + ` : ""}${cx.unit.helper("row_sum")}(${row}, ${columns})`;
  out.line(`for (int32_t r = 0; r < ${bare(op.to.rows, cx)}; r++) ${to} = ${value};`);
  return cx;
};

const dot: Emit<"dot"> = (op, cx, out) => {
  const { unit } = cx;
  const place = (view: View): string => `${viewPointer(view, cx)}, ${cx.stride(view.buffer)}`;
  const extents = [op.to.rows, op.to.columns].map((x) => (x ? bare(x, cx) : "1")).join(", ");
  const depth = op.along === "columns" ? op.a.columns : op.b.rows;
  if (op.start === "zero") out.line(`${unit.helper("clear")}(${place(op.to)}, ${extents});`);
  const views = `${place(op.to)}, ${place(op.a)}, ${place(op.b)}, ${extents}, ${depth ? bare(depth, cx) : "1"}`;
  const rows = op.along === "columns" && !unit.lay(op.b.buffer).transposed ? "_rows" : "";
  out.line(`${unit.helper(`product${rows}${op.guard ? "_guarded" : ""}`)}(${views});`);
  return cx;
};

const rescale: Emit<"rescale"> = (op, cx, out) => {
  const columns = op.to.columns ? bare(op.to.columns, cx) : "1";
  const to = `${viewPointer(op.to, cx)}, ${op.to.columns ? cx.stride(op.to.buffer) : "1"}`;
  out.line(`${cx.unit.helper("rescale")}(${to}, ${viewPointer(op.by, cx)}, ${bare(op.to.rows, cx)}, ${columns});`);
  return cx;
};

const finite: Emit<"finite"> = (op, cx, out) => {
  const columns = op.of.columns ? bare(op.of.columns, cx) : "1";
  const stride = cx.stride(op.of.buffer);
  const steps = cx.unit.lay(op.of.buffer).transposed ? `1, ${stride}` : `${stride}, 1`;
  const value = `${cx.unit.helper("finite")}(${viewPointer(op.of, cx)}, ${steps}, ${bare(op.of.rows, cx)}, ${columns})`;
  const [next, flag] = cx.bind(op.flag, "bool");
  out.line(`const int ${flag.text} = ${value};`);
  return next;
};

const bounds: Emit<"bounds"> = (op, cx, out) => {
  const { unit } = cx;
  const real = op.type === "f32";
  const type = ctypes[op.type];
  const [first, least] = cx.bind(op.min, op.type, true);
  const [next, most] = first.bind(op.max, op.type, true);
  out.line(`${type} ${least.text} = ${real ? `${unit.helper("infinity")}()` : "INT32_MAX"};`);
  out.line(`${type} ${most.text} = ${real ? `-${unit.helper("infinity")}()` : "INT32_MIN"};`);
  const kind = real ? "f32" : "i32";
  const rows = local(op.rows, "rows", cx, out);
  out.count("r", rows, () => {
    const value = local(op.value, "value", elementContext(cx), out);
    out.line(`${least.text} = ${unit.helper(`min_${kind}`)}(${value}, ${least.text});`);
    out.line(`${most.text} = ${unit.helper(`max_${kind}`)}(${value}, ${most.text});`);
  });
  return next;
};

/** Pointer to a slot of a list, and the list's capacity. */
export function slotOf(list: string, slot: string, cx: Context): string {
  const { name } = cx.unit.lists.get(list) ?? { name: list };
  return slot === "0" ? name : `${name} + (${slot}) * ${name}_step`;
}
const capacityOf = (list: string, cx: Context): string => `${cx.unit.lists.get(list)?.name ?? list}_capacity`;

const unite: Emit<"unite"> = (op, cx, out) => {
  const { unit } = cx;
  const slot = unit.names.fresh("slot");
  out.line(`int32_t *const ${slot} = ${slotOf(op.list, bare(op.slot, cx), cx)};`);
  const extent = local(op.extent, "extent", cx, out);
  out.line(`${slot}[0] = 0;`);
  for (const term of op.terms) {
    let inner = cx;
    for (const over of term.over) {
      const from = bare(over.from, inner);
      const to = local(over.to, "to", inner, out);
      const [next, index] = inner.bind(over.name, "i32");
      inner = next;
      out.open(`for (int32_t ${index.text} = ${from}; ${index.text} < ${to}; ${index.text}++)`);
    }
    const [lo, hi] = [bare(term.lo, inner), bare(term.hi, inner)];
    const when = term.when.kind === "const" && term.when.value !== 0 ? "" : `if (${bare(term.when, inner)}) `;
    // An empty range stays empty when it is rounded, wherever it lies.
    out.line(
      `${when}${unit.helper("unite")}(${slot}, (int32_t)${capacityOf(op.list, cx)}, ${lo}, ${hi}, ${op.granule}, ${extent});`,
    );
    term.over.forEach(() => out.close());
  }
  return cx;
};

const join: Emit<"join"> = (op, cx, out) => {
  const { unit } = cx;
  const [slot, from, index, n] = ["slot", "from", "index", "n"].map((x) => unit.names.fresh(x));
  out.line(`int32_t *const ${slot} = ${slotOf(op.list, bare(op.slot, cx), cx)};`);
  const to = local(op.to, "to", cx, out);
  out.line(`${slot}[0] = 0;`);
  out.block(`for (int32_t ${index} = ${bare(op.from, cx)}; ${index} < ${to}; ${index}++)`, () => {
    out.line(`const int32_t *const ${from} = ${slotOf(op.list, String(index), cx)};`);
    out.line(
      `for (int32_t ${n} = 0; ${n} < ${from}[0]; ${n}++) ${unit.helper("insert")}(${slot}, (int32_t)${capacityOf(op.list, cx)}, ${from}[1 + 2 * ${n}], ${from}[2 + 2 * ${n}]);`,
    );
  });
  return cx;
};

const operations = {
  load,
  store,
  fill: (op: Extract<Operation, { kind: "fill" }>, cx, out) => map(op.to, op.value, cx, out),
  map: (op: Extract<Operation, { kind: "map" }>, cx, out) => {
    const after = map(op.to, op.value, cx, out);
    return op.reduce ? reduce({ kind: "reduce", from: op.to, ...op.reduce }, after, out) : after;
  },
  reduce,
  dot,
  rescale,
  finite,
  bounds,
  unite,
  join,
} satisfies OperationTable<AnyEmit>;
