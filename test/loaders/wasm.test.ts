/** What `create`, `run` and `allocate` of a generated `.wasm.mjs` promise, and each way in which they refuse. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { caseOf, compiled, emitted, loaded, written, type Compiled, type WasmKernel } from "./support.ts";

const plainText = "attention t(q, k, v: f32[B, H, L, D]) where L < 2000 { mask causal }";
const mixedText = `attention mixed(q: f32[B, H, L, D], k, v: f32[B, Hkv, S, D], n: i32, ok: bool[B, S], bias: f32)
  where H mod Hkv == 0 {
  score s + bias * (j - i)
  mask ok[b, j] and (j <= i or j < n)
  return o, lse
  example B = 1, H = 4, Hkv = 2, L = 8, S = 8, D = 4, n = 3, ok = bernoulli(0.7), bias = 0.25
}`;

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

const dims = { B: 1, H: 2, L: 96, D: 16 };
const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, x) => Math.sin(x));
const good = (): { q: Float32Array; k: Float32Array; v: Float32Array } => ({
  q: numbers(3072),
  k: numbers(3072),
  v: numbers(3072),
});

describe("run", () => {
  test("agrees with the oracle, for arrays with dims, tensors, views into larger buffers and arrays of the caller", async () => {
    const sizes = { B: 2, H: 4, Hkv: 2, L: 37, S: 50, D: 6 };
    const { inputs, tensors, judge } = caseOf(mixed.spec, sizes);
    const mixedKernel = await mixed.create();
    expect(judge(mixedKernel.run(inputs, sizes))).toMatchObject({ ok: true });
    expect(judge(mixedKernel.run(tensors))).toMatchObject({ ok: true });
    const q = new Float32Array(3 + 2 * 4 * 37 * 6).subarray(3);
    q.set(inputs["q"] ?? []);
    const out = { o: new Float32Array(2 * 4 * 37 * 6), lse: new Float32Array(2 * 4 * 37) };
    const result = mixedKernel.run({ ...inputs, q, n: 3, bias: 0.25 }, sizes, { out });
    expect(result["o"]).toBe(out.o);
    expect(result["lse"]).toBe(out.lse);
    expect(judge(result)).toMatchObject({ ok: true });
    mixedKernel.dispose();
  });

  test("takes scalars as numbers", async () => {
    const mixedKernel = await mixed.create();
    const sizes = { B: 1, H: 2, Hkv: 2, L: 3, S: 3, D: 1 };
    const [q, k, v] = [numbers(6), numbers(6), Float32Array.of(1, 2, 3, 4, 5, 6)];
    const seen = (n: number, ok: readonly number[]): Float32Array | undefined =>
      mixedKernel.run({ q, k, v, n, ok: Uint8Array.from(ok), bias: 0 }, sizes)["o"];
    // The first row sees key 0 alone without a prefix, and the third alone where only that is left.
    expect(seen(0, [1, 1, 1])?.[0]).toBe(1);
    expect(seen(3, [0, 0, 1])?.[0]).toBe(3);
    const call = { q, k, v, ok: new Uint8Array(3), bias: 0 };
    expect(() => mixedKernel.run({ ...call, n: 1.5 }, sizes)).toThrow("FOV2104 mixed: input n is 1.5; i32 is needed");
    expect(() => mixedKernel.run({ ...call, n: 2 ** 31 }, sizes)).toThrow(/FOV2104/);
    expect(() => mixedKernel.run({ ...call, n: true }, sizes)).toThrow(/FOV2104/);
  });

  test("knows typed arrays of another realm", async () => {
    const { runInNewContext } = await import("node:vm");
    const foreign = runInNewContext("new Float32Array(3072).fill(0.5)") as Float32Array;
    expect(foreign instanceof Float32Array).toBe(false);
    const { q, k } = good();
    const own = kernel.run({ q, k, v: new Float32Array(3072).fill(0.5) }, dims);
    expect(kernel.run({ q, k, v: foreign }, dims)).toEqual(own);
  });

  test("names are only names", async () => {
    const text =
      "attention odd(q, k, v: f32[L, D], constructor: i32, valueOf: bool[__proto__]) { mask j < constructor and valueOf[j] }";
    const odd = await (await compiled("wasm", text, drop)).create();
    const [q, v, valueOf] = [numbers(4), Float32Array.of(1, 2, 3, 4), Uint8Array.of(1, 1, 1)];
    const sizes = JSON.parse('{"L": 2, "D": 2, "__proto__": 3}') as object;
    expect(odd.run({ q, k: q, v, constructor: 1, valueOf }, sizes)["o"]).toEqual(Float32Array.of(1, 2, 1, 2));
    expect(() => odd.run({ q, k: q, v, valueOf }, sizes)).toThrow(
      "FOV2101 odd: input constructor is missing; it is i32",
    );
    expect(() => odd.run({ q, k: q, v, constructor: 1 }, sizes)).toThrow("FOV2101 odd: input valueOf is missing");
    const without = { q, k: q, v, constructor: 1, valueOf };
    expect(() => odd.run(without, { L: 2, D: 2 })).toThrow("FOV2106 odd: dimension __proto__ has no value");
    const fixed = await (
      await compiled("wasm", text, drop, JSON.parse('{"__proto__": 3}') as Record<string, number>)
    ).create();
    expect(fixed.run(without, sizes)).toEqual(odd.run(without, sizes));
    expect(() => fixed.run(without, JSON.parse('{"L": 2, "D": 2, "__proto__": 4}'))).toThrow(
      "FOV2005 odd: dimension __proto__ is 3 by this kernel and 4 by dims",
    );
  });

  test("empty lengths give empty outputs", () => {
    const none = new Float32Array(0);
    expect(kernel.run({ q: none, k: none, v: none }, { ...dims, L: 0 })["o"]).toEqual(none);
  });

  const moved = (): Float32Array => {
    const data = numbers(3072);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    return data;
  };
  const shape = [1, 2, 96, 16];
  const refusals: readonly [string, (k: WasmKernel) => unknown, string][] = [
    [
      "too few numbers",
      (k) => k.run({ ...good(), v: numbers(3071) }, dims),
      "FOV2103 t: input v has 3071 numbers; f32[B=1, H=2, L=96, D=16] needs 3072",
    ],
    [
      "no input",
      (k) => k.run({ q: numbers(3072), k: numbers(3072) }, dims),
      "FOV2101 t: input v is missing; it is f32[B, H, L, D]",
    ],
    ["no inputs", (k) => k.run(undefined), "FOV2101 t: the inputs q, k, v are missing"],
    ["one too many", (k) => k.run({ ...good(), w: 1 }, dims), "FOV2102 t: there is no input w; the inputs are q, k, v"],
    [
      "another dtype",
      (k) => k.run({ ...good(), v: new Int32Array(3072) }, dims),
      "FOV2104 t: input v is a Int32Array; f32[B=1, H=2, L=96, D=16] needs a Float32Array",
    ],
    ["a plain array", (k) => k.run({ ...good(), v: [1, 2] }, dims), "FOV2104 t: input v is a Array"],
    ["no dims", (k) => k.run(good()), "FOV2106 t: dimension B has no value: give it in dims, or dims with each input"],
    [
      "a dim that is no size",
      (k) => k.run(good(), { ...dims, L: -1 }),
      "FOV2106 t: dimension L is -1 by dims, which is not a size",
    ],
    ["a dim that is no integer", (k) => k.run(good(), { ...dims, L: "96" }), "FOV2106 t: dimension L is 96 by dims"],
    [
      "an unknown dim",
      (k) => k.run(good(), { ...dims, M: 1 }),
      "FOV0007 t: there is no dimension M; the dimensions are B, H, L, D",
    ],
    [
      "contradicting inputs",
      (k) =>
        k.run({ ...good(), q: { data: numbers(3072), dims: shape }, k: { data: numbers(3040), dims: [1, 2, 95, 16] } }),
      "FOV2005 t: dimension L is 96 by input q and 95 by input k",
    ],
    [
      "dims against an input",
      (k) => k.run({ ...good(), q: { data: numbers(3072), dims: shape } }, { ...dims, L: 90 }),
      "FOV2005 t: dimension L is 90 by dims and 96 by input q",
    ],
    [
      "another rank",
      (k) => k.run({ ...good(), q: { data: numbers(3072), dims: [2, 96, 16] } }, dims),
      "FOV2105 t: input q has 3 dimensions; f32[B, H, L, D] has 4",
    ],
    [
      "a detached buffer",
      (k) => k.run({ ...good(), v: moved() }, dims),
      "FOV2103 t: input v has no numbers any more: its buffer is detached",
    ],
    [
      "a broken condition",
      (k) => k.run(good(), { ...dims, L: 2000 }),
      "FOV2108 t: L < 2000 does not hold for B = 1, H = 2, L = 2000, D = 16",
    ],
    ["no head size", (k) => k.run(good(), { ...dims, D: 0 }), "FOV2106 t: D > 0 does not hold"],
    ["a large head size", (k) => k.run(good(), { ...dims, D: 513 }), "FOV4005 t: D <= 512 does not hold"],
    [
      "a product over 2^31",
      (k) => k.run(good(), { B: 65536, H: 65536, L: 1, D: 1 }),
      "FOV4005 t: q has 4294967296 elements, f32[B=65536, H=65536, L=1, D=1]; the limit is 2147483647",
    ],
    ["a size over 2^31", (k) => k.run(good(), { ...dims, B: 2 ** 31 }), "FOV4005 t: dimension B is 2147483648"],
    [
      "an output of the wrong size",
      (k) => k.run(good(), dims, { out: { o: numbers(5) } }),
      "FOV2103 t: out.o has 5 numbers; f32[B=1, H=2, L=96, D=16] needs 3072",
    ],
    [
      "an output of the wrong kind",
      (k) => k.run(good(), dims, { out: { o: new Int32Array(3072) } }),
      "FOV2104 t: out.o is a Int32Array",
    ],
    [
      "an unknown output",
      (k) => k.run(good(), dims, { out: { p: numbers(5) } }),
      "FOV2102 t: there is no output p; the outputs are o",
    ],
  ];
  test.each(refusals)("refuses %s", (_, call, message) => {
    expect(() => call(kernel)).toThrow(message);
    // What was refused left the kernel as it was.
    expect(kernel.run(good(), dims)["o"]?.length).toBe(3072);
  });

  test("errors carry their code for programs", () => {
    const thrown = ((): unknown => {
      try {
        return kernel.run({});
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({ name: "KernelError", code: "FOV2101" });
  });
});

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
    await expect(create({ simd: "relaxed" })).resolves.toBeDefined();
    const other = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    await expect(t.create({ wasm: other })).rejects.toThrow("FOV5004 t: the module has no run and workspace_bytes");
  });

  test("says which file is missing", async () => {
    const files = new Map([...(await emitted(t.spec, ["wasm"]))].filter(([name]) => !name.endsWith(".wasm")));
    const { create } = await loaded<"wasm">(join(written(files), "t.wasm.mjs"));
    await expect(create()).rejects.toThrow(/^FOV0002 t: file:.*t\.relaxed\.wasm cannot be read: ENOENT/);
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

  test.each(["plain", "relaxed"] as const)("only the %s module", async (simd) => {
    const files = await emitted(t.spec, ["wasm"], { simd });
    const modules = [...files.keys()].filter((name) => name.endsWith(".wasm"));
    expect(modules).toEqual([simd === "plain" ? "t.wasm" : "t.relaxed.wasm"]);
    const { create } = await loaded<"wasm">(join(written(files), "t.wasm.mjs"));
    const only = await create();
    expect(only.run(good(), dims)).toEqual((await t.create({ simd })).run(good(), dims));
    const other = simd === "plain" ? "relaxed" : "plain";
    await expect(create({ simd: other })).rejects.toThrow(`FOV2110 t: simd is ${other}, and only ${simd} was compiled`);
  });

  test("a module imports a memory and nothing else", async () => {
    for (const [name, content] of await emitted(mixed.spec, ["wasm"])) {
      if (!name.endsWith(".wasm") || typeof content === "string") continue;
      const imports = WebAssembly.Module.imports(new WebAssembly.Module(new Uint8Array(content)));
      expect(imports).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    }
  });
});
