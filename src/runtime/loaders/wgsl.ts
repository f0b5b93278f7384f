/**
 * The loader of a WGSL kernel. Takes the module's text (beside this file unless given) and a device, or asks for
 * one; gives a kernel whose `run` takes arrays or GPUBuffers, whose `encode` records into the caller's encoder, and
 * whose `allocate` keeps buffers. Pipelines are made once for each value of the sizes that are constants of the
 * module (head sizes). Bool tensors are bytes, four in a u32.
 */
import { beside, bytesOf, sha256 } from "./bytes.ts";
import { argumentsOf, checkedShapes, isRecord, named, sizesOf, type Result } from "./call.ts";
import { checkOptions, outOf, refuse } from "./errors.ts";
import type { WgslManifest } from "./manifest.ts";
import { buffersOf, bytesOfTensor, checkedBuffers, usage, type Bound } from "./wgsl-buffers.ts";
import { engineOf, guarded, type Engine } from "./wgsl-engine.ts";

declare const manifest: WgslManifest;
declare const urls: { readonly module: () => URL; readonly f16?: () => URL };

export interface CreateOptions {
  /** Where the module's text is, or the text. */
  readonly wgsl?: URL | string;
  /** Where to ask for an adapter; `navigator.gpu` if not given. */
  readonly gpu?: GPU;
  /** A device of yours. `dispose` leaves it alone. */
  readonly device?: GPUDevice;
}

export async function create(options: CreateOptions = {}) {
  checkOptions(options);
  const engine = await engineOf((device) => textOf(options.wgsl, device), options);
  let disposed = false;
  const live = (): void => {
    if (disposed) refuse("FOV5009", "the kernel was disposed of");
    engine.alive();
  };
  return {
    manifest,
    threads: 1,
    device: engine.device,
    /** Records at once; the promise tells whether the device takes the pipeline. */
    async encode(encoder: GPUCommandEncoder, buffers: unknown, dims: unknown): Promise<void> {
      live();
      const sizes = sizesOf([], dims);
      const shapes = checkedShapes(sizes);
      await engine.record(encoder, sizes, checkedBuffers(engine.device, buffers, shapes));
    },
    async run(inputs: unknown, dims?: unknown, options?: unknown) {
      live();
      return runOnce(engine, inputs, dims, outOf(options));
    },
    allocate(capacity: unknown) {
      live();
      return allocation(engine, capacity, live);
    },
    dispose(): void {
      disposed = true;
      engine.release();
    },
  };
}

/** Of the modules that the device can take, the one with its own f16 first; what was given must be one of them. */
async function textOf(wgsl: unknown, device: GPUDevice): Promise<string> {
  const native = device.features.has("shader-f16") ? manifest.f16 : undefined;
  if (wgsl !== undefined && typeof wgsl !== "string" && !(wgsl instanceof URL))
    refuse("FOV2110", "wgsl is not a URL or the text of a module");
  const own = native && urls.f16 ? urls.f16 : urls.module;
  const bytes =
    typeof wgsl === "string" ? new TextEncoder().encode(wgsl) : await bytesOf(wgsl instanceof URL ? wgsl : beside(own));
  const hash = sha256(bytes);
  const known = wgsl === undefined ? [native ?? manifest.module] : [manifest.module, native];
  if (known.some((entry) => entry?.sha256 === hash)) return new TextDecoder().decode(bytes);
  if (hash === manifest.f16?.sha256) refuse("FOV5002", "the device has no shader-f16, which this module needs");
  const { file } = known[0] ?? manifest.module;
  return refuse("FOV5004", `${file} is not as it was compiled: its SHA-256 differs`);
}

async function runOnce(engine: Engine, inputs: unknown, dims: unknown, out: unknown) {
  const { device } = engine;
  const given = argumentsOf(inputs);
  const sizes = sizesOf(given, dims);
  const shapes = checkedShapes(sizes, given);
  const made: GPUBuffer[] = [];
  const call = buffersOf(device, given, shapes, out);
  try {
    return await guarded(engine, async () => {
      const bound = call.bind(made);
      const encoder = device.createCommandEncoder();
      const recorded = engine.record(encoder, sizes, bound);
      const readers = call.outputs.map((output, n) => {
        if (output.kind === "buffer") return undefined;
        const from = bound[manifest.inputs.length + n]?.buffer;
        const reader = device.createBuffer({ size: output.bytes, usage: usage.mapRead | usage.copyTarget });
        made.push(reader);
        if (from) encoder.copyBufferToBuffer(from, 0, reader, 0, output.bytes);
        return reader;
      });
      device.queue.submit([encoder.finish()]);
      await recorded;
      const results: (Result | GPUBuffer)[] = [];
      for (const [n, output] of call.outputs.entries()) {
        const reader = readers[n];
        if (output.kind === "buffer" || !reader) {
          if (output.kind === "buffer") results.push(output.buffer);
          continue;
        }
        await reader.mapAsync(1);
        const made = output.make(reader.getMappedRange(), output.count);
        output.brought?.numbers.set(made);
        results.push(output.brought?.array ?? made.slice());
      }
      return named(results);
    });
  } finally {
    for (const buffer of made) buffer.destroy();
  }
}

/** Buffers for calls up to `capacity`; `run` reads `inputs` and writes `outputs` on the device, without copies. */
function allocation(engine: Engine, capacity: unknown, live: () => void) {
  const { device } = engine;
  const most = sizesOf([], capacity);
  const shapes = checkedShapes(most);
  const kept = (entries: typeof manifest.inputs, list: typeof shapes.inputs): Map<string, GPUBuffer> =>
    new Map(
      entries.map((entry, n) => [
        entry.name,
        device.createBuffer({
          size: bytesOfTensor(device, entry, list[n] ?? []),
          usage: usage.storage | usage.copySource | usage.copyTarget,
        }),
      ]),
    );
  const inputs = kept(manifest.inputs, shapes.inputs);
  const outputs = kept(manifest.outputs, shapes.outputs);
  engine.keep([...inputs.values(), ...outputs.values()]);
  return {
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
    async run(dims: unknown = {}): Promise<Record<string, GPUBuffer>> {
      live();
      const sizes = sizesOf([], isRecord(dims) ? { ...most, ...dims } : dims);
      checkedShapes(sizes);
      for (const name of manifest.free) {
        if ((sizes[name] ?? 0) > (most[name] ?? 0))
          refuse("FOV4005", `dimension ${name} is ${sizes[name]}; the room was made for ${most[name]}`);
      }
      await guarded(engine, async () => {
        const bound: Bound[] = [...inputs.values(), ...outputs.values()].map((buffer) => ({ buffer }));
        const encoder = device.createCommandEncoder();
        const recorded = engine.record(encoder, sizes, bound);
        device.queue.submit([encoder.finish()]);
        await recorded;
        await device.queue.onSubmittedWorkDone();
      });
      return named([...outputs.values()]);
    },
  };
}
