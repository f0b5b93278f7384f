/**
 * A device with the pipelines of one kernel. Takes the module's text for a device; gives `record`, which adds one call to an
 * encoder. Guarantees: a pipeline is made once for each value of the module's constants, a lost device is FOV5005,
 * memory that the device does not have is FOV4006, and what it refuses is FOV5003.
 */
import { reason } from "./bytes.ts";
import { KernelError, refuse } from "./errors.ts";
import type { Sizes, WgslManifest } from "./manifest.ts";
import { usage, type Bound } from "./wgsl-buffers.ts";

declare const manifest: WgslManifest;
declare const workgroupsOf: (sizes: Sizes) => readonly number[];
declare const intermediatesOf: (sizes: Sizes) => readonly number[];

export interface Engine {
  readonly device: GPUDevice;
  /** Refuses where the device was lost. */
  readonly alive: () => void;
  /** Waits a moment for the news that the device was lost. */
  readonly settled: () => Promise<void>;
  /** Records at once; the promise is of the pipeline's approval. `bound` holds inputs, then outputs, in order. */
  readonly record: (encoder: GPUCommandEncoder, sizes: Sizes, bound: readonly Bound[]) => Promise<void>;
  /** Buffers to destroy with the kernel. */
  readonly keep: (buffers: readonly GPUBuffer[]) => void;
  readonly release: () => void;
}

interface Wanted {
  readonly gpu?: GPU;
  readonly device?: GPUDevice;
}

/** What the tensors of a long context need; the defaults are those of small devices. */
const raised = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
] as const;

async function deviceOf({ gpu, device }: Wanted): Promise<{ device: GPUDevice; kept: readonly unknown[] }> {
  if (device) return { device, kept: [] };
  const where = gpu ?? globalThis.navigator?.gpu;
  if (!where) return refuse("FOV5002", "this machine has no WebGPU");
  const adapter = await where.requestAdapter();
  if (!adapter) return refuse("FOV5002", "no WebGPU adapter answers");
  const wanted: readonly GPUFeatureName[] = manifest.f16 ? ["shader-f16"] : [];
  const requiredLimits = Object.fromEntries(raised.map((name) => [name, adapter.limits[name]]));
  try {
    // Some hosts end the process when an adapter is collected while its device is in use.
    const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
    return { device: await adapter.requestDevice({ requiredLimits, requiredFeatures }), kept: [where, adapter] };
  } catch (error) {
    return refuse("FOV5002", `the adapter gives no device: ${reason(error)}`);
  }
}

/** `textOf` gives the module's text for the device. */
export async function engineOf(textOf: (device: GPUDevice) => Promise<string>, wanted: Wanted): Promise<Engine> {
  const { device, kept } = await deviceOf(wanted);
  const text = await textOf(device);
  const held: { kept: readonly unknown[]; lost?: GPUDeviceLostInfo; buffers: GPUBuffer[] } = { kept, buffers: [] };
  const lost = device.lost.then((info) => void (held.lost = info));
  const alive = (): void => {
    if (held.lost) refuse("FOV5005", `the device was lost: ${held.lost.message || held.lost.reason}`);
  };
  const pipelines = new Map<string, Pipelines>();
  const layout = device.createBindGroupLayout({
    entries: ["uniform" as const, ...manifest.bindings].map((type, binding) => ({
      binding,
      visibility: 4,
      buffer: { type },
    })),
  });
  const pipelineOf = (sizes: Sizes) => {
    const key = manifest.constants.map(({ size }) => sizes[size]).join();
    const before = pipelines.get(key);
    if (before) return before;
    const made = pipelinesFor(device, layout, specialised(text, sizes));
    pipelines.set(key, made);
    return made;
  };
  const uniforms = uniformsOf(device);
  /** What one launch leaves for the next; the same for all calls, which the queue runs one after the other. */
  const between: GPUBuffer[] = [];
  const intermediates = (sizes: Sizes): readonly Bound[] =>
    intermediatesOf(sizes).map((bytes, n) => {
      const size = Math.max(4, Math.ceil(bytes / 4) * 4);
      const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
      if (size > most) refuse("FOV4006", `an intermediate of the call needs ${size} bytes; the device binds ${most}`);
      const before = between[n];
      if (before && before.size >= size) return { buffer: before, size };
      const buffer = device.createBuffer({ size, usage: usage.storage });
      held.buffers.push(buffer);
      between[n] = buffer;
      return { buffer, size };
    });

  return {
    device,
    alive,
    settled: () => Promise.race([lost, new Promise<void>((resolve) => setTimeout(resolve, 50))]),
    async record(encoder, sizes, bound) {
      const totals = workgroupsOf(sizes);
      const widest = device.limits.maxComputeWorkgroupsPerDimension;
      const most = Math.max(...totals);
      if (most > widest ** 2) refuse("FOV4005", `the call needs ${most} workgroups; the device has ${widest ** 2}`);
      if (most === 0) return;
      const { pipelines: launches, approved } = pipelineOf(sizes);
      const left = intermediates(sizes);
      for (const [n, pipeline] of launches.entries()) {
        const total = totals[n] ?? 0;
        if (total === 0) continue;
        const width = Math.min(total, widest);
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        const resources = [{ buffer: uniforms(sizes, total, width) }, ...bound, ...left];
        const entries = resources.map((resource, binding) => ({ binding, resource }));
        pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
        pass.dispatchWorkgroups(width, Math.ceil(total / width));
        pass.end();
      }
      await approved;
    },
    keep: (buffers) => void held.buffers.push(...buffers),
    release() {
      pipelines.clear();
      for (const buffer of held.buffers) buffer.destroy();
      if (!wanted.device) device.destroy();
      held.kept = [];
    },
  };
}

