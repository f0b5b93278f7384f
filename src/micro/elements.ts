/**
 * Element-wise operations: load, store, fill, map, rescale. Take the operation and a builder of the function it
 * becomes; emit row loops with a vector loop over columns and a scalar loop for the rest. Guarantees: nothing
 * outside the logical extents is written but the padding of a loaded buffer, which is 0; tensors are only touched
 * inside their extents.
 */
import { int, type Scalar } from "../scalar/scalar.ts";
import { scalarTypeOf, type Dtype } from "../scalar/storage.ts";
import type { Operation, View } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { along, joinOf, storeJoined, together, word, type Join, type Row } from "./loops.ts";
import { f32, i32, load, op, splat, type Expr, type MicroStatement } from "./micro.ts";
import { emitReduce } from "./rows.ts";
import { lowerScalar, placed } from "./scalars.ts";
import { bufferStride, elementAt, found, isVar, panelRows, type Scope } from "./scope.ts";
import { dtypeOf, fetch, further, placeOf, put } from "./tensors.ts";
import { straight, varies } from "./vectors.ts";

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

const typed = (x: Expr): Expr => (x.type === "bool" ? op("add", i32(0), x) : x);

type Joined = Of<"map">["reduce"];

export function emitMap(scope: Scope, b: Builder, to: View, value: Scalar, reduce?: Joined): void {
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const name = to.columns ? "c" : "r";
  // A value a row is short: several vectors at once are not worth their bytes.
  const turns = to.columns && straight(scope, value, name) ? together : 1;
  /** One row of a buffer; `seen` gets each value, too. */
  const mapRow = (base: Expr, extent: Expr, seen?: Join): void => {
    const before: MicroStatement[] = [];
    const loops = along(scope, b, { name, extent, before, turns }, ({ counter, ahead, vector }) => {
      const made = vector ? vector(value) : typed(lowerScalar(scope, b, value));
      const kept = seen ? b.let(made) : made;
      b.store(word(base, counter), kept, 4 * ahead);
      seen?.take(kept, counter);
    });
    for (const s of [...before, ...loops]) b.emit(s);
  };
  const r = b.declare("r", "i32");
  if (!to.columns) mapRow(b.let(elementAt(scope, to.buffer, row), "base"), rows);
  else if (scope.panels.has(to.buffer)) {
    const columns = b.let(lowerScalar(scope, b, to.columns), "columns");
    const c = b.declare("c", "i32");
    b.for(r, i32(0), rows, 1, () =>
      b.for(c, i32(0), columns, 1, () =>
        b.store(elementAt(scope, to.buffer, op("add", row, r), c), typed(lowerScalar(scope, b, value))),
      ),
    );
  } else {
    const columns = b.let(lowerScalar(scope, b, to.columns), "columns");
    const joinRow = reduce && b.let(lowerScalar(scope, b, reduce.to.row), "join_row");
    const join = reduce && joinOf(scope, b, reduce.op);
    b.for(r, i32(0), rows, 1, () => {
      join?.begin();
      mapRow(b.let(elementAt(scope, to.buffer, op("add", row, r)), "base"), columns, join);
      if (!join || !joinRow) return;
      const place = b.let(elementAt(scope, reduce.to.buffer, op("add", joinRow, r)), "place");
      storeJoined(b, join, reduce.op, place, reduce.accumulate);
    });
    return;
  }
  if (reduce) emitReduce(scope, b, { kind: "reduce", from: to, ...reduce });
}

export function emitRescale(scope: Scope, b: Builder, { to, by }: Of<"rescale">): void {
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const factors = b.let(elementAt(scope, by.buffer, lowerScalar(scope, b, by.row)), "factors");
  const columns = to.columns ? b.let(lowerScalar(scope, b, to.columns), "columns") : i32(1);
  const r = b.declare("r", "i32");
  b.for(r, i32(0), rows, 1, () => {
    const factor = b.let(load("f32", word(factors, r)), "factor");
    b.if(op("ne", factor, f32(1)), () => {
      const base = b.let(elementAt(scope, to.buffer, op("add", row, r)), "base");
      b.emit({
        kind: "if",
        when: op("gt", columns, i32(0)),
        then: along(
          scope,
          b,
          { name: "c", extent: columns, before: [], turns: together },
          ({ counter, ahead, vector }) => {
            const x = b.let(load(vector ? "vf32" : "f32", word(base, counter), 4 * ahead));
            b.store(word(base, counter), op("mul", x, vector ? splat(factor) : factor), 4 * ahead);
          },
        ),
        otherwise: [],
      });
    });
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
  return {
    start: placed(scope, b, tensor, [...leading, first]),
    end: placed(scope, b, tensor, [...leading, last]),
  };
}

export function emitLoad(scope: Scope, b: Builder, { to, tensor, at, scale }: Of<"load">): void {
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const integers = found(scope.buffers, to.buffer).type === "i32";
  const dtype = dtypeOf(scope, tensor);
  const type = scalarTypeOf(dtype);
  const factor = scale ? b.let(lowerScalar(scope, b, scale), "scale") : undefined;
  const one = (): Expr => {
    const value = typed(lowerScalar(scope, b, { kind: "read", type, tensor, indices: at }));
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
  const begin = type === "f32" && !integers ? runFrom(at) : undefined;
  b.for(r, i32(0), rows, 1, () => {
    const base = b.let(elementAt(scope, to.buffer, op("add", row, r)), "base");
    const target = (index: Expr): Expr => op("add", base, op("mul", index, i32(4 * apart)));
    const slow = (): void => b.for(c, i32(0), columns, 1, () => b.store(target(c), one()));
    if (begin) {
      b.set(c, i32(0));
      const { start, end } = endsOf(scope, b, tensor, at, begin, columns);
      const from = b.let(placeOf(scope, tensor, start.flat), "from");
      b.if(
        op("and", start.inside, end.inside),
        () => copyRow(scope, b, { from, dtype, base, columns, apart, factor }),
        slow,
      );
    } else if (type === "f32" && !integers && apart === 1 && isColumn(at))
      copyColumn(scope, b, { tensor, at, c, columns, target, factor }, slow);
    else slow();
    b.for(c, columns, bufferStride(to.buffer), 1, () => b.store(target(c), integers ? i32(0) : f32(0)));
  });
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
  readonly base: Expr;
  readonly columns: Expr;
  /** Elements from a column to the next in the target. */
  readonly apart: number;
  readonly factor: Expr | undefined;
}

function copyRow(scope: Scope, b: Builder, { from, dtype, base, columns, apart, factor }: Copy): void {
  const row: Row = { name: "c", extent: columns, before: [], turns: together };
  const loops = along(scope, b, row, ({ counter, ahead, vector }) => {
    const read = fetch(b, dtype, further(dtype, from, counter), ahead, vector !== undefined);
    const value = b.let(factor ? op("mul", read, vector ? splat(factor) : factor) : read);
    const to = op("add", base, op("mul", counter, i32(4 * apart)));
    const offset = 4 * ahead * apart;
    if (!vector || apart === 1) b.store(to, value, offset);
    else
      for (let lane = 0; lane < scope.lanes; lane++)
        b.store(to, { kind: "lane", type: "f32", of: value, lane }, offset + lane * 4 * apart);
  });
  loops.forEach((s) => b.emit(s));
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
