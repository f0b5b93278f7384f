/** Programs of one expression an element, and tensors for them. */
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { TileProgram } from "../../src/tile/tile.ts";

const v = s.variable;
const [rows, columns] = [s.size("R"), s.size("C")];
export const at = [v("r"), v("c")];

/** y[r, c] = value, for f32 x, i32 a and b, bool t, all [R, C], and a sorted i32 list n[N]. */
export function program(value: Scalar): TileProgram {
  const dims = [rows, columns];
  return {
    name: "elements",
    parameters: [],
    sizes: ["R", "C", "N"],
    inputs: [
      { name: "x", dtype: "f32", dims },
      { name: "a", dtype: "i32", dims },
      { name: "b", dtype: "i32", dims },
      { name: "t", dtype: "bool", dims },
      { name: "n", dtype: "i32", dims: [s.size("N")] },
    ],
    outputs: [{ name: "y", dtype: "f32", dims }],
    buffers: [],
    lists: [],
    body: [{ kind: "store", tensor: "y", at, rows, columns, value }],
  };
}

export const inputsOf = (R: number, C: number, x: Float32Array, N = 7) => {
  const dims = [R, C];
  const whole = (f: (n: number) => number): Int32Array => Int32Array.from({ length: R * C }, (_, n) => f(n));
  return new Map([
    ["x", { dims, data: x }],
    ["a", { dims, data: whole((n) => ((n * 7919) % 41) - 20) }],
    ["b", { dims, data: whole((n) => ((n * 104729) % 13) - 6) }],
    ["t", { dims, data: Uint8Array.from({ length: R * C }, (_, n) => ((n * 31) % 3) & 1) }],
    ["n", { dims: [N], data: Int32Array.from({ length: N }, (_, n) => n * n - 9) }],
  ]);
};

export const x = s.read("x", "f32", at);
