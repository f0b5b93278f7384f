/**
 * Where a call's tensors and workspace lie in a memory. Takes sizes and shapes, gives offsets. Guarantees: stretches
 * are 64-aligned and do not overlap, address 0 is never used, and memory that cannot be had is FOV4006.
 */
import { reason } from "./bytes.ts";
import { count, elementBytes } from "./call.ts";
import { refuse } from "./errors.ts";
import type { Shapes, Sizes, WasmManifest } from "./manifest.ts";

declare const manifest: WasmManifest;

export interface Exports {
  readonly run: (...addresses: number[]) => number;
  readonly workspace: (...sizes: number[]) => number;
}

/** A stretch of memory that belongs to one user of it alone. */
export interface Region {
  readonly at: number;
  readonly bytes: number;
}

const pageBytes = 65536;
/** Addresses are compared as signed numbers. */
const memoryLimit = 2 ** 31;
const aligned = (at: number): number => Math.ceil(at / 64) * 64;

/** Makes room: the region grows where memory ends with it, otherwise a new one is taken from the end. */
export function reserve(memory: WebAssembly.Memory, region: Region, bytes: number): Region {
  if (bytes <= region.bytes) return region;
  const end = memory.buffer.byteLength;
  const at = region.at + region.bytes === end ? region.at : end;
  if (!(at + bytes < memoryLimit)) refuse("FOV4006", `the call needs ${at + bytes} bytes of memory, more than 2 GiB`);
  try {
    memory.grow(Math.ceil((at + bytes - end) / pageBytes));
  } catch (error) {
    refuse("FOV4006", `the memory cannot grow to ${at + bytes} bytes: ${reason(error)}`);
  }
  return { at, bytes: memory.buffer.byteLength - at };
}

/** Offsets of tensors and workspace in a region, and how many bytes that takes. */
export interface Layout {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly workspace: number;
  readonly bytes: number;
}

export const orderOf = (sizes: Sizes): readonly number[] => manifest.free.map((name) => sizes[name] ?? 0);

/** `skip` says which inputs and outputs lie elsewhere. */
export function layOut(
  exports: Exports,
  sizes: Sizes,
  shapes: Shapes,
  skip: (place: number) => boolean = () => false,
): Layout {
  let end = 64;
  const room = (bytes: number): number => {
    const at = end;
    end = aligned(end + bytes);
    return at;
  };
  const tensors = manifest.inputs.map(({ dtype }, n) => count(shapes.inputs[n] ?? []) * elementBytes[dtype]);
  const results = manifest.outputs.map(({ dtype }, n) => count(shapes.outputs[n] ?? []) * elementBytes[dtype]);
  const inputs = tensors.map((bytes, n) => (skip(n) ? 0 : room(bytes)));
  const outputs = results.map((bytes, n) => (skip(inputs.length + n) ? 0 : room(bytes)));
  if (!(end < memoryLimit)) refuse("FOV4006", `the tensors need ${end} bytes of memory, more than 2 GiB`);
  const workspace = room(exports.workspace(...orderOf(sizes)));
  return { inputs, outputs, workspace, bytes: end };
}

/** Where every output is empty there is nothing to do, which the kernel would find out for one head after another. */
export function start(exports: Exports, { outputs }: Shapes, args: readonly number[]): void {
  if (outputs.every((shape) => count(shape) === 0)) return;
  const status = exports.run(...args);
  if (status !== 0) refuse("FOV9001", `the kernel gave the status ${status}`);
}
