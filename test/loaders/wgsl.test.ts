/** What `create`, `run`, `encode` and `allocate` of a generated `.wgsl.mjs` promise, run by Dawn in Node. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { device } from "../../backends/wgsl/host.ts";
import type { Stored } from "../../src/scalar/storage.ts";
import { caseOf, compiled, emitted, loaded, written, type Compiled, type WgslKernel } from "./support.ts";

const text = `attention t(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D], n: i32, ok: bool[B, L]) where H mod Hkv == 0 {
  mask ok[b, j] and (causal or prefix(n))
  return o, lse
  example B = 1, H = 4, Hkv = 2, L = 8, D = 4, n = 3, ok = bernoulli(0.7)
}`;
const sizes = { B: 2, H: 4, Hkv: 2, L: 45, D: 12 };
const [storage, copySource, copyTarget, mapRead] = [128, 4, 8, 1];

const drops: (() => void)[] = [];
let t: Compiled<"wgsl">;
let kernel: WgslKernel;
let gpu: GPU;
let given: GPUDevice;
beforeAll(async () => {
  t = await compiled("wgsl", text, (remove) => drops.push(remove));
  ({ gpu, device: given } = await device());
  kernel = await t.create({ device: given });
}, 120_000);
afterAll(() => drops.forEach((remove) => remove()));

const bufferOf = (data: Stored): GPUBuffer => {
  const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const buffer = given.createBuffer({ size: bytes.length, usage: storage | copySource | copyTarget });
  given.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
};
async function read(buffer: GPUBuffer, on = given): Promise<Float32Array> {
  const copy = on.createBuffer({ size: buffer.size, usage: mapRead | copyTarget });
  const encoder = on.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size);
  on.queue.submit([encoder.finish()]);
  await copy.mapAsync(1);
  return new Float32Array(copy.getMappedRange().slice(0));
}

describe("run", () => {
  test("agrees with the oracle, for arrays, tensors, buffers and scalars, into arrays and buffers", async () => {
    const { inputs, tensors, judge } = caseOf(t.spec, sizes, "gpu");
    const result = await kernel.run(inputs, sizes);
    expect(judge(result)).toMatchObject({ ok: true });
    expect(await kernel.run(tensors)).toEqual(result);
    const o = new Float32Array(result["o"]?.length ?? 0);
    const lse = given.createBuffer({ size: 2 * 4 * 45 * 4, usage: storage | copySource });
    const [q, k] = ["q", "k"].map((name) => bufferOf(inputs[name] ?? new Float32Array()));
    const mixed = { ...inputs, q, k: { data: k, dims: [2, 2, 45, 12] }, n: 3 };
    const again = await kernel.run(mixed, sizes, { out: { o, lse } });
    expect(again["o"]).toBe(o);
    expect(again["lse"]).toBe(lse);
    expect(o).toEqual(result["o"]);
    expect(await read(lse)).toEqual(result["lse"]);
  });

  test("another head size is another pipeline, the same one is not made again", async () => {
    const made = vi.spyOn(given, "createComputePipeline");
    try {
      for (const D of [5, 12, 5, 5]) {
        const { inputs, judge } = caseOf(t.spec, { ...sizes, L: 9, D }, "gpu");
        expect(judge(await kernel.run(inputs, { ...sizes, L: 9, D }))).toMatchObject({ ok: true });
      }
      expect(made).toHaveBeenCalledTimes(1);
    } finally {
      made.mockRestore();
    }
  });

  test("empty lengths give empty outputs", async () => {
    const { inputs } = caseOf(t.spec, { ...sizes, L: 0 }, "gpu");
    expect((await kernel.run(inputs, { ...sizes, L: 0 }))["o"]).toEqual(new Float32Array(0));
  });

  const bad = (change: object): (() => Promise<unknown>) => {
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    return () => kernel.run({ ...inputs, ...change }, sizes);
  };
  const short = (): Float32Array => new Float32Array(2159);
  test.each<[string, () => Promise<unknown>, string]>([
    [
      "too few numbers",
      () => bad({ v: short() })(),
      "FOV2103 t: input v has 2159 numbers; f32[B=2, Hkv=2, L=45, D=12] needs 2160",
    ],
    ["no input", () => bad({ v: undefined })(), "FOV2101 t: input v is missing; it is f32[B, Hkv, L, D]"],
    ["one too many", () => bad({ w: 1 })(), "FOV2102 t: there is no input w"],
    ["another dtype", () => bad({ n: 1.5 })(), "FOV2104 t: input n is 1.5; i32 is needed"],
    [
      "a small buffer",
      () => bad({ v: bufferOf(short()) })(),
      "FOV2103 t: the buffer of v has 8636 bytes; f32[B=2, Hkv=2, L=45, D=12] needs 8640",
    ],
    [
      "a buffer of another use",
      () => bad({ v: given.createBuffer({ size: 9000, usage: copyTarget }) })(),
      "FOV2104 t: the buffer of v lacks the usage STORAGE",
    ],
    [
      "a broken condition",
      () => kernel.run({ ...caseOf(t.spec, sizes).inputs }, { ...sizes, Hkv: 3 }),
      "FOV2108 t: H mod Hkv == 0 does not hold",
    ],
    [
      "an output of the wrong size",
      () => kernel.run(caseOf(t.spec, sizes).inputs, sizes, { out: { o: short() } }),
      "FOV2103 t: out.o has 2159 numbers",
    ],
    [
      "a small output buffer",
      () => kernel.run(caseOf(t.spec, sizes).inputs, sizes, { out: { o: bufferOf(short()) } }),
      "FOV2103 t: the buffer of o has 8636 bytes",
    ],
    [
      "an unknown dim",
      () => kernel.run(caseOf(t.spec, sizes).inputs, { ...sizes, M: 1 }),
      "FOV0007 t: there is no dimension M",
    ],
  ])("refuses %s", async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });

  test("a tensor that the device cannot bind is refused before a buffer is made", async () => {
    const made = vi.spyOn(given, "createBuffer");
    try {
      const big = { B: 1, H: 2, Hkv: 2, L: 2 ** 19, D: 64 };
      expect(() => kernel.allocate(big)).toThrow(
        /^FOV4006 t: q, f32\[B=1, H=2, L=524288, D=64\], needs 268435456 bytes; the device binds 134217728/,
      );
      expect(made).not.toHaveBeenCalled();
    } finally {
      made.mockRestore();
    }
  });
});

describe("encode", () => {
  const buffersFor = (inputs: Readonly<Record<string, Stored>>) => ({
    ...Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, bufferOf(data)])),
    o: bufferOf(new Float32Array(2 * 4 * 45 * 12)),
    lse: bufferOf(new Float32Array(2 * 4 * 45)),
  });

  test("records into an encoder of the caller's, at once, and twice in one", async () => {
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    const want = await kernel.run(inputs, sizes);
    const [one, two] = [buffersFor(inputs), buffersFor({ ...inputs, n: Int32Array.of(40) })];
    const encoder = given.createCommandEncoder();
    const recorded = [kernel.encode(encoder, one, sizes), kernel.encode(encoder, two, sizes)];
    given.queue.submit([encoder.finish()]);
    await Promise.all(recorded);
    expect(await read(one.o)).toEqual(want["o"]);
    expect(await read(two.o)).toEqual((await kernel.run({ ...inputs, n: 40 }, sizes))["o"]);
  });

  test("takes parts of buffers and refuses what is missing or too small", async () => {
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    const want = await kernel.run(inputs, sizes);
    const buffers = buffersFor(inputs);
    const padded = new Float32Array(64 + 2160);
    padded.set(inputs["v"] ?? [], 64);
    const part = { ...buffers, v: { buffer: bufferOf(padded), offset: 256 } };
    const encoder = given.createCommandEncoder();
    await kernel.encode(encoder, part, sizes);
    given.queue.submit([encoder.finish()]);
    expect(await read(buffers.o)).toEqual(want["o"]);
    const refused = (changed: object, dims: object = sizes): Promise<void> =>
      kernel.encode(given.createCommandEncoder(), changed, dims);
    await expect(refused({ ...buffers, o: undefined })).rejects.toThrow("FOV2101 t: the buffer of o is missing");
    await expect(refused({ ...buffers, v: { ...part.v, size: 16 } })).rejects.toThrow(
      "FOV2103 t: the buffer of v has 16 bytes",
    );
    await expect(refused({ ...buffers, v: { ...part.v, offset: 64 } })).rejects.toThrow(
      "FOV2104 t: the part of v begins at byte 64; the device binds at multiples of 256",
    );
    await expect(refused({ ...buffers, v: new Float32Array(2160) })).rejects.toThrow("FOV2104 t: v is not a GPUBuffer");
    await expect(refused(buffers, { ...sizes, L: undefined })).rejects.toThrow("FOV2106 t: dimension L has no value");
  });
});

test("allocate keeps buffers that calls read and write", async () => {
  const { inputs, judge } = caseOf(t.spec, sizes, "gpu");
  const room = kernel.allocate({ ...sizes, L: 64 });
  for (const [name, buffer] of Object.entries(room.inputs)) {
    const data = inputs[name] ?? new Float32Array();
    const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    given.queue.writeBuffer(buffer, 0, bytes);
  }
  const outputs = await room.run({ L: 45 });
  expect(outputs["o"]).toBe(room.outputs["o"]);
  const [o, lse] = await Promise.all(["o", "lse"].map((name) => read(outputs[name] ?? bufferOf(new Float32Array(1)))));
  expect(
    judge({ o: o?.slice(0, 4320) ?? new Float32Array(), lse: lse?.slice(0, 360) ?? new Float32Array() }),
  ).toMatchObject({ ok: true });
  await expect(room.run({ L: 65 })).rejects.toThrow("FOV4005 t: dimension L is 65; the room was made for 64");
});

describe("create", () => {
  test("asks for an adapter, and says when none answers", async () => {
    const none = { requestAdapter: () => Promise.resolve(null) };
    await expect(t.create({ gpu: none })).rejects.toThrow("FOV5002 t: no WebGPU adapter answers");
    vi.stubGlobal("navigator", {});
    try {
      await expect(t.create()).rejects.toThrow("FOV5002 t: this machine has no WebGPU");
    } finally {
      vi.unstubAllGlobals();
    }
    const own = await t.create({ gpu });
    expect(own.device.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    own.dispose();
    await expect(own.run(inputs, sizes)).rejects.toThrow("FOV5009 t: the kernel was disposed of");
  });

  test("refuses a text in which one byte was changed", async () => {
    const folder = written(await emitted(t.spec, ["wgsl"]));
    const path = join(folder, "t.wgsl");
    const damaged = readFileSync(path, "utf8").replace("let lane", "let lame");
    writeFileSync(path, damaged);
    const { create } = await loaded<"wgsl">(join(folder, "t.wgsl.mjs"));
    await expect(create({ device: given })).rejects.toThrow("FOV5004 t: t.wgsl is not as it was compiled");
    await expect(t.create({ device: given, wgsl: damaged })).rejects.toThrow("FOV5004");
    await expect(t.create({ device: given, wsgl: "" })).rejects.toThrow("FOV2110 t: there is no option wsgl; ");
    await expect(t.create(null)).rejects.toThrow("FOV2110 t: the options of create are null, not an object");
    await expect(t.create({ gpu: 5 })).rejects.toThrow("FOV2110 t: gpu is not a GPU");
    await expect(t.create({ gpu: given, device: 5 })).rejects.toThrow("FOV2110 t: gpu is not a GPU");
    await expect(t.create({ device: 5 })).rejects.toThrow("FOV2110 t: device is not a GPUDevice");
    await expect(t.create({ device: given, threads: -4 })).rejects.toThrow("FOV2110 t: threads is -4");
    await expect(t.create({ device: given, wgsl: 5 })).rejects.toThrow("FOV2110 t: wgsl is not a URL or the text");
    await expect(
      t.create({ device: given, wgsl: readFileSync(join(t.folder, "t.wgsl"), "utf8") }),
    ).resolves.toBeDefined();
  });
});

describe("a device that fails", () => {
  const own = async (): Promise<GPUDevice> => {
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error("no adapter");
    return adapter.requestDevice();
  };

  test("lost before a call and lost during one", async () => {
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    const device = await own();
    const kernel = await t.create({ device });
    const running = kernel.run(inputs, sizes);
    device.destroy();
    await expect(running).rejects.toThrow("FOV5005 t: the device was lost");
    await expect(kernel.run(inputs, sizes)).rejects.toThrow("FOV5005 t: the device was lost");
    await expect(kernel.encode({} as GPUCommandEncoder, {}, sizes)).rejects.toThrow("FOV5005");
    expect(() => kernel.allocate(sizes)).toThrow("FOV5005");
  });

  test("without memory", async () => {
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    const kernel = await t.create({ device: given });
    const scope = vi.spyOn(given, "popErrorScope");
    try {
      // The scopes of a call close inside out: validation, then memory.
      scope.mockResolvedValueOnce(null).mockResolvedValueOnce(null).mockResolvedValueOnce({ message: "out of memory" });
      await expect(kernel.run(inputs, sizes)).rejects.toThrow(
        "FOV4006 t: the device has no memory for this call: out of memory",
      );
    } finally {
      scope.mockRestore();
    }
    await expect(kernel.run(inputs, sizes)).resolves.toBeDefined();
  });

  test("that refuses the module", async () => {
    const { inputs } = caseOf(t.spec, sizes, "gpu");
    const kernel = await t.create({ device: given });
    const make = given.createShaderModule.bind(given);
    const spoilt = vi
      .spyOn(given, "createShaderModule")
      .mockImplementation(({ code }) => make({ code: `${code}\nlet` }));
    try {
      await expect(kernel.run(inputs, sizes)).rejects.toThrow("FOV5003 t: the device refuses the module");
    } finally {
      spoilt.mockRestore();
    }
  });
});
