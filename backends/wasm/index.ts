/**
 * The wasm backend: two modules (plain and relaxed SIMD), a manifest and a loader. Guarantees: the modules import
 * nothing; same program, same bytes.
 */
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { interpretMicro } from "../../src/micro/interpret.ts";
import { printMicroProgram } from "../../src/micro/print.ts";
import { wasm as device } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { emitWasm, registers, type Simd } from "./emit.ts";
import { bestSimd, compileKernel, runWasm, workspaceBytes } from "./host.ts";
import { loaderText } from "./loader.ts";
import { manifestOf } from "./manifest.ts";

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
  emit: async (program, options) => {
    const module = (simd: Simd): Promise<Uint8Array> => emitWasm(blockRegisters(program, registers[simd]), simd);
    return {
      target: "wasm",
      files: [
        { name: `${program.name}.wasm`, content: await module("plain") },
        { name: `${program.name}.relaxed.wasm`, content: await module("relaxed") },
        {
          name: `${program.name}.wasm.json`,
          content: `${JSON.stringify(manifestOf(program, options), undefined, 2)}\n`,
        },
        { name: `${program.name}.wasm.mjs`, content: loaderText(program, options) },
      ],
    };
  },
  workspaceBytes,
  prepare: async (program, _options, call) => {
    const kernel = (await compileKernel(program, bestSimd())).prepare(call);
    return {
      time: (runs) => Promise.resolve(Array.from({ length: runs }, () => elapsed(kernel.run))),
      outputs: () => Promise.resolve(kernel.outputs()),
      dispose: () => {},
    };
  },
  run: (program, _options, call) => runWasm(program, call),
};

function elapsed(run: () => void): number {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}
