/** The WGSL backend: emits a compute module and its manifest and loader, runs it by Dawn. */
import { webgpu } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { emitModule } from "./emit.ts";
import { loaderOf, manifestOf } from "./loader.ts";
import { runModule } from "./host.ts";

export const wgsl: Backend = {
  id: "wgsl",
  title: "WebGPU compute shader",
  device: webgpu,
  emit: (program, options) => {
    const module = emitModule(program, options.fixed);
    const manifest = manifestOf(program, module, options.fixed);
    return Promise.resolve({
      target: "wgsl",
      files: [
        { name: `${program.name}.wgsl`, content: `// SPDX-License-Identifier: 0BSD\n${module.text}` },
        { name: `${program.name}.wgsl.json`, content: `${JSON.stringify(manifest, null, 2)}\n` },
        { name: `${program.name}.wgsl.mjs`, content: loaderOf(program, module, manifest) },
      ],
    });
  },
  run: (program, options, call) => runModule(emitModule(program, options.fixed), call),
};
