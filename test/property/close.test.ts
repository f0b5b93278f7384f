/**
 * Metamorphic relations that hold within rounding: order of keys, splits, tiles, shifts of scores, means and bounds.
 */
import { expect } from "vitest";
import { host, wasm } from "../../src/targets/index.ts";
import type { Device } from "../../src/targets/device.ts";
import { worst } from "../support/naive.ts";
import { cpuTargets, kernelOf, type Target } from "../support/kernels.ts";
import {
  answer,
  answers,
  attention,
  closeKernels,
  operands,
  relation,
  reordered,
  scalar,
  selfAttention,
  shuffled,
  tensor,
  type Drawn,
} from "../support/relation.ts";

closeKernels();

/** Values are normal numbers, so an error of the result is one of weights times about four. */
const close = 2e-6;
const everywhere: readonly Target[] = [...cpuTargets, "wgsl"];

const dense = attention("return o, lse");
const valueOf = (x: ReturnType<typeof operands>): Float32Array => Float32Array.from(x.get("v")?.data ?? []);

relation("keys, values and their column of the mask in another order", async (target, x) => {
  const spec = attention("mask ok[b, j]", ", ok: bool[B, S]");
  const order = shuffled(x.S, x.seed);
  const ok = Uint8Array.from({ length: x.B * x.S }, (_, n) => Number((n * 7 + x.seed) % 3 !== 0));
  const inputs = operands(x, x.L, x.S).set("ok", { dims: [x.B, x.S], data: ok });
  const changed = new Map(inputs);
  for (const [name, width] of [
    ["k", x.D],
    ["v", x.D],
    ["ok", 1],
  ] as const) {
    const { dims, data } = inputs.get(name) ?? tensor(0, name, [0]);
    const size = x.S * width;
    const whole = Array.from({ length: data.length / size }, (_, n) => order.map((from) => n * x.S + from)).flat();
    changed.set(name, { dims, data: reordered(data, whole, width) });
  }
  expect(worst(await answer(spec, target, x, changed), await answer(spec, target, x, inputs))).toBeLessThan(close);
});

relation("one query after the other over a cache", async (target, x) => {
  const causal = selfAttention("mask causal");
  const decode = attention("align at live - 1 mask j < live", ", live: i32");
  const inputs = operands(x, x.L, x.L);
  const want = await answer(causal, target, x, inputs);
  const step = Math.max(1, Math.floor(x.L / 5));
  for (let row = 0; row < x.L; row += step) {
    const q = new Float32Array(x.B * x.H * x.D);
    const expected = new Float32Array(q.length);
    for (let n = 0; n < x.B * x.H; n++) {
      const at = (n * x.L + row) * x.D;
      q.set(Float32Array.from(inputs.get("q")?.data ?? []).subarray(at, at + x.D), n * x.D);
      expected.set(want.subarray(at, at + x.D), n * x.D);
    }
    const one = new Map(inputs).set("q", { dims: [x.B, x.H, 1, x.D], data: q }).set("live", scalar(row + 1));
    expect(worst(await answer(decode, target, { ...x, L: 1, S: x.L }, one), expected)).toBeLessThan(close);
  }
});

relation(
  "keys split in two and merged by lse",
  async (target, x) => {
    const part = attention("mask from <= j and j < to return o, lse", ", from: i32, to: i32");
    const inputs = operands(x, x.L, x.S);
    const whole = await answers(dense, target, x, inputs);
    const at = x.seed % (x.S + 1);
    const half = (from: number, to: number) =>
      answers(part, target, x, new Map(inputs).set("from", scalar(from)).set("to", scalar(to)));
    const [first, second] = [await half(0, at), await half(at, x.S)];
    const merged = whole("o").map((_, n) => {
      const row = Math.floor(n / x.D);
      const [a, b] = [first("lse")[row], second("lse")[row]];
      const top = Math.max(a, b);
      const [p, q] = [Math.exp(a - top), Math.exp(b - top)];
      return (p * first("o")[n] + q * second("o")[n]) / (p + q);
    });
    expect(worst(merged, whole("o"))).toBeLessThan(close);
    const lse = whole("lse").map((_, row) => {
      const [a, b] = [first("lse")[row], second("lse")[row]];
      const top = Math.max(a, b);
      return top + Math.log(Math.exp(a - top) + Math.exp(b - top));
    });
    expect(worst(lse, whole("lse"))).toBeLessThan(1e-5);
  },
  everywhere,
);

/** The same device with less memory, so that other tiles are chosen. */
const smaller = (device: Device, bytes: number): Partial<Device> => ({
  memories: device.memories.map((memory) => (memory.kind === "main" ? memory : { ...memory, bytes })),
});

for (const bytes of [48 * 1024, 24 * 1024, 12 * 1024])
  for (const mask of ["true", "causal and (window(20) or sinks(5))"])
    relation(
      `other tiles, those of ${bytes / 1024} KiB, under ${mask}`,
      async (target, x) => {
        const spec = selfAttention(`mask ${mask}`);
        const inputs = operands(x, x.L, x.L);
        const sizes = Object.fromEntries(spec.sizes.map((name) => [name, ({ ...x } as Record<string, number>)[name]]));
        const other = await kernelOf(spec, target, smaller(target === "tiles" ? host : wasm, bytes));
        const found = await other.call(sizes, inputs);
        expect(worst(found.get("o")?.data ?? [], await answer(spec, target, x, inputs))).toBeLessThan(close);
      },
      ["tiles", "wasm plain"],
    );

