/**
 * Every example on the CPU targets, on calls that let every two awkward things meet, against the oracle at the
 * contract's limits; and with NaN and Inf in keys that a row may not see, bit for bit. The tile interpreter takes its
 * time, so it gets fewer and smaller calls.
 */
import { examples } from "../support/examples.ts";
import { cpuLevels, fewLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

for (const { file, specs } of examples())
  for (const spec of specs) {
    const title = `${spec.name} of ${file}`;
    awkwardCalls(title, spec, { targets: ["wasm plain", "wasm relaxed", "c"], levels: cpuLevels, most: 24 });
    awkwardCalls(title, spec, { targets: ["tiles"], levels: fewLevels, most: 12 });
  }
