/**
 * Between tensors and buffers: load and store. Take the operation and a builder of the function it becomes; emit row
 * loops that go along a row of the tensor with vectors where it lies whole inside, and ask about each element where
 * not. Guarantees: tensors are only touched inside their extents; the padding of a loaded buffer is 0.
 */
import { int, isConst, type Scalar } from "../scalar/scalar.ts";
import { isReal, type Dtype } from "../scalar/storage.ts";
import { elementOf } from "../tile/loaded.ts";
import type { Operation } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { along, together, type Row } from "./loops.ts";
import { f32, i32, isVector, op, splat, type Expr, type MicroStatement } from "./micro.ts";
import { lowerScalar, placed } from "./scalars.ts";
import { bufferStride, elementAt, found, isVar, panelRows, type Scope } from "./scope.ts";
import { emitSmallRow, inRuns } from "./small.ts";
import { dtypeOf, fetch, further, placeOf, put } from "./tensors.ts";
import { straight, varies } from "./vectors.ts";

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

const typed = (x: Expr): Expr => (x.type === "bool" ? op("add", i32(0), x) : x);

export function emitLoad(scope: Scope, b: Builder, operation: Of<"load">): void {
  const { to, tensor, at, scale, small } = operation;
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const integers = found(scope.buffers, to.buffer).type === "i32";
  const dtype = dtypeOf(scope, tensor);
  const element = elementOf(operation, dtype);
  const factor = scale ? b.let(lowerScalar(scope, b, scale), "scale") : undefined;
  const one = (): Expr => {
    const value = typed(lowerScalar(scope, b, element));
    const real = integers || value.type === "f32" ? value : op("float", value);
    return factor ? op("mul", real, factor) : real;
  };
  const r = b.declare("r", "i32");
  if (!to.columns) {
    b.for(r, i32(0), rows, 1, () => b.store(elementAt(scope, to.buffer, op("add", row, r)), one()));
    return;
  }
  const columns = b.let(lowerScalar(scope, b, to.columns), "columns");
  const c = b.declare("c", "i32");
  const apart = scope.panels.has(to.buffer) ? panelRows : 1;
  const real = !integers && (small ? inRuns(small) : isReal(dtype));
  const begin = real ? runFrom(at) : undefined;
  // Numbers that are shared begin with the row of the tensor.
  const run = small && !(begin && isConst(begin, 0)) ? undefined : begin;
  b.for(r, i32(0), rows, 1, () => {
    const base = b.let(elementAt(scope, to.buffer, op("add", row, r)), "base");
    const target = (index: Expr): Expr => op("add", base, op("mul", index, i32(4 * apart)));
    const slow = (): void => b.for(c, i32(0), columns, 1, () => b.store(target(c), one()));
    if (run) {
      b.set(c, i32(0));
      const { start, end } = endsOf(scope, b, tensor, at, run, columns);
      const from = b.let(placeOf(scope, tensor, start.flat), "from");
      const put = (index: Expr, ahead: number, value: Expr): void =>
        putRow(scope, b, { to: target(index), apart }, ahead, value);
      const copy = (): void => copyRow(scope, b, { from, dtype, columns, factor, put });
      const taken = small ? (): void => emitSmallRow(scope, b, { small, from, columns, factor, put }) : copy;
      b.if(op("and", start.inside, end.inside), taken, slow);
    } else if (!small && isReal(dtype) && !integers && apart === 1 && isColumn(at))
      copyColumn(scope, b, { tensor, at, c, columns, target, factor }, slow);
    else slow();
    b.for(c, columns, bufferStride(to.buffer), 1, () => b.store(target(c), integers ? i32(0) : f32(0)));
  });
}

/** The last index in column 0, where columns lie next to each other: the last index is the column, or so far behind. */
function runFrom(at: readonly Scalar[]): Scalar | undefined {
  const last = at.at(-1);
  return last && !at.slice(0, -1).some((x) => varies(x, "c")) ? beginOf(last) : undefined;
}

/** The index in column 0, where it grows with the column. */
function beginOf(last: Scalar): Scalar | undefined {
  if (isVar(last, "c")) return int(0);
  const [a, b] = last.kind === "call" && last.fn === "add" ? last.args : [];
  if (!a || !b) return undefined;
  return isVar(b, "c") && !varies(a, "c") ? a : isVar(a, "c") && !varies(b, "c") ? b : undefined;
}

type Ends = Readonly<Record<"start" | "end", ReturnType<typeof placed>>>;

/** The first and the last element of such a row. */
function endsOf(scope: Scope, b: Builder, tensor: string, at: readonly Scalar[], begin: Scalar, columns: Expr): Ends {
  const leading = at.slice(0, -1).map((x) => b.let(lowerScalar(scope, b, x)));
  const from = lowerScalar(scope, b, begin);
  const first = from.kind === "const" ? from : b.let(from);
  const last = b.let(op("sub", first.kind === "const" ? columns : op("add", first, columns), i32(1)));
  const byte = dtypeOf(scope, tensor) === "i4" ? b.let(op("shr", last, i32(1))) : last;
  return {
    start: placed(scope, b, tensor, [...leading, first]),
    end: placed(scope, b, tensor, [...leading, byte]),
  };
}

