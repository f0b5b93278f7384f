/** The WGSL backend: emits a compute module with its manifest, loader and types, and runs it by Dawn. */
import { webgpu } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { wgslDeclarations } from "../declarations.ts";
import { license, printJson } from "../manifest.ts";
import { emitModule } from "./emit.ts";
import { runModule } from "./host.ts";
import { loaderOf, manifestOf } from "./loader.ts";

export const wgsl: Backend = {
  id: "wgsl",
  title: "WebGPU compute shader",
  device: webgpu,
  emit: (program, options) => {
    const { name } = program;
    const module = emitModule(program, options.fixed);
    const text = license + module.text;
    const manifest = manifestOf(program, module, text, options);
    return Promise.resolve({
      target: "wgsl",
      files: [
        { name: `${name}.wgsl`, content: text },
        { name: `${name}.wgsl.json`, content: `${printJson(manifest)}\n` },
        { name: `${name}.wgsl.mjs`, content: loaderOf(program, module, manifest, options) },
        { name: `${name}.wgsl.d.mts`, content: wgslDeclarations(manifest) },
      ],
    });
  },
  run: (program, options, call) => runModule(emitModule(program, options.fixed), call),
};
