/**
 * Room for calls up to `capacity`. In the kernel's own memory it stands in a memory of its own, which never grows:
 * its views stay. In a memory of the caller's, growth detaches views, and `inputs.q` read again is a new one.
 */
import { checkedShapes, count, isRecord, named, sizesOf, type Numbers } from "./call.ts";
import { refuse } from "./errors.ts";
import type { Shapes, WasmManifest } from "./manifest.ts";
import { layOut, orderOf, reserve, start, type Exports, type Region } from "./wasm-memory.ts";

declare const manifest: WasmManifest;

export function allocation(
  instance: (memory: WebAssembly.Memory) => Exports,
  given: WebAssembly.Memory | undefined,
  capacity: unknown,
  live: () => void,
) {
  const most = sizesOf([], capacity);
  const shapes = checkedShapes(most);
  const memory = given ?? new WebAssembly.Memory({ initial: 1 });
  const exports = instance(memory);
  const layout = layOut(exports, most, shapes);
  const empty: Region = { at: given ? memory.buffer.byteLength : 0, bytes: given ? 0 : memory.buffer.byteLength };
  const { at: base } = reserve(memory, empty, layout.bytes);
  const views = { f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;
  const kept = new Map<number, Numbers>();
  const view = (dtype: keyof typeof views, offset: number, length: number): Numbers => {
    const before = kept.get(offset);
    if (before && before.buffer === memory.buffer) return before;
    const made = new views[dtype](memory.buffer, base + offset, length);
    kept.set(offset, made);
    return made;
  };
  const getters = (entries: typeof manifest.inputs, offsets: readonly number[], shapes: Shapes["inputs"]): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        entries.map(({ name, dtype }, n) => [
          name,
          { enumerable: true, get: () => view(dtype, offsets[n] ?? 0, count(shapes[n] ?? [])) },
        ]),
      ),
    );
  return {
    inputs: getters(manifest.inputs, layout.inputs, shapes.inputs),
    outputs: getters(manifest.outputs, layout.outputs, shapes.outputs),
    run(dims: unknown = {}): Record<string, Float32Array> {
      live();
      const sizes = sizesOf([], isRecord(dims) ? { ...most, ...dims } : dims);
      const wanted = checkedShapes(sizes);
      for (const name of manifest.free) {
        if ((sizes[name] ?? 0) > (most[name] ?? 0))
          refuse("FOV4005", `dimension ${name} is ${sizes[name]}; the room was made for ${most[name]}`);
      }
      if (exports.workspace(...orderOf(sizes)) > layout.bytes - layout.workspace)
        refuse("FOV4005", "the room is too small for these dims");
      const at = (offset: number): number => base + offset;
      const addresses = [...layout.inputs, ...layout.outputs].map(at);
      start(exports, [...addresses, ...orderOf(sizes), at(layout.workspace)]);
      return named(
        layout.outputs.map((offset, n) => new Float32Array(memory.buffer, at(offset), count(wanted.outputs[n] ?? []))),
      );
    },
  };
}
