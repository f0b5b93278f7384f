/**
 * Is a result right, looked at in a few rows only? Takes a Spec, one call and its outputs; gives the comparison of
 * rows spread over batches, heads and positions with the oracle, which would take far too long over all of them.
 */
import { oracle, type OracleResult, type Row } from "../oracle/oracle.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Role, Sizes, Spec, SpecOutput } from "../spec/spec.ts";
import { compare, limitFor, type Accuracy, type Comparison } from "./compare.ts";
import type { SampleTensor } from "./sample.ts";

/** Rows of an attention with what the oracle says of them, and where they stand in an output of these dims. */
export interface Sampled {
  readonly right: OracleResult;
  readonly placesIn: (output: SpecOutput, dims: readonly number[]) => readonly number[];
}

export function sampleRows(spec: Spec, sizes: Sizes, inputs: ReadonlyMap<string, SampleTensor>, count = 16): Sampled {
  const value = (x: Scalar): number => sizeValue(x, sizes);
  const [B, H, L] = [spec.extents.batch, spec.extents.head, spec.extents.query].map(value);
  const all = B * H * L;
  const rows = Array.from({ length: Math.min(count, all) }, (_, n): Row => {
    // The first and the last row are always among them.
    const at = count < all ? Math.round((n * (all - 1)) / (count - 1)) : n;
    return { b: Math.floor(at / (H * L)), h: Math.floor(at / L) % H, row: at % L };
  });
  return {
    right: oracle(spec, sizes, inputs, { rows }),
    placesIn: (output, dims) => {
      const roles = output.value === "o" ? spec.roles : spec.roles.filter((role) => role !== "channel");
      return rows.flatMap((place) => placesOf(place, roles, dims));
    },
  };
}

export function compareRows(
  spec: Spec,
  sizes: Sizes,
  inputs: ReadonlyMap<string, SampleTensor>,
  outputs: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>,
  accuracy: Accuracy,
  count = 16,
): Comparison {
  const { right, placesIn } = sampleRows(spec, sizes, inputs, count);
  const found = spec.outputs.map((output) => {
    const { dims, data } = outputs.get(output.name) ?? { dims: [], data: [] };
    return [output.name, { data: placesIn(output, dims).map((at) => Number(data[at])) }] as const;
  });
  return compare(spec, right, new Map(found), limitFor(accuracy, right, sizeValue(spec.extents.channel, sizes)));
}

function placesOf({ b, h, row }: Row, roles: readonly Role[], dims: readonly number[]): number[] {
  const channels = roles.includes("channel") ? (dims[roles.indexOf("channel")] ?? 1) : 1;
  return Array.from({ length: channels }, (_, c) => {
    const index = { batch: b, head: h, position: row, channel: c };
    return roles.reduce((offset, role, n) => offset * (dims[n] ?? 1) + index[role], 0);
  });
}
