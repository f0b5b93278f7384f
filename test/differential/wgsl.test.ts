/**
 * `fovea verify examples --target wgsl --strict`, then awkward calls of every example and of those awkward attentions
 * that are not like one of them: fewer and smaller calls than on the CPU, because a software GPU may be all there is.
 * It takes seconds for a pipeline, and there is one for each head size: an attention has its own in the command, and
 * another one, in turn, in the awkward calls; test/wgsl/attention.test.ts has them all.
 */
import { test } from "vitest";
import { workgroupBytes } from "../../backends/wgsl/emit.ts";
import { lower } from "../../src/compile.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { webgpu } from "../../src/targets/index.ts";
import { awkward, streaming } from "../support/awkward.ts";
import { examples } from "../support/examples.ts";
import { gpuLevels, type Levels } from "./cases.ts";
import { verifyExamples } from "./command.ts";
import { awkwardCalls } from "./suite.ts";

const targets = ["wgsl"] as const;

test("every example verifies on wgsl", () => verifyExamples(...targets), 1_800_000);

/** What WebGPU promises of workgroup memory. Rows that are regrouped have two states there, and those only narrow heads. */
const most = 16_384;
const fits = (spec: Spec, D: number): boolean =>
  workgroupBytes(lower(spec, webgpu).program, { ...spec.example.sizes, D, Dv: D }) <= most;

/** Levels of the turn, or of the next one whose head size fits. */
const levelsFor = (spec: Spec, turn: number): Levels =>
  [0, 1, 2, 3, 4].map((n) => gpuLevels(turn + n)).find(({ channels }) => fits(spec, channels[0]?.[0] ?? 1)) ??
  gpuLevels(turn);

const all = examples().flatMap(({ file, specs }) => specs.map((spec) => ({ file, spec })));
for (const [turn, { file, spec }] of all.entries())
  awkwardCalls(`${spec.name} of ${file}`, spec, { targets, levels: levelsFor(spec, turn), most: 9 });

const others = ["cross", "valid", "picked", "squash", "together", "transposed"];

for (const [turn, spec] of [
  ...awkward().filter(({ name }) => others.includes(name)),
  ...streaming({ w: 0, n: 0 }),
].entries())
  awkwardCalls(spec.name, spec, { targets, levels: gpuLevels(turn), most: 9 });
