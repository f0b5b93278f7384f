/** As for the examples, with what they leave out: other lengths for keys, Dv beside D, layouts, values of params. */
import { awkward, settings, streaming } from "../support/awkward.ts";
import type { Target } from "../support/kernels.ts";
import { cpuLevels, fewLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

/** Rows that see two or three keys do not average their rounding: with D = 256 one reached 1.12 times the limit. */
const slack = 1.5;

const compiled: readonly Target[] = ["wasm plain", "wasm relaxed"];

for (const spec of awkward()) {
  awkwardCalls(spec.name, spec, { targets: [...compiled, "c"], levels: cpuLevels, most: 24, slack });
  awkwardCalls(spec.name, spec, { targets: ["tiles"], levels: fewLevels, most: 9, slack });
}

for (const set of settings)
  for (const spec of streaming(set)) {
    const title = `${spec.name} with w = ${set.w}, n = ${set.n}`;
    awkwardCalls(title, spec, { targets: [...compiled, "tiles"], levels: fewLevels, most: 9, slack });
  }
