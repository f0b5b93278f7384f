/**
 * The quick tests that a mutant has to get past: specs written for the parts that mutants are planted in, then random
 * ones, on the targets that the command line names; ends with 1 at the first answer that is wrong or the first plan that
 * visits more pairs than it has to, and 0 where none is.
 * Run in a process of its own: a mutant may hang or trap.
 */
import fc from "fast-check";
import { check } from "../../src/compile.ts";
import { plan } from "../../src/plan/build.ts";
import { countPlan } from "../../src/plan/count.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { randomSpec, type RandomCall, type RandomSpec } from "../random/specs.ts";
import { newTally, trouble, type StageName } from "../random/stages.ts";
import { planned, spoilt, written, type Planned } from "./specs.ts";

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

/** One head of a few channels: what a plan gets wrong shows in any. The second has integers in no order. */
const small: RandomCall = { sizes: { ...sizesOf(75, 77, 1, 3), B: 1 }, seed: 1, fill: "example", poisoned: false };
const plans: readonly RandomCall[] = [small, { ...small, seed: 2, fill: "extreme" }];
/** Values wider than two vectors, of which the last channel alone is spoilt. */
const wide: RandomCall = {
  sizes: { ...sizesOf(40, 40, 1, 3), B: 1, Dv: 13 },
  seed: 1,
  fill: "example",
  poisoned: "last channel",
};

/** Does the plan visit more pairs than it has to? */
function wasted({ text, most }: Planned): string | undefined {
  const [spec] = check(text, "planned.attn").specs;
  if (!spec) return "check: no spec";
  const sizes = Object.fromEntries(spec.sizes.map((name) => [name, Number(small.sizes[name] ?? 1)]));
  const inputs = Object.fromEntries([...sampleInputs(spec, sizes, { seed: small.seed })].map(([n, x]) => [n, x.data]));
  const { visitedPairs } = countPlan(plan(spec), sizes, inputs, { rows: 8, keys: 16 });
  return visitedPairs <= most ? undefined : `wrong: ${visitedPairs} of the pairs are visited, at most ${most} need be`;
}

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
  // The cheapest first.
  for (const text of dear ? [] : spoilt) {
    const wrong = await found({ text, calls: [wide], turn: 0 });
    if (wrong !== undefined) return wrong;
  }
  // Plans are the same for all targets.
  for (const each of stages.has("tiles") ? planned : []) {
    const wrong = (await found({ text: each.text, calls: plans, turn: 0 })) ?? wasted(each);
    if (wrong !== undefined) return wrong;
  }
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
