/**
 * The loader of a wasm kernel. Takes the module (beside this file unless given), gives a kernel whose `run` copies
 * inputs in and outputs out, and whose `allocate` gives views into its memory instead. A typed array that lies in
 * the caller's own `memory` is used where it is. Runs on one thread, synchronously, once `create` has resolved.
 */
import { beside, bytesOf, reason, sha256 } from "./bytes.ts";
import {
  argumentsOf,
  checkedOut,
  checkedShapes,
  count,
  named,
  numbersOf,
  resultArray,
  sizesOf,
  type Numbers,
  type Result,
} from "./call.ts";
import { checkOptions, outOf, refuse } from "./errors.ts";
import type { WasmManifest } from "./manifest.ts";
import { probes } from "./probe.ts";
import { allocation } from "./wasm-allocation.ts";
import { layOut, orderOf, reserve, start, type Exports, type Region } from "./wasm-memory.ts";

declare const manifest: WasmManifest;
declare const urls: Readonly<Partial<Record<Simd, () => URL>>>;

type Simd = "plain" | "relaxed";

export interface CreateOptions {
  /** Where the module is, its bytes, or the module itself. */
  readonly wasm?: URL | BufferSource | WebAssembly.Module;
  readonly simd?: "auto" | Simd;
  /** How many threads are wished for; `kernel.threads` says how many there are. */
  readonly threads?: number;
  /** A memory of yours, not shared. The kernel puts what it needs behind what is there, and grows it. */
  readonly memory?: WebAssembly.Memory;
}

export async function create(options: CreateOptions = {}) {
  checkOptions(options);
  checkModule(options);
  const module = await moduleOf(options);
  const memory = options.memory ?? new WebAssembly.Memory({ initial: 1 });
  const instance = (memory: WebAssembly.Memory): Exports => exportsOf(module, memory);
  // A module asks for one page at least.
  if (memory.buffer.byteLength === 0) reserve(memory, { at: 0, bytes: 0 }, 1);
  const exports = instance(memory);
  let region: Region = options.memory
    ? { at: memory.buffer.byteLength, bytes: 0 }
    : { at: 0, bytes: memory.buffer.byteLength };
  let disposed = false;
  const live = (): void => {
    if (disposed) refuse("FOV5009", "the kernel was disposed of");
  };
  return {
    manifest,
    threads: 1,
    run(inputs: unknown, dims?: unknown, options?: unknown): Record<string, Result> {
      live();
      const call = prepare(exports, memory, inputs, dims, outOf(options));
      region = reserve(memory, region, call.bytes);
      return call.run(region.at);
    },
    allocate(capacity: unknown) {
      live();
      return allocation(instance, options.memory, capacity, live);
    },
    dispose(): void {
      disposed = true;
    },
  };
}

function checkModule({ memory, wasm }: CreateOptions): void {
  if (typeof WebAssembly === "undefined") refuse("FOV5002", "this machine has no WebAssembly");
  if (memory !== undefined && !(memory instanceof WebAssembly.Memory))
    refuse("FOV2110", "memory is not a WebAssembly.Memory");
  const known = wasm === undefined || wasm instanceof URL || wasm instanceof WebAssembly.Module || isBytes(wasm);
  if (!known) refuse("FOV2110", "wasm is not a URL, bytes or a WebAssembly.Module");
}

const isBytes = (x: unknown): x is BufferSource => {
  const tag = Object.prototype.toString.call(x);
  return ArrayBuffer.isView(x) || tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
};

/** The module to run: what was given must be one of this manifest's, byte for byte. */
async function moduleOf({ wasm, simd = "auto" }: CreateOptions): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (wasm === undefined) {
    const picked = choice(simd);
    const [entry, urlOf] = [manifest.modules[picked], urls[picked]];
    if (!entry || !urlOf) return refuse("FOV9001", `the manifest names no module ${picked}`);
    const bytes = await bytesOf(beside(urlOf));
    if (sha256(bytes) !== entry.sha256)
      refuse("FOV5004", `${entry.file} is not as it was compiled: its SHA-256 differs`);
    return compiled(bytes);
  }
  const bytes = wasm instanceof URL ? await bytesOf(wasm) : copied(wasm);
  const hash = sha256(bytes);
  const found = (["relaxed", "plain"] as const).find((each) => manifest.modules[each]?.sha256 === hash);
  if (!found)
    return refuse(
      "FOV5004",
      `the wasm is none of this kernel's modules: its SHA-256 is ${hash}, another or a damaged one`,
    );
  if (simd !== "auto" && simd !== found) refuse("FOV2110", `simd is ${simd} and the wasm that is given is ${found}`);
  if (!WebAssembly.validate(probes[found])) lacks(found);
  return compiled(bytes);
}

