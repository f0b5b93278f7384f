/**
 * Operands of small integers: what an element is, by numbers that are worked out by hand; every granularity with every
 * dtype on tiles, wasm and C against the oracle; a masked key whose scale is NaN; and the tensors that files hold.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { fromNumbers } from "../../src/runtime/tensor.ts";
import { readTensors, writeTensorFile } from "../../src/runtime/load.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { callOf, givenAs } from "../../src/verify/call.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import { compiled } from "../loaders/support.ts";
import { only } from "../spec/support.ts";
import { kernelOf, type Inputs, type Target } from "../support/kernels.ts";

const f32 = (dims: readonly number[], data: readonly number[]): SampleTensor => ({
  dims,
  data: Float32Array.from(data),
});
const i8 = (dims: readonly number[], data: readonly number[]): SampleTensor => ({ dims, data: Int8Array.from(data) });
const u8 = (dims: readonly number[], data: readonly number[]): SampleTensor => ({ dims, data: Uint8Array.from(data) });

/** One key is seen, so that `o` is its value. */
const valueOf = (v: string, more: string): Spec =>
  only(`attention t(q, k: f32[L, D], v: ${v}, ${more}) { mask j == i }`);
const zeros = (L: number, D: number): readonly (readonly [string, SampleTensor])[] =>
  ["q", "k"].map((name) => [
    name,
    f32(
      [L, D],
      Array.from({ length: L * D }, () => 0),
    ),
  ]);

interface Hand {
  readonly spec: Spec;
  readonly L: number;
  readonly D: number;
  readonly inputs: readonly (readonly [string, SampleTensor])[];
  readonly wanted: readonly number[];
}

const hands: Readonly<Record<string, Hand>> = {
  "i8, a scale a token": {
    spec: valueOf("i8[L, D] scale sc", "sc: f32[L]"),
    L: 2,
    D: 3,
    inputs: [
      ["v", i8([2, 3], [-128, 0, 127, 1, 2, 3])],
      ["sc", f32([2], [0.5, 2])],
    ],
    wanted: [-64, 0, 63.5, 2, 4, 6],
  },
  "u8, a scale a channel and one zero": {
    spec: valueOf("u8[L, D] scale sc zero z", "sc: f32[D], z: f32"),
    L: 2,
    D: 2,
    inputs: [
      ["v", u8([2, 2], [0, 128, 255, 130])],
      ["sc", f32([2], [1, 0.25])],
      ["z", f32([], [128])],
    ],
    wanted: [-128, 0, 127, 0.5],
  },
  // Rows of five are three bytes, the low nibble first; 0xf is never an element.
  "i4, groups of two channels": {
    spec: valueOf("i4[L, D] scale sc zero z", "sc: f32[L, D/2], z: f32[L]"),
    L: 2,
    D: 5,
    inputs: [
      ["v", u8([2, 3], [0x10, 0x87, 0xff, 0xe1, 0x32, 0xf8])],
      ["sc", f32([2, 3], [1, 10, 100, 1, 2, 4])],
      ["z", f32([2], [1, 0])],
    ],
    wanted: [-1, 0, 60, -90, -200, 1, -2, 4, 6, -32],
  },
  "i8, one for two tokens of a channel": {
    spec: valueOf("i8[L, D] scale sc", "sc: f32[L/2, D]"),
    L: 3,
    D: 2,
    inputs: [
      ["v", i8([3, 2], [1, 1, 2, 2, 3, 3])],
      ["sc", f32([2, 2], [1, 10, 100, 1000])],
    ],
    wanted: [1, 10, 2, 20, 300, 3000],
  },
};

describe("by hand", () => {
  test.each(Object.entries(hands))("%s", async (_, { spec, L, D, inputs: more, wanted }) => {
    const inputs = new Map([...zeros(L, D), ...more]);
    expect([...(oracle(spec, { L, D }, inputs).outputs.get("o")?.data ?? [])]).toEqual(wanted);
    for (const target of ["tiles", "wasm plain"] as const) {
      const kernel = await kernelOf(spec, target);
      const found = await kernel.call({ L, D }, inputs);
      expect(Array.from(found.get("o")?.data ?? [])).toEqual(wanted);
    }
  });
});

