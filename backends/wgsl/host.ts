/**
 * Runs an emitted module in Node by Dawn (npm `webgpu`), on the machine's GPU or on SwiftShader where Chromium
 * has left one. The GPU, adapter and device stay in a module variable: Dawn ends the process when one of them is
 * collected while in use. FOV5002 where no adapter answers.
 */
import { existsSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { fail } from "../../src/diagnostics/diagnostic.ts";
import { sizeValue } from "../../src/scalar/evaluate.ts";
import { elementBytes, floatsOf } from "../../src/scalar/storage.ts";
import type { TensorRef } from "../../src/tile/tile.ts";
import type { Call, Outputs } from "../backend.ts";
import { specialise, type Module } from "./emit.ts";

export interface Held {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly pipelines: Map<string, readonly GPUComputePipeline[]>;
}

let held: Promise<Held> | undefined;

/** Where Debian's and Ubuntu's Chromium keep SwiftShader and a Vulkan loader. */
const folders = ["/usr/lib/chromium", "/usr/lib/chromium-browser"];

/** Where a system keeps its own Vulkan loader. Without one Dawn would only complain on stderr. */
const systemLoaders = ["/usr/lib", "/usr/lib64", "/lib64", "/usr/local/lib"].flatMap((folder) =>
  [folder, `${folder}/x86_64-linux-gnu`, `${folder}/aarch64-linux-gnu`].map((path) => `${path}/libvulkan.so.1`),
);

/**
 * Points Vulkan at SwiftShader. Dawn looks for libvulkan.so.1 by name, which a library already in the process
 * answers; so where the system has none, Chromium's is loaded first. It is no Node addon, hence the error, and
 * RTLD_NODELETE keeps it.
 */
function useSoftware(): void {
  const folder = folders.find((path) => existsSync(`${path}/vk_swiftshader_icd.json`));
  if (folder === undefined) return;
  process.env["VK_ICD_FILENAMES"] ??= `${folder}/vk_swiftshader_icd.json`;
  const loader = `${folder}/libvulkan.so.1`;
  if (!existsSync(loader)) return;
  try {
    process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_NOW | 0x1000);
  } catch {
    // "Module did not self-register": expected.
  }
}

async function open(): Promise<Held> {
  const dawn = await import("webgpu").catch(() => fail("FOV5002", "wgsl: the package webgpu is not installed"));
  Object.assign(globalThis, dawn.globals);
  process.env["XDG_RUNTIME_DIR"] ??= tmpdir();
  if (process.platform === "linux" && !systemLoaders.some((path) => existsSync(path))) useSoftware();
  let gpu = dawn.create([]);
  let adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) {
    useSoftware();
    gpu = dawn.create([]);
    adapter = await gpu.requestAdapter().catch(() => null);
  }
  if (!adapter)
    fail("FOV5002", "wgsl: no WebGPU adapter answers on this machine", { help: "`fovea doctor` says what is missing" });
  const device = await adapter.requestDevice();
  void device.lost.then(() => {
    held = undefined;
  });
  return { gpu, adapter, device, pipelines: new Map() };
}

export async function device(): Promise<Held> {
  held ??= open();
  return held.catch((error: unknown) => {
    held = undefined;
    throw error;
  });
}

async function checked<T>(gpu: GPUDevice, what: string, work: () => T | Promise<T>): Promise<T> {
  gpu.pushErrorScope("validation");
  gpu.pushErrorScope("out-of-memory");
  const result = await work();
  const errors = [await gpu.popErrorScope(), await gpu.popErrorScope()];
  for (const error of errors) if (error) fail("FOV5003", `wgsl: ${what}: ${error.message}`);
  return result;
}

async function pipelinesOf(
  { device: gpu, pipelines }: Held,
  module: Module,
  text: string,
): Promise<readonly GPUComputePipeline[]> {
  const cached = pipelines.get(text);
  if (cached) return cached;
  const made = await checked(gpu, "the module is refused", () => {
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: 0, visibility: 4, buffer: { type: "uniform" } },
      ...module.bindings.map(({ use }, n): GPUBindGroupLayoutEntry => ({
        binding: n + 1,
        visibility: 4,
        buffer: { type: use === "input" ? "read-only-storage" : "storage" },
      })),
    ];
    const layout = gpu.createPipelineLayout({ bindGroupLayouts: [gpu.createBindGroupLayout({ entries })] });
    const code = gpu.createShaderModule({ code: text });
    return module.launches.map(({ entryPoint }) =>
      gpu.createComputePipeline({ layout, compute: { module: code, entryPoint } }),
    );
  });
  pipelines.set(text, made);
  return made;
}