function choice(simd: "auto" | Simd): Simd {
  const made = (["relaxed", "plain"] as const).filter((each) => manifest.modules[each]);
  const wanted = simd === "auto" ? made : made.filter((each) => each === simd);
  if (wanted.length === 0) refuse("FOV2110", `simd is ${simd}, and only ${made.join(" and ")} was compiled`);
  return wanted.find((each) => WebAssembly.validate(probes[each])) ?? lacks(wanted[wanted.length - 1] ?? "plain");
}

const lacks = (simd: Simd): never =>
  refuse("FOV5002", `this machine has no ${simd === "relaxed" ? "relaxed " : ""}WebAssembly SIMD`);

function copied(bytes: BufferSource): Uint8Array<ArrayBuffer> {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  return new Uint8Array(view);
}

/** The bytes are the right ones, so what refuses them is the engine or the page's policy. */
async function compiled(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    const text = reason(error);
    const policy = /content security policy|unsafe-eval|blocked by csp/i.test(text);
    return refuse(
      "FOV5003",
      policy
        ? "the page's Content Security Policy refuses WebAssembly: script-src needs 'wasm-unsafe-eval'"
        : `the engine refuses the module: ${text}`,
    );
  }
}

function exportsOf(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  let exports: WebAssembly.Exports;
  try {
    ({ exports } = new WebAssembly.Instance(module, { env: { memory } }));
  } catch (error) {
    return refuse("FOV2110", `the module cannot be started with this memory: ${reason(error)}`);
  }
  const { run, workspace_bytes: workspace } = exports;
  if (typeof run !== "function" || typeof workspace !== "function")
    return refuse("FOV5004", "the module has no run and workspace_bytes: it is another one");
  return {
    run: (...addresses) => Number(run(...addresses)),
    workspace: (...sizes) => Number(workspace(...sizes)) >>> 0,
  };
}

interface Call {
  /** Bytes of the region that it needs. */
  readonly bytes: number;
  readonly run: (base: number) => Record<string, Result>;
}

const overlap = (a: ArrayBufferView, b: ArrayBufferView): boolean =>
  a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;

function prepare(exports: Exports, memory: WebAssembly.Memory, inputs: unknown, dims: unknown, out: unknown): Call {
  const given = argumentsOf(inputs);
  const sizes = sizesOf(given, dims);
  const shapes = checkedShapes(sizes, given);
  const data = given.map((each, n) => numbersOf(each, shapes.inputs[n] ?? []));
  const brought = checkedOut(out, shapes);
  const outs = brought.map((each) => each?.numbers);
  // Growing the memory detaches views into it, so their places are kept as numbers.
  const place = (x: Numbers | undefined): number | undefined =>
    x?.buffer === memory.buffer ? x.byteOffset : undefined;
  const inPlace = data.map(place);
  const outAt = outs.map(place);
  const direct = outs.map((x, n) => {
    const others = [...data, ...outs.slice(0, n)];
    return x && outAt[n] !== undefined && !others.some((y) => place(y) !== undefined && y && overlap(x, y));
  });
  const layout = layOut(exports, sizes, shapes, (n) =>
    n < data.length ? inPlace[n] !== undefined : direct[n - data.length] === true,
  );
  const run = (base: number): Record<string, Result> => {
    const from = data.map((x, n) => {
      const at = inPlace[n];
      if (at !== undefined) return at;
      const to = base + (layout.inputs[n] ?? 0);
      new Uint8Array(memory.buffer, to, x.byteLength).set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
      return to;
    });
    const to = layout.outputs.map((offset, n) => (direct[n] ? (outAt[n] ?? 0) : base + offset));
    start(exports, shapes, [...from, ...to, ...orderOf(sizes), base + layout.workspace]);
    return named(
      to.map((at, n) => {
        const array = resultArray(manifest.outputs[n]?.dtype ?? "f32");
        const made = new array(memory.buffer, at, count(shapes.outputs[n] ?? []));
        const mine = outs[n];
        if (!mine) return made.slice();
        const own = outAt[n];
        // Growth has detached the caller's view of its own memory; then it gets a new one.
        const kept = own === undefined || mine.buffer === memory.buffer;
        const target = kept ? mine : new array(memory.buffer, own, made.length);
        if (!direct[n]) target.set(made);
        return kept ? (brought[n]?.array ?? target) : target;
      }),
    );
  };
  return { bytes: layout.bytes, run };
}
