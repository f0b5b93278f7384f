/**
 * A row of small integers as f32: (integer − zero) · step. Takes where the row lies and where it goes; emits vector
 * loops over runs of columns that share their numbers. Guarantees: the same bits as the load's expression; the numbers
 * of the granules are only read where the caller knows that the row lies inside its tensor, and then theirs do too, for
 * their dimensions are the tensor's.
 */
import type { Scalar } from "../scalar/scalar.ts";
import { alongRow, type Along } from "../tile/granules.ts";
import type { Small } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { along, together, type Row } from "./loops.ts";
import { i32, op, splat, type Expr } from "./micro.ts";
import { lowerScalar, placed } from "./scalars.ts";
import { type Scope } from "./scope.ts";
import { dtypeOf, fetch, fetchSmall, further, placeOf } from "./tensors.ts";

/** Can rows of these integers be taken apart in vectors? */
export function inRuns({ dtype, step, zero }: Small): boolean {
  const parts = (zero ? [step, zero] : [step]).map(alongRow);
  const runs = runsOf(parts);
  const [run = 2] = runs;
  return parts.every(({ kind }) => kind !== "any") && runs.size < 2 && (dtype !== "i4" || run % 2 === 0);
}

const runsOf = (parts: readonly Along[]): ReadonlySet<number> =>
  new Set(parts.flatMap((part) => (part.kind === "runs" ? [part.by] : [])));

interface SmallRow {
  readonly small: Small;
  /** The row's first byte. */
  readonly from: Expr;
  readonly columns: Expr;
  /** Puts the values of a place: of `ahead` beyond `index`, as many as there are lanes or one. */
  readonly put: (index: Expr, ahead: number, value: Expr) => void;
  readonly factor: Expr | undefined;
}

/** The number that belongs to a place of a run; `vector` asks for one a lane. */
type At = (index: Expr, ahead: number, vector: boolean) => Expr;

export function emitSmallRow(scope: Scope, b: Builder, { small, from, columns, put, factor }: SmallRow): void {
  const { dtype, step, zero } = small;
  const whole = [step, ...(zero ? [zero] : [])].map((x) => numbersOf(scope, b, x));
  const [by] = runsOf([step, ...(zero ? [zero] : [])].map(alongRow));
  const pass = (run: Expr, first: Expr, extent: Expr): void => {
    const [stepAt, zeroAt] = whole.map((each) => each(run));
    const row: Row = { name: "c", extent, before: [], turns: together };
    const loops = along(scope, b, row, ({ counter, ahead, vector: lanes }) => {
      const vector = lanes !== undefined;
      const index = op("add", first, counter);
      const integer = op("float", fetchSmall(scope, b, dtype, from, { index, ahead, vector }));
      const shifted = zeroAt ? op("sub", integer, zeroAt(index, ahead, vector)) : integer;
      const value = op("mul", shifted, stepAt(index, ahead, vector));
      put(index, ahead, b.let(factor ? op("mul", value, vector ? splat(factor) : factor) : value));
    });
    loops.forEach((s) => b.emit(s));
  };
  if (by === undefined) return pass(i32(0), i32(0), columns);
  const run = b.declare("run", "i32");
  const runs = b.let(op("quot", op("add", columns, i32(by - 1)), i32(by)), "runs");
  b.for(run, i32(0), runs, 1, () => {
    const first = b.let(op("mul", run, i32(by)), "first");
    pass(run, first, b.let(op("min", i32(by), op("sub", columns, first)), "extent"));
  });
}

/** What reads the numbers of a step or a zero: for a run, then for a place in it. */
function numbersOf(scope: Scope, b: Builder, x: Scalar): (run: Expr) => At {
  const kind = alongRow(x);
  const shared = (value: Expr): At => {
    const one = b.let(value, "shared");
    const lanes = b.let(splat(one), "lanes");
    return (_index, _ahead, vector) => (vector ? lanes : one);
  };
  if (kind.kind === "row" || x.kind !== "read") {
    const at = shared(lowerScalar(scope, b, x));
    return () => at;
  }
  const leading = x.indices.slice(0, -1).map((y) => b.let(lowerScalar(scope, b, y)));
  const line = b.let(placeOf(scope, x.tensor, placed(scope, b, x.tensor, [...leading, i32(0)]).flat), "numbers");
  const dtype = dtypeOf(scope, x.tensor);
  if (kind.kind === "runs") return (run) => shared(fetch(b, dtype, further(dtype, line, run)));
  return () => (index, ahead, vector) => fetch(b, dtype, further(dtype, line, index), ahead, vector);
}
