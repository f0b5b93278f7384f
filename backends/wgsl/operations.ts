/**
 * One emitter for each tile operation. Element operations are shared out over the 64 threads; products are
 * register tiles: each thread accumulates rows × 4 columns, operands that are not in workgroup memory are staged
 * there 32 channels at a time, so that no head size needs more of it. Control flow is uniform throughout.
 */
import { fail } from "../../src/diagnostics/diagnostic.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { int, isConst, read } from "../../src/scalar/scalar.ts";
import { elementOf } from "../../src/tile/loaded.ts";
import { operationText } from "../../src/tile/operations/index.ts";
import type { Operation, OperationKind, View } from "../../src/tile/tile.ts";
import { registerOf, threads, type Context } from "./context.ts";
import { emitDot } from "./dot.ts";
import { identifier } from "./scalar.ts";
import { emitJoin, emitUnite } from "./ranges.ts";
import { isPacked, storedAs, storeOf } from "./storage.ts";
import { isRow, storeRows } from "./store-rows.ts";

type Of<K extends OperationKind> = Extract<Operation, { kind: K }>;
type Emitters = { readonly [K in OperationKind]: (op: Of<K>, cx: Context) => void };

/**
 * Runs `body` once for each element of the rows × columns, on the thread that has it. `own` is the place in the
 * thread's registers where a private buffer takes part; all its elements then stay with their owners.
 */
function elements(
  cx: Context,
  rows: Scalar,
  columns: Scalar | undefined,
  owner: string | undefined,
  body: (own?: string) => void,
): void {
  cx.line(`let height = ${cx.print(rows)};`);
  if (!columns) {
    cx.block(`for (var r = lane; r < height; r += ${threads})`, () => body());
    return;
  }
  cx.line(`let width = ${cx.print(columns)};`);
  if (owner !== undefined) {
    const placed = cx.of(owner);
    cx.block(`for (var n = 0; n < ${placed.name}_count * 4; n++)`, () => {
      cx.line(`let r = ty * ${placed.rowsPerThread} + n / (${placed.name}_across * 4);`);
      cx.line(`let c = n % (${placed.name}_across * 4) * 8 + tx;`);
      cx.block("if (r < height && c < width)", () => body("n"));
    });
    return;
  }
  cx.block(`for (var e = lane; e < height * width; e += ${threads})`, () => {
    cx.line("let r = e / width;");
    cx.line("let c = e % width;");
    body();
  });
}

/** A private buffer that an expression reads. */
function ownerIn(cx: Context, value: Scalar): string | undefined {
  return [...cx.placed.values()].find((p) => p.place === "private" && reads(value, p.buffer.name))?.buffer.name;
}

const reads = (x: Scalar, name: string): boolean =>
  (x.kind === "read" && x.tensor === name) ||
  (x.kind === "call" && x.args.some((a) => reads(a, name))) ||
  ((x.kind === "any" || x.kind === "sum") && reads(x.body, name));

function assign(cx: Context, to: View, value: Scalar): void {
  const placed = cx.of(to.buffer);
  const element = { r: "r", c: "c" };
  if (placed.place === "streamed") fail("FOV5003", `wgsl: ${to.buffer} is too wide to be written`);
  const held = placed.place === "private";
  const owner = held ? to.buffer : undefined;
  if (!held) cx.touches(cx.buffersIn(value), [to.buffer]);
  else cx.touches(cx.buffersIn(value), []);
  elements(cx, to.rows, to.columns, owner, (own) => {
    const place = held ? registerOf(placed, own ?? "0") : cx.element(placed, rowOf(cx, to), "c");
    cx.line(`${place} = ${cx.print(value, element, own)};`);
  });
}

const rowOf = (cx: Context, view: View, r = "r"): string => (isConst(view.row, 0) ? r : `${cx.print(view.row)} + ${r}`);

