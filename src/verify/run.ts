/** Runs a spec on a target, `oracle` and `tiles` (the tile interpreter) among them, and gives every output by name. */
import type { Backend } from "../../backends/backend.ts";
import { backends } from "../../backends/index.ts";
import { lower } from "../compile.ts";
import { fail } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { oracle } from "../oracle/oracle.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { interpret } from "../tile/interpret.ts";
import { cpuSchedule } from "../tile/schedule.ts";
import type { SampleTensor } from "./sample.ts";

export interface Output {
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
}

export const targets: readonly string[] = Object.keys(backends);

export async function backendOf(target: string): Promise<Backend> {
  const load = Object.hasOwn(backends, target) ? backends[target] : undefined;
  if (load) return load();
  const near = closest(target, targets);
  return fail("FOV5001", `there is no target ${target}`, {
    help: near ? `did you mean \`${near}\`?` : `targets: ${targets.join(", ")}`,
  });
}

export async function runSpec(
  spec: Spec,
  target: string,
  sizes: Sizes,
  inputs: ReadonlyMap<string, SampleTensor>,
): Promise<ReadonlyMap<string, Output>> {
  if (target === "oracle") return oracle(spec, sizes, inputs).outputs;
  if (target === "tiles") return interpret(lower(spec, cpuSchedule).program, sizes, inputs).outputs;
  const backend = await backendOf(target);
  const { program } = lower(spec, backend.schedule);
  return backend.run(program, { specText: spec.text, fixed: spec.fixed }, { sizes, inputs });
}
