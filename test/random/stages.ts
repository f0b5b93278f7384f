/**
 * One random spec through every stage: parse and format, resolve, plan, the tile program after each pass, the micro
 * program, wasm in both kinds, C, WGSL. Takes the spec and which of the dear stages to take; gives the first fault as a
 * sentence, undefined where all agree with the oracle within the contract's limits. What a launch would refuse is not
 * called; `tally` counts what was.
 */
import { build } from "../../backends/c/host.ts";
import { registers } from "../../backends/wasm/emit.ts";
import { compileKernel } from "../../backends/wasm/host.ts";
import { emitModule, specialise, type Module } from "../../backends/wgsl/emit.ts";
import { device, runModule } from "../../backends/wgsl/host.ts";
import { check, stages } from "../../src/compile.ts";
import { FoveaError } from "../../src/diagnostics/diagnostic.ts";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { interpretMicro } from "../../src/micro/interpret.ts";
import { oracle, type OracleResult } from "../../src/oracle/oracle.ts";
import { storedAs } from "../../src/scalar/storage.ts";
import { checkInputs } from "../../src/spec/inputs.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import { format } from "../../src/syntax/format.ts";
import { parse } from "../../src/syntax/parse.ts";
import type { Device } from "../../src/targets/device.ts";
import { host, wasm, webgpu } from "../../src/targets/index.ts";
import { interpret } from "../../src/tile/interpret.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { compare, limitOf } from "../../src/verify/compare.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import { essence, withoutGroups } from "../syntax/equal.ts";
import { draws } from "../support/pairwise.ts";
import type { Results } from "../support/kernels.ts";
import { firstSpoilt, poison, type Poisoned } from "../support/poison.ts";
import type { RandomCall, RandomSpec } from "./specs.ts";

/** The dear stages in order of what they cost. */
const stageNames = ["tiles", "passes", "micro", "plain", "relaxed", "c", "wgsl", "wgsl-run"] as const;
export type StageName = (typeof stageNames)[number];

/**
 * The stages of a turn. Every spec is parsed, formatted, checked, planned, lowered, run in the oracle and in the tile
 * interpreter; a half is run in wasm of one kind or the other, a sixth in C and in the micro interpreter, a fortieth
 * after every pass and compiled for WGSL, and a few of those run.
 */
function stagesOf(turn: number): ReadonlySet<StageName> {
  const every = (n: number, ...names: readonly StageName[]): readonly StageName[] => (turn % n === 0 ? names : []);
  return new Set<StageName>([
    "tiles",
    ...every(2, turn % 4 === 0 ? "plain" : "relaxed"),
    ...every(6, "c", "micro"),
    ...every(40, "passes", "wgsl"),
    ...every(400, "wgsl-run", "plain", "relaxed"),
  ]);
}

/** What was really looked at, so that a run cannot be empty without a word. */
export interface Tally {
  specs: number;
  calls: number;
  refused: number;
  readonly runs: Map<string, number>;
}

export const newTally = (): Tally => ({ specs: 0, calls: 0, refused: 0, runs: new Map() });

interface Trial {
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, SampleTensor>;
  readonly right: OracleResult;
  /** NaN and infinities where some rows, or none, see them. */
  readonly poisoned?: Poisoned;
}

type Answer = (call: Pick<Trial, "sizes" | "inputs">) => Results | Promise<Results>;

export async function trouble(
  { text, calls, turn }: RandomSpec,
  tally: Tally,
  wanted: ReadonlySet<StageName> = stagesOf(turn),
): Promise<string | undefined> {
  const formatted = layoutFault(text);
  if (formatted !== undefined) return formatted;
  const { specs, diagnostics } = check(text, "random.attn");
  const error = diagnostics.find(({ severity }) => severity === "error");
  const [spec] = specs;
  if (error || !spec) return `check: ${error?.code} ${error?.message}`;
  tally.specs++;
  const trials = calls.flatMap((call) => {
    const trial = trialOf(spec, call);
    if (!trial) tally.refused++;
    return trial ? [trial] : [];
  });
  tally.calls += trials.length;
  const look = async (stage: string, answer: Answer): Promise<string | undefined> => {
    for (const trial of trials) {
      tally.runs.set(stage, (tally.runs.get(stage) ?? 0) + 1);
      const accuracy = stage.startsWith("wgsl") ? "gpu" : "f32";
      const found = await answer(trial);
      const wrong = differs(spec, trial, found, accuracy);
      if (wrong !== undefined) return `${stage}, ${JSON.stringify(trial.sizes)}: ${wrong}`;
      const { sizes, poisoned } = trial;
      if (!poisoned) continue;
      // What a score or an output of its own makes of NaN is its own affair: min(NaN, 0) is 0.
      const carries = accuracy === "f32" && spec.output === undefined && spec.score.kind === "var";
      const spoilt = firstSpoilt(spec, poisoned, found, await answer({ sizes, inputs: poisoned.inputs }), carries);
      if (spoilt !== undefined) return `${stage}, poisoned, ${JSON.stringify(sizes)}: ${spoilt}`;
    }
    return undefined;
  };
  return (
    (await onHost(spec, wanted, look)) ?? (await onWasm(spec, wanted, look)) ?? (await onGpu(spec, wanted, look, tally))
  );
}

