/** Loaders of kernels with halves: bits in, bits out, Float16Array where a caller has it, single numbers rounded. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { device as hostDevice } from "../../backends/wgsl/host.ts";
import { narrowed } from "../../src/runtime/loaders/half.ts";
import { halves, numbersOf, storedAs } from "../../src/scalar/storage.ts";
import { caseOf, compiled, type Compiled, type Result, type WasmKernel, type WgslKernel } from "./support.ts";

const text = `attention t(q: f16[B, H, L, D], k: bf16[B, H, L, D], v: f32[B, H, L, D], bias: f16[H], shift: bf16) {
  mask causal
  score s + bias[h] * (j - i)
  output o + shift
  return o, x = o: f32, lse: bf16
}`;
/** Odd, so that buffers of words end in a half. */
const sizes = { B: 1, H: 3, L: 37, D: 5 };

type Halves = ArrayBufferView & ArrayLike<number>;

/** The language's own class, or for an engine without it one that looks like it. */
const Float16 = (Reflect.get(globalThis, "Float16Array") ??
  class extends Uint16Array {
    override get [Symbol.toStringTag](): "Uint16Array" {
      return "Float16Array" as "Uint16Array";
    }
  }) as new (buffer: ArrayBufferLike, offset: number, length: number) => Halves;

const drops: (() => void)[] = [];
afterAll(() => drops.forEach((drop) => drop()));

/** As the comparison wants it. */
function decoded(result: Readonly<Record<string, ArrayLike<number>>>): Result {
  const { o = [], lse = [], x = [] } = result;
  expect([o, lse, x].map((each) => each.constructor.name)).toEqual(["Uint16Array", "Uint16Array", "Float32Array"]);
  const real = (dtype: "f16" | "bf16" | "f32", data: ArrayLike<number>): Float32Array =>
    Float32Array.from(numbersOf(dtype, data));
  return { o: real("f16", o), lse: real("bf16", lse), x: real("f32", x) };
}

test("a number is rounded as the reference rounds it", () => {
  const odd = [0, -0, Infinity, -Infinity, NaN, 65519, 65520, 2 ** -25, 3 * 2 ** -26, 2 ** -149, 3e38];
  const drawn = Array.from({ length: 60_000 }, (_, n) =>
    Math.fround((n % 2 ? -1 : 1) * 2 ** ((n % 71) - 40) * (1 + ((n * 0x9e3779b1) % 2 ** 23) / 2 ** 23)),
  );
  for (const dtype of ["f16", "bf16"] as const)
    expect([...odd, ...drawn].filter((x) => narrowed(dtype, x) !== halves[dtype].narrow(x))).toEqual([]);
});

