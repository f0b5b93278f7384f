/**
 * Weights of the logits of one row, in float64. Takes the kind of weights, the logits of the keys that the row sees and
 * the sink's; gives the weights in their place, the row's `lse` and how much they weigh together. Where `lse` is −∞ the
 * row has nothing to weigh.
 */
import type { Spec } from "../spec/spec.ts";

/** Turns the first `count` logits into weights, in place. */
export function weigh(
  kind: Spec["weights"]["kind"],
  logits: Float64Array,
  count: number,
  sink: number | undefined,
): { lse: number; weightSum: number; entropy: number } {
  switch (kind) {
    case "softmax": {
      let most = sink ?? -Infinity;
      for (let n = 0; n < count; n++) most = logits[n] > most || Number.isNaN(logits[n]) ? logits[n] : most;
      if (count === 0 || most === -Infinity) return { lse: most, weightSum: 0, entropy: 0 };
      let sum = sink === undefined ? 0 : Math.exp(sink - most);
      for (let n = 0; n < count; n++) sum += Math.exp(logits[n] - most);
      const lse = most + Math.log(sum);
      let weightSum = 0;
      let entropy = sink === undefined ? 0 : surprise(Math.exp(sink - lse), sink - lse);
      for (let n = 0; n < count; n++) {
        const weight = Math.exp(logits[n] - most) / sum;
        entropy += surprise(weight, logits[n] - lse);
        logits[n] = weight;
        weightSum += weight;
      }
      return { lse, weightSum: finite(weightSum), entropy };
    }
    case "linear": {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += logits[n];
      let weightSum = 0;
      for (let n = 0; n < count; n++) {
        logits[n] = sum === 0 ? 0 : logits[n] / sum;
        weightSum += Math.abs(logits[n]);
      }
      return { lse: sum === 0 ? -Infinity : Number.NaN, weightSum: finite(weightSum), entropy: Number.NaN };
    }
    case "sigmoid":
    case "relu": {
      let weightSum = 0;
      for (let n = 0; n < count; n++) {
        logits[n] = kind === "relu" ? Math.max(logits[n], 0) : 1 / (1 + Math.exp(-logits[n]));
        weightSum += logits[n];
      }
      return { lse: Number.NaN, weightSum: finite(weightSum), entropy: Number.NaN };
    }
  }
}

/** −p ln p, given both; nothing where there is no weight. */
const surprise = (weight: number, log: number): number => (weight === 0 ? 0 : -weight * log);

export const finite = (x: number): number => (Number.isFinite(x) ? x : 0);
