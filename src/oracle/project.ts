/**
 * `project`, in float64: replaces k and v among the inputs by their mixtures, x'[r] = Σ_j E[…, r, j] · x[j]. Takes the
 * spec, sizes and the inputs as numbers; changes the map.
 */
import { sizeValue } from "../scalar/evaluate.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import type { Values } from "./oracle.ts";
import { everyPlace } from "./places.ts";

export function project(spec: Spec, sizes: Sizes, inputs: Map<string, Values>): void {
  for (const { operand, by, at, rows, keys } of spec.projections ?? []) {
    const from = inputs.get(operand);
    const mix = inputs.get(by);
    if (!from || !mix) throw new Error(`oracle: no input ${from ? by : operand}`);
    const [R, S] = [sizeValue(rows, sizes), sizeValue(keys, sizes)];
    const place = spec.roles.indexOf("position");
    const dims = from.dims.map((extent, n) => (n === place ? R : extent));
    const data = new Float64Array(dims.reduce((a, d) => a * d, 1));
    for (const [n, index] of everyPlace(dims)) {
      const role = (name: "batch" | "head"): number => {
        const d = spec.roles.indexOf(name);
        return d < 0 ? 0 : index[d];
      };
      let sum = 0;
      for (let j = 0; j < S; j++) {
        const of = { batch: role("batch"), head: role("head"), mixture: index[place], key: j };
        const weight = mix.data[at.reduce((flat, name, d) => flat * mix.dims[d] + of[name], 0)];
        const source = from.dims.reduce((flat, extent, d) => flat * extent + (d === place ? j : index[d]), 0);
        sum += weight * from.data[source];
      }
      data[n] = sum;
    }
    inputs.set(operand, { dims, data });
  }
}
