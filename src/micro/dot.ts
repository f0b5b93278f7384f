/**
 * The register tile: c (= | +=) a · b for rows × columns of accumulators that stay in registers over all of k.
 * Takes the tile's shape as data, gives one micro function. `along: columns`: b is packed in panels of `columns`
 * rows, one k after the other; `along: rows`: b are rows, one k a row. Guarantees: for each element the terms are
 * added in ascending k, one fma each (from zero, the first is the product alone); columns are written up to a
 * multiple of the tile's columns; with `guard` a term whose a is +0 adds nothing.
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
  /** Steps of k in a turn of the loop, where a block has all its rows. */
  readonly unroll: number;
  readonly lanes: number;
}

export const dotName = (s: Pick<DotShape, "along" | "start" | "guard">): string =>
  `dot_${s.along}_${s.start}${s.guard ? "_guarded" : ""}`;

/** Pointers, then the row strides of a, b and c in bytes (b: of a panel for `columns`), then the extents. */
const dotParams: readonly Local[] = [
  ...["a", "b", "c"].map((name) => ({ name, type: "ptr" as const })),
  ...["a_stride", "b_stride", "c_stride", "m", "n", "k"].map((name) => ({ name, type: "i32" as const })),
];

const int = (name: string): Expr => local(name, "i32");

export function dotFunction(shape: DotShape): MicroFunction {
  const b = new Builder();
  if (shape.start === "add") blocks(b, shape);
  else
    b.if(
      op("gt", int("k"), i32(0)),
      () => blocks(b, shape),
      () => clear(b, shape.lanes),
    );
  return b.finish(dotName(shape), undefined, dotParams);
}

/** Every panel of columns, and in it every block of rows. */
function blocks(b: Builder, shape: DotShape): void {
  const width = shape.vectors * shape.lanes;
  const [j, block, rows] = [b.declare("j", "i32"), b.declare("block", "i32"), b.declare("rows", "i32")];
  const panel = b.declare("panel", "ptr");
  const a = b.declare("from", "ptr");
  const c = b.declare("to", "ptr");
  // Rows are shared out evenly: a block of one or two rows would wait for its few sums.
  const count = b.let(op("quot", op("add", int("m"), i32(shape.rows - 1)), i32(shape.rows)), "blocks");
  const least = b.let(op("quot", int("m"), op("max", count, i32(1))), "least");
  const larger = b.let(op("sub", int("m"), op("mul", count, least)), "larger");
  b.set(panel, local("b", "ptr"));
  b.for(j, i32(0), int("n"), width, () => {
    b.set(a, local("a", "ptr"));
    b.set(c, op("add", local("c", "ptr"), op("shl", j, i32(2))));
    b.for(block, i32(0), count, 1, () => {
      b.set(rows, op("add", least, op("add", i32(0), op("lt", block, larger))));
      const choice = (height: number): void => {
        if (height === 1) return registerBlock(b, shape, 1, a, panel, c);
        b.if(
          op("eq", rows, i32(height)),
          () => registerBlock(b, shape, height, a, panel, c),
          () => choice(height - 1),
        );
      };
      choice(shape.rows);
      b.set(a, op("add", a, op("mul", rows, int("a_stride"))));
      b.set(c, op("add", c, op("mul", rows, int("c_stride"))));
    });
    b.set(panel, op("add", panel, shape.along === "columns" ? int("b_stride") : i32(width * 4)));
  });
}

/** A sum of no terms. */
function clear(b: Builder, lanes: number): void {
  const [r, j] = [b.declare("block", "i32"), b.declare("j", "i32")];
  const c = reuse(b, "to", local("c", "ptr"));
  b.for(r, i32(0), int("m"), 1, () => {
    b.for(j, i32(0), int("n"), lanes, () => b.store(op("add", c, op("shl", j, i32(2))), vf32(0)));
    b.set(c, op("add", c, int("c_stride")));
  });
}

/**
 * Steps of k in a turn. Blocks of nearly all rows are what larger extents are shared out into; a smaller one stands
 * alone, is short, and is not worth its bytes twice. From zero one step is done before the turns: one less in each, and
 * none is left over where k is 64.
 */
function stepsOf({ rows: most, unroll, start }: DotShape, rows: number): number {
  if (rows < most - 1) return 1;
  const steps = rows === most ? unroll : Math.min(unroll, 4);
  return Math.max(1, start === "zero" ? steps - 1 : steps);
}

function registerBlock(b: Builder, shape: DotShape, rows: number, a0: Expr, panel: Expr, c0: Expr): void {
  const { vectors, lanes } = shape;
  const unroll = stepsOf(shape, rows);
  const width = vectors * lanes;
  const bStep = shape.along === "columns" ? undefined : int("b_stride");
  const a: Expr[] = [];
  for (let r = 0; r < rows; r++) a.push(reuse(b, `a${r}`, r === 0 ? a0 : op("add", previous(a), int("a_stride"))));
  const at = reuse(b, "b_at", panel);
  const acc = a.map((_, r) => Array.from({ length: vectors }, (__, v) => b.declare(`acc${r}_${v}`, "vf32")));
  const eachSum = (visit: (sum: Expr, row: Expr, offset: number) => void): void => {
    const row = reuse(b, "c_row", c0);
    acc.forEach((sums, r) => {
      if (r > 0) b.set(row, op("add", row, int("c_stride")));
      sums.forEach((sum, v) => visit(sum, row, v * lanes * 4));
    });
  };
  const step = (n: number, start = false): void => {
    const bOffset = bStep ? 0 : n * width * 4;
    const columns = Array.from({ length: vectors }, (_, v) => b.declare(`b${v}`, "vf32"));
    acc.forEach((row, r) => {
      const factor = b.declare("factor", "vf32");
      b.set(factor, { kind: "loadsplat", type: "vf32", at: a[r] ?? a0, offset: n * 4 });
      row.forEach((sum, v) => {
        const column = columns[v] ?? vf32(0);
        if (r === 0) b.set(column, load("vf32", at, bOffset + v * lanes * 4));
        const term = shape.guard
          ? op("value", op("and", op("bits", column), op("ne", op("bits", factor), vi32(0))))
          : column;
        b.set(sum, start ? op("mul", factor, term) : fma(factor, term, sum));
      });
    });
    if (bStep) b.set(at, op("add", at, bStep));
  };
  const advance = (count: number): void => {
    a.slice(1).forEach((pointer) => b.set(pointer, op("add", pointer, i32(count * 4))));
    if (!bStep) b.set(at, op("add", at, i32(count * width * 4)));
  };
  const first = a[0] ?? a0;
  const end = reuse(b, "k_end", op("add", first, op("shl", int("k"), i32(2))));
  if (shape.start === "zero") {
    step(0, true);
    advance(1);
    b.set(first, op("add", first, i32(4)));
  } else eachSum((sum, row, offset) => b.set(sum, load("vf32", row, offset)));
  for (const steps of unroll > 1 ? [unroll, 1] : [1]) {
    const last = steps > 1 ? reuse(b, "k_unrolled", op("sub", end, i32(steps * 4 - 4))) : end;
    b.for(first, first, last, steps * 4, () => {
      for (let n = 0; n < steps; n++) step(n);
      advance(steps);
    });
  }
  eachSum((sum, row, offset) => b.store(row, sum, offset));
}

/** A variable of the function that every block uses anew. */
function reuse(b: Builder, name: string, value: Expr): Expr {
  const made = b.declare(name, "ptr");
  b.set(made, value);
  return made;
}

const previous = (list: readonly Expr[]): Expr => list[list.length - 1] ?? vi32(0);
