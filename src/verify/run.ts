/** Runs a spec on a target, `oracle` and `tiles` (the tile interpreter) among them, and gives every output by name. */
import { readFileSync } from "node:fs";
import type { Backend, EmitOptions } from "../../backends/backend.ts";
import { backends } from "../../backends/index.ts";
import { lower } from "../compile.ts";
import { fail } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { oracle } from "../oracle/oracle.ts";
import { reasonOf } from "../runtime/write.ts";
import { conditionsOf } from "../spec/conditions.ts";
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

export interface Target {
  readonly backend: Backend;
  readonly device: Device;
}

/** `c`, `wasm`, …: a backend and its own device; `c:NAME`: another one; `c:./file.json`: one read from the disk. */
export async function targetOf(target: string): Promise<Target> {
  const { backend: name, device } = partsOf(target);
  const load = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (!load) {
    const near = closest(name, targets);
    return fail("FOV5001", `there is no target ${target}`, {
      help: near ? `did you mean \`${near}\`?` : `there are ${targets.join(", ")}`,
    });
  }
  const backend = await load();
  return { backend, device: device === undefined ? backend.device : deviceOf(target, readDevice) };
}

function readDevice(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return fail("FOV0002", `\`${path}\` cannot be read: ${reasonOf(error)}`, { help: "check the path" });
  }
}

/** What a backend is told beside the program. */
export const emitOptionsOf = (spec: Spec, device: Device): EmitOptions => ({
  specText: spec.text,
  fixed: spec.fixed,
  device,
  conditions: conditionsOf(spec),
});

export async function runSpec(
  spec: Spec,
  target: string,
  sizes: Sizes,
  inputs: ReadonlyMap<string, SampleTensor>,
): Promise<ReadonlyMap<string, Output>> {
  if (target === "oracle") return oracle(spec, sizes, inputs).outputs;
  if (target === "tiles") return interpret(lower(spec, host).program, sizes, inputs).outputs;
  const { backend, device } = await targetOf(target);
  const { program } = lower(spec, device);
  const prepared = await backend.prepare(program, emitOptionsOf(spec, device), { sizes, inputs });
  try {
    return await prepared.outputs();
  } finally {
    await prepared.dispose();
  }
}