relation("a constant added to every score", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const got = await answer(attention("score s + 3 + i / 8"), target, x, inputs);
  // Scores grow to about 20, and with them their rounding.
  expect(worst(got, await answer(dense, target, x, inputs))).toBeLessThan(10 * close);
});

relation("values added up", async (target, x) => {
  const [one, other] = [operands(x, x.L, x.S), operands({ ...x, seed: x.seed + 1 }, x.L, x.S)];
  const sum = valueOf(one).map((y, n) => y + valueOf(other)[n]);
  const dims = [x.B, x.H, x.S, x.D];
  const with_ = (v: Float32Array) => answer(dense, target, x, new Map(one).set("v", { dims, data: v }));
  const [a, b, both] = [await with_(valueOf(one)), await with_(valueOf(other)), await with_(sum)];
  expect(
    worst(
      both,
      a.map((y, n) => y + b[n]),
    ),
  ).toBeLessThan(2 * close);
});

relation("values of one give one", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const v = { dims: [x.B, x.H, x.S, x.D], data: new Float32Array(x.B * x.H * x.S * x.D).fill(1) };
  const got = await answer(dense, target, x, inputs.set("v", v));
  // Four units in the last place, and one for each doubling of the keys that two sums over them group in different ways.
  expect(
    worst(
      got,
      got.map(() => 1),
    ),
  ).toBeLessThanOrEqual((4 + Math.log2(x.S)) * 2 ** -23);
});

const perHead = (x: Drawn, of: (values: readonly number[]) => number): Float32Array => {
  const v = valueOf(operands(x, x.L, x.S));
  const out = new Float32Array(x.B * x.H * x.D);
  for (const [n] of out.entries()) {
    const [head, c] = [Math.floor(n / x.D), n % x.D];
    out[n] = of(Array.from({ length: x.S }, (_, j) => v[(head * x.S + j) * x.D + c]));
  }
  return out;
};

relation("no result leaves the range of the values", async (target, x) => {
  const got = await answer(dense, target, x, operands(x, x.L, x.S));
  const [least, most] = [perHead(x, (y) => Math.min(...y)), perHead(x, (y) => Math.max(...y))];
  for (const [n, y] of got.entries()) {
    const at = Math.floor(n / (x.L * x.D)) * x.D + (n % x.D);
    expect(y).toBeGreaterThanOrEqual(least[at] - close);
    expect(y).toBeLessThanOrEqual(most[at] + close);
  }
});

relation("queries of zero give the mean", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const q = { dims: [x.B, x.H, x.L, x.D], data: new Float32Array(x.B * x.H * x.L * x.D) };
  const got = await answer(dense, target, x, inputs.set("q", q));
  const mean = perHead(x, (y) => y.reduce((a, b) => a + b, 0) / y.length);
  expect(
    worst(
      got,
      got.map((_, n) => mean[Math.floor(n / (x.L * x.D)) * x.D + (n % x.D)]),
    ),
  ).toBeLessThan(close);
});

relation("every key twice", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const twice = new Map(inputs);
  for (const name of ["k", "v"]) {
    const data = Float32Array.from(inputs.get(name)?.data ?? []);
    const rows = Array.from({ length: data.length / x.D }, (_, n) => Array.from(data.subarray(n * x.D, (n + 1) * x.D)));
    twice.set(name, {
      dims: [x.B, x.H, 2 * x.S, x.D],
      data: Float32Array.from(rows.flatMap((row) => [row, row]).flat()),
    });
  }
  const got = await answer(dense, target, { ...x, S: 2 * x.S }, twice);
  expect(worst(got, await answer(dense, target, x, inputs))).toBeLessThan(2 * close);
});

relation("values that are one at a single key show its weight", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const total = new Float32Array(x.B * x.H * x.L);
  // As many keys at a time as there are channels: channel c is one at key from + c alone.
  for (let from = 0; from < x.S; from += x.D) {
    const data = new Float32Array(x.B * x.H * x.S * x.D);
    for (let head = 0; head < x.B * x.H; head++)
      for (let c = 0; c < Math.min(x.D, x.S - from); c++) data[(head * x.S + from + c) * x.D + c] = 1;
    const got = await answer(dense, target, x, new Map(inputs).set("v", { dims: [x.B, x.H, x.S, x.D], data }));
    for (const [n, weight] of got.entries()) {
      expect(weight).toBeGreaterThanOrEqual(0);
      total[Math.floor(n / x.D)] += weight;
    }
  }
  expect(
    worst(
      total,
      total.map(() => 1),
    ),
  ).toBeLessThan(close);
});

relation("keys and values projected by the identity", async (target, x) => {
  const spec = attention("project k along S by E project v along S by F", ", E, F: f32[R, S]");
  const inputs = operands(x, x.L, x.S);
  const identity = {
    dims: [x.S, x.S],
    data: Float32Array.from({ length: x.S * x.S }, (_, n) => Number(n % (x.S + 1) === 0)),
  };
  const projected = new Map(inputs).set("E", identity).set("F", identity);
  const sizes = { ...x, R: x.S };
  expect(worst(await answer(spec, target, sizes, projected), await answer(dense, target, x, inputs))).toBeLessThan(
    close,
  );
});
