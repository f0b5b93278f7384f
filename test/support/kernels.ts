/**
 * Kernels that are compiled once and called with many sizes: takes a Spec (or a plan) and a target, gives something
 * to call. `close` removes what a target left on the disk.
 */
import { build } from "../../backends/c/host.ts";
import { compileKernel } from "../../backends/wasm/host.ts";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { runModule } from "../../backends/wgsl/host.ts";
import { lower } from "../../src/compile.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import type { Device } from "../../src/targets/device.ts";
import { host, wasm, webgpu } from "../../src/targets/index.ts";
import { interpret } from "../../src/tile/interpret.ts";
import type { SampleTensor } from "../../src/verify/sample.ts";

export const cpuTargets = ["tiles", "wasm plain", "wasm relaxed", "c"] as const;
export type Target = (typeof cpuTargets)[number] | "wgsl";

export type Inputs = ReadonlyMap<string, SampleTensor>;
export type Results = ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>;

export interface Kernel {
  readonly call: (sizes: Sizes, inputs: Inputs) => Promise<Results>;
  readonly close: () => Promise<void>;
}

const devices = { tiles: host, "wasm plain": wasm, "wasm relaxed": wasm, c: host, wgsl: webgpu } as const;
const nothing = (): Promise<void> => Promise.resolve();

export async function kernelOf(spec: Spec, target: Target, change: Partial<Device> = {}): Promise<Kernel> {
  const { program } = lower(spec, { ...devices[target], ...change });
  const options = { specText: spec.text, fixed: spec.fixed };
  switch (target) {
    case "tiles":
      return { call: (sizes, inputs) => Promise.resolve(interpret(program, sizes, inputs).outputs), close: nothing };
    case "wasm plain":
    case "wasm relaxed": {
      const kernel = await compileKernel(program, target === "wasm plain" ? "plain" : "relaxed");
      const call: Kernel["call"] = (sizes, inputs) => {
        const ready = kernel.prepare({ sizes, inputs });
        ready.run();
        return Promise.resolve(ready.outputs());
      };
      return { call, close: nothing };
    }
    case "c": {
      // Half of -O3's time to compile; no flag here lets the compiler change what floats do.
      const built = await build(program, options, ["gcc", "-O1", "-march=native"]);
      return { call: (sizes, inputs) => built.call({ sizes, inputs }), close: built.remove };
    }
    case "wgsl": {
      const module = emitModule(program, options.fixed);
      return { call: (sizes, inputs) => runModule(module, { sizes, inputs }), close: nothing };
    }
  }
}
