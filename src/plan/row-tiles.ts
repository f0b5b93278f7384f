/**
 * The tiles of one head on concrete sizes, as kernels make them: takes the plan, an attend and a schedule; gives the rows
 * of each tile and what its ranges speak of (i0, i1, DIGIT.min, DIGIT.max). What src/tile/order.ts builds as loops.
 */
import { evaluate, type Environment } from "../scalar/evaluate.ts";
import { int, type Scalar } from "../scalar/scalar.ts";
import { digitsOf, wholeOf } from "./digits.ts";
import type { Axis, Plan } from "./plan.ts";
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
  const named = (at: readonly number[]): ReadonlyMap<string, number> =>
    new Map(digits.map((d, n) => [d.name, at[n] ?? 0]));
  for (const start of product(digits.map((d, n) => range(0, d.extent, steps[n] ?? 1)))) {
    const reach = start.map((at, n) => range(at, Math.min(digits[n]?.extent ?? 0, at + (steps[n] ?? 1)), 1));
    const patch = [...product(reach)].filter((at) => fits(axis, named(at), value));
    const rows = patch.map((at) => value(numberOf(axis, named(at)))).filter((row) => row < total);
    if (rows.length === 0) continue;
    // Of the whole patch, as a kernel has it before it looks at how many rows there are.
    const bounds = digits.flatMap(({ name }, n): (readonly [string, number])[] => {
      const all = patch.map((at) => at[n] ?? 0);
      const digit = name.replace(/^row/, "i");
      return [
        [`${digit}.min`, Math.min(...all)],
        [`${digit}.max`, Math.max(...all)],
      ];
    });
    const made = tileOfRows(plan, env, rows);
    yield { rows, variables: { ...made.variables, ...Object.fromEntries(bounds) } };
  }
}

/** The number whose digits these are. */
const numberOf = (axis: Axis, of: ReadonlyMap<string, number>): Scalar =>
  wholeOf(axis, (name) => int(of.get(name) ?? 0));

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
function fits(axis: Axis, of: ReadonlyMap<string, number>, value: (x: Scalar) => number): boolean {
  if (!axis.split) return true;
  return [axis.split.outer, axis.split.inner].every(
    (half) => !half.split || (value(numberOf(half, of)) < value(half.extent) && fits(half, of, value)),
  );
}
