/**
 * The devices that Fovea knows, and how a target names one: `wasm`, `wgsl`, `c`, `c:cortex-m55`, `c:./mine.json`.
 * What stands before the colon picks the backend, what follows one of its devices; a backend alone means its own.
 * Unknown names are refused with FOV5001. Files are read by whoever calls: `open` takes a path and gives its text.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { cDevices, host } from "./c.ts";
import type { Device } from "./device.ts";
import { parseDevice } from "./read.ts";

export { host };

const KiB = 1024;

export const wasm: Device = {
  name: "wasm",
  title: "WebAssembly with SIMD",
  backend: "wasm",
  vector: { lanes: 4, registers: 16 },
  threads: 1,
  memories: [
    { name: "L1", bytes: 64 * KiB, kind: "cache" },
    { name: "L2", bytes: 256 * KiB, kind: "cache" },
    { name: "memory", bytes: 2 ** 31, kind: "main" },
  ],
  dma: false,
  dot: [
    { along: "columns", b: { kind: "panel", rows: 8 } },
    { along: "rows", b: { kind: "rows" } },
  ],
  versions: true,
};

/** The default limits of WebGPU: 16 KiB of workgroup memory. */
export const webgpu: Device = {
  name: "wgsl",
  title: "WebGPU with its default limits",
  backend: "wgsl",
  vector: { lanes: 1, registers: 64 },
  threads: 64,
  memories: [
    { name: "workgroup memory", bytes: 16 * KiB, kind: "workgroup" },
    { name: "memory", bytes: 2 ** 27, kind: "main" },
  ],
  dma: false,
  dot: [
    { along: "columns", b: { kind: "rows" } },
    { along: "rows", b: { kind: "rows" } },
  ],
  versions: false,
};

export const devices: readonly Device[] = [wasm, webgpu, ...cDevices];

/** What stands before the colon, and after it where there is one. */
export function partsOf(target: string): { readonly backend: string; readonly device: string | undefined } {
  const colon = target.indexOf(":");
  return colon < 0
    ? { backend: target, device: undefined }
    : { backend: target.slice(0, colon), device: target.slice(colon + 1) };
}

/** The device that stands after the colon; a name with a dot or a slash is a file's. */
export function deviceOf(target: string, open?: (path: string) => string): Device {
  const { backend, device = "" } = partsOf(target);
  if (backend === "c" && /[./\\]/.test(device)) {
    if (!open) return fail("FOV0002", `${device} cannot be read here`);
    return parseDevice(open(device), device);
  }
  const own = devices.filter((each) => each.backend === backend);
  const found = own.find((each) => each.name === device);
  if (found) return found;
  const known = own.length > 1 ? own.map((each) => each.name) : [];
  const near = closest(device, known);
  const list = known.map((each) => `${backend}:${each}`).join(", ");
  const help = near ? `did you mean \`${backend}:${near}\`?` : list ? `there are ${list}` : undefined;
  return fail("FOV5001", `there is no target ${target}`, { help });
}
