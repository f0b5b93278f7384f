/**
 * Tensors as GPUBuffers. Takes what a caller gives, arrays or buffers, and shapes; gives bindings. Guarantees: a
 * buffer that is bound has the bytes and the usage that the kernel needs, and fits the device's limits.
 */
import {
  checkedOut,
  count,
  elementBytes,
  isRecord,
  numbersOf,
  own,
  resultArray,
  shapeText,
  type Argument,
  type Brought,
  type Numbers,
  type Result,
} from "./call.ts";
import { refuse } from "./errors.ts";
import type { Shapes, TensorEntry, WgslManifest } from "./manifest.ts";

declare const manifest: WgslManifest;

/** GPUBufferUsage, which not every host has as a global. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

export interface Bound {
  readonly buffer: GPUBuffer;
  readonly offset?: number;
  readonly size?: number;
}

export const isBuffer = (x: unknown): x is GPUBuffer =>
  isRecord(x) && typeof x["size"] === "number" && typeof x["usage"] === "number" && typeof x["destroy"] === "function";

/** Whole words, and at least one: a binding cannot be empty. */
export function bytesOfTensor(device: GPUDevice, entry: TensorEntry, shape: readonly number[]): number {
  const bytes = Math.max(4, Math.ceil((count(shape) * elementBytes[entry.dtype]) / 4) * 4);
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  if (bytes > most)
    refuse("FOV4006", `${entry.name}, ${shapeText(entry, shape)}, needs ${bytes} bytes; the device binds ${most}`);
  return bytes;
}

/** A caller's buffer, whole or a part of it. */
function checkedBuffer(device: GPUDevice, entry: TensorEntry, given: unknown, shape: readonly number[]): Bound {
  const part = isRecord(given) && isBuffer(given["buffer"]) ? given : { buffer: given };
  const { buffer, offset = 0, size } = part as { buffer: unknown; offset?: unknown; size?: unknown };
  if (!isBuffer(buffer) || typeof offset !== "number" || (size !== undefined && typeof size !== "number"))
    return refuse("FOV2104", `${entry.name} is not a GPUBuffer, nor { buffer, offset, size } of one`);
  if (!(buffer.usage & usage.storage)) refuse("FOV2104", `the buffer of ${entry.name} lacks the usage STORAGE`);
  const step = device.limits.minStorageBufferOffsetAlignment;
  if (offset % step !== 0)
    refuse("FOV2104", `the part of ${entry.name} begins at byte ${offset}; the device binds at multiples of ${step}`);
  const need = bytesOfTensor(device, entry, shape);
  const has = size ?? buffer.size - offset;
  if (!(has >= need))
    refuse("FOV2103", `the buffer of ${entry.name} has ${has} bytes; ${shapeText(entry, shape)} needs ${need}`);
  return { buffer, offset, size: need };
}

/** For `encode`: a buffer for every input and output, by name. */
export function checkedBuffers(device: GPUDevice, buffers: unknown, { inputs, outputs }: Shapes): readonly Bound[] {
  const entries = [...manifest.inputs, ...manifest.outputs];
  const names = entries.map(({ name }) => name);
  if (!isRecord(buffers)) return refuse("FOV2101", `the buffers ${names.join(", ")} are missing`);
  for (const name of Object.keys(buffers))
    if (!names.includes(name)) refuse("FOV2102", `there is no tensor ${name}; the tensors are ${names.join(", ")}`);
  const shapes = [...inputs, ...outputs];
  return entries.map((entry, n) => {
    const given = own(buffers, entry.name);
    if (given === undefined) refuse("FOV2101", `the buffer of ${entry.name} is missing`);
    return checkedBuffer(device, entry, given, shapes[n] ?? []);
  });
}

/** Where an output goes: into a buffer of the caller's, or through one of ours into an array. */
export type Output =
  | { readonly kind: "buffer"; readonly buffer: GPUBuffer; readonly bound: Bound }
  | {
      readonly kind: "array";
      readonly brought: Brought | undefined;
      readonly make: (memory: ArrayBuffer, count: number) => Result;
      readonly count: number;
      readonly bytes: number;
    };

export interface BufferCall {
  readonly outputs: readonly Output[];
  /** Makes and fills the buffers that are not the caller's; those are added to `made`. */
  readonly bind: (made: GPUBuffer[]) => readonly Bound[];
}

/** Everything is checked before the first buffer is made. */
export function buffersOf(device: GPUDevice, given: readonly Argument[], shapes: Shapes, out: unknown): BufferCall {
  const inputs = given.map((argument, n): Bound | { readonly numbers: Numbers; readonly bytes: number } => {
    const shape = shapes.inputs[n] ?? [];
    const { entry, data } = argument;
    if (isBuffer(data) || (isRecord(data) && isBuffer(data["buffer"])))
      return checkedBuffer(device, entry, data, shape);
    return { numbers: numbersOf(argument, shape), bytes: bytesOfTensor(device, entry, shape) };
  });
  const outputs = outputsOf(device, shapes, out);
  const create = (made: GPUBuffer[], size: number, use: number): GPUBuffer => {
    const buffer = device.createBuffer({ size, usage: use });
    made.push(buffer);
    return buffer;
  };
  const bind = (made: GPUBuffer[]): readonly Bound[] => [
    ...inputs.map((input): Bound => {
      if ("buffer" in input) return input;
      const buffer = create(made, input.bytes, usage.storage | usage.copyTarget);
      const { numbers } = input;
      const bytes = new Uint8Array(input.bytes);
      bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
      device.queue.writeBuffer(buffer, 0, bytes);
      return { buffer };
    }),
    ...outputs.map((output): Bound =>
      output.kind === "buffer"
        ? output.bound
        : { buffer: create(made, output.bytes, usage.storage | usage.copySource) },
    ),
  ];
  return { outputs, bind };
}

function outputsOf(device: GPUDevice, shapes: Shapes, out: unknown): readonly Output[] {
  const brought = isRecord(out) ? out : {};
  const buffers = manifest.outputs.map(({ name }) => own(brought, name)).map((x) => (isBuffer(x) ? x : undefined));
  const rest = Object.entries(brought).filter(([, x]) => !isBuffer(x));
  const arrays = checkedOut(isRecord(out) ? Object.fromEntries(rest) : out, shapes);
  return manifest.outputs.map((entry, n): Output => {
    const shape = shapes.outputs[n] ?? [];
    const buffer = buffers[n];
    if (buffer) return { kind: "buffer", buffer, bound: checkedBuffer(device, entry, buffer, shape) };
    const array = resultArray(entry.dtype);
    const make = (memory: ArrayBuffer, length: number): Result => new array(memory, 0, length);
    return { kind: "array", brought: arrays[n], make, count: count(shape), bytes: bytesOfTensor(device, entry, shape) };
  });
}
