/**
 * What the parts of build-tiles share: the names of the buffers, the loop variables that are in scope, and where a
 * row of a tile stands. Loop variables: `b`, `head` (GROUP query heads that share their keys), `h` (the first of
 * them), `hk`, `block` (superblock), `t` (tile in it), then `row0`, `rows`, `i0`, `i1` of the tile, `chunk_lo`,
 * `chunk_hi` of the keys in memory, `lo`, `hi` of the piece.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Parameter, View } from "./tile.ts";

const v = s.variable;

export type Attend = Extract<Stage, { kind: "attend" }>;
/** What the parts of a program share: the names of its buffers and where a row of a tile stands. */
export interface Building {
  readonly plan: Plan;
  readonly attend: Attend;
  readonly names: Names;
  /** Is log2 e already in the factor that queries are loaded with? */
  readonly scoreIsPlain: boolean;
}

export type BufferName = "query" | "key" | "value" | "scores" | "output" | "rowMax" | "rowSum" | "pieceMax" | "factor";
export type Names = Readonly<Record<BufferName | "ranges", string>>;

/** Rows of a tile (rows × heads of the group), keys of a chunk, tiles of a superblock, heads stacked as rows. */
export const ROWS = v("ROWS");
export const KEYS = v("KEYS");
export const SUPERBLOCK = v("SUPERBLOCK");
export const GROUP = v("GROUP");
/** The reference moves only when a row's maximum rises by more than this many base-2 units; 0: always. */
export const LAZY = v("LAZY", "f32");

/** Small and odd, so that a program that is run before its schedule is chosen meets every edge. */
export const parameters: readonly Parameter[] = [
  { name: "GROUP", trial: 1 },
  { name: "ROWS", trial: 5 },
  { name: "KEYS", trial: 16 },
  { name: "SUPERBLOCK", trial: 2 },
  { name: "LAZY", trial: 0 },
];

export const log2e = s.float(Math.fround(Math.LOG2E));
export const minusInfinity = s.float(Number.NEGATIVE_INFINITY);

/**
 * Row `r` of the tile, its query head and its position, as element expressions. Heads of a group are stacked as
 * rows of one tile: flat row = row · GROUP + head in the group.
 */
export function rowBindings({ plan }: Building): Readonly<Record<"row" | "i" | "h", Scalar>> {
  const flat = s.add(v("row0"), v("r"));
  const row = s.idiv(flat, GROUP);
  return {
    row,
    i: s.substitute(plan.position, { row }),
    h: s.add(s.mul(v("head"), GROUP), s.mod(flat, GROUP)),
  };
}

/** Rows of tile `t` in a buffer that holds a whole superblock. */
export const tileRows = (buffer: string, columns?: Scalar): View => ({
  buffer,
  row: s.mul(v("t"), ROWS),
  rows: v("rows"),
  ...(columns ? { columns } : {}),
});

/** The element of a superblock buffer in row `r` of tile `t`. */
export const tileElement = (buffer: string, column?: Scalar): Scalar =>
  s.read(buffer, "f32", [s.add(s.mul(v("t"), ROWS), v("r")), ...(column ? [column] : [])]);
