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
