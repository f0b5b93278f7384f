/**
 * The wasm backend: two modules (plain and relaxed SIMD), a manifest and a loader. Guarantees: the modules import
 * nothing; same program, same bytes.
 */
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { wasm as device } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { emitWasm, registers, type Simd } from "./emit.ts";
import { runWasm } from "./host.ts";
import { loaderText } from "./loader.ts";
import { manifestOf } from "./manifest.ts";

export const wasm: Backend = {
  id: "wasm",
  title: "WebAssembly with SIMD",
  device,
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
  run: (program, _options, call) => runWasm(program, call),
};
