/**
 * What a mask is worth. Takes a Spec, what it was lowered to, and the sizes and tensors of one call; gives what is
 * kept and visited, exactly, and what that costs and saves. The fields are those of `fovea explain --json`.
 */
import type { Backend } from "../../backends/backend.ts";
import type { Lowered } from "../compile.ts";
import { countPlan, type Counts } from "../plan/count.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { tileOf } from "../tile/tile.ts";
import type { SampleTensor } from "../verify/sample.ts";
import { workOf, type Work } from "./work.ts";

export interface Explanation extends Pick<Counts, "keptPairs" | "visitedPairs" | "planning" | "tiles">, Work {
  readonly attention: string;
  readonly dims: Sizes;
  readonly target: string;
  /** Queries and keys of a tile. */
  readonly tile: { readonly rows: number; readonly keys: number };
  /** Bytes that one call works in beside its tensors. */
  readonly workspaceBytes: number;
}

export async function explanationOf(
  spec: Spec,
  { plan, program }: Lowered,
  { backend, target }: { readonly backend: Backend; readonly target: string },
  { sizes, inputs }: { readonly sizes: Sizes; readonly inputs: ReadonlyMap<string, SampleTensor> },
): Promise<Explanation> {
  const tile = tileOf(program);
  const { rows, keys } = tile;
  const data = Object.fromEntries([...inputs].map(([name, t]) => [name, t.data]));
  const { keptPairs, visitedPairs, planning, tiles } = countPlan(plan, sizes, data, tile);
  const { flops, bytes, layerShare } = workOf(spec, sizes, keptPairs);
  const workspaceBytes = await backend.workspaceBytes(program, sizes);
  return {
    attention: spec.name,
    dims: sizes,
    target,
    tile: { rows, keys },
    keptPairs,
    visitedPairs,
    planning,
    tiles,
    flops,
    bytes,
    workspaceBytes,
    layerShare,
  };
}
