/**
 * Room for calls up to `capacity`. In the kernel's own memory it stands in a memory of its own, which never grows:
 * its views stay. In a memory of the caller's, growth detaches views, and `inputs.q` read again is a new one.
 */
import {
  arrays,
  checkedShapes,
  count,
  isRecord,
  named,
  resultArray,
  sizesOf,
  type Numbers,
  type Result,
} from "./call.ts";
import { refuse } from "./errors.ts";
import type { Dtype, Shapes, WasmManifest } from "./manifest.ts";
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
  const kept = new Map<number, Numbers>();
  const view = (dtype: Dtype, offset: number, length: number): Numbers => {
    const before = kept.get(offset);
    if (before && before.buffer === memory.buffer) return before;
    const made = new arrays[dtype](memory.buffer, base + offset, length);
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
    run(dims: unknown = {}): Record<string, Result> {
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
      start(exports, wanted, [...addresses, ...orderOf(sizes), at(layout.workspace)]);
      return named(
        layout.outputs.map((offset, n) => {
          const array = resultArray(manifest.outputs[n]?.dtype ?? "f32");
          return new array(memory.buffer, at(offset), count(wanted.outputs[n] ?? []));
        }),
      );
    },
  };
}
