/** What `run` of a generated `.wasm.mjs` promises, and each way in which it refuses. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dims, good, mixedText, numbers, plainText } from "./attentions.ts";
import { caseOf, compiled, type Compiled, type WasmKernel } from "./support.ts";

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
    // At once, however many heads have nothing to do.
    expect(kernel.run({ q: none, k: none, v: none }, { ...dims, H: 2 ** 31 - 1, L: 0 })["o"]).toEqual(none);
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
      "FOV2104 t: input v is an Int32Array; f32[B=1, H=2, L=96, D=16] needs a Float32Array",
    ],
    ["a plain array", (k) => k.run({ ...good(), v: [1, 2] }, dims), "FOV2104 t: input v is an Array"],
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
      "FOV2104 t: out.o is an Int32Array",
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
