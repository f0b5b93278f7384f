/**
 * How a plan is cut into tiles. A schedule changes no answer beyond rounding; `choose-schedule` takes it from
 * the target's description.
 */
export interface Schedule {
  /** Query rows of a tile; with grouped heads, rows × heads of the group are counted together. */
  readonly rows: number;
  /** Keys of a chunk. */
  readonly keys: number;
  /** Query tiles that share one pass over the keys. */
  readonly superblock: number;
  /** Columns are padded to this many elements. */
  readonly pad: number;
  /** The reference is moved only when a row's maximum rises by more than this many base-2 units (0: always). */
  readonly lazy: number;
}

export const cpuSchedule: Schedule = { rows: 32, keys: 64, superblock: 8, pad: 8, lazy: 8 };
export const gpuSchedule: Schedule = { rows: 32, keys: 32, superblock: 1, pad: 8, lazy: 0 };
