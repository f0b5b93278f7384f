/**
 * Every example on WGSL, and those awkward attentions that are not like one of them: fewer and smaller calls than on
 * the CPU, because a software GPU may be all there is. It takes seconds for a pipeline, and there is one for each head
 * size: the examples keep their own, so that their own sizes cost a run alone. One device serves the whole file.
 */
import { expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { awkward, streaming } from "../support/awkward.ts";
import { examples } from "../support/examples.ts";
import { kernelOf } from "../support/kernels.ts";
import { gpuLevels } from "./cases.ts";
import { awkwardCalls } from "./suite.ts";

const targets = ["wgsl"] as const;

for (const { file, specs } of examples())
  for (const spec of specs) {
    const { sizes } = spec.example;
    const title = `${spec.name} of ${file}`;
    test(`${title} at its own sizes`, async () => {
      const inputs = sampleInputs(spec, sizes, { seed: 0 });
      const found = await (await kernelOf(spec, "wgsl")).call(sizes, inputs);
      const right = oracle(spec, sizes, inputs);
      expect(compare(spec, right, found, limitFor("gpu", right, Number(sizes["D"])))).toMatchObject({ ok: true });
    });
    awkwardCalls(title, spec, { targets, levels: { ...gpuLevels(0), channels: [[Number(sizes["D"])]] }, most: 9 });
  }

const others = ["cross", "valid", "picked", "squash", "together", "transposed"];

for (const [turn, spec] of [
  ...awkward().filter(({ name }) => others.includes(name)),
  ...streaming({ w: 0, n: 0 }),
].entries())
  awkwardCalls(spec.name, spec, { targets, levels: gpuLevels(turn), most: 9 });
