/** Errors of a kernel: a code, the attention, one sentence. `error.code` is for programs. */
import type { Manifest } from "./manifest.ts";

declare const manifest: Manifest;

export class KernelError extends Error {
  readonly code: string;
  constructor(code: string, sentence: string) {
    super(`${code} ${manifest.attention}: ${sentence}`);
    this.name = "KernelError";
    this.code = code;
  }
}

export function refuse(code: string, sentence: string): never {
  throw new KernelError(code, sentence);
}

/** What `create` of any loader takes: the combined one hands on all that it was given. */
const optionNames = ["target", "wasm", "simd", "threads", "memory", "wgsl", "gpu", "device"];

export function checkOptionNames(options: object): void {
  for (const name of Object.keys(options))
    if (!optionNames.includes(name))
      refuse("FOV2110", `there is no option ${name}; the options are ${optionNames.join(", ")}`);
}
