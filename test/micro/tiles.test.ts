/** Register tiles and row loops at every extent up to two turns and a rest, bit for bit against loops in f32. */
import { describe, expect, it } from "vitest";
import { compileKernel } from "../../backends/wasm/host.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Operation, Statement, TensorRef, TileProgram, View } from "../../src/tile/tile.ts";

const v = s.variable;
const f = Math.fround;
const [M, N, K] = [s.size("M"), s.size("N"), s.size("K")];
const whole = (buffer: string, rows: typeof M, columns: typeof M): View => ({ buffer, row: s.int(0), rows, columns });
const tensor = (name: string, ...dims: (typeof M)[]): TensorRef => ({ name, dtype: "f32", dims });
const load = (to: View, name: string): Operation => ({ kind: "load", to, tensor: name, at: [v("r"), v("c")] });
const buffer = (name: string, rows: number) => ({
  name,
  type: "f32" as const,
  rows: s.int(rows),
  columns: s.int(48),
  pad: 8,
});
const draw = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + seed) * 3);
const at = (x: Float32Array, n: number): number => x[n] ?? Number.NaN;

function product(along: "rows" | "columns", start: "zero" | "add"): TileProgram {
  const b = along === "rows" ? whole("b", K, N) : whole("b", N, K);
  const body: readonly Statement[] = [
    load(whole("a", M, K), "x"),
    load(b, "y"),
    load(whole("c", M, N), "z"),
    { kind: "dot", to: whole("c", M, N), a: whole("a", M, K), b, along, start, guard: false },
    {
      kind: "store",
      tensor: "o",
      at: [v("r"), v("c")],
      rows: M,
      columns: N,
      value: s.read("c", "f32", [v("r"), v("c")]),
    },
  ];
  return {
    name: "product",
    sizes: ["M", "N", "K"],
    inputs: [tensor("x", M, K), along === "rows" ? tensor("y", K, N) : tensor("y", N, K), tensor("z", M, N)],
    outputs: [tensor("o", M, N)],
    buffers: [
      buffer("a", 24),
      { ...buffer("b", 48), layout: along === "rows" ? { kind: "rows" } : { kind: "panel", rows: 8 } },
      buffer("c", 24),
    ],
    lists: [],
    parameters: [],
    body,
  };
}

describe.each(["rows", "columns"] as const)("a product along %s", (along) => {
  it.each(["zero", "add"] as const)("adds in the order of k for any count of rows, start %s", async (start) => {
    const kernel = await compileKernel(product(along, start), "plain");
    for (const [n, k] of [
      [9, 0],
      [8, 1],
      [8, 5],
      [19, 33],
    ] as const) {
      for (let m = 0; m <= 22; m++) {
        const [x, y, z] = [draw(m * k, 1), draw(n * k, 2), draw(m * n, 3)];
        const given = (data: Float32Array, dims: readonly number[]) => ({ data, dims });
        const ready = kernel.prepare({
          sizes: { M: m, N: n, K: k },
          inputs: new Map([
            ["x", given(x, [m, k])],
            ["y", given(y, along === "rows" ? [k, n] : [n, k])],
            ["z", given(z, [m, n])],
          ]),
        });
        ready.run();
        const want = Float32Array.from({ length: m * n }, (_, i) => {
          const [r, c] = [Math.floor(i / n), i % n];
          let sum = start === "add" ? at(z, i) : 0;
          for (let t = 0; t < k; t++)
            sum = f(sum + f(at(x, r * k + t) * at(y, along === "rows" ? t * n + c : c * k + t)));
          return sum;
        });
        expect(ready.outputs().get("o")?.data, `${m} rows`).toEqual(want);
      }
    }
  });
});

/** y[r, c] = x[r, c] + 1 and o[r] = the sum or the greatest of y's row, with what was there where `accumulate`. */
function joining(op: "max" | "sum"): TileProgram {
  const rows: View = { buffer: "l", row: s.int(0), rows: M };
  return {
    name: "joining",
    sizes: ["M", "N"],
    inputs: [tensor("x", M, N)],
    outputs: [tensor("y", M, N), tensor("o", M)],
    buffers: [buffer("a", 24), { name: "l", type: "f32", rows: s.int(24) }],
    lists: [],
    parameters: [],
    body: [
      load(whole("a", M, N), "x"),
      { kind: "fill", to: rows, value: s.float(2) },
      {
        kind: "map",
        to: whole("a", M, N),
        value: s.add(s.read("a", "f32", [v("r"), v("c")]), s.float(1)),
        reduce: { op, to: rows, accumulate: true },
      },
      {
        kind: "store",
        tensor: "y",
        at: [v("r"), v("c")],
        rows: M,
        columns: N,
        value: s.read("a", "f32", [v("r"), v("c")]),
      },
      { kind: "store", tensor: "o", at: [v("r")], rows: M, value: s.read("l", "f32", [v("r")]) },
    ],
  };
}

describe.each(["sum", "max"] as const)("a map joined by %s", (op) => {
  it("joins each element in its lane, whatever the extent is", async () => {
    const kernel = await compileKernel(joining(op), "plain");
    const join = (p: number, q: number): number => (op === "sum" ? f(p + q) : Math.max(p, q));
    for (let n = 0; n <= 40; n++) {
      const x = draw(3 * n, n);
      const ready = kernel.prepare({ sizes: { M: 3, N: n }, inputs: new Map([["x", { data: x, dims: [3, n] }]]) });
      ready.run();
      const y = x.map((p) => f(p + 1));
      expect(ready.outputs().get("y")?.data).toEqual(y);
      const want = Float32Array.from({ length: 3 }, (_, r) => {
        const lanes = [0, 0, 0, 0].fill(op === "sum" ? 0 : Number.NEGATIVE_INFINITY);
        for (let c = 0; c < n; c++) lanes[c % 4] = join(lanes[c % 4] ?? 0, at(y, r * n + c));
        const [p = 0, q = 0, u = 0, w = 0] = lanes;
        return join(2, join(join(p, q), join(u, w)));
      });
      expect(ready.outputs().get("o")?.data, `${n} columns`).toEqual(want);
    }
  });
});
