/**
 * Element-wise operations: load, store, fill, map, rescale. Take the operation and a builder of the function it
 * becomes; emit row loops with a vector loop over columns and a scalar loop for the rest. Guarantees: nothing
 * outside the logical extents is written but the padding of a loaded buffer, which is 0; tensors are only touched
 * inside their extents.
 */
import type { Scalar } from "../scalar/scalar.ts";
import type { Operation, View } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { f32, i32, load, op, splat, type Expr, type MicroStatement } from "./micro.ts";
import { element, lowerScalar, placed } from "./scalars.ts";
import { bufferStride, elementAt, found, isVar, panelRows, tensorAt, type Scope } from "./scope.ts";
import { lowerVector, varies, type VectorPlace } from "./vectors.ts";

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

const word = (at: Expr, index: Expr): Expr => op("add", at, op("shl", index, i32(2)));
const whole = (extent: Expr, step: number): Expr => op("and", extent, i32(-step));

/** The variable over a row of elements: vectors up to the last whole one, then one by one. */
function along(
  scope: Scope,
  b: Builder,
  name: "r" | "c",
  extent: Expr,
  before: MicroStatement[],
  emit: (value: ((x: Scalar) => Expr) | undefined, at: Expr) => void,
): MicroStatement[] {
  const index = b.declare(name, "i32");
  const vectors = b.let(whole(extent, scope.lanes), "vectors");
  return b.collect(() => {
    b.for(index, i32(0), vectors, scope.lanes, () => {
      const numbers: Expr = { kind: "gather", type: "vi32", of: Array.from({ length: scope.lanes }, (_, n) => i32(n)) };
      const lanes = op("add", splat(index), numbers);
      const place: VectorPlace = { name, first: index, lanes, before, known: [] };
      emit((x) => lowerVector(scope, b, x, place), index);
    });
    b.for(index, vectors, extent, 1, () => emit(undefined, index));
  });
}

const typed = (x: Expr): Expr => (x.type === "bool" ? op("add", i32(0), x) : x);

export function emitMap(scope: Scope, b: Builder, to: View, value: Scalar): void {
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const panel = scope.panels.has(to.buffer);
  if (!to.columns) {
    const base = b.let(elementAt(scope, to.buffer, row), "base");
    const before: MicroStatement[] = [];
    const loops = along(scope, b, "r", rows, before, (vector, r) =>
      b.store(word(base, r), vector ? vector(value) : typed(lowerScalar(scope, b, value))),
    );
    [...before, ...loops].forEach((s) => b.emit(s));
    return;
  }
  const columns = b.let(lowerScalar(scope, b, to.columns), "columns");
  const r = b.declare("r", "i32");
  const c = b.declare("c", "i32");
  b.for(r, i32(0), rows, 1, () => {
    if (panel) {
      b.for(c, i32(0), columns, 1, () =>
        b.store(elementAt(scope, to.buffer, op("add", row, r), c), typed(lowerScalar(scope, b, value))),
      );
      return;
    }
    const base = b.let(elementAt(scope, to.buffer, op("add", row, r)), "base");
    const before: MicroStatement[] = [];
    const loops = along(scope, b, "c", columns, before, (vector, at) =>
      b.store(word(base, at), vector ? vector(value) : typed(lowerScalar(scope, b, value))),
    );
    [...before, ...loops].forEach((s) => b.emit(s));
  });
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
        then: along(scope, b, "c", columns, [], (vector, c) => {
          const at = b.let(word(base, c), "at");
          b.store(at, op("mul", load(vector ? "vf32" : "f32", at), vector ? splat(factor) : factor));
        }),
        otherwise: [],
      });
    });
  });
}

export function emitLoad(scope: Scope, b: Builder, { to, tensor, at, scale }: Of<"load">): void {
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const integers = found(scope.buffers, to.buffer).type === "i32";
  const { type } = found(scope.tensors, tensor);
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
  const last = at[at.length - 1];
  const plain = type === "f32" && !integers && last && isVar(last, "c") && !at.slice(0, -1).some((x) => varies(x, "c"));
  b.for(r, i32(0), rows, 1, () => {
    const base = b.let(elementAt(scope, to.buffer, op("add", row, r)), "base");
    const target = (index: Expr): Expr => op("add", base, op("mul", index, i32(4 * apart)));
    const slow = (): void => b.for(c, i32(0), columns, 1, () => b.store(target(c), one()));
    if (plain) {
      b.set(c, i32(0));
      const leading = at.slice(0, -1).map((x) => b.let(lowerScalar(scope, b, x)));
      const start = placed(scope, b, tensor, [...leading, i32(0)]);
      const end = placed(scope, b, tensor, [...leading, b.let(op("sub", columns, i32(1)))]);
      const from = b.let(word(tensorAt(tensor), start.flat), "from");
      b.if(op("and", start.inside, end.inside), () => copyRow(scope, b, { from, base, columns, apart, factor }), slow);
    } else slow();
    b.for(c, columns, bufferStride(to.buffer), 1, () => b.store(target(c), integers ? i32(0) : f32(0)));
  });
}

interface Copy {
  readonly from: Expr;
  readonly base: Expr;
  readonly columns: Expr;
  /** Elements from a column to the next in the target. */
  readonly apart: number;
  readonly factor: Expr | undefined;
}

function copyRow(scope: Scope, b: Builder, { from, base, columns, apart, factor }: Copy): void {
  const loops = along(scope, b, "c", columns, [], (vector, c) => {
    const read = load(vector ? "vf32" : "f32", word(from, c));
    const value = b.let(factor ? op("mul", read, vector ? splat(factor) : factor) : read);
    const to = b.let(op("add", base, op("mul", c, i32(4 * apart))));
    if (!vector || apart === 1) b.store(to, value);
    else
      for (let lane = 0; lane < scope.lanes; lane++)
        b.store(to, { kind: "lane", type: "f32", of: value, lane }, lane * 4 * apart);
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
  const guarded = (): void => {
    const indices = at.map((x) => b.let(lowerScalar(scope, b, x)));
    const { inside, flat } = placed(scope, b, tensor, indices);
    b.if(inside, () => b.store(addressOf(element(scope, tensor, flat)), typed(lowerScalar(scope, b, value))));
  };
  if (!width) {
    b.for(r, i32(0), rows, 1, guarded);
    return;
  }
  const columns = b.let(lowerScalar(scope, b, width), "columns");
  const c = b.declare("c", "i32");
  const last = at[at.length - 1];
  const plain = last && isVar(last, "c") && !at.slice(0, -1).some((x) => varies(x, "c"));
  b.for(r, i32(0), rows, 1, () => {
    const slow = (): void => b.for(c, i32(0), columns, 1, guarded);
    if (!plain) return slow();
    const leading = at.slice(0, -1).map((x) => b.let(lowerScalar(scope, b, x)));
    const start = placed(scope, b, tensor, [...leading, i32(0)]);
    const end = placed(scope, b, tensor, [...leading, b.let(op("sub", columns, i32(1)))]);
    const base = b.let(addressOf(element(scope, tensor, start.flat)), "base");
    b.if(
      op("and", start.inside, end.inside),
      () => {
        const before: MicroStatement[] = [];
        const loops = along(scope, b, "c", columns, before, (vector, index) =>
          b.store(word(base, index), vector ? vector(value) : typed(lowerScalar(scope, b, value))),
        );
        [...before, ...loops].forEach((s) => b.emit(s));
      },
      slow,
    );
  });
}

function addressOf(x: Expr): Expr {
  if (x.kind !== "load") throw new Error("micro: only f32 and i32 tensors are stored to");
  return x.at;
}
