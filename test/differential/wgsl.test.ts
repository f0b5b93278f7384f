/**
 * Every example and every awkward attention on WGSL: fewer and smaller calls than on the CPU, because a software GPU
 * may be all there is. One device serves the whole file.
 */
import { awkward, settings, streaming } from "../support/awkward.ts";
import { examples } from "../support/examples.ts";
import { gpuLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

const targets = ["wgsl"] as const;
const levels = gpuLevels;

for (const { file, specs } of examples())
  for (const spec of specs) awkwardCalls(`${spec.name} of ${file}`, spec, { targets, levels, most: 9 });

for (const spec of awkward()) awkwardCalls(spec.name, spec, { targets, levels, most: 9 });

for (const set of settings)
  for (const spec of streaming(set))
    awkwardCalls(`${spec.name} with w = ${set.w}, n = ${set.n}`, spec, { targets, levels, most: 4 });
