/**
 * What a loader knows of its kernel: the manifest, which is also the file `<a>.<target>.json`, and the shapes and
 * conditions as functions of the sizes. Both stand at the head of each generated file. Types only: the loaders'
 * other files become text of that file, and types leave no trace there.
 */
/** Halves, f16 and bf16, are given and taken as their bits; i4 as bytes, and the last dimension counts these. */
export type Dtype = "f32" | "f16" | "bf16" | "i32" | "i8" | "u8" | "i4" | "bool";
/** Sizes of one call by name, without a prototype, so that any name is only a name. */
export type Sizes = Readonly<Record<string, number>>;

export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  /** In the notation of specs: a name, a number, or `(L + 31) div 32`. Empty for a scalar. */
  readonly dims: readonly string[];
}

export interface Manifest {
  readonly version: 1;
  readonly attention: string;
  readonly target: string;
  /** Sizes that are constants of the kernel, and those that a call gives. */
  readonly fixed: Readonly<Record<string, number>>;
  readonly free: readonly string[];
  readonly inputs: readonly TensorEntry[];
  readonly outputs: readonly TensorEntry[];
  /** What must hold of the sizes, and the code of the error where it does not. */
  readonly conditions: readonly { readonly code: string; readonly text: string }[];
  /** How the module is called without a loader; for people and other languages. */
  readonly abi?: Readonly<Record<string, unknown>>;
}

export interface ModuleEntry {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface WasmManifest extends Manifest {
  readonly modules: { readonly plain?: ModuleEntry; readonly relaxed?: ModuleEntry };
}

export interface WgslManifest extends Manifest {
  readonly module: ModuleEntry;
  /** The same kernel with f16 tensors as WGSL's own f16, for devices with the feature shader-f16. */
  readonly f16?: ModuleEntry;
  /** Sizes that are `const <identifier>: i32 = …;` in the text; the loader writes a call's size there. */
  readonly constants: readonly { readonly size: string; readonly identifier: string }[];
  /** The i32 and u32 fields of the uniform buffer at binding 0, in order. */
  readonly uniforms: readonly string[];
  /** The entry points of the module, which run one after the other. */
  readonly entryPoints: readonly string[];
  /** Bindings 1, 2, …: inputs, outputs, then what one entry point leaves for the next. */
  readonly bindings: readonly ("read-only-storage" | "storage")[];
}

export interface Shapes {
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
}
