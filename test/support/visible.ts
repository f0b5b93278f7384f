/** Who sees whom, by brute force: the mask of a Spec, pair by pair, with no help of the planner. */
import { cell, prepare, type Frame } from "../../src/scalar/evaluate.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import type { Inputs } from "./kernels.ts";

export interface Visible {
  readonly batches: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly sees: (b: number, h: number, row: number, j: number) => boolean;
}

export function visible(spec: Spec, sizes: Sizes, inputs: Inputs): Visible {
  const tensor = (name: string) => inputs.get(name) ?? { dims: [], data: new Float32Array() };
  const source = {
    sizes,
    dims: (name: string) => tensor(name).dims,
    read: (name: string, at: readonly number[]) => {
      const { dims, data } = tensor(name);
      return data[at.reduce((flat, index, n) => flat * dims[n] + index, 0)] ?? 0;
    },
  };
  const size = (x: Scalar): number => prepare(x, new Map(), source, "f64")();
  const { batch, head, keyHead, query, key } = spec.extents;
  const frame: Frame = new Map();
  const [vb, vh, vhk, vrow, vi, vj] = ["b", "h", "hk", "row", "i", "j"].map((name) => cell(frame, name));
  const position = prepare(spec.position, frame, source, "f32");
  const mask = prepare(spec.mask, frame, source, "f32");
  const [heads, keyHeads] = [size(head), size(keyHead)];
  return {
    batches: size(batch),
    heads,
    keyHeads,
    queries: size(query),
    keys: size(key),
    sees: (b, h, row, j) => {
      vb.value = b;
      vh.value = h;
      vhk.value = Math.floor(h / Math.max(1, heads / keyHeads));
      vrow.value = row;
      vi.value = position();
      vj.value = j;
      return mask() !== 0;
    },
  };
}
