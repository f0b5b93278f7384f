/**
 * The register tile: c (= | +=) a · b for rows × columns of accumulators that stay in registers over all of k.
 * Takes the tile's shape as data, gives one micro function. `along: columns`: b is packed in panels of `columns`
 * rows, one k after the other; `along: rows`: b are rows, one k a row. Guarantees: for each element the terms are
 * added in ascending k, one fma each; columns are written up to a multiple of the tile's columns; with `guard` a
 * term whose a is 0 adds nothing.
 */
import { Builder } from "./builder.ts";
import { fma, i32, load, local, op, vf32, vi32, type Expr, type Local, type MicroFunction } from "./micro.ts";

export interface DotShape {
  readonly along: "columns" | "rows";
  readonly start: "zero" | "add";
  readonly guard: boolean;
  readonly rows: number;
  /** Vectors of columns. */
  readonly vectors: number;
  readonly unroll: number;
  readonly lanes: number;
}

export const dotName = (s: Pick<DotShape, "along" | "start" | "guard">): string =>
  `dot_${s.along}_${s.start}${s.guard ? "_guarded" : ""}`;

/** Pointers, then the row strides of a, b and c in bytes (b: of a panel for `columns`), then the extents. */
export const dotParams: readonly Local[] = [
  ...["a", "b", "c"].map((name) => ({ name, type: "ptr" as const })),
  ...["a_stride", "b_stride", "c_stride", "m", "n", "k"].map((name) => ({ name, type: "i32" as const })),
];

export function dotFunction(shape: DotShape): MicroFunction {
  const b = new Builder();
  const int = (name: string): Expr => local(name, "i32");
  const width = shape.vectors * shape.lanes;
  const j = b.declare("j", "i32");
  const i = b.declare("i", "i32");
  const panel = b.declare("panel", "ptr");
  const c = b.declare("to", "ptr");
  b.set(panel, local("b", "ptr"));
  b.for(j, i32(0), int("n"), width, () => {
    const a = b.declare("from", "ptr");
    b.set(a, local("a", "ptr"));
    b.set(c, op("add", local("c", "ptr"), op("shl", j, i32(2))));
    const down = (rows: number): void => {
      block(b, shape, rows, a, panel, c);
      b.set(a, op("add", a, op("mul", int("a_stride"), i32(rows))));
      b.set(c, op("add", c, op("mul", int("c_stride"), i32(rows))));
    };
    // The last rows are shared out, so that no block is left with one or two where it need not be.
    const half = Math.ceil((shape.rows + 2) / 2);
    const whole = b.let(op("sub", int("m"), i32(shape.rows + 2)), "whole");
    b.for(i, i32(0), whole, shape.rows, () => down(shape.rows));
    const left = b.fresh("i32", "left");
    b.set(left, op("sub", int("m"), i));
    b.if(op("gt", left, i32(shape.rows)), () => {
      down(half);
      b.set(left, op("sub", left, i32(half)));
    });
    for (let rows = 1; rows <= shape.rows; rows++)
      b.if(op("eq", left, i32(rows)), () => block(b, shape, rows, a, panel, c));
    b.set(panel, op("add", panel, shape.along === "columns" ? int("b_stride") : i32(width * 4)));
  });
  return b.finish(dotName(shape), undefined, dotParams);
}

function block(b: Builder, shape: DotShape, rows: number, a0: Expr, panel: Expr, c0: Expr): void {
  const { vectors, lanes, unroll } = shape;
  const width = vectors * lanes;
  const stride = local("a_stride", "i32");
  const bStep = shape.along === "columns" ? undefined : local("b_stride", "i32");
  const a: Expr[] = [];
  const c: Expr[] = [];
  for (let r = 0; r < rows; r++) {
    a.push(reuse(b, `a${r}`, r === 0 ? a0 : op("add", previous(a), stride)));
    c.push(r === 0 ? c0 : reuse(b, `c${r}`, op("add", previous(c), local("c_stride", "i32"))));
  }
  const at = reuse(b, "b_at", panel);
  const acc = a.map((_, r) =>
    Array.from({ length: vectors }, (__, v) => {
      const made = b.declare(`acc${r}_${v}`, "vf32");
      b.set(made, shape.start === "zero" ? vf32(0) : load("vf32", c[r] ?? c0, v * lanes * 4));
      return made;
    }),
  );
  const step = (n: number): void => {
    const bOffset = bStep ? 0 : n * width * 4;
    const columns = Array.from({ length: vectors }, (_, v) => {
      const made = b.declare(`b${v}`, "vf32");
      b.set(made, load("vf32", at, bOffset + v * lanes * 4));
      return made;
    });
    acc.forEach((row, r) => {
      const factor = b.declare("factor", "vf32");
      b.set(factor, { kind: "loadsplat", type: "vf32", at: a[r] ?? a0, offset: n * 4 });
      row.forEach((sum, v) => {
        const column = columns[v] ?? vf32(0);
        const term = shape.guard ? op("value", op("and", op("bits", column), op("ne", factor, vf32(0)))) : column;
        b.set(sum, fma(factor, term, sum));
      });
    });
    if (bStep) b.set(at, op("add", at, bStep));
  };
  const advance = (count: number): void => {
    a.slice(1).forEach((pointer) => b.set(pointer, op("add", pointer, i32(count * 4))));
    if (!bStep) b.set(at, op("add", at, i32(count * width * 4)));
  };
  const first = a[0] ?? a0;
  const end = reuse(b, "k_end", op("add", first, op("shl", local("k", "i32"), i32(2))));
  const unrolledEnd = reuse(b, "k_unrolled", op("sub", end, i32(unroll * 4 - 4)));
  b.for(first, first, unrolledEnd, unroll * 4, () => {
    for (let n = 0; n < unroll; n++) step(n);
    advance(unroll);
  });
  b.for(first, first, end, 4, () => {
    step(0);
    advance(1);
  });
  acc.forEach((row, r) => row.forEach((sum, v) => b.store(c[r] ?? c0, sum, v * lanes * 4)));
}

/** A variable of the function that every block uses anew. */
function reuse(b: Builder, name: string, value: Expr): Expr {
  const made = b.declare(name, "ptr");
  b.set(made, value);
  return made;
}

const previous = (list: readonly Expr[]): Expr => list[list.length - 1] ?? vi32(0);