const cases: Readonly<Record<string, string>> = {
  "i8 a tensor": "q: f32[B, H, L, D], k: i8[B, Hkv, S, D] scale ks, v: i8[B, Hkv, S, D] scale vs, ks, vs: f32",
  "i8 a token, f16 scales":
    "q: f32[B, H, L, D], k: i8[B, Hkv, S, D] scale ks, v: i8[B, Hkv, S, D] scale vs, ks, vs: f16[B, Hkv, S]",
  "u8 a channel, zeros of bf16":
    "q: f32[B, H, L, D], k: u8[B, Hkv, S, D] scale ks zero kz, v: u8[B, Hkv, S, D] scale ks zero kz, ks: f32[B, Hkv, D], kz: bf16[Hkv]",
  "i4 groups of 32 channels":
    "q: f32[B, H, L, D], k: i4[B, Hkv, S, D] scale ks, v: i4[B, Hkv, S, D] scale vs zero vz, ks, vs, vz: f32[B, Hkv, S, D/32]",
  "i4 keys of KIVI":
    "q: f32[B, H, L, D], k: i4[B, Hkv, S, D] scale ks zero kz, v: i8[B, Hkv, S, D] scale vs, ks, kz: f32[B, Hkv, S/32, D], vs: f32[B, Hkv, S, D/64]",
  "i4 groups of three, zero a channel":
    "q: f32[B, H, L, D], k: i4[B, Hkv, S, D] scale ks zero kz, v: u8[B, Hkv, S, D] scale vs zero vz, ks: f32[S, D/3], kz: f32[D], vs: f32[S, D/16], vz: f32[B, D/8]",
  "all three, positions before heads":
    "q: i8[B, L, H, D] scale qs, k: i8[B, S, Hkv, D] scale ks, v: i4[B, S, Hkv, D] scale vs, qs: f32[B, L, H, D/8], ks: f32[S, Hkv], vs: f32[B, S/8, Hkv]",
  "channels that are not last":
    "q: f32[B, H, D, L], k: i4[B, Hkv, D, S] scale ks, v: i8[B, Hkv, D, S] scale vs, ks: f32[D, S/16], vs: f32[B, D]",
};

const attention = (inputs: string): Spec =>
  only(`attention t(${inputs}, live: i32[B]) { mask j < live[b] and j <= i return o, lse }`);
const shapes = [
  { B: 2, H: 4, Hkv: 2, L: 3, S: 75, D: 33 },
  { B: 1, H: 2, Hkv: 1, L: 1, S: 40, D: 64 },
];

/** A C compiler takes a second for a kernel: of C, what differs in how rows are taken apart. */
const inC = ["u8 a channel, zeros of bf16", "i4 keys of KIVI", "i4 groups of three, zero a channel"];
const each = ["tiles", "wasm plain"] as const;

describe("against the oracle", () => {
  test.each(
    Object.keys(cases).flatMap((name) =>
      (inC.includes(name) ? ([...each, "c"] as const) : each).map((target) => [name, target] as const),
    ),
  )("%s on %s", async (name, target: Target) => {
    const spec = attention(cases[name]);
    const kernel = await kernelOf(spec, target);
    onTestFinished(kernel.close);
    for (const sizes of shapes) {
      const live = { dims: [sizes.B], data: Int32Array.of(sizes.S, sizes.S - 9).slice(0, sizes.B) };
      const inputs = new Map([
        ...sampleInputs({ ...spec, inputs: spec.inputs.filter((x) => x.name !== "live") }, sizes, { seed: 3 }),
        ["live", live] as const,
      ]);
      const right = oracle(spec, sizes, inputs);
      expect(right.bounds.logit).toBeGreaterThan(0.5);
      const compared = compare(spec, right, await kernel.call(sizes, inputs), limitFor("f32", right, sizes.D));
      expect(compared).toMatchObject({ ok: true });
    }
  });
});

