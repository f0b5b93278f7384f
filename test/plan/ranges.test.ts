/** Ranges worked out by hand, as text and on concrete tiles. */
import { describe, expect, test } from "vitest";
import { printRange } from "../../src/plan/print.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { attendOf, rangesOfTile, verdictOfTile, type Keys } from "../../src/plan/tiles.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import * as m from "./masks.ts";
import { wrapping } from "./wrapping.ts";

const { and, or } = s;
const lines = (plan: Plan): { may: string[]; must: string[] } => {
  const { may, must } = attendOf(plan).visit;
  return { may: may.map(printRange), must: must.map(printRange) };
};
const tile = (
  plan: Plan,
  sizes: Record<string, number>,
  rows: Keys,
  inputs = {},
  variables = {},
): { may: readonly Keys[]; must: readonly Keys[] } => {
  const { may, must } = rangesOfTile(plan, m.environment(plan, sizes, inputs, variables), rows[0], rows[1]);
  return { may, must };
};

describe("closed forms", () => {
  test("causal", () => {
    const plan = m.planOf(m.causal);
    expect(lines(plan)).toEqual({ may: ["[0, i1 + 1)  # causal"], must: ["[0, i0 + 1)  # causal"] });
    expect(attendOf(plan).visit.verdict).toBeUndefined();
    expect(tile(plan, { L: 1000 }, [64, 95])).toEqual({ may: [[0, 96]], must: [[0, 65]] });
  });

  test("window and sinks: two ranges, joined where they touch", () => {
    const plan = m.planOf(and(m.causal, or(m.window(64), m.sinks(4))));
    expect(lines(plan)).toEqual({
      may: ["[i0 - 63, i1 + 1)  # causal and window(64)", "[0, min(i1 + 1, 4))  # causal and sinks(4)"],
      must: ["[i1 - 63, i0 + 1)  # causal and window(64)", "[0, min(i0 + 1, 4))  # causal and sinks(4)"],
    });
    expect(tile(plan, { L: 1000 }, [320, 351])).toEqual({
      may: [
        [0, 8],
        [256, 352],
      ],
      must: [
        [0, 4],
        [288, 321],
      ],
    });
    // rows 64 … 95 see keys from 1 on: rounded out to 0 the two are one
    expect(tile(plan, { L: 1000 }, [64, 95])).toEqual({
      may: [[0, 96]],
      must: [
        [0, 4],
        [32, 65],
      ],
    });
  });

  test("prefix, around, global, not equal", () => {
    expect(lines(m.planOf(m.sinks(7)))).toEqual({ may: ["[0, 7)  # sinks(7)"], must: ["[0, 7)  # sinks(7)"] });
    expect(lines(m.planOf(m.around(5)))).toEqual({
      may: ["[i0 - 5, i1 + 6)  # around"],
      must: ["[i1 - 5, i0 + 6)  # around"],
    });
    expect(lines(m.planOf(m.global(3))).may).toEqual(["[0, L) when 2 >= i0  # global(3)", "[0, 3)  # global(3)"]);
    expect(lines(m.planOf(s.call("ne", m.i, m.j))).must).toEqual(["[0, i0)  # i != j", "[i1 + 1, L)  # i != j"]);
  });

  test("everything and nothing", () => {
    expect(lines(m.planOf(s.truth(true)))).toEqual({ may: ["[0, L)  # all"], must: ["[0, L)  # all"] });
    expect(lines(m.planOf(s.truth(false)))).toEqual({ may: [], must: [] });
    expect(lines(m.planOf(and(m.lt(m.j, 3), s.call("ge", m.j, s.int(3))))).may).toEqual([]);
  });

  test("stride without a split: every key may be seen, and a verdict remains", () => {
    const plan = m.wholePlanOf(m.stride(32));
    expect(lines(plan)).toEqual({ may: ["[0, L)  # stride(32)"], must: [] });
    const env = m.environment(plan, { L: 256 });
    expect(verdictOfTile(plan, env, 64, 71, 40, 47)).toEqual({ may: false, must: false });
    expect(verdictOfTile(plan, env, 64, 71, 32, 39)).toEqual({ may: true, must: false });
    expect(verdictOfTile(plan, env, 64, 64, 32, 32)).toEqual({ may: true, must: true });
  });

  test("|i − j| mod n is (i − j) mod n", () => {
    const abs = m.wholePlanOf(m.eq(s.mod(s.call("abs", s.sub(m.i, m.j)), s.add(m.h, s.int(1))), 0));
    const plain = m.wholePlanOf(m.stride(s.add(m.h, s.int(1))));
    expect(attendOf(abs).visit.verdict).toEqual(attendOf(plain).visit.verdict);
    expect(attendOf(abs).visit.perHead).toBe(true);
  });

  test("blocks are full where tiles stand in one block", () => {
    const plan = m.planOf(m.diagonal(32), { blocks: 32 });
    expect(tile(plan, { L: 256 }, [64, 95])).toEqual({ may: [[64, 96]], must: [[64, 96]] });
    expect(tile(plan, { L: 256 }, [48, 79])).toEqual({ may: [[32, 96]], must: [] });
    expect(plan.axes.key.split?.outer).toEqual({ name: "bj", extent: s.ceilDiv(s.size("L"), s.int(32)) });
  });

  test("chunks: i − i mod n is one term", () => {
    const chunk = m.le(m.j, s.add(s.sub(m.i, s.mod(m.i, s.int(64))), s.int(63)));
    expect(lines(m.planOf(chunk)).may).toEqual(["[0, i1 div 64 * 64 + 64)  # j <= i - i mod 64 + 63"]);
  });

  test("rows of a canvas whose width is a size", () => {
    const near = m.le(s.call("abs", s.sub(s.idiv(m.i, s.size("W")), s.idiv(m.j, s.size("W")))), 1);
    const plan = m.planOf(near);
    expect(tile(plan, { L: 100, W: 10 }, [50, 59])).toEqual({ may: [[40, 72]], must: [[40, 70]] });
    expect(tile(plan, { L: 100, W: 0 }, [50, 59]).may).toEqual([[0, 100]]);
  });
});

