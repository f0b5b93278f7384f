/**
 * Every example on WGSL, and those awkward attentions that are not like one of them: fewer and smaller calls than on
 * the CPU, because a software GPU may be all there is. One device serves the whole file.
 */
import { awkward, streaming } from "../support/awkward.ts";
import { examples } from "../support/examples.ts";
import { gpuLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

const targets = ["wgsl"] as const;
const others = ["cross", "valid", "picked", "squash", "together", "transposed"];

const specs = [
  ...examples().flatMap((example) => example.specs),
  ...awkward().filter(({ name }) => others.includes(name)),
  ...streaming({ w: 0, n: 0 }),
];

for (const [turn, spec] of specs.entries())
  awkwardCalls(spec.name, spec, { targets, levels: gpuLevels(turn), most: 9 });