/** Does one index grow with the column, and no other depend on it? */
const isColumn = (at: readonly Scalar[]): boolean => {
  const own = at.filter((x) => varies(x, "c"));
  return own.length === 1 && own.every((x) => beginOf(x) !== undefined);
};

interface ColumnCopy {
  readonly tensor: string;
  readonly at: readonly Scalar[];
  readonly c: Parameters<Builder["for"]>[0];
  readonly columns: Expr;
  readonly target: (index: Expr) => Expr;
  readonly factor: Expr | undefined;
}

/** Elements as far apart as a further index makes them, asked about their place once a row. */
function copyColumn(
  scope: Scope,
  b: Builder,
  { tensor, at, c, columns, target, factor }: ColumnCopy,
  slow: () => void,
): void {
  const dtype = dtypeOf(scope, tensor);
  const indices = at.map((x) => b.let(lowerScalar(scope, b, beginOf(x) ?? x)));
  const place = (behind: Expr): ReturnType<typeof placed> =>
    placed(
      scope,
      b,
      tensor,
      indices.map((index, n) => (varies(at[n] ?? int(0), "c") ? b.let(op("add", index, behind)) : index)),
    );
  const [start, end] = [place(i32(0)), place(op("sub", columns, i32(1)))];
  const apart = b.let(op("sub", place(i32(1)).flat, start.flat), "apart");
  const from = b.let(placeOf(scope, tensor, start.flat), "from");
  b.if(
    op("and", start.inside, end.inside),
    () =>
      b.for(c, i32(0), columns, 1, () => {
        const read = fetch(b, dtype, further(dtype, from, b.let(op("mul", c, apart))), 0, false);
        b.store(target(c), factor ? op("mul", read, factor) : read);
      }),
    slow,
  );
}

interface Copy {
  readonly from: Expr;
  readonly dtype: Dtype;
  readonly columns: Expr;
  readonly factor: Expr | undefined;
  readonly put: (index: Expr, ahead: number, value: Expr) => void;
}

function copyRow(scope: Scope, b: Builder, { from, dtype, columns, factor, put }: Copy): void {
  const row: Row = { name: "c", extent: columns, before: [], turns: together };
  const loops = along(scope, b, row, ({ counter, ahead, vector }) => {
    const read = fetch(b, dtype, further(dtype, from, counter), ahead, vector !== undefined);
    put(counter, ahead, b.let(factor ? op("mul", read, vector ? splat(factor) : factor) : read));
  });
  loops.forEach((s) => b.emit(s));
}

/** Stores a number, or those of a vector, `ahead` columns beyond `to`; `apart` elements are from a column to the next. */
function putRow(
  scope: Scope,
  b: Builder,
  { to, apart }: { readonly to: Expr; readonly apart: number },
  ahead: number,
  value: Expr,
): void {
  const offset = 4 * ahead * apart;
  if (!isVector(value.type) || apart === 1) b.store(to, value, offset);
  else
    for (let lane = 0; lane < scope.lanes; lane++)
      b.store(to, { kind: "lane", type: "f32", of: value, lane }, offset + lane * 4 * apart);
}

export function emitStore(
  scope: Scope,
  b: Builder,
  { tensor, at, rows: height, columns: width, value }: Of<"store">,
): void {
  const rows = b.let(lowerScalar(scope, b, height), "rows");
  const r = b.declare("r", "i32");
  const dtype = dtypeOf(scope, tensor);
  const guarded = (): void => {
    const indices = at.map((x) => b.let(lowerScalar(scope, b, x)));
    const { inside, flat } = placed(scope, b, tensor, indices);
    b.if(inside, () => put(b, dtype, placeOf(scope, tensor, flat), typed(lowerScalar(scope, b, value))));
  };
  if (!width) {
    b.for(r, i32(0), rows, 1, guarded);
    return;
  }
  const columns = b.let(lowerScalar(scope, b, width), "columns");
  const c = b.declare("c", "i32");
  const begin = runFrom(at);
  b.for(r, i32(0), rows, 1, () => {
    const slow = (): void => b.for(c, i32(0), columns, 1, guarded);
    if (!begin) return slow();
    const { start, end } = endsOf(scope, b, tensor, at, begin, columns);
    const base = b.let(placeOf(scope, tensor, start.flat), "base");
    b.if(
      op("and", start.inside, end.inside),
      () => {
        const before: MicroStatement[] = [];
        const turns = straight(scope, value, "c") ? together : 1;
        const loops = along(scope, b, { name: "c", extent: columns, before, turns }, ({ counter, ahead, vector }) =>
          put(
            b,
            dtype,
            further(dtype, base, counter),
            vector ? vector(value) : typed(lowerScalar(scope, b, value)),
            ahead,
          ),
        );
        [...before, ...loops].forEach((s) => b.emit(s));
      },
      slow,
    );
  });
}