describe("aligned to the end", () => {
  test("a query tile of four rows against a cache", () => {
    const plan = m.planOf(m.causal, { self: false });
    // L = 4, S = 100: rows stand at 96 … 99
    expect(tile(plan, { L: 4, S: 100 }, [96, 99])).toEqual({ may: [[0, 100]], must: [[0, 97]] });
  });

  test("`row` is the position less that of row 0", () => {
    expect(lines(m.planOf(m.le(m.j, s.variable("row")), { self: false })).may).toEqual([
      "[0, i1 + L - S + 1)  # j <= i - (S - L)",
    ]);
  });

  test("decode: the live length bounds the keys and is itself bounded by them", () => {
    const live = s.read("live", "i32", [m.b]);
    const plan = m.planOf(m.lt(m.j, live), {
      self: false,
      position: s.add(s.variable("row"), s.sub(live, s.int(1))),
      inputs: [m.input("live", [s.size("B")])],
    });
    expect(lines(plan).may).toEqual(["[0, min(live[b], S))  # j < live[b]"]);
    const at = (value: number): ReturnType<typeof tile> =>
      tile(plan, { L: 1, S: 64 }, [value - 1, value - 1], { live: [value] });
    expect(at(13)).toEqual({ may: [[0, 16]], must: [[0, 13]] });
    expect(at(0)).toEqual({ may: [], must: [] });
    expect(at(-5)).toEqual({ may: [], must: [] });
    expect(at(2 ** 31 - 1)).toEqual({ may: [[0, 64]], must: [[0, 64]] });
  });
});

