/** What a TileProgram runs on: variables, buffers, lists and tensors as plain numbers. The interpreter makes one. */
import type { Keys } from "../plan/tiles.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { View } from "./tile.ts";

export type Numbers = Float32Array | Float64Array;

export interface Machine {
  /** The value of an expression now; the same object is prepared once. */
  readonly value: (x: Scalar) => number;
  readonly set: (name: string, value: number) => void;
  readonly buffers: ReadonlyMap<string, { readonly columns: number; readonly data: Numbers }>;
  readonly lists: ReadonlyMap<string, (readonly Keys[])[]>;
  readonly outputs: ReadonlyMap<string, OutputTensor>;
}

export interface OutputTensor {
  readonly dims: readonly number[];
  readonly data: Float64Array;
  /** The number that is kept of one that is stored. */
  readonly round: (x: number) => number;
}

export const missing = (name: string): never => {
  throw new Error(`interpret: the program names ${name}, which it does not have`);
};

/** A view as it stands now. */
export interface Place {
  readonly rows: number;
  readonly columns: number;
  readonly get: (r: number, c?: number) => number;
  readonly put: (r: number, c: number, x: number) => void;
}

export function place(view: View, { buffers, value }: Machine): Place {
  const { data, columns: stride } = buffers.get(view.buffer) ?? missing(view.buffer);
  const first = value(view.row);
  return {
    rows: value(view.rows),
    columns: view.columns ? value(view.columns) : 1,
    get: (r, c = 0) => data[(first + r) * stride + c] ?? Number.NaN,
    put: (r, c, x) => void (data[(first + r) * stride + c] = x),
  };
}

/** Every element in turn, with `r` and `c` set. */
export function each(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { set }: Machine,
  visit: (r: number, c: number) => void,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      set("r", r);
      set("c", c);
      visit(r, c);
    }
  }
}

export const slotOf = ({ lists }: Machine, list: string, slot: number): readonly Keys[] =>
  (lists.get(list) ?? missing(list))[slot] ?? missing(`${list}[${slot}]`);
