/** The list of backends. Each loads on first use: binaryen alone takes a second to import, and Dawn is heavy. */
import type { Backend } from "./backend.ts";

export const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  c: async () => (await import("./c/index.ts")).c,
  wasm: async () => (await import("./wasm/index.ts")).wasm,
  wgsl: async () => (await import("./wgsl/index.ts")).wgsl,
};
