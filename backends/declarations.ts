/**
 * The types of a loader, `<a>.wasm.d.mts`, `<a>.wgsl.d.mts` and `<a>.d.mts`, with the kernel's own names of inputs,
 * outputs and dimensions. Takes the manifest; gives text that needs only the DOM's types, those of WebGPU for WGSL.
 */
import type { Manifest, TensorEntry } from "../src/runtime/loaders/manifest.ts";
import { license } from "./manifest.ts";

/** What a kernel gives and holds: halves are their bits. */
const arrays = {
  f32: "Float32Array",
  f16: "Uint16Array",
  bf16: "Uint16Array",
  i32: "Int32Array",
  bool: "Uint8Array",
} as const;
/** What it takes. */
const given = { ...arrays, f16: "Uint16Array | Halves" } as const;

const shape = ({ dtype, dims }: TensorEntry): string => (dims.length ? `${dtype}[${dims.join(", ")}]` : dtype);

function record(name: string, entries: readonly TensorEntry[], type: (entry: TensorEntry) => string): string {
  const lines = entries.flatMap((entry) => [`  /** ${shape(entry)} */`, `  readonly ${entry.name}: ${type(entry)};`]);
  return [`export interface ${name} {`, ...lines, "}"].join("\n");
}

const scalarOf = ({ dtype, dims }: TensorEntry): string =>
  dims.length ? "" : dtype === "bool" ? " | boolean | number" : " | number";

function dimsText({ free, fixed }: Manifest): string {
  const lines = free.map((name) => `  readonly ${name}: number;`);
  const kept = Object.entries(fixed).map(([name, size]) => `  /** Fixed. */\n  readonly ${name}?: ${size};`);
  return ["/** Sizes of a call. */", "export interface Dims {", ...lines, ...kept, "}"].join("\n");
}

/** Types of the language that not every project has yet are told by their tag. */
const halvesText = `/** A Float16Array. */
export interface Halves {
  readonly [Symbol.toStringTag]: "Float16Array";
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}`;

const tensorText = `/** Numbers with their sizes, row-major. */
export interface Tensor<T> {
  readonly data: T;
  readonly dims: readonly number[];
}`;

const literals = (values: readonly string[]): string => values.map((x) => JSON.stringify(x)).join(" | ") || "never";

const manifestText = (manifest: Manifest): string => `export interface Manifest {
  readonly version: 1;
  readonly attention: ${JSON.stringify(manifest.attention)};
  readonly target: ${JSON.stringify(manifest.target)};
  readonly fixed: { ${Object.entries(manifest.fixed)
    .map(([name, size]) => `readonly ${name}: ${size}`)
    .join("; ")} };
  readonly free: readonly (${literals(manifest.free)})[];
  readonly inputs: readonly TensorEntry<${literals(manifest.inputs.map((x) => x.name))}>[];
  readonly outputs: readonly TensorEntry<${literals(manifest.outputs.map((x) => x.name))}>[];
  readonly conditions: readonly { readonly code: string; readonly text: string }[];
}
export interface TensorEntry<Name extends string> {
  readonly name: Name;
  readonly dtype: "f32" | "f16" | "bf16" | "i32" | "bool";
  readonly dims: readonly string[];
}
export declare const manifest: Manifest;`;

/** Everything that a caller's types depend on and that both targets have. */
function common(manifest: Manifest, buffers: boolean): readonly string[] {
  const buffer = buffers ? " | GPUBuffer" : "";
  return [
    manifestText(manifest),
    dimsText(manifest),
    tensorText,
    ...(manifest.inputs.some(({ dtype }) => dtype === "f16") ? [halvesText] : []),
    "/** Inputs by name; with plain arrays the call needs `dims`. */",
    record(
      "Inputs",
      manifest.inputs,
      (x) => `${given[x.dtype]}${buffer}${scalarOf(x)} | Tensor<${given[x.dtype]}${buffer}>`,
    ),
    "/** Inputs that say their own sizes. */",
    record("Tensors", manifest.inputs, (x) =>
      x.dims.length
        ? `Tensor<${given[x.dtype]}${buffer}>`
        : `${given[x.dtype]}${buffer}${scalarOf(x)} | Tensor<${given[x.dtype]}${buffer}>`,
    ),
    record("Outputs", manifest.outputs, (x) => arrays[x.dtype]),
  ];
}

const file = (name: string, what: string, parts: readonly string[]): string =>
  `${license}// Types of ${name}${what}. Generated; changes are lost.\n\n${parts.join("\n\n")}\n`.replaceAll(
    "*/\n\nexport",
    "*/\nexport",
  );

