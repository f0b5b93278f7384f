/**
 * What names mean while a tile program is blocked: where buffers, lists and tensors lie, and the micro variables
 * that stand for them. Gives addresses. Guarantees: a name of the tile program maps to one variable a type.
 */
import { tensorsOf, type Buffer, type RangeList, type TensorRef, type TileProgram } from "../tile/tile.ts";
import type { Scalar, ScalarType } from "../scalar/scalar.ts";
import { i32, local, op, type Expr, type MicroFunction } from "./micro.ts";

/** What a target's registers are good for. */
export interface RegisterTarget {
  readonly lanes: number;
  /** Rows of the register tile of a dot, and how many k a turn of its loop takes. */
  readonly rows: number;
  readonly unroll: number;
}

export interface Scope extends RegisterTarget {
  readonly buffers: ReadonlyMap<string, Buffer>;
  readonly lists: ReadonlyMap<string, RangeList>;
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** Buffers that lie in panels of `panelRows` rows. */
  readonly panels: ReadonlySet<string>;
  /** Functions made so far, by name. */
  readonly functions: Map<string, MicroFunction>;
  /** Their names, by what they do. */
  readonly shapes: Map<string, string>;
  readonly counter: { value: number };
}

export const panelRows = 8;

export function scopeOf(program: TileProgram, target: RegisterTarget, panels: ReadonlySet<string>): Scope {
  const by = <T extends { readonly name: string }>(list: readonly T[]): Map<string, T> =>
    new Map(list.map((x) => [x.name, x]));
  return {
    ...target,
    buffers: by(program.buffers),
    lists: by(program.lists),
    tensors: by(tensorsOf(program)),
    panels,
    functions: new Map(),
    shapes: new Map(),
    counter: { value: 0 },
  };
}

export const variableName = (name: string, type: ScalarType): string => (type === "i32" ? name : `${name}.${type}`);
export const sizeOf = (name: string): Expr => local(`size.${name}`, "i32");
export const tensorAt = (name: string): Expr => local(`tensor.${name}`, "ptr");
export const bufferAt = (name: string): Expr => local(`${name}.at`, "ptr");
/** Elements from a row to the next; of a panel buffer the columns that a panel has room for. */
export const bufferStride = (name: string): Expr => local(`${name}.stride`, "i32");
export const listAt = (name: string): Expr => local(`${name}.list`, "ptr");
export const listStride = (name: string): Expr => local(`${name}.bytes`, "i32");

export function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`micro: nothing is called ${name}`);
  return value;
}

const bytes = (elements: Expr): Expr => op("shl", elements, i32(2));

/** Address of an element; `column` is absent for rank 1. */
export function elementAt(scope: Scope, buffer: string, row: Expr, column?: Expr): Expr {
  const base = bufferAt(buffer);
  if (!found(scope.buffers, buffer).columns) return op("add", base, bytes(row));
  const c = column ?? i32(0);
  const stride = bufferStride(buffer);
  if (!scope.panels.has(buffer)) return op("add", base, bytes(op("add", op("mul", row, stride), c)));
  const group = op("mul", op("and", row, i32(-panelRows)), stride);
  const within = op("add", op("mul", c, i32(panelRows)), op("and", row, i32(panelRows - 1)));
  return op("add", base, bytes(op("add", group, within)));
}

export const isVar = (x: Scalar, name: string): boolean => x.kind === "var" && x.name === name;
