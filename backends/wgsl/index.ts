/** The WGSL backend: emits a compute module with its manifest, loader and types, and runs it by Dawn. */
import { webgpu } from "../../src/targets/index.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import type { Backend } from "../backend.ts";
import { wgslDeclarations } from "../declarations.ts";
import { license, printJson } from "../manifest.ts";
import { emitModule, workgroupBytes } from "./emit.ts";
import { device as hostDevice, prepareModule } from "./host.ts";
import { loaderOf, manifestOf } from "./loader.ts";

/** Then there is a module, too, that uses the device's own f16. */
const hasF16 = ({ inputs, outputs }: TileProgram): boolean =>
  [...inputs, ...outputs].some(({ dtype }) => dtype === "f16");

export const wgsl: Backend = {
  id: "wgsl",
  title: "WebGPU compute shader",
  device: webgpu,
  emit: (program, options) => {
    const { name } = program;
    const module = emitModule(program, options.fixed);
    const text = license + module.text;
    const native = hasF16(program) ? license + emitModule(program, options.fixed, { nativeF16: true }).text : undefined;
    const manifest = manifestOf(program, module, { text, native }, options);
    return Promise.resolve({
      target: "wgsl",
      files: [
        { name: `${name}.wgsl`, content: text },
        ...(native === undefined ? [] : [{ name: `${name}.f16.wgsl`, content: native }]),
        { name: `${name}.wgsl.json`, content: `${printJson(manifest)}\n` },
        { name: `${name}.wgsl.mjs`, content: loaderOf(program, module, manifest, options) },
        { name: `${name}.wgsl.d.mts`, content: wgslDeclarations(manifest) },
      ],
    });
  },
  notes: async () => {
    const { device } = await hostDevice();
    return [
      device.features.has("shader-f16")
        ? "the adapter has shader-f16: modules with WGSL's own f16 run here"
        : "the adapter has no shader-f16: modules with WGSL's own f16 are compiled and not run here",
    ];
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
