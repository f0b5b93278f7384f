/** What `create` and `allocate` of a generated `.wasm.mjs` promise: memory, modules, and how they refuse. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { dims, good, mixedText, numbers, plainText } from "./attentions.ts";
import {
  caseOf,
  compiled,
  emitted,
  expectAlone,
  expectOnlyMemory,
  loaded,
  written,
  type Compiled,
  type WasmKernel,
} from "./support.ts";

const drops: (() => void)[] = [];
const drop = (remove: () => void): void => void drops.push(remove);
afterAll(() => drops.forEach((remove) => remove()));

let t: Compiled<"wasm">;
let mixed: Compiled<"wasm">;
let kernel: WasmKernel;
beforeAll(async () => {
  t = await compiled("wasm", plainText, drop);
  mixed = await compiled("wasm", mixedText, drop);
  kernel = await t.create();
}, 120_000);

describe("memory", () => {
  test("a memory of the caller's keeps what is in it, and its arrays are used where they are", async () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const q = new Float32Array(memory.buffer, 256, 3072);
    const { q: filled, k, v } = good();
    q.set(filled);
    const before = new Uint8Array(memory.buffer).slice();
    const kernel = await t.create({ memory });
    const want = (await t.create()).run(good(), dims)["o"];
    expect(kernel.run({ q, k, v }, dims)["o"]).toEqual(want);
    expect(Buffer.compare(new Uint8Array(memory.buffer, 0, before.length), before)).toBe(0);
    const out = { o: new Float32Array(memory.buffer, 65536, 3072) };
    const size = memory.buffer.byteLength;
    const again = kernel.run({ q: new Float32Array(memory.buffer, 256, 3072), k, v }, dims, { out });
    expect(again["o"]).toBe(out.o);
    expect(out.o).toEqual(want);
    expect(memory.buffer.byteLength).toBe(size);
  });

  test("what lies there takes no room a second time", async () => {
    const large = { ...dims, L: 1024 };
    const grown = async (inside: boolean): Promise<number> => {
      const memory = new WebAssembly.Memory({ initial: 4 });
      const kernel = await t.create({ memory });
      const [q, k, v] = [numbers(32768), numbers(32768), numbers(32768)];
      const view = new Float32Array(memory.buffer, 1024, 32768);
      view.set(q);
      kernel.run({ q: inside ? view : q, k, v }, large);
      return memory.buffer.byteLength;
    };
    expect((await grown(false)) - (await grown(true))).toBe(2 * 65536);
  });

  test("an output over an input in that memory is computed first and copied then", async () => {
    const long = { ...dims, L: 600 };
    const data = numbers(2 * 600 * 16);
    const memory = new WebAssembly.Memory({ initial: 8 });
    const kernel = await t.create({ memory });
    const want = kernel.run({ q: data, k: data, v: data }, long)["o"];
    const view = new Float32Array(memory.buffer, 1024, data.length);
    view.set(data);
    // Rows are written long before the last query has read the values in their place.
    expect(kernel.run({ q: data, k: data, v: view }, long, { out: { o: view } })["o"]).toEqual(want);
  });

  test("two kernels share one memory without touching each other", async () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const [one, two] = [await t.create({ memory }), await t.create({ memory })];
    const room = one.allocate({ ...dims, L: 8 });
    room.inputs["q"]?.fill(7);
    const want = one.run(good(), dims)["o"];
    expect(two.run(good(), dims)["o"]).toEqual(want);
    expect(one.run(good(), dims)["o"]).toEqual(want);
    expect(room.inputs["q"]).toEqual(new Float32Array(256).fill(7));
  });

  test("an empty one is grown", async () => {
    const kernel = await t.create({ memory: new WebAssembly.Memory({ initial: 0 }) });
    expect(kernel.run(good(), dims)).toEqual((await t.create()).run(good(), dims));
  });

  test("one that cannot grow is refused, and so is a shared one", async () => {
    const kernel = await t.create({ memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }) });
    expect(() => kernel.run(good(), dims)).toThrow(/^FOV4006 t: the memory cannot grow to \d+ bytes/);
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    await expect(t.create({ memory: shared })).rejects.toThrow(
      "FOV2110 t: the module cannot be started with this memory",
    );
  });

  test("more than 2 GiB is refused before anything is taken", () => {
    expect(() => kernel.allocate({ B: 256, H: 256, L: 128, D: 64 })).toThrow(/^FOV4006 t: the tensors need \d+ bytes/);
  });
});

describe("allocate", () => {
  test("gives views that stay, and takes smaller dims later", async () => {
    const kernel = await t.create();
    const room = kernel.allocate(dims);
    const { q, k, v } = room.inputs;
    for (const view of [q, k, v]) view?.set(numbers(3072));
    const want = kernel.run(good(), dims)["o"];
    const big = 2 * 1900 * 16;
    kernel.run({ q: numbers(big), k: numbers(big), v: numbers(big) }, { ...dims, L: 1900 });
    const result = room.run();
    expect(result["o"]).toEqual(want);
    expect(room.outputs["o"]).toEqual(want);
    expect(result["o"]?.buffer).toBe(q?.buffer);
    const small = { ...dims, L: 40 };
    const fewer = { q: numbers(1280), k: numbers(1280), v: numbers(1280) };
    for (const view of [q, k, v]) view?.set(numbers(1280));
    expect(room.run({ L: 40 })["o"]).toEqual(kernel.run(fewer, small)["o"]);
    expect(() => room.run({ L: 97 })).toThrow("FOV4005 t: dimension L is 97; the room was made for 96");
    expect(() => kernel.allocate({ B: 1, H: 1, D: 4 })).toThrow("FOV2106 t: dimension L has no value");
    kernel.dispose();
    expect(() => room.run()).toThrow("FOV5009 t: the kernel was disposed of");
    expect(() => kernel.run(good(), dims)).toThrow("FOV5009");
    expect(() => kernel.allocate(dims)).toThrow("FOV5009");
  });

  test("has a view for every dtype", async () => {
    const mixedKernel = await mixed.create();
    const sizes = { B: 1, H: 4, Hkv: 2, L: 8, S: 8, D: 4 };
    const { inputs, judge } = caseOf(mixed.spec, sizes);
    const room = mixedKernel.allocate(sizes);
    expect(Object.keys(room.inputs)).toEqual(["q", "k", "v", "n", "ok", "bias"]);
    for (const [name, view] of Object.entries(room.inputs)) view.set(inputs[name] ?? []);
    expect(room.inputs["n"]).toBeInstanceOf(Int32Array);
    expect(room.inputs["ok"]).toBeInstanceOf(Uint8Array);
    expect(judge(room.run())).toMatchObject({ ok: true });
  });
});

describe("create", () => {
  const bytes = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(t.folder, name)));

  test("takes a URL, bytes or a module, and tells plain from relaxed by the bytes", async () => {
    const want = (await t.create({ simd: "plain" })).run(good(), dims)["o"];
    const url = pathToFileURL(join(t.folder, "t.wasm"));
    for (const wasm of [url, bytes("t.wasm"), new WebAssembly.Module(bytes("t.wasm"))])
      expect((await t.create({ wasm })).run(good(), dims)["o"]).toEqual(want);
    await expect(t.create({ wasm: bytes("t.wasm"), simd: "relaxed" })).rejects.toThrow(
      "FOV2110 t: simd is relaxed and the wasm that is given is plain",
    );
  });

  test("has one thread, whatever is wished for", async () => {
    expect((await t.create({ threads: 2 })).threads).toBe(1);
    await expect(t.create({ threads: 0 })).rejects.toThrow("FOV2110 t: threads is 0; it is 1 or more");
  });

  test.each([
    ["a slip", { smid: "plain" }, "FOV2110 t: there is no option smid; the options are target, wasm, simd,"],
    ["options", null, "FOV2110 t: the options of create are null, not an object"],
    ["gpu", { gpu: 5 }, "FOV2110 t: gpu is not a GPU, as navigator.gpu is one"],
    ["simd", { simd: "fast" }, 'FOV2110 t: simd is fast; it is "auto", "plain" or "relaxed"'],
    ["wasm", { wasm: "t.wasm" }, "FOV2110 t: wasm is not a URL, bytes or a WebAssembly.Module"],
    ["memory", { memory: {} }, "FOV2110 t: memory is not a WebAssembly.Memory"],
  ])("refuses another kind of %s", async (_, options, message) => {
    await expect(t.create(options)).rejects.toThrow(message);
  });

  test("refuses a module in which one byte was changed, and another kernel's", async () => {
    const damaged = bytes("t.wasm");
    damaged[damaged.length - 200] = (damaged[damaged.length - 200] ?? 0) ^ 1;
    await expect(t.create({ wasm: damaged })).rejects.toThrow("FOV5004 t: the wasm is none of this kernel's modules");
    const folder = written(await emitted(t.spec, ["wasm"]), drop);
    writeFileSync(join(folder, "t.wasm"), damaged);
    const { create } = await loaded<"wasm">(join(folder, "t.wasm.mjs"));
    await expect(create({ simd: "plain" })).rejects.toThrow("FOV5004 t: t.wasm is not as it was compiled");
    const other = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    await expect(t.create({ wasm: other })).rejects.toThrow("FOV5004 t: the module has no run and workspace_bytes");
  });

  test("says which file is missing", async () => {
    const files = new Map([...(await emitted(t.spec, ["wasm"]))].filter(([name]) => !name.endsWith(".wasm")));
    const { create } = await loaded<"wasm">(join(written(files), "t.wasm.mjs"));
    await expect(create({ simd: "plain" })).rejects.toThrow(/^FOV0002 t: file:.*t\.wasm cannot be read: ENOENT/);
  });

  test("a loader without an address says that it needs the module", async () => {
    const source = readFileSync(join(t.folder, "t.wasm.mjs"), "utf8");
    const { create } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as Compiled<"wasm">;
    await expect(create()).rejects.toThrow("FOV0002 t: nothing stands beside data:text/javascript");
    const kernel = await create({ wasm: bytes("t.wasm") });
    expect(kernel.run(good(), dims)["o"]?.length).toBe(3072);
  });

  test("uses plain SIMD where relaxed is missing, and says so where both are", async () => {
    const relaxed = (probe: BufferSource): boolean => probe.byteLength > 35;
    const validate = vi.spyOn(WebAssembly, "validate");
    try {
      validate.mockImplementation((probe) => !relaxed(probe));
      const plain = await t.create();
      await expect(t.create({ simd: "relaxed" })).rejects.toThrow(
        "FOV5002 t: this machine has no relaxed WebAssembly SIMD",
      );
      validate.mockReturnValue(false);
      await expect(t.create()).rejects.toThrow("FOV5002 t: this machine has no WebAssembly SIMD");
      await expect(t.create({ wasm: bytes("t.wasm") })).rejects.toThrow(
        "FOV5002 t: this machine has no WebAssembly SIMD",
      );
      validate.mockRestore();
      expect(plain.run(good(), dims)).toEqual((await t.create({ simd: "plain" })).run(good(), dims));
    } finally {
      validate.mockRestore();
    }
  });
});

describe("sizes and modules chosen at compile time", () => {
  test("a fixed size is a constant of the module and of the manifest", async () => {
    const { create, folder, spec } = await compiled("wasm", plainText, drop, { D: 16 });
    const fixed = await create();
    expect(fixed.manifest.fixed).toEqual({ D: 16 });
    const { inputs, judge } = caseOf(spec, { B: 1, H: 2, L: 50 });
    expect(judge(fixed.run(inputs, { B: 1, H: 2, L: 50 }))).toMatchObject({ ok: true });
    expect(judge(fixed.run(inputs, { B: 1, H: 2, L: 50, D: 16 }))).toMatchObject({ ok: true });
    expect(() => fixed.run(inputs, { B: 1, H: 2, L: 50, D: 8 })).toThrow(
      "FOV2005 t: dimension D is 16 by this kernel and 8 by dims",
    );
    expect(() =>
      fixed.run({ ...inputs, q: { data: numbers(800), dims: [1, 2, 50, 8] } }, { B: 1, H: 2, L: 50 }),
    ).toThrow("FOV2105 t: input q has the dims [1, 2, 50, 8]; f32[B=1, H=2, L=50, 16] is needed");
    // Three sizes instead of four: addresses of q, k, v, o, then B, H, L, then the workspace.
    const module = new WebAssembly.Module(readFileSync(join(folder, "t.wasm")));
    const { run } = new WebAssembly.Instance(module, { env: { memory: new WebAssembly.Memory({ initial: 1 }) } })
      .exports;
    expect(typeof run === "function" && run.length).toBe(8);
  });

  test("only the plain module", async () => expectAlone(t, "plain"));

  test("a plain module imports a memory and nothing else", async () => expectOnlyMemory(mixed.spec, "plain"));
});
