/** Scalars in registers, as vectors and one by one, against the scalar rows in double precision and the tile interpreter. */
import { describe, expect, it } from "vitest";
import { compileKernel } from "../../backends/wasm/host.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { at, inputsOf, program, x } from "./elements.ts";

const v = s.variable;
const a = s.read("a", "i32", at);
const b = s.read("b", "i32", at);
const t = s.read("t", "bool", at);
const real = (y: Scalar): Scalar => s.call("float", y);
const bool = (y: Scalar): Scalar => s.select(y, s.float(1), s.float(0));
const list = (index: Scalar): Scalar => s.read("n", "i32", [index]);

const expressions: Readonly<Record<string, Scalar>> = {
  "x + c": s.add(x, real(v("c"))),
  "a div b": real(s.idiv(a, b)),
  "a mod b": real(s.mod(a, b)),
  "a div 4": real(s.idiv(a, s.int(4))),
  "a mod 8": real(s.mod(a, s.int(8))),
  "a div 3, hoisted": real(s.idiv(s.sub(v("r"), s.int(5)), s.int(3))),
  "min and max of integers": real(s.add(s.min(a, b), s.mul(s.int(100), s.max(a, b)))),
  "min and max of reals": s.sub(s.min(x, s.float(0.25)), s.max(x, s.float(-0.5))),
  "abs and neg": s.add(s.call("abs", x), real(s.call("neg", s.call("abs", a)))),
  "floor and ceil": s.sub(s.call("floor", x), s.call("ceil", s.mul(x, s.float(3)))),
  "int of reals": real(s.call("int", s.mul(x, s.float(7)))),
  "int beyond i32": real(s.call("int", s.mul(x, s.float(2e9)))),
  "hash of both": real(s.mod(s.call("hash", s.call("hash", s.int(0), a), b), s.int(1000))),
  "hash, hoisted": real(s.mod(s.call("hash", v("r"), s.int(-5)), s.int(1000))),
  "sqrt of a magnitude": s.call("sqrt", s.call("abs", x)),
  "a bool read": bool(t),
  "and, or, not": bool(s.or(s.and(t, s.call("lt", a, b)), s.not(s.call("ge", x, s.float(0))))),
  bit: bool(s.call("bit", a, s.call("abs", b))),
  "bit outside 0 … 31": bool(s.call("bit", a, s.mul(b, s.int(17)))),
  "read beside the row": s.read("x", "f32", [v("r"), s.add(v("c"), s.int(2))]),
  "read before the row": s.read("x", "f32", [s.sub(v("r"), s.int(1)), s.add(s.int(-3), v("c"))]),
  "read of another row": s.read("x", "f32", [v("c"), v("r")]),
  gathered: real(list(a)),
  "guarded by and": bool(s.and(s.call("ge", a, s.int(0)), s.call("gt", list(a), s.int(3)))),
  any: bool({ kind: "any", type: "bool", name: "e", count: s.size("N"), body: s.call("eq", list(v("e")), a) }),
  sum: real({ kind: "sum", type: "i32", name: "e", count: s.size("N"), body: s.mul(list(v("e")), v("c")) }),
  sorted: bool({ kind: "sorted", type: "bool", tensor: "n", leading: [] }),
  "search lower": real({ kind: "search", type: "i32", side: "lower", tensor: "n", leading: [], value: a }),
  "search upper": real({ kind: "search", type: "i32", side: "upper", tensor: "n", leading: [], value: list(v("c")) }),
};

describe.each(Object.entries(expressions))("%s", (_, value) => {
  it("gives the same bits as the interpreter", async () => {
    const kernel = await compileKernel(program(value), "plain");
    for (const [R, C, N] of [
      [3, 9, 7],
      [5, 2, 0],
      [2, 16, 1],
    ]) {
      const sizes = { R: R ?? 0, C: C ?? 0, N: N ?? 0 };
      const data = Float32Array.from({ length: sizes.R * sizes.C }, (__, n) => Math.fround(Math.sin(n * 12.9898) * 4));
      const inputs = inputsOf(sizes.R, sizes.C, data, sizes.N);
      const ready = kernel.prepare({ sizes, inputs });
      ready.run();
      const want = interpret(program(value), sizes, inputs).outputs.get("y")?.data;
      const off = (n: number): number => n + 0;
      expect(Array.from(ready.outputs().get("y")?.data ?? [], off)).toEqual(Array.from(want ?? [], off));
    }
  });
});