type Look = (stage: string, answer: Answer) => Promise<string | undefined>;

/** `format` is stable, and says the same. */
function layoutFault(text: string): string | undefined {
  const before = parse(text, "random.attn");
  if (before.diagnostics.length > 0) return `parse: ${before.diagnostics[0]?.message}`;
  const once = format(before.file);
  const after = parse(once, "random.attn");
  if (after.diagnostics.length > 0) return `format: ${after.diagnostics[0]?.message}`;
  if (format(after.file) !== once) return "format: a second time changes the text";
  const same =
    JSON.stringify(withoutGroups(essence(after.file))) === JSON.stringify(withoutGroups(essence(before.file)));
  return same ? undefined : "format: the text says something else";
}

/** The last program of a device; where `passes` is wanted each one on the way is run. */
async function lowered(
  spec: Spec,
  device: Device,
  each: ((name: string, program: TileProgram) => Promise<string | undefined>) | undefined,
): Promise<TileProgram | string> {
  let last: TileProgram | undefined;
  for (const stage of stages(spec, device)) {
    if (stage.level !== "tile") continue;
    last = stage.made;
    const wrong = await each?.(stage.name, stage.made);
    if (wrong !== undefined) return wrong;
  }
  return last ?? "no program";
}

async function onHost(spec: Spec, wanted: ReadonlySet<StageName>, look: Look): Promise<string | undefined> {
  if (!["tiles", "passes", "c"].some((stage) => wanted.has(stage as StageName))) return undefined;
  const run =
    (program: TileProgram): Answer =>
    ({ sizes, inputs }) =>
      interpret(program, sizes, inputs).outputs;
  const each = (name: string, program: TileProgram) => look(`after ${name} for the host`, run(program));
  const program = await lowered(spec, host, wanted.has("passes") ? each : undefined);
  if (typeof program === "string") return program;
  // The compiler works beside the interpreter.
  const built = wanted.has("c")
    ? build(program, { specText: spec.text, fixed: spec.fixed }, ["clang-19", "-O0", "-fuse-ld=lld"])
    : undefined;
  // A fault of the interpreter comes first; that of the compiler is met below.
  built?.catch(() => {});
  const wrong = wanted.has("tiles") ? await look("tiles", run(program)) : undefined;
  if (!built) return wrong;
  const kernel = await built;
  try {
    return wrong ?? (await look("c", kernel.call));
  } finally {
    await kernel.remove();
  }
}