describe("wasm", () => {
  let made: Compiled<"wasm">;
  let kernel: WasmKernel;
  beforeAll(async () => {
    made = await compiled("wasm", text, (drop) => drops.push(drop));
    kernel = await made.create();
  }, 60_000);

  test("takes bits and gives bits", () => {
    const { inputs, tensors, judge } = caseOf(made.spec, sizes);
    const result = kernel.run(inputs, sizes);
    expect(judge(decoded(result))).toMatchObject({ ok: true });
    expect(kernel.run(tensors)).toEqual(result);
  });

  test("takes a Float16Array, gives back the one it fills, and rounds a number", () => {
    const { inputs } = caseOf(made.spec, sizes);
    const result = kernel.run({ ...inputs, shift: storedAs("bf16", [0.3]) }, sizes);
    const [q, bias] = [inputs["q"], inputs["bias"]].map((x) => new Float16(x.buffer, x.byteOffset, x.length));
    const o = new Float16(new ArrayBuffer(2 * (result["o"]?.length ?? 0)), 0, result["o"]?.length ?? 0);
    const again = kernel.run({ ...inputs, q, bias, shift: 0.3 }, sizes, { out: { o } });
    expect(again["o"]).toBe(o);
    expect(new Uint16Array(o.buffer)).toEqual(result["o"]);
    expect(again["lse"]).toEqual(result["lse"]);
  });

  test("refuses other arrays, in and out", () => {
    const { inputs } = caseOf(made.spec, sizes);
    const call = (more: object, out?: object) => () => kernel.run({ ...inputs, ...more }, sizes, { out });
    expect(call({ q: new Float32Array(555) })).toThrow(
      "FOV2104 t: input q is a Float32Array; f16[B=1, H=3, L=37, D=5]",
    );
    expect(call({ k: new Float16(new ArrayBuffer(1110), 0, 555) })).toThrow("FOV2104 t: input k is a Float16Array");
    expect(call({ q: new Uint16Array(554) })).toThrow("FOV2103 t: input q has 554 numbers");
    expect(call({}, { o: new Float32Array(555) })).toThrow("FOV2104 t: out.o is a Float32Array");
    expect(call({}, { o: new Uint16Array(5) })).toThrow("FOV2103 t: out.o has 5 numbers");
  });

  test("keeps halves in a room of their size, and in the caller's memory where they lie there", async () => {
    const { inputs, judge } = caseOf(made.spec, sizes);
    const room = kernel.allocate(sizes);
    for (const [name, view] of Object.entries(room.inputs)) view.set(inputs[name] ?? []);
    expect(Object.values(room.inputs).map((view) => view.BYTES_PER_ELEMENT)).toEqual([2, 2, 4, 2, 2]);
    expect(judge(decoded(room.run()))).toMatchObject({ ok: true });
    const memory = new WebAssembly.Memory({ initial: 2 });
    const own = await made.create({ memory });
    const q = new Uint16Array(memory.buffer, 66, 555);
    q.set(inputs["q"] ?? []);
    expect(judge(decoded(own.run({ ...inputs, q }, sizes)))).toMatchObject({ ok: true });
  });
});

describe("wgsl", { timeout: 60_000 }, () => {
  let made: Compiled<"wgsl">;
  let kernel: WgslKernel;
  beforeAll(async () => {
    made = await compiled("wgsl", text, (drop) => drops.push(drop));
    kernel = await made.create({ device: (await hostDevice()).device });
  }, 60_000);

  test("takes bits, Float16Array and numbers, and fills what it is given", async () => {
    const { inputs, judge } = caseOf(made.spec, sizes, "gpu");
    const result = await kernel.run(inputs, sizes);
    expect(judge(decoded(result))).toMatchObject({ ok: true });
    const q = new Float16(inputs["q"].buffer, inputs["q"].byteOffset, 555);
    const o = new Float16(new ArrayBuffer(1110), 0, 555);
    const again = await kernel.run({ ...inputs, q }, sizes, { out: { o } });
    expect(again["o"]).toBe(o);
    expect(new Uint16Array(o.buffer)).toEqual(result["o"]);
  });

  test("leaves what lies beside an output alone", async () => {
    const { inputs } = caseOf(made.spec, sizes, "gpu");
    const { device } = await hostDevice();
    const usage = { copySource: 4, copyTarget: 8, storage: 128, mapRead: 1 };
    const buffer = device.createBuffer({ size: 1112, usage: usage.storage | usage.copySource | usage.copyTarget });
    device.queue.writeBuffer(buffer, 0, new Uint16Array(556).fill(0xabcd));
    const result = await kernel.run(inputs, sizes, { out: { o: buffer } });
    expect(result["o"]).toBe(buffer);
    const copy = device.createBuffer({ size: 1112, usage: usage.mapRead | usage.copyTarget });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, 1112);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(1);
    const bits = new Uint16Array(copy.getMappedRange());
    expect(bits.subarray(0, 555)).toEqual((await kernel.run(inputs, sizes))["o"]);
    expect(bits[555]).toBe(0xabcd);
  });
});
