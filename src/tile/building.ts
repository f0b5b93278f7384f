/**
 * What the parts of build-tiles share: the names of the buffers, the loop variables that are in scope, and where a
 * row of a tile stands. Loop variables: `b`, `h` or `hk`, `block` (superblock), `t` (tile in it), then `row0`,
 * `rows`, `i0`, `i1` of the tile, `chunk_lo`, `chunk_hi` of the keys in memory, `lo`, `hi` of the piece.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Schedule } from "./schedule.ts";
import type { View } from "./tile.ts";

const v = s.variable;

export type Attend = Extract<Stage, { kind: "attend" }>;
/** What the parts of a program share: the names of its buffers and where a row of a tile stands. */
export interface Building {
  readonly plan: Plan;
  readonly attend: Attend;
  readonly schedule: Schedule;
  /** Heads of a group are stacked as rows of one tile: flat row = row · group + head in the group. */
  readonly group: Scalar;
  readonly names: Names;
  /** Is log2 e already in the factor that queries are loaded with? */
  readonly scoreIsPlain: boolean;
}

export type BufferName = "query" | "key" | "value" | "scores" | "output" | "rowMax" | "rowSum" | "pieceMax" | "factor";
export type Names = Readonly<Record<BufferName | "ranges", string>>;

export const log2e = s.float(Math.fround(Math.LOG2E));
export const minusInfinity = s.float(Number.NEGATIVE_INFINITY);

/** Row `r` of the tile, its query head and its position, as element expressions. */
export function rowBindings({ plan, group }: Building): Readonly<Record<string, Scalar>> {
  const flat = s.add(v("row0"), v("r"));
  const row = s.idiv(flat, group);
  const stacked = !s.isConst(group, 1);
  return {
    row,
    i: s.substitute(plan.position, { row }),
    h: stacked ? s.add(s.mul(v("hk"), group), s.mod(flat, group)) : v("h"),
  };
}

/** Rows of tile `t` in a buffer that holds a whole superblock. */
export const tileRows = ({ schedule }: Building, buffer: string, columns?: Scalar): View => ({
  buffer,
  row: s.mul(v("t"), s.int(schedule.rows)),
  rows: v("rows"),
  ...(columns ? { columns } : {}),
});

/** The element of a superblock buffer in row `r` of tile `t`. */
export const tileElement = ({ schedule }: Building, buffer: string, column?: Scalar): Scalar =>
  s.read(buffer, "f32", [s.add(s.mul(v("t"), s.int(schedule.rows)), v("r")), ...(column ? [column] : [])]);
