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

/** Every loader refuses what any loader would: a mistake shows wherever the kernel then runs. */
export function checkOptions(options: unknown): void {
  const given = recordOf(options, "the options of create are");
  for (const name of Object.keys(given))
    if (!optionNames.includes(name))
      refuse("FOV2110", `there is no option ${name}; the options are ${optionNames.join(", ")}`);
  const { simd = "auto", threads = 1, gpu, device } = given;
  if (simd !== "auto" && simd !== "plain" && simd !== "relaxed")
    refuse("FOV2110", `simd is ${String(simd)}; it is "auto", "plain" or "relaxed"`);
  if (!Number.isInteger(threads) || Number(threads) < 1)
    refuse("FOV2110", `threads is ${String(threads)}; it is 1 or more`);
  if (gpu !== undefined && !has(gpu, "requestAdapter")) refuse("FOV2110", "gpu is not a GPU, as navigator.gpu is one");
  if (device !== undefined && !has(device, "createShaderModule")) refuse("FOV2110", "device is not a GPUDevice");
}

/** The arrays that a call brings for its outputs. */
export function outOf(options: unknown): unknown {
  if (options === undefined) return undefined;
  const given = recordOf(options, "the options of run are");
  for (const name of Object.keys(given))
    if (name !== "out") refuse("FOV2110", `run has no option ${name}; its option is out`);
  return given["out"];
}

function recordOf(x: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof x !== "object" || x === null || Array.isArray(x))
    return refuse(
      "FOV2110",
      `${what} ${x === null ? "null" : Array.isArray(x) ? "an array" : typeof x}, not an object`,
    );
  return x as Readonly<Record<string, unknown>>;
}

/** Objects of a browser are known by what they can do: those of another realm are of other classes. */
const has = (x: unknown, method: string): boolean =>
  typeof x === "object" && x !== null && typeof (x as Readonly<Record<string, unknown>>)[method] === "function";
