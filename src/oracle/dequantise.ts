/**
 * Operands of small integers, in float64: replaces each among the inputs by (stored − zero) · scale, with the number of
 * the granule that the element lies in. Takes the spec, sizes and the inputs as numbers; changes the map.
 */
import { sizeValue } from "../scalar/evaluate.ts";
import type { Granules, Sizes, Spec } from "../spec/spec.ts";
import type { Values } from "./oracle.ts";
import { everyPlace } from "./places.ts";

export function dequantise(spec: Spec, sizes: Sizes, inputs: Map<string, Values>): void {
  const given = (name: string): Values => {
    const found = inputs.get(name);
    if (!found) throw new Error(`oracle: no input ${name}`);
    return found;
  };
  for (const { name, dtype, quantised } of spec.inputs) {
    if (!quantised) continue;
    const stored = given(name);
    const dims = quantised.dims.map((dim) => sizeValue(dim, sizes));
    const width = dims[dims.length - 1];
    const bytes = stored.dims[stored.dims.length - 1];
    const granule = ({ input, at }: Granules, index: readonly number[]): number => {
      const { dims: extents, data } = given(input);
      let flat = 0;
      at.forEach(({ dimension, per }, n) => (flat = flat * extents[n] + Math.floor(index[dimension] / per)));
      return data[flat];
    };
    const data = new Float64Array(dims.reduce((a, d) => a * d, 1));
    for (const [n, index] of everyPlace(dims)) {
      const c = n % width;
      const byte = stored.data[Math.floor(n / width) * bytes + (c >> 1)];
      const integer = dtype === "i4" ? ((byte >> (4 * (c & 1))) << 28) >> 28 : stored.data[n];
      const zero = quantised.zero ? granule(quantised.zero, index) : 0;
      data[n] = (integer - zero) * granule(quantised.scale, index);
    }
    inputs.set(name, { dims, data });
  }
}
