/**
 * Operations that join elements: reduce, dot, finite, bounds. Take the operation and a builder; emit loops or a
 * call of a register tile. Guarantees: the padding of a buffer never counts but in `finite`, for which it is 0.
 */
import type { Operation } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { dotFunction, dotName } from "./dot.ts";
import { along, joinOf, storeJoined, together, word } from "./loops.ts";
import { choose, f32, i32, load, op, vf32, type Expr } from "./micro.ts";
import { lowerScalar } from "./scalars.ts";
import { bufferStride, elementAt, panelRows, variableName, type Scope } from "./scope.ts";

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

export function emitReduce(scope: Scope, b: Builder, { op: kind, to, from, accumulate }: Of<"reduce">): void {
  const rows = b.let(lowerScalar(scope, b, to.rows), "rows");
  const row = b.let(lowerScalar(scope, b, to.row), "row");
  const fromRow = b.let(lowerScalar(scope, b, from.row), "from_row");
  const columns = from.columns ? b.let(lowerScalar(scope, b, from.columns), "columns") : i32(1);
  const join = joinOf(scope, b, kind);
  const r = b.declare("r", "i32");
  const c = b.declare("c", "i32");
  b.for(r, i32(0), rows, 1, () => {
    const place = b.let(elementAt(scope, to.buffer, op("add", row, r)), "place");
    const fromAt = (column: Expr): Expr => elementAt(scope, from.buffer, op("add", fromRow, r), column);
    join.begin();
    if (scope.panels.has(from.buffer)) b.for(c, i32(0), columns, 1, () => join.take(load("f32", fromAt(c)), c));
    else {
      const base = b.let(fromAt(i32(0)), "base");
      const loops = along(scope, b, { name: "c", extent: columns, before: [], turns: together }, (spot) =>
        join.take(load(spot.vector ? "vf32" : "f32", word(base, spot.counter), 4 * spot.ahead), spot.counter),
      );
      for (const s of loops) b.emit(s);
    }
    storeJoined(b, join, kind, place, accumulate);
  });
}

export function emitDot(scope: Scope, b: Builder, operation: Of<"dot">): void {
  const { to, a, b: other, along } = operation;
  const name = dotName(operation);
  if (!scope.functions.has(name)) {
    const { start, guard } = operation;
    // Only where a value is not finite: not worth the bytes of large blocks and long loops.
    const { rows, unroll } = guard ? { rows: 2, unroll: 1 } : scope;
    const { lanes } = scope;
    scope.functions.set(name, dotFunction({ along, start, guard, rows, unroll, lanes, vectors: panelRows / lanes }));
  }
  const value = (x: typeof to.row | undefined): Expr => (x ? b.let(lowerScalar(scope, b, x)) : i32(1));
  const rowOf = { to: value(to.row), a: value(a.row), b: value(other.row) };
  const stride = (buffer: string, rows: number): Expr => op("mul", bufferStride(buffer), i32(4 * rows));
  const k = along === "columns" ? value(a.columns) : value(other.rows);
  const [m, n] = [value(to.rows), value(to.columns)];
  const args = [
    elementAt(scope, a.buffer, rowOf.a),
    elementAt(scope, other.buffer, rowOf.b),
    elementAt(scope, to.buffer, rowOf.to),
    stride(a.buffer, 1),
    stride(other.buffer, along === "columns" ? panelRows : 1),
    stride(to.buffer, 1),
    m,
    n,
    k,
  ];
  const fast = (): void => b.emit({ kind: "call", fn: name, args });
  const odd = [a.buffer, to.buffer].some((buffer) => scope.panels.has(buffer));
  if (odd || scope.panels.has(other.buffer) !== (along === "columns"))
    return plainDot(scope, b, operation, rowOf, { m, n, k });
  if (along === "rows") return fast();
  b.if(op("eq", op("and", rowOf.b, i32(panelRows - 1)), i32(0)), fast, () =>
    plainDot(scope, b, operation, rowOf, { m, n, k }),
  );
}

