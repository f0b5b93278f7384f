/** `<a>.mjs` and its types, for an attention that is compiled for wasm and WGSL both: it picks one of their loaders. */
import { combinedLoader } from "../src/runtime/loaders/generated/text.ts";
import type { TileProgram } from "../src/tile/tile.ts";
import type { ArtifactFile, EmitOptions } from "./backend.ts";
import { combinedDeclarations } from "./declarations.ts";
import { commonManifest, license } from "./manifest.ts";

export function combined(program: TileProgram, options: EmitOptions): readonly ArtifactFile[] {
  const manifest = commonManifest(program, "wasm", options);
  const { attention } = manifest;
  const head = `${license}// Loader of the kernels ${attention}.wgsl and ${attention}.wasm. Generated; changes are lost.

const manifest = { attention: ${JSON.stringify(attention)} };
const loaders = {
  wasm: () => import("./${attention}.wasm.mjs"),
  wgsl: () => import("./${attention}.wgsl.mjs"),
};

`;
  return [
    { name: `${attention}.mjs`, content: head + combinedLoader },
    { name: `${attention}.d.mts`, content: combinedDeclarations(manifest) },
  ];
}
