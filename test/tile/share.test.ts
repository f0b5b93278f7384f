/** share: what a block computes more than once is bound once, where all that it needs is bound, and nowhere else. */
import { expect, test } from "vitest";
import * as s from "../../src/scalar/scalar.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { printTileProgram } from "../../src/tile/print.ts";
import { share } from "../../src/tile/share.ts";
import { loop, type Statement, type TileProgram } from "../../src/tile/tile.ts";
import { validate } from "../../src/tile/validate.ts";

const [n, t] = [s.variable("n"), s.variable("t")];
const row = [s.variable("r")];
const at = (x: s.Scalar): s.Scalar => s.read("shift", "i32", [x]);
const let_ = (name: string, value: s.Scalar): Statement => ({ kind: "let", name, value });
/** out[slot] = value */
const out = (slot: s.Scalar, value: s.Scalar): Statement => ({
  kind: "store",
  tensor: "out",
  at: [s.add(slot, s.variable("r"))],
  rows: s.int(1),
  value,
});

function program(body: readonly Statement[]): TileProgram {
  const dims = [s.int(16)];
  return {
    name: "p",
    sizes: [],
    parameters: [],
    inputs: [{ name: "shift", dtype: "i32", dims }],
    outputs: [{ name: "out", dtype: "i32", dims }],
    buffers: [{ name: "held", type: "i32", rows: s.int(1) }],
    lists: [{ name: "keys", slots: s.int(1), capacity: s.int(4) }],
    body,
  };
}

/** The lines of the shared program's body; it is valid and answers as before. */
function shared(body: readonly Statement[]): readonly string[] {
  const [before, after] = [program(body), share(program(body))];
  expect(validate(before)).toEqual([]);
  expect(validate(after)).toEqual([]);
  const inputs = new Map([["shift", { dims: [16], data: Int32Array.from({ length: 16 }, (_, x) => (x * 7) % 5) }]]);
  const answer = interpret(after, {}, inputs).outputs;
  expect(answer).toEqual(interpret(before, {}, inputs).outputs);
  expect(answer.get("out")?.data.some((x) => x !== 0)).toBe(true);
  return printTileProgram(after).trimEnd().split("\n");
}

const lets = (lines: readonly string[]): readonly string[] =>
  lines.map((x) => x.trim()).filter((x) => x.startsWith("let"));

test("the largest repeated part is bound, just before it is first needed", () => {
  const big = s.mul(at(s.int(1)), s.add(at(s.int(2)), s.int(3)));
  const lines = shared([
    let_("x", s.add(big, s.int(1))),
    let_("y", s.sub(big, at(s.int(2)))),
    out(s.int(0), s.variable("x")),
    out(s.int(1), s.variable("y")),
  ]);
  expect(lets(lines)).toEqual([
    "let shared_0 = shift[2]",
    "let shared_1 = shift[1] * (shared_0 + 3)",
    "let x = shared_1 + 1",
    "let y = shared_1 - shared_0",
  ]);
});

test("sums that cost nothing, and what occurs once, stay where they are", () => {
  const lines = shared([
    let_("n", at(s.int(3))),
    let_("x", s.add(n, s.int(1))),
    let_("y", s.mul(s.add(n, s.int(1)), s.int(2))),
    out(s.int(0), s.variable("x")),
    out(s.int(1), s.variable("y")),
  ]);
  expect(lines.join("\n")).not.toContain("shared_");
});

test("what a block bound is used by the blocks inside it, and by none beside it", () => {
  const square = s.mul(at(t), at(t));
  const inside = (slot: number): Statement =>
    loop("t", s.int(3), "serial", [
      let_("x", square),
      {
        kind: "if",
        when: s.call("gt", square, s.int(1)),
        then: [out(s.add(t, s.int(slot)), s.variable("x"))],
        otherwise: [],
      },
    ]);
  const lines = shared([inside(0), inside(4)]);
  expect(lets(lines)).toEqual([
    "let shared_0 = shift[t]",
    "let x = shared_0 * shared_0",
    "let shared_1 = shift[t]",
    "let x = shared_1 * shared_1",
  ]);
  expect(lines.filter((x) => x.includes("if x > 1"))).toHaveLength(2);
});

test("a name that is bound anew is another value", () => {
  const lines = shared([
    let_("n", at(s.int(1))),
    let_("x", s.add(at(n), at(n))),
    let_("n", at(s.int(2))),
    let_("y", s.add(at(n), at(n))),
    out(s.int(0), s.variable("x")),
    out(s.int(1), s.variable("y")),
  ]);
  expect(lets(lines).filter((x) => x.endsWith("= shift[n]"))).toHaveLength(2);
  const loops = shared([
    let_("t", at(s.int(1))),
    let_("x", s.add(at(t), at(t))),
    loop("t", s.int(2), "serial", [let_("y", s.add(at(t), at(t))), out(s.add(t, s.int(2)), s.variable("y"))]),
    out(s.int(0), s.variable("x")),
  ]);
  expect(lets(loops).filter((x) => x.endsWith("= shift[t]"))).toHaveLength(2);
});

test("what a range is asked for again and again, and what is in a buffer, are not bound before", () => {
  const term = (x: s.Scalar) => ({
    when: s.call("gt", at(s.int(5)), s.int(-1)),
    lo: s.add(at(x), at(s.int(5))),
    hi: s.add(s.add(at(x), at(s.int(5))), s.int(1)),
    over: [{ name: "n", from: s.int(0), to: s.int(3) }],
  });
  const held = s.read("held", "i32", [s.int(0)]);
  const lines = shared([
    { kind: "unite", list: "keys", slot: s.int(0), terms: [term(n)], granule: 1, extent: s.int(16) },
    { kind: "map", to: { buffer: "held", row: s.int(0), rows: s.int(1) }, value: s.int(3) },
    let_("x", s.idiv(held, s.int(2))),
    { kind: "map", to: { buffer: "held", row: s.int(0), rows: s.int(1) }, value: s.int(8) },
    let_("y", s.idiv(held, s.int(2))),
    {
      kind: "visit",
      list: "keys",
      slot: s.int(0),
      step: s.int(4),
      lo: "lo",
      hi: "hi",
      body: [out(s.add(s.int(2), s.variable("lo")), s.variable("hi"))],
    },
    out(s.int(0), s.add(s.mul(s.variable("x"), s.int(10)), s.variable("y"))),
  ]);
  expect(lets(lines)).toEqual(["let shared_0 = shift[5]", "let x = held[0] div 2", "let y = held[0] div 2"]);
});

test("an element's own expressions are left to it", () => {
  const value = s.mul(at(s.variable("r")), at(s.variable("r")));
  expect(shared([out(s.int(0), value), out(s.int(1), s.add(s.read("shift", "i32", row), value))]).join()).not.toContain(
    "shared_",
  );
});
