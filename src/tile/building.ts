/**
 * What the parts of build-tiles share: the names of the buffers, the loop variables that are in scope, and where a
 * row of a tile stands. Loop variables: `b`, `head` (GROUP query heads that share their keys), `h` (the first of
 * them), `hk`, `block` (superblock), `t` (tile in it), then `rows`, `i0`, `i1` of the tile, `chunk_lo`, `chunk_hi` of the
 * keys in memory, `lo`, `hi` of the piece; keys by their numbers (see keys.ts), tiles as their order says (order.ts).
 */
import type { Plan, Stage } from "../plan/plan.ts";
import { valuesOf } from "../plan/digits.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Keys } from "./keys.ts";
import type { Order } from "./order.ts";
import type { View } from "./tile.ts";

const v = s.variable;

export type Attend = Extract<Stage, { kind: "attend" }>;

/** One attend of a program, and the order in which it takes the rows. */
export interface Building {
  readonly plan: Plan;
  readonly attend: Attend;
  readonly keys: Keys;
  readonly order: Order;
  readonly names: Names;
  /** Is log2 e already in the factor that queries are loaded with? */
  readonly scoreIsPlain: boolean;
}

/** Buffers that hold a row of each place of a superblock. */
export type StateName = "query" | "output" | "rowMax" | "rowSum" | "rowEntropy";
export type BufferName = StateName | "key" | "value" | "scores" | "terms" | "pieceMax" | "factor";
export type Names = Readonly<Record<BufferName | "ranges", string>> & {
  /** The buffer that holds a digit of each key of the chunk, or the key itself as `j`. */
  readonly ofKeys: Readonly<Record<string, string>>;
};

export const log2e = s.float(Math.fround(Math.LOG2E));
export const minusInfinity = s.float(Number.NEGATIVE_INFINITY);

/** Row `r` of the tile: its query row, head and position, and the digits that the attend tells positions apart by. */
export function rowBindings({ plan, attend, order }: Building): Readonly<Record<string, Scalar>> {
  const i = s.substitute(plan.position, { row: order.row });
  return { row: order.row, h: order.head, i, ...(attend.split ? valuesOf(attend.split.query, i) : {}) };
}

/** Key `lo + c` of the piece, and its digits. */
export function columnBindings({ attend, keys, names }: Building): Readonly<Record<string, Scalar>> {
  const number = s.add(v("lo"), v("c"));
  const bind: Record<string, Scalar> = { j: keys.at(number), ...(attend.split ? keys.digits(number) : {}) };
  const inChunk = s.add(s.sub(v("lo"), v("chunk_lo")), v("c"));
  for (const [name, buffer] of Object.entries(names.ofKeys)) bind[name] = s.read(buffer, "i32", [inChunk]);
  return bind;
}

/** Rows of the tile at hand in a buffer that holds a whole superblock. */
export const tileRows = ({ order }: Building, buffer: string, columns?: Scalar): View => ({
  buffer,
  row: order.place,
  rows: v("rows"),
  ...(columns ? { columns } : {}),
});

/** The element of a superblock buffer in row `r` of the tile at hand. */
export const tileElement = ({ order }: Building, buffer: string, column?: Scalar): Scalar =>
  s.read(buffer, "f32", [s.add(order.place, v("r")), ...(column ? [column] : [])]);