const specialised = (text: string, sizes: Sizes): string =>
  manifest.constants.reduce(
    (code, { size, identifier }) =>
      code.replace(new RegExp(`^const ${identifier}: i32 = \\d+;`, "m"), `const ${identifier}: i32 = ${sizes[size]};`),
    text,
  );

interface Pipelines {
  readonly pipelines: readonly GPUComputePipeline[];
  readonly approved: Promise<void>;
}

function pipelinesFor(device: GPUDevice, bindings: GPUBindGroupLayout, code: string): Pipelines {
  device.pushErrorScope("validation");
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindings] });
  const module = device.createShaderModule({ code });
  const pipelines = manifest.entryPoints.map((entryPoint) =>
    device.createComputePipeline({ layout, compute: { module, entryPoint } }),
  );
  const approved = device.popErrorScope().then((error) => {
    if (error) refuse("FOV5003", `the device refuses the module: ${error.message}`);
  });
  // Whoever records awaits it; here it only must not count as unhandled.
  approved.catch(() => undefined);
  return { pipelines, approved };
}

/** The uniform buffer of a call's sizes. The last few are kept: steps of the same shape share one. */
function uniformsOf(device: GPUDevice) {
  const kept = new Map<string, GPUBuffer>();
  return (sizes: Sizes, total: number, width: number): GPUBuffer => {
    // The last four are total, grid_width, minus_infinity_bits and nan_bits; a dimension may have such a name too.
    const launch = [total, width, 0xff800000, 0x7fc00000];
    const own = manifest.uniforms.slice(0, -launch.length);
    const values = new Uint32Array([...own.map((name) => sizes[name] ?? 0), ...launch]);
    const key = values.join();
    const before = kept.get(key);
    if (before) return before;
    const buffer = device.createBuffer({ size: values.byteLength, usage: usage.uniform | usage.copyTarget });
    device.queue.writeBuffer(buffer, 0, values);
    // One that is let go may still be in an encoder, so it is left to the collector.
    const [oldest] = kept.keys();
    if (kept.size >= 64 && oldest !== undefined) kept.delete(oldest);
    kept.set(key, buffer);
    return buffer;
  };
}

/** Runs work on the device and turns what goes wrong there into codes. */
export async function guarded<T>({ device, alive, settled }: Engine, work: () => Promise<T>): Promise<T> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const outcome = work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const scopes = [device.popErrorScope(), device.popErrorScope()];
  const [invalid, memory] = await Promise.all(scopes.map((scope) => scope.catch(() => null)));
  const result = await outcome;
  if ("error" in result) {
    await settled();
    alive();
  }
  if (memory) refuse("FOV4006", `the device has no memory for this call: ${memory.message}`);
  if ("error" in result && result.error instanceof KernelError) throw result.error;
  if (invalid) refuse("FOV5003", `the device refuses the call: ${invalid.message}`);
  if ("error" in result) refuse("FOV5003", `the device fails the call: ${reason(result.error)}`);
  alive();
  return result.value;
}
