/**
 * The tiles of one head on concrete sizes, as kernels make them: takes the plan, an attend and a schedule; gives the rows
 * of each tile and what its ranges speak of (i0, i1, DIGIT.min, DIGIT.max). What src/tile/order.ts builds as loops.
 */
import { evaluate, type Environment } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { digitsOf, wholeOf } from "./digits.ts";
import type { Plan } from "./plan.ts";
import type { Attend } from "./tiles.ts";

export interface TileSize {
  readonly rows: number;
  readonly keys: number;
  /** Tiles of a superblock, among whose rows residues are regrouped. */
  readonly superblock?: number;
}

export interface RowTile {
  readonly rows: readonly number[];
  readonly variables: Readonly<Record<string, number>>;
}

/** How far a patch reaches along each of its digits, the outermost first: as square as can be, inner ones longer. */
export function patchSizes(rows: number, digits: number): readonly number[] {
  const sizes: number[] = [];
  let left = Math.floor(Math.log2(rows));
  for (let n = digits; n > 1; n--) {
    const power = Math.ceil(left / n);
    sizes.unshift(2 ** power);
    left -= power;
  }
  return [Math.floor(rows / sizes.reduce((a, b) => a * b, 1)), ...sizes];
}

export function* rowTiles(plan: Plan, attend: Attend, env: Environment, tile: TileSize): Generator<RowTile> {
  const value = (x: Scalar): number => evaluate(x, env, "f32");
  const total = value(plan.extents.query);
  const residues = attend.split?.residues;
  if (residues) {
    yield* regroupedTiles(plan, env, total, value(residues), tile);
    return;
  }
  const digits = plan.rows ? digitsOf(plan.rows.axis) : [];
  const spans = digits.filter((d) => !plan.rows?.classes.includes(d.name));
  if (spans.length > 1) {
    yield* patchTiles(plan, env, total, tile.rows);
    return;
  }
  const step = digits[0] ? value(digits[0].weight) : 1;
  for (let first = 0; first < Math.min(step, total); first++) {
    for (let at = first; at < total; at += step * tile.rows) {
      yield tileOfRows(
        plan,
        env,
        Array.from({ length: tile.rows }, (_, n) => at + n * step).filter((r) => r < total),
      );
    }
  }
}

function tileOfRows(plan: Plan, env: Environment, rows: readonly number[]): RowTile {
  const given = env.variables instanceof Map ? Object.fromEntries(env.variables) : env.variables;
  const at = (row: number | undefined): number =>
    evaluate(plan.position, { ...env, variables: { ...given, row: row ?? 0 } }, "f32");
  return { rows, variables: { i0: at(rows[0]), i1: at(rows.at(-1)) } };
}

function* regroupedTiles(
  plan: Plan,
  env: Environment,
  total: number,
  by: number,
  { rows, superblock = 1 }: TileSize,
): Generator<RowTile> {
  const places = rows * superblock;
  for (let block = 0; block < total; block += places) {
    const held = Math.min(places, total - block);
    for (let residue = 0; residue < Math.min(by, held); residue++) {
      const all = Array.from({ length: Math.ceil((held - residue) / by) }, (_, n) => block + residue + n * by);
      for (let n = 0; n < all.length; n += rows) yield tileOfRows(plan, env, all.slice(n, n + rows));
    }
  }
}

function* patchTiles(plan: Plan, env: Environment, total: number, height: number): Generator<RowTile> {
  if (!plan.rows) return;
  const { axis, classes } = plan.rows;
  const value = (x: Scalar): number => evaluate(x, env, "f32");
  const digits = digitsOf(axis).map((d) => ({
    name: d.name,
    extent: value(d.extent),
    span: !classes.includes(d.name),
  }));
  const sizes = patchSizes(height, digits.filter((d) => d.span).length);
  let span = 0;
  const steps = digits.map((d) => (d.span ? (sizes[span++] ?? 1) : 1));
  const rowOf = (at: readonly number[]): number => {
    const of = new Map(digits.map((d, n) => [d.name, at[n] ?? 0]));
    return fits(axis, of, value)
      ? evaluate(
          wholeOf(axis, (name) => ({ kind: "const", type: "i32", value: of.get(name) ?? 0 })),
          env,
          "f32",
        )
      : total;
  };
  for (const start of product(digits.map((d, n) => range(0, d.extent, steps[n] ?? 1)))) {
    const ends = start.map((at, n) => Math.min(digits[n]?.extent ?? 0, at + (steps[n] ?? 1)));
    const boxes = [...product(start.map((at, n) => range(at, ends[n] ?? at, 1)))];
    const inside = boxes.filter((at) => rowOf(at) < total);
    if (inside.length === 0) continue;
    const bounds = digits.flatMap((d, n): (readonly [string, number])[] => {
      const name = d.name.replace(/^row/, "i");
      const all = inside.map((at) => at[n] ?? 0);
      return [
        [`${name}.min`, Math.min(...all)],
        [
          `${name}.max`,
          d.span
            ? Math.max(
                ...boxes
                  .filter((at) => fits(axis, new Map(digits.map((x, m) => [x.name, at[m] ?? 0])), value))
                  .map((at) => at[n] ?? 0),
              )
            : Math.max(...all),
        ],
      ];
    });
    const made = tileOfRows(plan, env, inside.map(rowOf));
    yield { rows: made.rows, variables: { ...made.variables, ...Object.fromEntries(bounds) } };
  }
}

const range = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, n) => from + n * step);

function* product(lists: readonly (readonly number[])[]): Generator<readonly number[]> {
  const [first, ...rest] = lists;
  if (!first) {
    yield [];
    return;
  }
  for (const x of first) for (const others of product(rest)) yield [x, ...others];
}

/** Has every number inside the axis room for its digits? */
function fits(
  { split }: NonNullable<Plan["rows"]>["axis"],
  of: ReadonlyMap<string, number>,
  value: (x: Scalar) => number,
): boolean {
  if (!split) return true;
  return [split.outer, split.inner].every((half) => {
    if (!half.split) return true;
    const whole = wholeOf(half, (name) => ({ kind: "const", type: "i32", value: of.get(name) ?? 0 }));
    return value(whole) < value(half.extent) && fits(half, of, value);
  });
}
