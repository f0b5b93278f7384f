/**
 * The parameters of a schedule as they stand in a program that is still open: variables of these names. group-heads
 * settles GROUP, choose-schedule the others.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Parameter } from "./tile.ts";

const v = s.variable;

/** Rows of a tile (rows × heads of the group), keys of a chunk, tiles of a superblock, heads stacked as rows. */
export const ROWS = v("ROWS");
export const KEYS = v("KEYS");
export const SUPERBLOCK = v("SUPERBLOCK");
export const GROUP = v("GROUP");
/** The reference moves only when a row's maximum rises by more than this many base-2 units; 0: always. */
export const LAZY = v("LAZY", "f32");

/** How far a patch of ROWS rows reaches along the n-th digit that it spans; the first takes what the others leave. */
export function patchOf(n: number, digits: number): Scalar {
  if (n > 0) return v(`PATCH${n}`);
  return Array.from({ length: digits - 1 }, (_, m) => v(`PATCH${m + 1}`)).reduce(
    (rows: Scalar, size) => s.idiv(rows, size),
    ROWS,
  );
}

/** Small and odd, so that a program that is run before its schedule is chosen meets every edge. */
export const parametersFor = (digits: number): readonly Parameter[] => [
  { name: "GROUP", trial: 1 },
  { name: "ROWS", trial: digits > 1 ? 6 : 5 },
  { name: "KEYS", trial: 16 },
  { name: "SUPERBLOCK", trial: 2 },
  { name: "LAZY", trial: 0 },
  ...Array.from({ length: digits - 1 }, (_, n): Parameter => ({ name: `PATCH${n + 1}`, trial: n === 0 ? 3 : 2 })),
];
