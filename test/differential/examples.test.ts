/**
 * Every example on the CPU targets and in the tile interpreter, on calls that let every two awkward things meet,
 * against the oracle at the contract's limits; and with NaN and Inf in keys that a row may not see, bit for bit.
 */
import { examples } from "../support/examples.ts";
import { cpuTargets } from "../support/kernels.ts";
import { cpuLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

for (const { file, specs } of examples())
  for (const spec of specs)
    awkwardCalls(`${spec.name} of ${file}`, spec, { targets: cpuTargets, levels: cpuLevels, most: 24 });
