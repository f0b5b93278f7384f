/**
 * Element-wise operations in buffers: fill, map, rescale. Take the operation and a builder of the function it becomes; emit
 * row loops with a vector loop over columns and a scalar loop for the rest. Guarantees: nothing outside the logical
 * extents is written.
 */
import type { Scalar } from "../scalar/scalar.ts";
import type { Operation, View } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { along, joinOf, storeJoined, together, word, type Join } from "./loops.ts";
import { f32, i32, load, op, splat, type Expr, type MicroStatement } from "./micro.ts";
import { emitReduce } from "./rows.ts";
import { lowerScalar } from "./scalars.ts";
import { elementAt, type Scope } from "./scope.ts";
import { straight } from "./vectors.ts";

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
