/**
 * What the passes must know of a device: how wide and how many its registers are, what memory a tile's working set
 * may take, which forms of `dot` its code generator has. A description is data; it names no attention and no backend
 * code. `c:NAME` picks one of src/targets/index.ts, `c:./file.json` reads one of these from a user's file.
 */

/** Fastest first. A scratchpad is filled by copies (by DMA where there is one), a cache by itself. */
export interface Memory {
  readonly name: string;
  readonly bytes: number;
  readonly kind: "scratchpad" | "cache" | "workgroup" | "main";
}

/**
 * How a rank-2 buffer lies in memory. `rows`: row by row; `columns`: column by column; `panel`: groups of that many
 * rows, each stored column by column.
 */
export type Layout =
  { readonly kind: "rows" } | { readonly kind: "columns" } | { readonly kind: "panel"; readonly rows: number };

/** A legal form of `dot`: along which axis of `b` it sums, and how `b` must lie. */
export interface DotForm {
  readonly along: "columns" | "rows";
  readonly b: Layout;
}

export interface Device {
  /** As it is written after the colon of a target: `host` in `c:host`. */
  readonly name: string;
  readonly title: string;
  /** Which backend makes code for it. */
  readonly backend: string;
  /** f32 lanes of a vector register and how many registers there are; 1 lane: no vectors. */
  readonly vector: { readonly lanes: number; readonly registers: number };
  /** Threads that work on one tile together. */
  readonly threads: number;
  /** The tile's working set is planned into the first. */
  readonly memories: readonly Memory[];
  readonly dma: boolean;
  /** The first form of each direction is the one that layouts are chosen by. */
  readonly dot: readonly DotForm[];
  /** Is it worth a second version of a loop's body without the mask? Code size is what it costs. */
  readonly versions: boolean;
}