const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 };

/** `widest`: workgroups in a row of the dispatch, the device's limit unless a test asks for less. */
export async function runModule(module: Module, call: Call, widest = Number.POSITIVE_INFINITY): Promise<Outputs> {
  const prepared = await prepareModule(module, call, widest);
  try {
    await prepared.run();
    return await prepared.outputs();
  } finally {
    prepared.dispose();
  }
}

export interface PreparedModule {
  /** Done when the device is. */
  readonly run: () => Promise<void>;
  readonly outputs: () => Promise<Outputs>;
  readonly dispose: () => void;
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly width: number;
  readonly height: number;
}

/** Puts a call's tensors into buffers of the device, where it can run again and again. */
export async function prepareModule(
  module: Module,
  call: Call,
  widest = Number.POSITIVE_INFINITY,
): Promise<PreparedModule> {
  const all = await device();
  const { device: gpu } = all;
  const pipelines = await pipelinesOf(all, module, specialise(module, call.sizes));
  const made: GPUBuffer[] = [];
  const dispose = (): void => {
    for (const b of made) b.destroy();
  };
  const failed = <T>(work: () => T | Promise<T>): Promise<T> => checked(gpu, "the run failed", work);
  const buffer = (bytes: number, use: number): GPUBuffer => {
    const b = gpu.createBuffer({ size: Math.max(4, Math.ceil(bytes / 4) * 4), usage: use });
    made.push(b);
    return b;
  };
  const upload = (name: string): GPUBuffer => {
    const data = call.inputs.get(name)?.data;
    if (!data) fail("FOV2101", `wgsl: input ${name} is missing`);
    const target = buffer(data.byteLength, usage.storage | usage.copyTarget);
    const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    gpu.queue.writeBuffer(target, 0, bytes);
    return target;
  };
  const results: { tensor: TensorRef; dims: number[]; bytes: number; from: GPUBuffer; to: GPUBuffer }[] = [];
  const bind = (): readonly Dispatch[] => {
    const resources = module.bindings.map(({ tensor, use }) => {
      if (use === "input") return upload(tensor.name);
      const dims = tensor.dims.map((d) => sizeValue(d, call.sizes));
      const bytes = dims.reduce((n, d) => n * d, 1) * elementBytes[tensor.dtype];
      const from = buffer(bytes, usage.storage | usage.copySource);
      if (use === "intermediate") return from;
      results.push({ tensor, dims, bytes, from, to: buffer(bytes, usage.mapRead | usage.copyTarget) });
      return from;
    });
    return module.launches.flatMap(({ grid }, n): readonly Dispatch[] => {
      const pipeline = pipelines[n];
      const total = grid.reduce((all, x) => all * sizeValue(x, call.sizes), 1);
      if (!pipeline || total === 0) return [];
      const width = Math.min(total, widest, gpu.limits.maxComputeWorkgroupsPerDimension);
      const own = module.uniforms.map((name) => call.sizes[name] ?? 0);
      const sizes = new Uint32Array([...own, total, width, 0xff800000, 0x7fc00000]);
      const uniform = buffer(sizes.byteLength, usage.uniform | usage.copyTarget);
      gpu.queue.writeBuffer(uniform, 0, sizes);
      const group = gpu.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [uniform, ...resources].map((b, binding) => ({ binding, resource: { buffer: b } })),
      });
      return [{ pipeline, group, width, height: Math.ceil(total / width) }];
    });
  };
  const dispatch = async (all: readonly Dispatch[]): Promise<void> => {
    if (all.length === 0) return;
    const encoder = gpu.createCommandEncoder();
    for (const { pipeline, group, width, height } of all) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(width, height);
      pass.end();
    }
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
  };
  const read = async (): Promise<Outputs> => {
    const encoder = gpu.createCommandEncoder();
    for (const { from, to } of results) encoder.copyBufferToBuffer(from, 0, to, 0, to.size);
    gpu.queue.submit([encoder.finish()]);
    const found = new Map<string, { dims: number[]; data: Float32Array }>();
    for (const { tensor, dims, bytes, to } of results) {
      await to.mapAsync(1);
      found.set(tensor.name, { dims, data: floatsOf(tensor.dtype, to.getMappedRange().slice(0, bytes)) });
      to.unmap();
    }
    return found;
  };
  try {
    const dispatches = await failed(bind);
    return { run: () => failed(() => dispatch(dispatches)), outputs: () => failed(read), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
