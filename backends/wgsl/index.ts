/** The WGSL backend: emits a compute module with its manifest, loader and types, and runs it by Dawn. */
import { webgpu } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { wgslDeclarations } from "../declarations.ts";
import { license, printJson } from "../manifest.ts";
import { emitModule, workgroupBytes } from "./emit.ts";
import { prepareModule } from "./host.ts";
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
  workspaceBytes: (program, sizes) => Promise.resolve(workgroupBytes(program, sizes)),
  prepare: async (program, options, call) => {
    const { run, outputs, dispose } = await prepareModule(emitModule(program, options.fixed), call);
    const elapsed = async (): Promise<number> => {
      const begun = performance.now();
      await run();
      return performance.now() - begun;
    };
    const time = async (runs: number): Promise<readonly number[]> => {
      const times: number[] = [];
      for (let n = 0; n < runs; n++) times.push(await elapsed());
      return times;
    };
    return { time, outputs: () => run().then(outputs), dispose };
  },
};
