/**
 * Runs a wasm kernel on this machine. Takes bytes and one call, gives the outputs; picks relaxed SIMD where the
 * machine has it. Guarantees: inputs are copied into the module's memory and outputs out of it; fails with
 * FOV5002 where SIMD is missing and FOV4006 where the memory cannot grow.
 */
import type { Call, Outputs } from "../backend.ts";
import { fail } from "../../src/diagnostics/diagnostic.ts";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { sizeValue } from "../../src/scalar/evaluate.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { elementBytes, floatsOf } from "../../src/scalar/storage.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { emitWasm, registers, type Simd } from "./emit.ts";
import { probes } from "../../src/runtime/loaders/probe.ts";

export interface Kernel {
  /** Puts the call into memory; what it gives runs it again and again without copies. */
  readonly prepare: (call: Call) => { readonly run: () => void; readonly outputs: () => Outputs };
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly run: (...args: number[]) => number;
  readonly workspace_bytes: (...sizes: number[]) => number;
}

export const available = (simd: Simd): boolean => WebAssembly.validate(probes[simd]);
export const bestSimd = (): Simd => (available("relaxed") ? "relaxed" : "plain");

export async function compileKernel(program: TileProgram, simd: Simd): Promise<Kernel> {
  if (!available(simd)) fail("FOV5002", `this machine has no ${simd === "plain" ? "" : "relaxed "}WebAssembly SIMD`);
  const bytes = await emitWasm(blockRegisters(program, registers[simd]), simd);
  const env = { memory: new WebAssembly.Memory({ initial: 1 }) };
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes), { env });
  return kernelOf(program, exportsOf(instance));
}

function exportsOf({ exports }: WebAssembly.Instance): Exports {
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("wasm: the module exports no memory");
  const called = (name: string): ((...args: number[]) => number) => {
    const found = exports[name];
    if (typeof found !== "function") throw new Error(`wasm: the module exports no function ${name}`);
    return (...args) => Number(Reflect.apply(found, undefined, args));
  };
  return { memory, run: called("run"), workspace_bytes: called("workspace_bytes") };
}

function kernelOf(program: TileProgram, { memory, run, workspace_bytes: workspaceBytes }: Exports): Kernel {
  return {
    prepare: (call) => {
      const sizes = program.sizes.map((name) => call.sizes[name] ?? fail("FOV2106", `${name} has no value`));
      const dimsOf = (dims: readonly Scalar[]): number[] => dims.map((d) => sizeValue(d, call.sizes));
      const count = (dims: readonly number[]): number => dims.reduce((a, d) => a * d, 1);
      let end = 64;
      const place = (bytes: number): number => {
        const at = end;
        end = Math.ceil((end + bytes) / 64) * 64;
        return at;
      };
      const inputs = program.inputs.map((input) => {
        const given = call.inputs.get(input.name) ?? fail("FOV2101", `the input ${input.name} is missing`);
        const elements = count(dimsOf(input.dims));
        if (given.data.length !== elements)
          fail("FOV2103", `${input.name} has ${given.data.length} numbers; its dimensions need ${elements}`);
        return { given, at: place(given.data.byteLength) };
      });
      const outputs = program.outputs.map((output) => {
        const dims = dimsOf(output.dims);
        return { name: output.name, dtype: output.dtype, dims, at: place(elementBytes[output.dtype] * count(dims)) };
      });
      const workspace = place(workspaceBytes(...sizes) >>> 0);
      grow(memory, end);
      for (const { given, at } of inputs) {
        const { data } = given;
        new Uint8Array(memory.buffer, at).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      const args = [...inputs.map((x) => x.at), ...outputs.map((x) => x.at), ...sizes, workspace];
      return {
        run: () => {
          // The kernel would find out for one head after another that there is nothing to do.
          if (outputs.every(({ dims }) => count(dims) === 0)) return;
          const status = run(...args);
          if (status !== 0) throw new Error(`wasm: the kernel gave the status ${status}`);
        },
        outputs: () =>
          new Map(
            outputs.map(({ name, dtype, dims, at }) => {
              const bytes = memory.buffer.slice(at, at + elementBytes[dtype] * count(dims));
              return [name, { dims, data: floatsOf(dtype, bytes) }];
            }),
          ),
      };
    },
  };
}

function grow(memory: WebAssembly.Memory, bytes: number): void {
  // Addresses are compared as signed numbers.
  if (!(bytes < 2 ** 31)) fail("FOV4006", `the call needs ${bytes} bytes, more than 2 GiB`);
  const pages = Math.ceil(bytes / 65536) - memory.buffer.byteLength / 65536;
  if (pages <= 0) return;
  try {
    memory.grow(pages);
  } catch {
    fail("FOV4006", `the memory cannot grow to ${bytes} bytes`);
  }
}
