/**
 * What a backend is: a tile program in, an artifact out. A backend knows no attention method; whatever it needs
 * stands in the TileProgram. Adding one: a folder with an `emit` of this type and one line in backends/index.ts.
 */
import type { Scalar } from "../src/scalar/scalar.ts";
import type { Stored } from "../src/scalar/storage.ts";
import type { Device } from "../src/targets/device.ts";
import type { TileProgram } from "../src/tile/tile.ts";

export interface ArtifactFile {
  /** File name, made of the attention's name and a fixed ending; never a path. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface Artifact {
  readonly target: string;
  readonly files: readonly ArtifactFile[];
}

export interface Stamp {
  readonly specHash: string;
  /** Exact counts for one call, that of the attention's example. */
  readonly work?: { readonly dims: Readonly<Record<string, number>> } & Readonly<Record<string, unknown>>;
}

export interface EmitOptions {
  /** What must hold of the sizes of a call, the code of the error where it does not, and how it reads. */
  readonly conditions?: readonly { readonly code: string; readonly condition: Scalar; readonly text: string }[];
  /** Which wasm modules are made; both if not said. */
  readonly simd?: "both" | "plain" | "relaxed";
  /** Further entries of manifests: hashes of the spec, work counted on the example. */
  readonly stamp?: Stamp;
  /** Canonical text of the spec, for headers and hashes. */
  readonly specText: string;
  readonly fixed: Readonly<Record<string, number>>;
  /** What the target names; absent: the backend's own. */
  readonly device?: Device;
  readonly c?: COptions;
}

export interface COptions {
  /** Stands in front of every external name and of the files' names. */
  readonly prefix?: string;
  /** `c99` (the default) is C11 too; `c11` states what it takes for granted with `_Static_assert`. */
  readonly std?: "c99" | "c11";
}

/** Sizes and tensors of one call, inputs as they are stored. */
export interface Call {
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Stored }>;
}

/** As numbers: what was stored as f16 or bf16 is widened. */
export type Outputs = ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Float32Array }>;

/** A level between the TileProgram and the artifact: its text, and its own interpreter. */
export interface Level {
  readonly name: string;
  readonly make: (program: TileProgram) => {
    readonly text: () => string;
    readonly run: (call: Call) => ReadonlyMap<string, { readonly data: ArrayLike<number> }>;
  };
}

/** A call made ready. */
export interface Prepared {
  /** The milliseconds of each of `runs` runs, one after the other. */
  readonly time: (runs: number) => Promise<readonly number[]>;
  /** Runs once and gives what it made. */
  readonly outputs: () => Promise<Outputs>;
  readonly dispose: () => void | Promise<void>;
}

export interface Backend {
  /** Bytes that the inputs and outputs of one call may take together, where the target has a limit. */
  readonly mostBytes?: number;
  readonly id: string;
  readonly title: string;
  /** What code is made for where the target names no other device. */
  readonly device: Device;
  /** Levels of its own that --dump shows and --verify-each runs. */
  readonly levels?: readonly Level[];
  /** What else is to be said of the target on this machine. */
  readonly notes?: () => Promise<readonly string[]>;
  readonly emit: (program: TileProgram, options: EmitOptions) => Promise<Artifact>;
  /** Bytes of memory that one call works in beside its tensors: what the caller gives, or a workgroup shares. */
  readonly workspaceBytes: (program: TileProgram, sizes: Call["sizes"]) => Promise<number>;
  /**
   * Puts one call where the kernel can reach it, so that it can run without copies; fails with FOV5002 where the
   * machine lacks what it takes.
   */
  readonly prepare: (program: TileProgram, options: EmitOptions, call: Call) => Promise<Prepared>;
}