export const wasmDeclarations = (manifest: Manifest): string =>
  file(`${manifest.attention}.wasm.mjs`, "", [
    ...common(manifest, false),
    `export interface CreateOptions {
  /** Where the module is, its bytes, or the module itself; beside the loader if not given. */
  readonly wasm?: URL | BufferSource | WebAssembly.Module;
  /** "auto": relaxed SIMD where it was compiled and the machine has it. */
  readonly simd?: "auto" | "plain" | "relaxed";
  /** How many threads are wished for; \`kernel.threads\` says how many there are. */
  readonly threads?: number;
  /** A memory of yours, not shared. The kernel puts what it needs behind what is there, and grows it. */
  readonly memory?: WebAssembly.Memory;
}`,
    `export interface RunOptions {
  /** Arrays that take the outputs. */
  readonly out?: Partial<Outputs>;
}`,
    "/** Views into the kernel's memory, for as long as it is not disposed of. */",
    record("InputViews", manifest.inputs, (x) => arrays[x.dtype]),
    `/** Room for calls up to the dims that it was made for. */
export interface Allocation {
  readonly inputs: InputViews;
  readonly outputs: Outputs;
  /** Computes from \`inputs\` with these dims, the capacity's where they are not given; gives views of the outputs. */
  run(dims?: Partial<Dims>): Outputs;
}`,
    `export interface Kernel {
  readonly manifest: Manifest;
  readonly threads: number;
  run(inputs: Tensors, dims?: Partial<Dims>, options?: RunOptions): Outputs;
  run(inputs: Inputs, dims: Dims, options?: RunOptions): Outputs;
  allocate(capacity: Dims): Allocation;
  dispose(): void;
}`,
    "export declare function create(options?: CreateOptions): Promise<Kernel>;",
  ]);

export const wgslDeclarations = (manifest: Manifest): string =>
  file(`${manifest.attention}.wgsl.mjs`, ", with the types of WebGPU as lib.dom or @webgpu/types has them", [
    ...common(manifest, true),
    `export interface CreateOptions {
  /** Where the module's text is, or the text; beside the loader if not given. */
  readonly wgsl?: URL | string;
  /** Where to ask for an adapter; \`navigator.gpu\` if not given. */
  readonly gpu?: GPU;
  /** A device of yours; \`dispose\` leaves it alone. */
  readonly device?: GPUDevice;
  /** A device has its own; \`kernel.threads\` is 1. */
  readonly threads?: number;
}`,
    "/** Arrays or buffers that take the outputs. */",
    record("Out", manifest.outputs, (x) => `${arrays[x.dtype]} | GPUBuffer`),
    `/** The outputs of a call with \`out: O\`: what was given, and fresh arrays. */
export type Given<O> = { readonly [K in keyof Outputs]: K extends keyof O ? Exclude<O[K], undefined> : Outputs[K] };`,
    `/** A buffer with the usage STORAGE, or a part of one. */
export type Binding = GPUBuffer | { readonly buffer: GPUBuffer; readonly offset?: number; readonly size?: number };`,
    record("Buffers", [...manifest.inputs, ...manifest.outputs], () => "Binding"),
    record("InputBuffers", manifest.inputs, () => "GPUBuffer"),
    record("OutputBuffers", manifest.outputs, () => "GPUBuffer"),
    `/** Buffers for calls up to the dims that they were made for, until the kernel is disposed of. */
export interface Allocation {
  readonly inputs: InputBuffers;
  readonly outputs: OutputBuffers;
  /** Computes from \`inputs\` with these dims, the capacity's where they are not given. */
  run(dims?: Partial<Dims>): Promise<OutputBuffers>;
}`,
    `export interface Kernel {
  readonly manifest: Manifest;
  readonly threads: number;
  readonly device: GPUDevice;
  run<O extends Partial<Out> = {}>(
    inputs: Tensors,
    dims?: Partial<Dims>,
    options?: { readonly out?: O },
  ): Promise<Given<O>>;
  run<O extends Partial<Out> = {}>(inputs: Inputs, dims: Dims, options?: { readonly out?: O }): Promise<Given<O>>;
  /** Records the kernel at once; the promise tells whether the device takes it. */
  encode(encoder: GPUCommandEncoder, buffers: Buffers, dims: Dims): Promise<void>;
  allocate(capacity: Dims): Allocation;
  dispose(): void;
}`,
    "export declare function create(options?: CreateOptions): Promise<Kernel>;",
  ]);

export const combinedDeclarations = ({ attention }: Manifest): string =>
  file(`${attention}.mjs`, ", with the types of WebGPU as lib.dom or @webgpu/types has them", [
    `import type * as Wasm from "./${attention}.wasm.mjs";
import type * as Wgsl from "./${attention}.wgsl.mjs";`,
    `export type { Dims, Inputs, Outputs, Tensors } from "./${attention}.wasm.mjs";`,
    `export interface CreateOptions extends Wasm.CreateOptions, Wgsl.CreateOptions {
  /** "auto": WebGPU where an adapter answers, otherwise WebAssembly. */
  readonly target?: "auto" | "wasm" | "wgsl";
}`,
    `/** Of either target: arrays in, arrays out. */
interface Run {
  run(inputs: Wasm.Tensors, dims?: Partial<Wasm.Dims>, options?: Wasm.RunOptions): Promise<Wasm.Outputs>;
  run(inputs: Wasm.Inputs, dims: Wasm.Dims, options?: Wasm.RunOptions): Promise<Wasm.Outputs>;
}`,
    `export interface WasmKernel extends Run, Omit<Wasm.Kernel, "run"> {
  readonly target: "wasm";
}`,
    `export interface WgslKernel extends Run, Omit<Wgsl.Kernel, "run"> {
  readonly target: "wgsl";
}`,
    "export declare function create(options?: CreateOptions): Promise<WasmKernel | WgslKernel>;",
  ]);
