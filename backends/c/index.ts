/** The C backend: readable, freestanding C99 for any compiler; the host compiles and runs it. */
import { host } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { emit } from "./emit.ts";
import { build } from "./host.ts";

export const c: Backend = {
  id: "c",
  title: "C99, freestanding",
  device: host,
  emit,
  // With every size fixed the manifest says it.
  workspaceBytes: async (program, sizes) => {
    const { files } = await emit(program, { specText: "", fixed: sizes });
    const manifest = files.find(({ name }) => name.endsWith(".json"));
    const { workspace } = JSON.parse(String(manifest?.content)) as { readonly workspace: { readonly bytes: number } };
    return workspace.bytes;
  },
  prepare: async (program, options, call) => {
    const built = await build(program, options);
    return { time: (runs) => built.time(call, runs), outputs: () => built.call(call), dispose: built.remove };
  },
};
