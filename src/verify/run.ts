/** Runs a spec on a target, `oracle` and `tiles` (the tile interpreter) among them, and gives every output by name. */
import { readFileSync } from "node:fs";
import type { Backend } from "../../backends/backend.ts";
import { backends } from "../../backends/index.ts";
import { lower } from "../compile.ts";
import { fail } from "../diagnostics/diagnostic.ts";
import { oracle } from "../oracle/oracle.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { interpret } from "../tile/interpret.ts";
import type { Device } from "../targets/device.ts";
import { deviceOf, host, partsOf } from "../targets/index.ts";
import type { SampleTensor } from "./sample.ts";

export interface Output {
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
}

export const targets: readonly string[] = Object.keys(backends);

/** The backend that the target names before its colon; the device after it is looked up too, so that a typo is refused. */
export async function backendOf(target: string): Promise<Backend> {
  deviceFor(target);
  const { backend } = partsOf(target);
  const load = Object.hasOwn(backends, backend) ? backends[backend] : undefined;
  if (load) return load();
  return fail("FOV5001", `there is no target ${target}`, { help: `targets: ${targets.join(", ")}` });
}

/** The device that the whole target names; `c:./file.json` is read from the disk. */
export const deviceFor = (target: string): Device =>
  deviceOf(target, (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      return fail("FOV0002", `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  });

export async function runSpec(
  spec: Spec,
  target: string,
  sizes: Sizes,
  inputs: ReadonlyMap<string, SampleTensor>,
): Promise<ReadonlyMap<string, Output>> {
  if (target === "oracle") return oracle(spec, sizes, inputs).outputs;
  if (target === "tiles") return interpret(lower(spec, host).program, sizes, inputs).outputs;
  const backend = await backendOf(target);
  const { program } = lower(spec, deviceFor(target));
  return backend.run(program, { specText: spec.text, fixed: spec.fixed }, { sizes, inputs });
}
