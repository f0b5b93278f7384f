/**
 * The quick tests that a mutant has to get past: specs written for the parts that mutants are planted in, then random
 * ones, on the targets that the command line names; ends with 1 at the first answer that is wrong, and 0 where none is.
 * Run in a process of its own: a mutant may hang or trap.
 */
import fc from "fast-check";
import { randomSpec, type RandomCall, type RandomSpec } from "../random/specs.ts";
import { newTally, trouble, type StageName } from "../random/stages.ts";
import { written } from "./specs.ts";

const stages = new Set((process.argv[2] ?? "tiles").split(",") as StageName[]);
const random = Number(process.argv[3] ?? 0);

const sizesOf = (L: number, S: number, group: number, D: number): RandomCall["sizes"] => {
  const H = 2 * group;
  return { B: 2, N: 2, H, A: H, Hkv: 2, L, T: L, S, D, C: D, Dv: 5 };
};

/** Sizes with tails everywhere, poisoned; few calls, and a tenth of the random specs, where each takes seconds. */
const calls: readonly RandomCall[] = [
  { sizes: sizesOf(75, 77, 3, 7), seed: 1, fill: "example", poisoned: true },
  { sizes: sizesOf(33, 70, 1, 7), seed: 2, fill: "extreme", poisoned: false },
  { sizes: sizesOf(130, 131, 1, 35), seed: 3, fill: "example", poisoned: false },
];
const dear = stages.has("wgsl-run");

async function main(): Promise<string | undefined> {
  const tally = newTally();
  const found = async (spec: RandomSpec): Promise<string | undefined> => {
    try {
      const wrong = await trouble(spec, tally, stages);
      return wrong === undefined ? undefined : `${wrong}\n${spec.text}`;
    } catch (error) {
      return `${String(error)}\n${spec.text}`;
    }
  };
  for (const text of written) {
    const wrong = await found({ text, calls: dear ? calls.slice(0, 1) : calls, turn: 0 });
    if (wrong !== undefined) return wrong;
  }
  for (const spec of fc.sample(randomSpec(dear ? 1 : 2), {
    seed: 11,
    numRuns: dear ? Math.ceil(random / 10) : random,
  })) {
    const wrong = await found(spec);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const wrong = await main();
if (wrong !== undefined) process.stdout.write(`${wrong}\n`);
// A GPU's threads would keep the process alive.
process.exit(wrong === undefined ? 0 : 1);
