/**
 * What one call costs, for the manifests: exact counts on the sizes and inputs of the attention's example. Takes the
 * Spec, its plan and its program; gives nothing where the example leaves a size or an input open, or counting would take long.
 */
import type { Stamp } from "../../backends/backend.ts";
import { FoveaError } from "../diagnostics/diagnostic.ts";
import { countPlan } from "../plan/count.ts";
import type { Plan } from "../plan/plan.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { tileOf, type TileProgram } from "../tile/tile.ts";
import { sampleInputs } from "../verify/sample.ts";
import { flopsOf } from "./work.ts";

/** Pairs of a query and a key, over all heads. */
const mostPairs = 2 ** 25;

export function countsOf(spec: Spec, plan: Plan, program: TileProgram): Stamp["work"] {
  const dims: Record<string, number> = {};
  for (const name of spec.sizes) {
    const size = Object.hasOwn(spec.example.sizes, name) ? spec.example.sizes[name] : undefined;
    if (size === undefined) return undefined;
    Object.defineProperty(dims, name, { value: size, enumerable: true });
  }
  const { batch, head, query, key, channel, valueChannel } = spec.extents;
  const [B = 0, H = 0, L = 0, S = 0, D = 0, Dv = 0] = [batch, head, query, key, channel, valueChannel].map((extent) =>
    sizeValue(extent, dims),
  );
  const pairs = B * H * L * S;
  if (pairs > mostPairs || Math.max(L, S) * B * H * Math.max(D, Dv) > mostPairs) return undefined;
  const inputs = sampled(spec, dims);
  if (!inputs) return undefined;
  const tile = tileOf(program);
  const counts = countPlan(plan, dims, inputs, tile);
  return { dims, tile: { rows: tile.rows, keys: tile.keys }, ...counts, flops: flopsOf(spec, dims, counts.keptPairs) };
}

function sampled(spec: Spec, sizes: Sizes): Parameters<typeof countPlan>[2] | undefined {
  try {
    return Object.fromEntries([...sampleInputs(spec, sizes)].map(([name, { data }]) => [name, data]));
  } catch (error) {
    if (error instanceof FoveaError) return undefined;
    throw error;
  }
}
