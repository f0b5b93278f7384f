/**
 * The text of the loader `<a>.wasm.mjs`: the manifest, the shapes of the kernel's tensors, and the text that
 * src/runtime/loaders/wasm.ts becomes. It imports nothing and finds its modules beside itself.
 */
import { wasmLoader } from "../../src/runtime/loaders/generated/text.ts";
import type { WasmManifest } from "../../src/runtime/loaders/manifest.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import type { EmitOptions } from "../backend.ts";
import { loaderHead } from "../manifest.ts";

export const loaderText = (program: TileProgram, options: EmitOptions, manifest: WasmManifest): string =>
  loaderHead(program, options, manifest, filesOf(manifest)) + wasmLoader;

const filesOf = ({ modules }: WasmManifest): Record<string, string> =>
  Object.fromEntries(Object.entries(modules).map(([simd, { file }]) => [simd, file]));
