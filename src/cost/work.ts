/**
 * What an attention costs by the textbook, whatever a kernel does: operations, bytes in and out, and its share of a
 * transformer layer. Takes a Spec, sizes and the share of pairs that the mask keeps.
 */
import { sizeValue } from "../scalar/evaluate.ts";
import { elementBytes } from "../scalar/storage.ts";
import { inputDims, outputDims } from "../spec/inputs.ts";
import type { Sizes, Spec } from "../spec/spec.ts";

export interface Work {
  readonly flops: number;
  /** Every input and output once, 4 bytes an f32 or i32, 1 a bool. */
  readonly bytes: number;
  readonly layerShare: {
    /** Attention's share of a layer's operations, if every pair were kept. */
    readonly attention: number;
    /** The share of a layer's operations that the mask spares. */
    readonly saving: number;
  };
}

/**
 * 2 · (D + Dv) operations a kept pair; of linear weights 2 · (Dv + 1) a feature of each key, which is added to a sum, and
 * of each query, which reads it, beside what the features themselves cost.
 */
export function flopsOf(spec: Spec, sizes: Sizes, keptPairs: number): number {
  const { weights, extents } = spec;
  if (weights.kind !== "linear") return pairsOf(spec, sizes, keptPairs);
  const { batch, head, keyHead, query, key, valueChannel } = extents;
  const [B, H, Hkv, L, S, Dv, M] = [batch, head, keyHead, query, key, valueChannel, weights.count].map((x) =>
    sizeValue(x, sizes),
  );
  return 2 * (Dv + 1) * B * M * (H * L + Hkv * S);
}

function pairsOf(spec: Spec, sizes: Sizes, keptPairs: number): number {
  const { batch, head, query, key, channel, valueChannel } = spec.extents;
  const [B, H, L, S, D, Dv] = [batch, head, query, key, channel, valueChannel].map((x) => sizeValue(x, sizes));
  return 2 * (D + Dv) * B * H * L * S * keptPairs;
}

/** A layer has 24 · (H · D)² operations a token beside its attention: four projections and a fourfold MLP. */
export function workOf(spec: Spec, sizes: Sizes, keptPairs: number): Work {
  const { batch, head, query, channel } = spec.extents;
  const [B, H, L, D] = [batch, head, query, channel].map((x) => sizeValue(x, sizes));
  const dense = pairsOf(spec, sizes, 1);
  const flops = flopsOf(spec, sizes, keptPairs);
  const rest = 24 * (H * D) ** 2 * B * L;
  const layer = Math.max(1, dense + rest);
  return {
    flops,
    bytes: bytesOf(spec, sizes),
    layerShare: { attention: dense / layer, saving: (dense - flops) / layer },
  };
}

function bytesOf(spec: Spec, sizes: Sizes): number {
  const volume = (dims: readonly number[]): number => dims.reduce((a, d) => a * d, 1);
  const width = new Map([...spec.inputs, ...spec.outputs].map(({ name, dtype }) => [name, elementBytes[dtype]]));
  const all = [...inputDims(spec, sizes), ...outputDims(spec, sizes)];
  return all.reduce((sum, [name, dims]) => sum + (width.get(name) ?? 4) * volume(dims), 0);
}
