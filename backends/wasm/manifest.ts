/**
 * The manifest `<a>.wasm.json`: what a caller of the module must know. The ABI: the module imports the memory
 * `env.memory`; `run(inputs…, outputs…, sizes…, workspace) -> status` takes byte addresses in it (4-aligned, or
 * 2-aligned where f16 and bf16 lie; a bool tensor has one byte an element, a scalar input is the address of one), then the sizes of `free` in order, then a
 * 64-aligned address with `workspace_bytes(sizes…)` bytes behind it; status 0 is success.
 */
import type { WasmManifest } from "../../src/runtime/loaders/manifest.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import type { EmitOptions } from "../backend.ts";
import { commonManifest, moduleEntry } from "../manifest.ts";
import type { Simd } from "./emit.ts";

export type Modules = Readonly<Partial<Record<Simd, Uint8Array>>>;

export const fileOf = (name: string, simd: Simd): string => `${name}.${simd === "plain" ? "" : "relaxed."}wasm`;

export function manifestOf(program: TileProgram, options: EmitOptions, modules: Modules): WasmManifest {
  const { stamp } = options;
  const entry = (simd: Simd): object => {
    const bytes = modules[simd];
    return bytes ? { [simd]: moduleEntry(fileOf(program.name, simd), bytes) } : {};
  };
  const workspaceBytes = stamp?.work && workspaceOf(program, modules, stamp.work.dims);
  return {
    ...commonManifest(program, "wasm", options),
    modules: { ...entry("plain"), ...entry("relaxed") },
    abi: {
      memory: "imported as env.memory",
      run: ["inputs", "outputs", "free", "workspace"],
      workspace: "workspace_bytes(free)",
      alignment: { tensors: 4, workspace: 64 },
      bool: "one byte an element",
      half: "f16 and bf16 by their bits, two bytes an element",
      i4: "two elements a byte, the low nibble first; the last dimension counts bytes",
      status: { "0": "ok" },
    },
    ...stamp,
    ...(stamp?.work ? { work: { ...stamp.work, ...(workspaceBytes === undefined ? {} : { workspaceBytes }) } } : {}),
  };
}

/** What the module itself says; a machine without its SIMD leaves it out. */
function workspaceOf(
  { sizes }: TileProgram,
  { plain, relaxed }: Modules,
  dims: Readonly<Record<string, number>>,
): number | undefined {
  const bytes = plain ?? relaxed;
  if (!bytes || !WebAssembly.validate(new Uint8Array(bytes))) return undefined;
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: new WebAssembly.Memory({ initial: 1 }) } });
  const workspace = exports["workspace_bytes"];
  return typeof workspace === "function" ? Number(workspace(...sizes.map((name) => dims[name] ?? 0))) >>> 0 : undefined;
}