test.each(["tiles", "wasm plain", "c"] as const)(
  "a masked key whose scale is no number changes nothing: %s",
  async (target) => {
    const spec = attention(
      "q: f32[B, H, L, D], k: i8[B, Hkv, S, D] scale ks zero kz, v: i4[B, Hkv, S, D] scale vs, ks, kz: f32[B, Hkv, S], vs: f32[B, Hkv, S, D/8]",
    );
    const sizes = { B: 1, H: 2, Hkv: 1, L: 2, S: 50, D: 16 };
    const bare = { ...spec, inputs: spec.inputs.filter((x) => x.name !== "live") };
    const clean = new Map([...sampleInputs(bare, sizes), ["live", { dims: [1], data: Int32Array.of(37) }] as const]);
    const spoilt: Map<string, SampleTensor> = new Map(clean);
    for (const [name, bad] of [
      ["ks", Number.NaN],
      ["kz", Infinity],
      ["vs", Number.NaN],
    ] as const) {
      const { dims, data } = numbersIn(clean, name);
      const each = data.length / 50;
      spoilt.set(name, { dims, data: data.map((x, n) => (n >= 37 * each ? bad : x)) });
    }
    const kernel = await kernelOf(spec, target);
    onTestFinished(kernel.close);
    const [right, found] = [await kernel.call(sizes, clean), await kernel.call(sizes, spoilt)];
    for (const name of ["o", "lse"])
      expect(Array.from(found.get(name)?.data ?? [])).toEqual(Array.from(right.get(name)?.data ?? [Number.NaN]));
  },
);

function numbersIn(inputs: Inputs, name: string): { readonly dims: readonly number[]; readonly data: Float32Array } {
  const { dims, data } = inputs.get(name) ?? { dims: [], data: undefined };
  if (!(data instanceof Float32Array)) throw new Error(`${name} is not f32`);
  return { dims, data };
}

const stored = "attention t(q: f32[L, D], k: i8[S, D] scale sc, v: i4[S, D] scale sc, sc: f32[S]) { }";

test.each(["npz", "safetensors"])("tensors of a .%s file are operands", (ending) => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const spec = only(stored);
  const path = join(folder, `x.${ending}`);
  const packed = fromNumbers("i4", [2, 3], [1, -2, 3, -8, 7, 0]);
  expect([...packed.data]).toEqual([0xe1, 0x03, 0x78, 0x00]);
  const v = ending === "npz" ? { dtype: "u8" as const, dims: [2, 2], data: packed.data } : packed;
  writeTensorFile(
    path,
    new Map([
      ["q", fromNumbers("f32", [1, 3], [1, 2, 3])],
      ["k", fromNumbers("i8", [2, 3], [1, -128, 127, 0, 5, 6])],
      ["v", v],
      ["sc", fromNumbers("f32", [2], [1, 2])],
    ]),
  );
  const given = new Map([...readTensors(path)].map(([name, tensor]) => [name, givenAs(spec, name, tensor)]));
  const { sizes, inputs } = callOf(spec, given, { dims: {}, seed: 0 });
  expect(sizes).toEqual({ L: 1, S: 2, D: 3 });
  expect([...(inputs.get("v")?.data ?? [])]).toEqual([0xe1, 0x03, 0x78, 0x00]);
  expect([...(inputs.get("k")?.data ?? [])]).toEqual([1, -128, 127, 0, 5, 6]);
});

test("through a loader", async () => {
  const { spec, create } = await compiled("wasm", stored, onTestFinished);
  const kernel = await create({});
  onTestFinished(() => kernel.dispose());
  const sizes = { L: 3, S: 21, D: 5 };
  const inputs = sampleInputs(spec, sizes);
  const bare = Object.fromEntries([...inputs].map(([name, { data }]) => [name, data]));
  const right = oracle(spec, sizes, inputs).outputs.get("o")?.data ?? [];
  const { o } = kernel.run(bare, sizes);
  right.forEach((want, n) => expect(o[n]).toBeCloseTo(want, 5));
  const carried = Object.fromEntries([...inputs].map(([name, tensor]) => [name, tensor]));
  expect(kernel.run(carried).o).toEqual(o);
  expect(() => kernel.run({ ...bare, k: new Uint8Array(105) }, sizes)).toThrow(
    "input k is a Uint8Array; i8[S=21, D=5] needs an Int8Array",
  );
  expect(() => kernel.run({ ...bare, v: new Uint8Array(105) }, sizes)).toThrow("needs 63");
});
