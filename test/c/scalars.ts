/** Every scalar form that C needs a helper for, as a program of its own. */
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { TileProgram } from "../../src/tile/tile.ts";

const v = s.variable;

/** Every scalar form that needs a helper, written to an output through the checked paths. */
export const scalars = ((): TileProgram => {
  const n = s.size("N");
  const t = (i: Scalar): Scalar => s.read("t", "i32", [i]);
  const r = v("r");
  const values: readonly Scalar[] = [
    s.idiv(t(r), s.int(-3)),
    s.mod(t(r), s.int(5)),
    s.idiv(t(r), t(s.add(r, s.int(1)))),
    s.add(t(s.sub(r, s.int(2))), s.int(2147483647)),
    s.select(
      { kind: "any", type: "bool", name: "x", count: n, body: s.call("eq", t(v("x")), s.mul(r, s.int(2))) },
      s.int(1),
      s.int(0),
    ),
    { kind: "sum", type: "i32", name: "y", count: r, body: s.mul(t(v("y")), s.add(r, v("base"))) },
    s.select({ kind: "sorted", type: "bool", tensor: "u", leading: [] }, s.int(1), s.int(0)),
    { kind: "search", type: "i32", side: "lower", tensor: "u", leading: [], value: r },
    { kind: "search", type: "i32", side: "upper", tensor: "u", leading: [], value: r },
    s.select(
      s.and(s.read("keep", "bool", [r]), s.call("bit", t(r), s.int(1))),
      s.read("int", "i32", []),
      s.call("abs", t(r)),
    ),
    s.call("int", s.mul(s.call("float", t(r)), s.float(-1.37e8))),
    s.call("int", s.call("sqrt", s.call("float", t(r)))),
    s.mod(s.call("hash", s.call("hash", s.int(0), t(r)), r), s.int(1 << 20)),
  ];
  return {
    name: "scalars",
    parameters: [],
    sizes: ["N", "for"],
    inputs: [
      { name: "t", dtype: "i32", dims: [n] },
      { name: "u", dtype: "i32", dims: [s.size("for")] },
      { name: "keep", dtype: "bool", dims: [n] },
      { name: "int", dtype: "i32", dims: [] },
    ],
    outputs: [{ name: "out", dtype: "f32", dims: [s.int(values.length), n] }],
    buffers: [],
    lists: [],
    body: [
      { kind: "let", name: "base", value: s.int(3) },
      { kind: "let", name: "unused", value: v("base") },
      ...values.map(
        (value, at) =>
          ({ kind: "store", tensor: "out", at: [s.int(at), r], rows: n, value: s.call("float", value) }) as const,
      ),
    ],
  };
})();