describe("tensors", () => {
  const bi = m.block(m.i, 32);
  const bj = m.block(m.j, 32);
  const table = m.input("rand", [s.size("H"), s.ceilDiv(s.size("L"), s.int(32)), 3]);

  test("BigBird: the table is enumerated", () => {
    const near = m.le(s.call("abs", s.sub(bi, bj)), 1);
    const mask = or(or(near, or(m.eq(bi, 0), m.eq(bj, 0))), m.member("rand", [m.h, bi], 3, bj));
    const plan = m.planOf(mask, { blocks: 32, inputs: [table] });
    expect(attendOf(plan).visit.verdict).toBeUndefined();
    expect(attendOf(plan).visit.perHead).toBe(true);
    const rand = Array.from({ length: 16 * 3 }, (_, n) => [12, 12, -1][n % 3]);
    const sizes = { L: 512 };
    expect(tile(plan, sizes, [128, 159], { rand })).toEqual({
      may: [
        [0, 32],
        [96, 192],
        [384, 416],
      ],
      must: [
        [0, 32],
        [96, 192],
        [384, 416],
      ],
    });
    expect(tile(plan, sizes, [0, 31], { rand })).toEqual({ may: [[0, 512]], must: [[0, 512]] });
    // two blocks of rows: both blocks' entries may be seen, none by all
    const two = rand.with(3 * 4, 7).with(3 * 5, 9);
    expect(tile(plan, sizes, [144, 175], { rand: two })).toEqual({
      may: [
        [0, 32],
        [96, 256],
        [288, 320],
        [384, 416],
      ],
      must: [
        [0, 32],
        [128, 192],
      ],
    });
  });

  test("entries outside the blocks are nobody's", () => {
    const plan = m.planOf(m.member("rand", [m.h, bi], 3, bj), { blocks: 32, inputs: [table] });
    const rand = [-1, -(2 ** 31), 2 ** 31 - 1, 2, 2, 1];
    expect(tile(plan, { L: 40 }, [0, 31], { rand })).toEqual({ may: [], must: [] });
    expect(tile(plan, { L: 40 }, [32, 39], { rand })).toEqual({ may: [[32, 40]], must: [[32, 40]] });
  });

  const doc = (x: Scalar): Scalar => s.read("doc", "i32", [x]);
  const documents = m.planOf(and(m.causal, m.eq(doc(m.i), doc(m.j))), { inputs: [m.input("doc", [s.size("L")])] });

  test("sorted documents: two searches", () => {
    expect(lines(documents)).toEqual({
      may: [
        "[lower(doc, doc[i0]), min(i1 + 1, upper(doc, doc[i1]))) when sorted(doc)  # causal and doc[i] == doc[j]",
        "[0, i1 + 1) when not sorted(doc)  # causal and doc[i] == doc[j]",
      ],
      must: ["[lower(doc, doc[i1]), min(i0 + 1, upper(doc, doc[i0]))) when sorted(doc)  # causal and doc[i] == doc[j]"],
    });
    const sorted = { doc: Array.from({ length: 96 }, (_, n) => Math.floor(n / 32)) };
    expect(tile(documents, { L: 96 }, [40, 47], sorted)).toEqual({ may: [[32, 48]], must: [[32, 41]] });
    // a tile over the border of two documents: no key is seen by all rows
    expect(tile(documents, { L: 96 }, [60, 67], sorted)).toEqual({ may: [[32, 72]], must: [] });
  });

  test("unsorted documents: everything, and a verdict on the least and greatest", () => {
    const doc = Array.from({ length: 96 }, (_, n) => [7, 3, 5][Math.floor(n / 32)]);
    expect(tile(documents, { L: 96 }, [64, 71], { doc })).toEqual({ may: [[0, 72]], must: [] });
    const env = m.environment(documents, { L: 96 }, { doc });
    expect(verdictOfTile(documents, env, 64, 71, 0, 31)).toEqual({ may: false, must: false });
    expect(verdictOfTile(documents, env, 80, 87, 64, 79)).toEqual({ may: true, must: true });
    expect(attendOf(documents).visit.verdict?.summaries.map(({ side }) => side)).toEqual(["key", "query"]);
  });

  test("documents from offsets are searched too", () => {
    const seg = (x: Scalar, name: string): Scalar => m.segment("cu", s.size("N"), x, name);
    const plan = m.planOf(m.eq(seg(m.i, "e1"), seg(m.j, "e2")), { inputs: [m.input("cu", [s.size("N")])] });
    const cu = [0, 10, 40, 96];
    expect(tile(plan, { L: 96, N: 4 }, [16, 23], { cu })).toEqual({ may: [[8, 40]], must: [[10, 40]] });
    expect(tile(plan, { L: 96, N: 4 }, [8, 15], { cu })).toEqual({ may: [[0, 40]], must: [] });
    expect(tile(plan, { L: 96, N: 0 }, [8, 15], { cu: [] })).toEqual({ may: [[0, 96]], must: [[0, 96]] });
  });

  test("truth values: what is constant in a batch is a bound, a key's is a verdict", () => {
    const on = m.planOf(s.read("on", "bool", [m.b]), { inputs: [m.input("on", [s.size("B")], "bool")] });
    expect(lines(on).may).toEqual(["[0, L) when on[b]  # on[b]"]);
    expect(attendOf(on).visit.verdict).toBeUndefined();
    const valid = m.planOf(s.read("valid", "bool", [m.b, m.j]), {
      inputs: [m.input("valid", [s.size("B"), s.size("L")], "bool")],
    });
    const env = m.environment(valid, { L: 16 }, { valid: [1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0] });
    expect(verdictOfTile(valid, env, 0, 7, 0, 3)).toEqual({ may: true, must: true });
    expect(verdictOfTile(valid, env, 0, 7, 0, 7)).toEqual({ may: true, must: false });
    expect(verdictOfTile(valid, env, 0, 7, 8, 15)).toEqual({ may: false, must: false });
  });

  test("a length a row is enumerated by rows", () => {
    const plan = m.planOf(m.lt(m.j, s.read("len", "i32", [m.i])), { inputs: [m.input("len", [s.size("L")])] });
    expect(tile(plan, { L: 32 }, [0, 3], { len: [3, 20, 1, 9, ...Array.from({ length: 28 }, () => 0)] })).toEqual({
      may: [[0, 24]],
      must: [],
    });
  });
});

