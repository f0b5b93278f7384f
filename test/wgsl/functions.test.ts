/** Every scalar function, and reads, searches and packed bools, as the shader computes them. */
import { describe, expect, it } from "vitest";
import { runModule } from "../../backends/wgsl/host.ts";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { scalarFns } from "../../src/scalar/functions.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { Stored } from "../../src/scalar/storage.ts";
import type { TensorRef, TileProgram } from "../../src/tile/tile.ts";

const v = s.variable;

/** o[r, n] = values[n] at r, for r < N. */
async function table(inputs: readonly (TensorRef & { data: Stored })[], values: readonly Scalar[], N: number) {
  const value = values.reduceRight((rest, x, n) => s.select(s.call("eq", v("c"), s.int(n)), x, rest), s.float(0));
  const program: TileProgram = {
    name: "table",
    parameters: [],
    sizes: ["N"],
    inputs: inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    outputs: [{ name: "o", dtype: "f32", dims: [s.size("N"), s.int(values.length)] }],
    buffers: [],
    lists: [],
    body: [
      {
        kind: "for",
        name: "once",
        to: s.int(1),
        mode: "parallel",
        body: [
          { kind: "store", tensor: "o", at: [v("r"), v("c")], rows: s.size("N"), columns: s.int(values.length), value },
        ],
      },
    ],
  };
  const call = { sizes: { N }, inputs: new Map(inputs.map((t) => [t.name, { dims: [t.data.length], data: t.data }])) };
  return (await runModule(emitModule(program, {}), call)).get("o")?.data ?? new Float32Array();
}

describe("wgsl scalar functions", { timeout: 60_000 }, () => {
  it("elementary functions to a few ulp", async () => {
    const N = 400;
    const x = Float32Array.from({ length: N }, (_, n) => (n - 200) / 9.7);
    const at = s.read("x", "f32", [v("r")]);
    const functions = ["exp", "exp2", "tanh", "sin", "cos", "log", "log2", "sqrt"] as const;
    const positive = s.add(s.call("abs", at), s.float(0.01));
    const o = await table(
      [{ name: "x", dtype: "f32", dims: [s.size("N")], data: x }],
      functions.map((f, n) => s.call(f, n >= 5 ? positive : at)),
      N,
    );
    const worst = functions.map(() => 0);
    for (let r = 0; r < N; r++) {
      functions.forEach((f, n) => {
        const given = n >= 5 ? Math.fround(Math.fround(Math.abs(x[r] ?? 0)) + Math.fround(0.01)) : (x[r] ?? 0);
        const want = f === "exp2" ? 2 ** given : Math[f](given);
        const scale = f === "sin" || f === "cos" || f.startsWith("log") ? 1 : Math.abs(want) || 1;
        worst[n] = Math.max(worst[n] ?? 0, Math.abs((o[r * functions.length + n] ?? 0) - want) / scale);
      });
    }
    for (const error of worst) expect(error).toBeLessThan(1e-6);
  });

  it("logarithms of powers of two exactly, integers of reals, and hashes", async () => {
    const x = Float32Array.of(1, 2, 8, 0.25, 2 ** 100, 0, -1, 2.9, -2.9, 3e9, -3e9, 123456.7, NaN);
    const at = s.read("x", "f32", [v("r")]);
    const mixed = s.call("hash", s.call("hash", s.int(0), s.call("int", at)), v("r"));
    const values = [s.call("log2", at), s.call("int", at), s.mod(mixed, s.int(1 << 20))];
    const float = (y: Scalar): Scalar => (y.type === "i32" ? s.call("float", y) : y);
    const o = await table([{ name: "x", dtype: "f32", dims: [s.size("N")], data: x }], values.map(float), x.length);
    const log2 = Array.from(x, (_, r) => o[r * 3] ?? NaN);
    expect(log2.slice(0, 6)).toEqual([0, 1, 3, -2, 100, -Infinity]);
    expect(log2[6]).toBeNaN();
    x.forEach((given, r) => {
      const whole = scalarFns.int.f64(given);
      expect(o[r * 3 + 1]).toBe(Math.fround(whole));
      expect(o[r * 3 + 2]).toBe(scalarFns.hash.f64(scalarFns.hash.f64(0, whole), r) % (1 << 20));
    });
  });

  it("floored division, reads outside, packed bools, any, sum and search", async () => {
    const N = 41;
    const a = Int32Array.from({ length: N }, (_, n) => n - 20);
    const keep = Uint8Array.from({ length: N }, (_, n) => (n * n) % 3);
    const at = s.read("a", "i32", [v("r")]);
    const dims = [s.size("N")];
    const float = (x: Scalar): Scalar => s.call("float", x);
    const index = { kind: "var", type: "i32", name: "w" } as const;
    const o = await table(
      [
        { name: "a", dtype: "i32", dims, data: a },
        { name: "keep", dtype: "bool", dims, data: keep.map((x) => (x ? 1 : 0)) },
      ],
      [
        float(s.idiv(at, s.int(7))),
        float(s.mod(at, s.int(7))),
        float(s.idiv(at, s.int(8))),
        float(s.mod(at, s.int(8))),
        float(s.idiv(s.int(9), at)),
        float(s.mod(s.int(9), at)),
        float(s.read("a", "i32", [s.sub(v("r"), s.int(1))])),
        s.select(s.read("keep", "bool", [v("r")]), s.float(1), s.float(0)),
        float({ kind: "sum", type: "i32", name: "w", count: v("r"), body: s.add(index, s.read("a", "i32", [index])) }),
        s.select(
          { kind: "any", type: "bool", name: "w", count: v("r"), body: s.call("eq", s.mul(index, index), v("r")) },
          s.float(1),
          s.float(0),
        ),
        float({ kind: "search", type: "i32", side: "lower", tensor: "a", leading: [], value: s.sub(v("r"), s.int(5)) }),
        float({ kind: "search", type: "i32", side: "upper", tensor: "a", leading: [], value: s.sub(v("r"), s.int(5)) }),
        s.float(Number.NEGATIVE_INFINITY),
      ],
      N,
    );
    for (let r = 0; r < N; r++) {
      const x = a[r] ?? 0;
      const upTo = Array.from({ length: r }, (_, n) => n);
      const lower = [...a].findIndex((y) => y >= r - 5);
      const upper = [...a].findIndex((y) => y > r - 5);
      expect([...o.subarray(r * 13, r * 13 + 13)].map((y) => y + 0)).toEqual([
        Math.floor(x / 7) + 0,
        x - 7 * Math.floor(x / 7),
        Math.floor(x / 8) + 0,
        x - 8 * Math.floor(x / 8),
        x === 0 ? 0 : Math.floor(9 / x),
        x === 0 ? 9 : 9 - x * Math.floor(9 / x),
        r === 0 ? 0 : x - 1,
        keep[r] ? 1 : 0,
        upTo.reduce((sum, n) => sum + n + (a[n] ?? 0), 0),
        upTo.some((n) => n * n === r) ? 1 : 0,
        lower < 0 ? N : lower,
        upper < 0 ? N : upper,
        Number.NEGATIVE_INFINITY,
      ]);
    }
  });
});
