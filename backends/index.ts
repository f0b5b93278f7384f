/** The list of backends. Each loads on first use: binaryen alone takes a second to import, and Dawn is heavy. */
import type { TileProgram } from "../src/tile/tile.ts";
import type { ArtifactFile, Backend, EmitOptions } from "./backend.ts";

export const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  c: async () => (await import("./c/index.ts")).c,
  wasm: async () => (await import("./wasm/index.ts")).wasm,
  wgsl: async () => (await import("./wgsl/index.ts")).wgsl,
};

/** The loader of an attention that is compiled for wasm and WGSL both. */
export async function combined(program: TileProgram, options: EmitOptions): Promise<readonly ArtifactFile[]> {
  return (await import("./combined.ts")).combined(program, options);
}
