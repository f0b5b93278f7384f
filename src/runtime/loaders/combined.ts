/**
 * The loader of an attention that was compiled for both: the WebGPU kernel where an adapter answers, otherwise the
 * wasm kernel. Takes the options of both loaders; gives the kernel of one, `target` saying which. `run` is always
 * asynchronous here, so that a caller need not ask.
 */
import { checkOptions, refuse } from "./errors.ts";

interface Kernel {
  readonly run: (...given: readonly unknown[]) => unknown;
}
interface Loader {
  readonly create: (options: object) => Promise<Kernel>;
}
declare const loaders: { readonly wasm: () => Promise<Loader>; readonly wgsl: () => Promise<Loader> };

export interface CreateOptions {
  /** `auto`: WebGPU where it is. */
  readonly target?: "auto" | "wasm" | "wgsl";
  readonly gpu?: GPU;
  readonly device?: GPUDevice;
}

export async function create(options: CreateOptions = {}) {
  checkOptions(options);
  const { target = "auto" } = options;
  if (target === "auto" || target === "wgsl") {
    try {
      return await kernelOf("wgsl", options);
    } catch (error) {
      const none = error instanceof Error && "code" in error && error.code === "FOV5002";
      if (target === "wgsl" || !none) throw error;
    }
  } else if (target !== "wasm") refuse("FOV2110", `target is ${String(target)}; it is "auto", "wasm" or "wgsl"`);
  return kernelOf("wasm", options);
}

async function kernelOf(target: "wasm" | "wgsl", options: CreateOptions) {
  const { create } = await loaders[target]();
  const kernel = await create(options);
  return { ...kernel, target, run: async (...given: readonly unknown[]) => kernel.run(...given) };
}
