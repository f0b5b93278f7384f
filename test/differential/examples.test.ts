/**
 * Every example on the CPU targets, on calls that let every two awkward things meet, against the oracle at the
 * contract's limits; and with NaN and Inf in keys that a row may not see, bit for bit. The tile interpreter takes its
 * time, so it gets fewer and smaller calls.
 */
import { examples } from "../support/examples.ts";
import { cpuLevels, fewLevels, maskLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

for (const { file, specs } of examples())
  for (const spec of specs) {
    const title = `${spec.name} of ${file}`;
    // The first dozen has all there is to a kernel; the others differ in which keys they see and what they add.
    const shapes = Number.parseInt(file, 10) <= 12 ? { levels: cpuLevels, most: 24 } : { levels: maskLevels, most: 12 };
    awkwardCalls(title, spec, { targets: ["wasm plain", "wasm relaxed", "c"], ...shapes });
    awkwardCalls(title, spec, { targets: ["tiles"], levels: fewLevels, most: 12 });
  }
