/**
 * Is a result right, looked at in a few rows only? Takes a Spec, one call and its outputs; gives the comparison of
 * rows spread over batches, heads and positions with the oracle, which would take far too long over all of them.
 */
import { oracle, type Row } from "../oracle/oracle.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Role, Sizes, Spec } from "../spec/spec.ts";
import { compare, limitFor, type Accuracy, type Comparison } from "./compare.ts";
import type { SampleTensor } from "./sample.ts";

export function compareRows(
  spec: Spec,
  sizes: Sizes,
  inputs: ReadonlyMap<string, SampleTensor>,
  outputs: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>,
  accuracy: Accuracy,
  count = 16,
): Comparison {
  const value = (x: Scalar): number => sizeValue(x, sizes);
  const [B, H, L] = [spec.extents.batch, spec.extents.head, spec.extents.query].map(value);
  const all = B * H * L;
  const rows = Array.from({ length: Math.min(count, all) }, (_, n): Row => {
    // The first and the last row are always among them.
    const at = count < all ? Math.round((n * (all - 1)) / (count - 1)) : n;
    return { b: Math.floor(at / (H * L)), h: Math.floor(at / L) % H, row: at % L };
  });
  const right = oracle(spec, sizes, inputs, { rows });
  const found = spec.outputs.map((output) => {
    const { dims, data } = outputs.get(output.name) ?? { dims: [], data: [] };
    const roles = output.value === "o" ? spec.roles : spec.roles.filter((role) => role !== "channel");
    return [output.name, { data: rows.flatMap((place) => rowOf(place, roles, dims, data)) }] as const;
  });
  return compare(spec, right, new Map(found), limitFor(accuracy, right, value(spec.extents.channel)));
}

function rowOf({ b, h, row }: Row, roles: readonly Role[], dims: readonly number[], data: ArrayLike<number>): number[] {
  const channels = roles.includes("channel") ? (dims[roles.indexOf("channel")] ?? 1) : 1;
  return Array.from({ length: channels }, (_, c) => {
    const index = { batch: b, head: h, position: row, channel: c };
    const at = roles.reduce((offset, role, n) => offset * (dims[n] ?? 1) + index[role], 0);
    return Number(data[at] ?? Number.NaN);
  });
}
