/** No schedule changes an answer beyond rounding: odd tiles, tiny ones and large ones, on every target. */
import { describe, expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { compare, limitOf } from "../../src/verify/compare.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { specFrom } from "../support/examples.ts";
import { cpuTargets, kernelOf } from "../support/kernels.ts";

const schedules = [
  "tile: 1 by 8, superblock: 1, lazy: 0",
  "tile: 7 by 24, superblock: 3, lazy: 2.5",
  "tile: 13 by 40, superblock: 5",
  "tile: 70 by 128, superblock: 2, lazy: 32",
];
const sizes = { B: 1, H: 4, Hkv: 2, L: 77, D: 19 };

const specOf = (target: string, asked: string) =>
  specFrom(`attention a(q: f16[B, H, L, D], k, v: f32[B, Hkv, L, D]) {
  mask causal and (window(20) or sinks(3))
  return o: f32, lse
}
schedule a for ${target} { ${asked} }`);

async function holds(target: "wgsl" | (typeof cpuTargets)[number], asked: string): Promise<void> {
  const named = { tiles: "c", c: "c", "wasm plain": "wasm", "wasm relaxed": "wasm", wgsl: "wgsl" }[target];
  const spec = specOf(named, asked);
  const inputs = sampleInputs(spec, sizes, { seed: 3 });
  const kernel = await kernelOf(spec, target);
  const limit = limitOf(target === "wgsl" ? "gpu" : "f32", false, sizes.D);
  const found = compare(spec, oracle(spec, sizes, inputs), await kernel.call(sizes, inputs), limit);
  await kernel.close();
  expect(found).toMatchObject({ ok: true });
}

describe.each(cpuTargets)("on %s", (target) => {
  // A C compiler takes seconds.
  test.each(target === "c" ? schedules.slice(1, 3) : schedules)("%s", (asked) => holds(target, asked));
});

test("tile: 13 by 40, lazy: 4 on wgsl", { timeout: 60_000 }, () => holds("wgsl", "tile: 13 by 40, lazy: 4"));
