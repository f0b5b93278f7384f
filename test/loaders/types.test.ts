/** The `.d.mts` files hold: a consumer of each loader compiles under strict rules, and what would fail does not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { emitted, specOf, written } from "./support.ts";

const text = `attention t(q: f32[B, H, L, D], k, v: f32[B, H, L, D], n: i32, w: f16[H], ok: bool[B, L]) {
  mask causal or prefix(n) or ok[b, j]
  score s + w[h]
  return o, lse: f16
}`;

const wasmConsumer = `
import { create, manifest, type Dims, type Inputs, type Tensors } from "./t.wasm.mjs";
const q = new Float32Array(8);
const ok = new Uint8Array(2);
const w = new Uint16Array(1);
const inputs: Inputs = { q, k: q, v: { data: q, dims: [1, 1, 2, 4] }, n: 1, w, ok };
const tensor = { data: q, dims: [1, 1, 2, 4] };
const tensors: Tensors = { q: tensor, k: tensor, v: tensor, n: 1, w: { data: w, dims: [1] }, ok: { data: ok, dims: [1, 2] } };
const dims: Dims = { B: 1, H: 1, L: 2 };
const kernel = await create({ wasm: new URL("t.wasm", import.meta.url), simd: "relaxed", threads: 1 });
const { o, lse }: { o: Float32Array; lse: Uint16Array } = kernel.run(inputs, { ...dims, D: 4 }, { out: { o: q } });
declare const halves: { readonly [Symbol.toStringTag]: "Float16Array" } & Omit<Uint16Array, typeof Symbol.toStringTag>;
const bits: Uint16Array = kernel.run({ ...inputs, w: halves }, dims).lse;
kernel.run(tensors);
kernel.run(tensors, { B: 1 });
const room = kernel.allocate(dims);
room.inputs.ok.set(ok);
const view: Float32Array = room.run({ L: 1 }).o;
const four: 4 = manifest.fixed.D;
const target: "wasm" = kernel.manifest.target;
const free: readonly ("B" | "H" | "L")[] = manifest.free;
// @ts-expect-error: plain arrays need dims
kernel.run(inputs);
// @ts-expect-error: another size is fixed
kernel.run(inputs, { ...dims, D: 5 });
// @ts-expect-error: no such dimension
kernel.run(tensors, { M: 1 });
// @ts-expect-error: an input is missing
kernel.run({ q, k: q, v: q, n: 1, w }, dims);
// @ts-expect-error: another dtype
kernel.run({ ...inputs, ok: q }, dims);
// @ts-expect-error: halves are not numbers
kernel.run({ ...inputs, w: q }, dims);
// @ts-expect-error: no such output
kernel.run(inputs, dims).p;
// @ts-expect-error: no such word
await create({ simd: "fast" });
export { bits, o, lse, view, four, target, free };
`;
const wgslConsumer = `
import { create, type Buffers } from "./t.wgsl.mjs";
declare const device: GPUDevice;
declare const buffer: GPUBuffer;
declare const encoder: GPUCommandEncoder;
const kernel = await create({ device });
const q = new Float32Array(8);
const dims = { B: 1, H: 1, L: 2 };
const ok = { data: buffer, dims: [1, 2] };
const w = new Uint16Array(1);
const fresh: { readonly o: Float32Array; readonly lse: Uint16Array } = await kernel.run({ q, k: buffer, v: q, n: 1, w, ok }, dims);
const { o, lse } = await kernel.run({ q, k: q, v: q, n: 1, w, ok }, dims, { out: { o: buffer } });
const kept: GPUBuffer = o;
const array: Uint16Array = lse;
const buffers: Buffers = { q: buffer, k: buffer, v: { buffer, offset: 256 }, n: buffer, w: buffer, ok: buffer, o: buffer, lse: buffer };
await kernel.encode(encoder, buffers, dims);
const room = kernel.allocate(dims);
const result: GPUBuffer = (await room.run({ L: 1 })).o;
device.queue.writeBuffer(room.inputs.q, 0, q);
// @ts-expect-error: a buffer is missing
await kernel.encode(encoder, { q: buffer }, dims);
// @ts-expect-error: encode has no tensors to read dims from
await kernel.encode(encoder, buffers);
// @ts-expect-error: a promise
kernel.run({ q, k: q, v: q, n: 1, w, ok }, dims).o;
export { fresh, kept, array, result };
`;
const bothConsumer = `
import { create, type Outputs } from "./t.mjs";
const kernel = await create({ target: "auto", simd: "plain" });
const q = new Float32Array(8);
const dims = { B: 1, H: 1, L: 2 };
const outputs: Outputs = await kernel.run({ q, k: q, v: q, n: 1, w: new Uint16Array(1), ok: new Uint8Array(2) }, dims);
if (kernel.target === "wgsl") {
  const buffer: GPUBuffer = kernel.allocate(dims).inputs.q;
  buffer.destroy();
} else {
  const view: Float32Array = kernel.allocate(dims).inputs.q;
  view.fill(0);
}
// @ts-expect-error: which one it is must be asked first
kernel.encode;
// @ts-expect-error: no such target
await create({ target: "npu" });
export { outputs };
`;

test("consumers of all three loaders compile as they should", async () => {
  const folder = written(await emitted(specOf(text, { D: 4 }), ["wasm", "wgsl"]));
  const consumers = { wasm: wasmConsumer, wgsl: wgslConsumer, both: bothConsumer };
  const paths = Object.entries(consumers).map(([name, source]) => {
    const path = join(folder, `${name}.mts`);
    writeFileSync(path, source);
    return path;
  });
  const program = ts.createProgram(paths, {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    types: [],
    skipDefaultLibCheck: true,
  });
  const said = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.replace(`${folder}/`, "") ?? ""}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
  expect(said).toEqual([]);
  const types = program.getSourceFiles().map(({ fileName }) => fileName.slice(folder.length + 1));
  expect(types).toEqual(expect.arrayContaining(["t.wasm.d.mts", "t.wgsl.d.mts", "t.d.mts"]));
});