async function onWasm(spec: Spec, wanted: ReadonlySet<StageName>, look: Look): Promise<string | undefined> {
  if (!["passes", "micro", "plain", "relaxed"].some((stage) => wanted.has(stage as StageName))) return undefined;
  const each = (name: string, program: TileProgram) =>
    look(`after ${name} for wasm`, ({ sizes, inputs }) => interpret(program, sizes, inputs).outputs);
  const program = await lowered(spec, wasm, wanted.has("passes") ? each : undefined);
  if (typeof program === "string") return program;
  if (wanted.has("micro")) {
    const micro = blockRegisters(program, registers.plain);
    const wrong = await look("micro", ({ sizes, inputs }) => interpretMicro(micro, sizes, inputs).outputs);
    if (wrong !== undefined) return wrong;
  }
  for (const simd of ["plain", "relaxed"] as const) {
    if (!wanted.has(simd)) continue;
    const kernel = await compileKernel(program, simd);
    const wrong = await look(simd, (trial) => {
      const ready = kernel.prepare(trial);
      ready.run();
      return ready.outputs();
    });
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

async function onGpu(
  spec: Spec,
  wanted: ReadonlySet<StageName>,
  look: Look,
  tally: Tally,
): Promise<string | undefined> {
  if (!wanted.has("wgsl") && !wanted.has("wgsl-run")) return undefined;
  const program = await lowered(spec, webgpu, undefined);
  if (typeof program === "string") return program;
  const module = moduleOf(program, spec);
  // More tensors than WebGPU has storage buffers.
  if (!module) return undefined;
  if (!wanted.has("wgsl-run")) {
    tally.runs.set("wgsl", (tally.runs.get("wgsl") ?? 0) + 1);
    return refusedBy(module);
  }
  return look("wgsl run", (trial) => runModule(module, trial));
}

function moduleOf(program: TileProgram, spec: Spec): Module | undefined {
  try {
    return emitModule(program, spec.fixed);
  } catch (error) {
    if (error instanceof FoveaError && error.diagnostics.every(({ code }) => code === "FOV5003")) return undefined;
    throw error;
  }
}

/** What Dawn says against the module; no pipeline is made, which a software GPU takes seconds for. */
async function refusedBy(module: Module): Promise<string | undefined> {
  const { device: gpu } = await device();
  gpu.pushErrorScope("validation");
  gpu.createShaderModule({
    code: specialise(module, Object.fromEntries(module.constants.map((name, n) => [name, 3 + n]))),
  });
  const error = await gpu.popErrorScope();
  return error ? `wgsl: ${error.message}` : undefined;
}

/** Undefined where a launch would refuse it. */
function trialOf(spec: Spec, { sizes: all, seed, fill, poisoned }: RandomCall): Trial | undefined {
  const sizes = Object.fromEntries(spec.sizes.map((name) => [name, Number(all[name] ?? 1)]));
  const inputs = new Map<string, SampleTensor>(sampleInputs(spec, sizes, { seed }));
  if (fill === "extreme")
    for (const { name, dtype } of spec.inputs) {
      const { dims, data } = inputs.get(name) ?? { dims: [], data: new Float32Array() };
      const next = draws(seed + name.length);
      const odd = [0, -1, 1, 3, 64, -7, 1000];
      if (dtype === "i32")
        inputs.set(name, {
          dims,
          data: storedAs(
            "i32",
            Array.from(data, () => odd[Math.floor(next() * odd.length)] ?? 0),
          ),
        });
      if (dtype === "bool") inputs.set(name, { dims, data: new Uint8Array(data.length).fill(Number(next() < 0.5)) });
    }
  if (checkInputs(spec, sizes, inputs).diagnostics.length > 0) return undefined;
  const right = oracle(spec, sizes, inputs);
  const spoiling = poisoned === "last channel" ? poisoned : "whole";
  return { sizes, inputs, right, ...(poisoned ? { poisoned: poison(spec, sizes, inputs, seed, spoiling) } : {}) };
}

/** A score, a scale of its own and a sink move logits beyond those that the limit of order 1 is for. */
const hotClauses = /\b(score|scale|align) /;

function differs(spec: Spec, { right, sizes }: Trial, found: Results, accuracy: "f32" | "gpu"): string | undefined {
  const hot = right.bounds.logit > 8 || hotClauses.test(spec.text);
  // Rows that see two or three keys do not average their rounding.
  const limit = 1.5 * limitOf(accuracy, hot, Number(sizes["D"] ?? 1));
  const { ok, reason } = compare(
    { ...spec, outputs: spec.outputs.filter(({ value }) => value === "o") },
    right,
    found,
    limit,
  );
  if (!ok) return reason ?? "it differs";
  for (const { name, value, dtype } of spec.outputs) {
    if (value !== "lse") continue;
    const rows = right.outputs.get(name)?.data ?? [];
    for (const [n, want] of rows.entries()) {
      const got = Number(found.get(name)?.data[n]);
      const room =
        (accuracy === "gpu" ? 8e-6 : 2e-6) * Math.max(1, Math.abs(want)) +
        (hot ? 8e-6 : 0) +
        (dtype === "f32" ? 0 : 4e-3 * Math.abs(want));
      const empty = accuracy === "gpu" && want === -Infinity && got < -1e30;
      if (!Object.is(got, want) && !empty && !(Math.abs(got - want) <= room))
        return `${name}[${n}] is ${got}, the oracle says ${want}`;
    }
  }
  return undefined;
}
