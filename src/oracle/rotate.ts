/**
 * `rotate`, in float64: replaces q and k among the inputs by their rotated rows (rotary embedding, Su et al. 2021,
 * equation 34). Takes the spec, sizes and the inputs as numbers; changes the map and gives the largest angle whose
 * frequency is no input. Angles are f32, each operation rounded, as the language decides; all else is float64.
 */
import { cell, prepare, sizeValue, type Frame, type Source } from "../scalar/evaluate.ts";
import type { Rotation, Sizes, Spec } from "../spec/spec.ts";
import type { Values } from "./oracle.ts";

export function rotate(spec: Spec, sizes: Sizes, inputs: Map<string, Values>, source: Source): number {
  let largest = 0;
  for (const rotation of spec.rotations ?? []) {
    const from = inputs.get(rotation.operand);
    if (!from) throw new Error(`oracle: no input ${rotation.operand}`);
    const { data, angle } = rotated(spec, sizes, from, rotation, source);
    inputs.set(rotation.operand, { dims: from.dims, data });
    if (rotation.approximate) largest = Math.max(largest, angle);
  }
  return largest;
}

function rotated(
  spec: Spec,
  sizes: Sizes,
  { dims, data }: Values,
  { operand, angle, pairs, first, pairing }: Rotation,
  source: Source,
): { readonly data: Float64Array; readonly angle: number } {
  const turned = Float64Array.from({ length: data.length }, (_, n) => data[n]);
  const frame: Frame = new Map();
  const [b, h, row, i, j, t] = ["b", "h", "row", "i", "j", "t"].map((name) => cell(frame, name));
  const angleOf = prepare(angle, frame, source, "f32");
  const position = prepare(spec.position, frame, source, "f64");
  const [count, begin] = [sizeValue(pairs, sizes), sizeValue(first, sizes)];
  const extent = (role: "batch" | "head" | "position"): number => {
    const at = spec.roles.indexOf(role);
    return at < 0 ? 1 : dims[at];
  };
  const flat = (channel: number): number => {
    const at = { batch: b.value, head: h.value, position: operand === "q" ? row.value : j.value, channel };
    return spec.roles.reduce((all, role, n) => all * dims[n] + at[role], 0);
  };
  let largest = 0;
  for (b.value = 0; b.value < extent("batch"); b.value++)
    for (h.value = 0; h.value < extent("head"); h.value++)
      for (let n = 0; n < extent("position"); n++) {
        (operand === "q" ? row : j).value = n;
        if (operand === "q") i.value = position();
        for (t.value = 0; t.value < count; t.value++) {
          const a = angleOf();
          largest = Math.max(largest, Math.abs(a));
          const near = begin + (pairing === "halves" ? t.value : 2 * t.value);
          const [x, y] = [flat(near), flat(pairing === "halves" ? near + count : near + 1)];
          turned[x] = data[x] * Math.cos(a) - data[y] * Math.sin(a);
          turned[y] = data[y] * Math.cos(a) + data[x] * Math.sin(a);
        }
      }
  return { data: turned, angle: Number.isFinite(largest) ? largest : 0 };
}