/** Any layout, one element at a time: for pieces that do not begin at a panel. */
function plainDot(
  scope: Scope,
  b: Builder,
  { to, a, b: other, along, start, guard }: Of<"dot">,
  row: { readonly to: Expr; readonly a: Expr; readonly b: Expr },
  { m, n, k }: { readonly m: Expr; readonly n: Expr; readonly k: Expr },
): void {
  const [r, c, t] = [b.fresh("i32", "r"), b.fresh("i32", "c"), b.fresh("i32", "k")];
  const [sum, left] = [b.fresh("f32", "sum"), b.fresh("f32", "left")];
  b.for(r, i32(0), m, 1, () =>
    b.for(c, i32(0), n, 1, () => {
      const place = b.let(elementAt(scope, to.buffer, op("add", row.to, r), c), "place");
      b.set(sum, start === "add" ? load("f32", place) : f32(0));
      b.for(t, i32(0), k, 1, () => {
        b.set(left, load("f32", elementAt(scope, a.buffer, op("add", row.a, r), t)));
        const [at, column] = along === "columns" ? [c, t] : [t, c];
        const right = load("f32", elementAt(scope, other.buffer, op("add", row.b, at), column));
        const added = op("add", sum, op("mul", left, right));
        b.set(sum, guard ? choose(op("ne", op("bits", left), i32(0)), added, sum) : added);
      });
      b.store(place, sum);
    }),
  );
}

/** Gives the truth as the result of the function. */
export function emitFinite(scope: Scope, b: Builder, { of }: Of<"finite">): void {
  const rows = b.let(lowerScalar(scope, b, of.rows), "rows");
  const row = b.let(lowerScalar(scope, b, of.row), "row");
  const columns = of.columns ? b.let(lowerScalar(scope, b, of.columns), "columns") : i32(1);
  const r = b.declare("r", "i32");
  const c = b.declare("c", "i32");
  const total = b.declare("total", "f32");
  b.set(total, f32(0));
  const vectors = of.columns !== undefined && !scope.panels.has(of.buffer);
  const [even, odd] = [b.declare("even", "vf32"), b.declare("odd", "vf32")];
  b.set(even, vf32(0));
  b.set(odd, vf32(0));
  b.for(r, i32(0), rows, 1, () => {
    if (!vectors) {
      b.for(c, i32(0), columns, 1, () =>
        b.set(
          total,
          op("add", total, op("mul", load("f32", elementAt(scope, of.buffer, op("add", row, r), c)), f32(0))),
        ),
      );
      return;
    }
    const base = b.let(elementAt(scope, of.buffer, op("add", row, r)), "base");
    b.for(c, i32(0), columns, 2 * scope.lanes, () => {
      b.set(even, op("add", even, op("mul", load("vf32", word(base, c)), vf32(0))));
      b.set(odd, op("add", odd, op("mul", load("vf32", word(base, c), 4 * scope.lanes), vf32(0))));
    });
  });
  const sum = op("add", total, { kind: "vreduce", type: "f32", op: "add", of: op("add", even, odd) });
  b.emit({ kind: "return", value: op("eq", sum, f32(0)) });
}

/** In place: sets two variables of the function around it. */
export function emitBounds(scope: Scope, b: Builder, { min, max, type, rows: height, value }: Of<"bounds">): void {
  const least = b.declare(variableName(min, type), type);
  const most = b.declare(variableName(max, type), type);
  const rows = b.let(lowerScalar(scope, b, height), "rows");
  const limit = (low: boolean): Expr =>
    type === "f32"
      ? f32(low ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
      : { kind: "const", type, value: type === "bool" ? (low ? 0 : 1) : low ? -0x80000000 : 0x7fffffff };
  b.set(least, limit(false));
  b.set(most, limit(true));
  const r = b.declare("r", "i32");
  b.for(r, i32(0), rows, 1, () => {
    const x = b.let(lowerScalar(scope, b, value), "bound");
    b.set(least, op("min", x, least));
    b.set(most, op("max", x, most));
  });
}