const emitters: Emitters = {
  load: (op, cx) => {
    const placed = cx.of(op.to.buffer);
    if (placed.place === "streamed") {
      cx.remember(op);
      return;
    }
    const value = op.small ? elementOf(op, undefined, "nibbles") : read(op.tensor, placed.buffer.type, op.at);
    assign(cx, op.to, op.scale ? { kind: "call", fn: "mul", type: "f32", args: [op.scale, value] } : value);
  },
  store: (op, cx) => {
    const { printer } = cx;
    const dtype = printer.dtype(op.tensor);
    if (isPacked(dtype, printer.flavour) && op.columns && isRow(op.at))
      return storeRows(op, op.columns, ownerIn(cx, op.value), cx);
    cx.touches(cx.buffersIn(op.value), []);
    elements(cx, op.rows, op.columns, ownerIn(cx, op.value), (own) => {
      const element = { r: "r", c: "c" };
      const flat = printer.flat(
        op.tensor,
        op.at.map((x) => cx.print(x, element)),
      );
      const value = cx.print(op.value, element, own);
      // What no caller sees keeps the finite number that stands for minus infinity.
      if (cx.program.intermediates?.some((t) => t.name === op.tensor)) {
        cx.line(`${identifier("t", op.tensor)}[${flat}] = ${value};`);
        return;
      }
      const bits = printer.needed(storedAs(dtype, value));
      cx.line(storeOf(dtype, identifier("t", op.tensor), flat, bits, printer.flavour));
    });
  },
  fill: (op, cx) => {
    const placed = cx.of(op.to.buffer);
    if (placed.place === "private")
      cx.block(`for (var n = 0; n < ${placed.name}_count; n++)`, () =>
        cx.line(`${placed.name}[n] = vec4<f32>(${cx.print(op.value)});`),
      );
    else assign(cx, op.to, op.value);
  },
  map: (op, cx) => {
    const { reduce } = op;
    if (!reduce) return assign(cx, op.to, op.value);
    cx.block("", () => assign(cx, op.to, op.value));
    cx.block("", () => emitters.reduce({ kind: "reduce", from: op.to, ...reduce }, cx));
  },
  reduce: (op, cx) => {
    const [to, from] = [cx.of(op.to.buffer), cx.of(op.from.buffer)];
    cx.touches([op.from.buffer, ...(op.accumulate ? [op.to.buffer] : [])], ["partial"]);
    const join = (a: string, b: string): string => (op.op === "max" ? `max(${a}, ${b})` : `${a} + ${b}`);
    const start = op.op === "max" ? "-3e38f" : "0.0";
    cx.line(`let height = ${cx.print(op.to.rows)};`);
    cx.line(`let width = ${cx.print(op.from.columns ?? int(1))};`);
    // Eight threads a row take every eighth column, then one joins the eight.
    cx.block(`for (var n = 0; n < ${from.rowsPerThread}; n++)`, () => {
      cx.line(`let r = ty * ${from.rowsPerThread} + n;`);
      cx.line(`var part = ${start};`);
      cx.block("for (var c = tx; c < width; c += 8)", () =>
        cx.line(`part = ${join("part", cx.element(from, rowOf(cx, op.from), "c"))};`),
      );
      cx.line("partial[r * 9 + tx] = part;");
    });
    cx.touches(["partial"], [op.to.buffer]);
    cx.block(`for (var r = lane; r < height; r += ${threads})`, () => {
      cx.line(`var total = ${op.accumulate ? cx.element(to, rowOf(cx, op.to), "0") : start};`);
      cx.block("for (var n = 0; n < 8; n++)", () => cx.line(`total = ${join("total", "partial[r * 9 + n]")};`));
      cx.line(`${cx.element(to, rowOf(cx, op.to), "0")} = total;`);
    });
  },
  dot: (op, cx) => emitDot(op, cx),
  rescale: (op, cx) => {
    const placed = cx.of(op.to.buffer);
    const by = cx.of(op.by.buffer);
    cx.touches([op.by.buffer], placed.place === "private" ? [] : [op.to.buffer]);
    elements(cx, op.to.rows, op.to.columns, placed.place === "private" ? op.to.buffer : undefined, (own) => {
      const place = own === undefined ? cx.element(placed, rowOf(cx, op.to), "c") : registerOf(placed, own);
      cx.line(`${place} *= ${cx.element(by, rowOf(cx, op.by), "0")};`);
    });
  },
  finite: (op, cx) => {
    const placed = cx.of(op.of.buffer);
    cx.touches(placed.place === "streamed" ? [] : [op.of.buffer], ["votes"]);
    const flag = cx.fresh(`v_${op.flag}`);
    cx.line(`var ${flag} = true;`);
    cx.block("", () => {
      cx.line("var fine = true;");
      elements(cx, op.of.rows, op.of.columns, undefined, () => {
        const value =
          placed.place === "streamed" ? cx.streamed(op.of, "r", "c") : cx.element(placed, rowOf(cx, op.of), "c");
        cx.line(`fine = fine && fv_finite(${value});`);
      });
      cx.line("votes[lane] = select(0u, 1u, fine);");
    });
    cx.line("workgroupBarrier();");
    cx.block("if (lane == 0)", () => {
      cx.line("var all_fine = 1u;");
      cx.block(`for (var n = 0; n < ${threads}; n++)`, () => cx.line("all_fine = all_fine & votes[n];"));
      cx.line("verdict = all_fine;");
    });
    cx.line(`${flag} = workgroupUniformLoad(&verdict) != 0u;`);
    cx.settled();
    cx.bind(op.flag, flag);
  },
  bounds: (op, cx) => {
    const [lowest, highest] = op.type === "f32" ? ["-3e38f", "3e38f"] : ["i32(-2147483648)", "2147483647"];
    const [min, max] = [cx.fresh(`v_${op.min}`), cx.fresh(`v_${op.max}`)];
    const type = op.type === "bool" ? "i32" : op.type;
    cx.line(`var ${min}: ${type} = ${highest};`);
    cx.line(`var ${max}: ${type} = ${lowest};`);
    cx.line(`let ${min}_rows = ${cx.print(op.rows)};`);
    cx.block(`for (var r = 0; r < ${min}_rows; r++)`, () => {
      const value = cx.print(op.value, { r: "r" });
      cx.line(`let value = ${op.type === "bool" ? `select(0, 1, ${value})` : value};`);
      cx.line(`${min} = min(${min}, value);`);
      cx.line(`${max} = max(${max}, value);`);
    });
    cx.bind(op.min, op.type === "bool" ? `(${min} != 0)` : min);
    cx.bind(op.max, op.type === "bool" ? `(${max} != 0)` : max);
  },
  unite: emitUnite,
  join: emitJoin,
};

/** The operation as dumps print it; a comment ends with its line. */
const describe = (op: Operation): string => (operationText(op)[0] ?? op.kind).replaceAll(/\s+/g, " ");

/** A product that is guarded where `plain` does not hold; one body for both. */
export function emitGuardedDot(op: Of<"dot">, plain: string, cx: Context): void {
  cx.line(`// ${describe(op)} unless ${plain}`);
  cx.block("", () => emitDot(op, cx, plain));
}

/** Emits an operation in a block of its own; those that bind names or copy for later stay open. */
export function emitOperation(op: Operation, cx: Context): void {
  cx.line(`// ${describe(op)}`);
  const emit = emitters[op.kind] as (op: Operation, cx: Context) => void;
  const open =
    op.kind === "finite" || op.kind === "bounds" || (op.kind === "load" && cx.of(op.to.buffer).place === "streamed");
  if (open) emit(op, cx);
  else cx.block("", () => emit(op, cx));
}