describe("what a run-time number may not do", () => {
  const w = s.read("w", "i32", []);
  const made = { inputs: [m.input("w", [])] };
  const kernelRange = (plan: Plan, value: number, i0: number, i1: number, which: "may" | "must"): Keys[] => {
    const kernel = wrapping(m.environment(plan, { L: 64 }, { w: [value] }));
    const at = { b: 0, h: 0, hk: 0, i0, i1 };
    return attendOf(plan)
      .visit[which].filter((r) => kernel.value(r.when, at) !== 0)
      .map((r) => [kernel.value(r.lo, at), kernel.value(r.hi, at)]);
  };

  test("a window of any width does not wrap", () => {
    const plan = m.planOf(and(m.causal, m.window(w)), made);
    for (const value of [-(2 ** 31), 0])
      for (const [lo, hi] of kernelRange(plan, value, 8, 15, "must")) expect(lo).toBeGreaterThanOrEqual(hi);
    const [[lo, hi]] = kernelRange(plan, 2 ** 31 - 1, 8, 15, "must");
    expect(lo).toBeLessThan(0);
    expect(hi).toBe(9);
  });

  test("n · i does not wrap where j div n does not", () => {
    const plan = m.planOf(m.le(s.idiv(m.j, s.int(100_000)), m.i));
    // 100,000 · 50,000 leaves i32: nothing may be claimed from it, and nothing lost
    for (const [lo, hi] of kernelRange(plan, 0, 50_000, 50_031, "must")) expect(hi - lo).toBeGreaterThanOrEqual(64);
    expect(kernelRange(plan, 0, 50_000, 50_031, "may").some(([lo, hi]) => lo <= 0 && hi >= 64)).toBe(true);
  });

  test("a divisor of zero decides what the language says", () => {
    const plan = m.planOf(m.eq(s.idiv(m.j, w), 0), made);
    expect(tile(plan, { L: 64 }, [0, 7], { w: [0] }).may).toEqual([[0, 64]]);
    expect(tile(plan, { L: 64 }, [0, 7], { w: [0] }).must).toEqual([]);
  });
});

test("unions of many ranges stay few", () => {
  const many = Array.from({ length: 40 }, (_, n) => m.eq(m.j, s.add(m.i, s.int(100 * n)))).reduce(or);
  const { may, must } = attendOf(m.planOf(many)).visit;
  expect(may.length).toBeLessThanOrEqual(16);
  expect(must.length).toBeLessThanOrEqual(16);
  expect(tile(m.planOf(many), { L: 8000 }, [0, 0]).may.at(-1)).toEqual([1496, 3904]);
});
