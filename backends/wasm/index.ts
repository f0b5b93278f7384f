/**
 * The wasm backend: modules for plain and relaxed SIMD, a manifest, a loader and its types. Guarantees: a module
 * imports a memory and nothing else; same program, same bytes.
 */
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { interpretMicro, workspaceBytesOf } from "../../src/micro/interpret.ts";
import { printMicroProgram } from "../../src/micro/print.ts";
import { wasm as device } from "../../src/targets/index.ts";
import type { Artifact, Backend, EmitOptions } from "../backend.ts";
import { wasmDeclarations } from "../declarations.ts";
import { printJson } from "../manifest.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { emitWasm, registers, type Simd } from "./emit.ts";
import { bestSimd, compileKernel } from "./host.ts";
import { loaderText } from "./loader.ts";
import { fileOf, manifestOf } from "./manifest.ts";

async function emit(program: TileProgram, options: EmitOptions): Promise<Artifact> {
  const { simd = "both" } = options;
  const modules: Partial<Record<Simd, Uint8Array>> = {};
  for (const each of simd === "both" ? (["plain", "relaxed"] as const) : [simd])
    modules[each] = await emitWasm(blockRegisters(program, registers[each]), each);
  const manifest = manifestOf(program, options, modules);
  const { name } = program;
  return {
    target: "wasm",
    files: [
      ...(["plain", "relaxed"] as const).flatMap((each) => {
        const content = modules[each];
        return content ? [{ name: fileOf(name, each), content }] : [];
      }),
      { name: `${name}.wasm.json`, content: `${printJson(manifest)}\n` },
      { name: `${name}.wasm.mjs`, content: loaderText(program, options, manifest) },
      { name: `${name}.wasm.d.mts`, content: wasmDeclarations(manifest) },
    ],
  };
}

export const wasm: Backend = {
  id: "wasm",
  title: "WebAssembly with SIMD",
  device,
  // Addresses are compared as signed numbers.
  mostBytes: 2 ** 31 - 65536,
  levels: [
    {
      name: "block-registers",
      make: (program) => {
        const micro = blockRegisters(program, registers.plain);
        return {
          text: () => printMicroProgram(micro),
          run: ({ sizes, inputs }) => interpretMicro(micro, sizes, inputs).outputs,
        };
      },
    },
  ],
  emit,
  workspaceBytes: (program, sizes) =>
    Promise.resolve(workspaceBytesOf(blockRegisters(program, registers.plain), sizes)),
  prepare: async (program, _options, call) => {
    const kernel = (await compileKernel(program, bestSimd())).prepare(call);
    return {
      time: (runs) => Promise.resolve(Array.from({ length: runs }, () => elapsed(kernel.run))),
      outputs: () => {
        kernel.run();
        return Promise.resolve(kernel.outputs());
      },
      dispose: () => {},
    };
  },
};

function elapsed(run: () => void): number {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}
