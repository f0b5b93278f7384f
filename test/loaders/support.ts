/** Compiles a spec into a folder of its own, and loads what came out as a user would: by importing the loader. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished } from "vitest";
import type { EmitOptions } from "../../backends/backend.ts";
import { backends, combined } from "../../backends/index.ts";
import type { Simd } from "../../backends/wasm/emit.ts";
import { check, lower } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import { conditionsOf } from "../../src/spec/conditions.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import { compare, limitOf, type Accuracy } from "../../src/verify/compare.ts";
import type { Stored } from "../../src/scalar/storage.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import { dims, good } from "./attentions.ts";

export type Target = "wasm" | "wgsl";
export type Result = Readonly<Record<string, Float32Array>>;
export type Views = Readonly<Record<string, Stored>>;

export interface WasmKernel {
  readonly threads: number;
  readonly manifest: { readonly fixed: Sizes; readonly modules: object };
  run(inputs: unknown, dims?: unknown, options?: { readonly out?: unknown }): Result;
  allocate(capacity: unknown): { readonly inputs: Views; readonly outputs: Views; run(dims?: unknown): Result };
  dispose(): void;
}
export interface WgslKernel {
  readonly device: GPUDevice;
  run(inputs: unknown, dims?: unknown, options?: { readonly out?: unknown }): Promise<Result>;
  encode(encoder: GPUCommandEncoder, buffers: unknown, dims: unknown): Promise<void>;
  allocate(capacity: unknown): {
    readonly inputs: Readonly<Record<string, GPUBuffer>>;
    readonly outputs: Readonly<Record<string, GPUBuffer>>;
    run(dims?: unknown): Promise<Readonly<Record<string, GPUBuffer>>>;
  };
  dispose(): void;
}
export type Kernel<T extends Target> = T extends "wasm" ? WasmKernel : WgslKernel;

export interface Compiled<T extends Target> {
  readonly spec: Spec;
  readonly folder: string;
  readonly create: (options?: object | null) => Promise<Kernel<T>>;
}

export function specOf(text: string, dims: Sizes = {}): Spec {
  const { specs, diagnostics } = check(text, "test.attn", { dims });
  const [spec] = specs;
  if (!spec) throw new Error(diagnostics.map((d) => d.message).join("; "));
  return spec;
}

/** Files of the spec for the targets; where both are asked for, also the loader that picks. */
export async function emitted(
  spec: Spec,
  targets: readonly Target[],
  more: Partial<EmitOptions> = {},
): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const options = { specText: spec.text, fixed: spec.fixed, conditions: conditionsOf(spec), ...more };
  const files = new Map<string, string | Uint8Array>();
  for (const target of targets) {
    const backend = await backends[target]?.();
    if (!backend) throw new Error(`no backend ${target}`);
    const { program } = lower(spec, backend.device);
    for (const { name, content } of (await backend.emit(program, options)).files) files.set(name, content);
    if (targets.length > 1) for (const { name, content } of await combined(program, options)) files.set(name, content);
  }
  return files;
}

/** A folder with these files that goes when the test (or the file, from a hook) is done. */
export function written(
  files: ReadonlyMap<string, string | Uint8Array>,
  drop: (remove: () => void) => void = onTestFinished,
) {
  const folder = mkdtempSync(join(tmpdir(), "fovea-loader-"));
  drop(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  return folder;
}

export const loaded = async <T extends Target>(path: string): Promise<{ create: Compiled<T>["create"] }> =>
  (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { create: Compiled<T>["create"] };

export async function compiled<T extends Target>(
  target: T,
  text: string,
  drop: (remove: () => void) => void,
  dims: Sizes = {},
  more: Partial<EmitOptions> = {},
): Promise<Compiled<T>> {
  const spec = specOf(text, dims);
  const folder = written(await emitted(spec, [target], more), drop);
  return { spec, folder, create: (await loaded<T>(join(folder, `${spec.name}.${target}.mjs`))).create };
}

const arraysOf = (inputs: ReadonlyMap<string, SampleTensor>): Record<string, SampleTensor["data"]> =>
  Object.fromEntries([...inputs].map(([name, { data }]) => [name, data]));

/** Inputs of the spec's example with other sizes, and how far a result is from the oracle. */
export function caseOf(spec: Spec, sizes: Sizes, accuracy: Accuracy = "f32") {
  const inputs = sampleInputs(spec, sizes);
  const right = oracle(spec, sizes, inputs);
  return {
    inputs: arraysOf(inputs),
    tensors: Object.fromEntries(inputs),
    judge(result: Result) {
      const outputs = new Map(Object.entries(result).map(([name, data]) => [name, { data }]));
      return compare(spec, right, outputs, limitOf(accuracy, false, 64));
    },
  };
}

/** The one module that is compiled is the one that is used, and it is the same as beside the other. */
export async function expectAlone(both: Compiled<"wasm">, simd: Simd): Promise<void> {
  const files = await emitted(both.spec, ["wasm"], { simd });
  const modules = [...files.keys()].filter((name) => name.endsWith(".wasm"));
  expect(modules).toEqual([simd === "plain" ? "t.wasm" : "t.relaxed.wasm"]);
  const { create } = await loaded<"wasm">(join(written(files), "t.wasm.mjs"));
  const only = await create();
  expect(only.run(good(), dims)).toEqual((await both.create({ simd })).run(good(), dims));
  const other = simd === "plain" ? "relaxed" : "plain";
  await expect(create({ simd: other })).rejects.toThrow(`FOV2110 t: simd is ${other}, and only ${simd} was compiled`);
}

export async function expectOnlyMemory(spec: Spec, simd: Simd): Promise<void> {
  const modules = [...(await emitted(spec, ["wasm"], { simd }))].filter(([name]) => name.endsWith(".wasm"));
  expect(modules).toHaveLength(1);
  for (const [, content] of modules) {
    const module = new WebAssembly.Module(new Uint8Array(Buffer.from(content)));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  }
}
