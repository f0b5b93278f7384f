/** Counts against brute force, and what planning costs. */
import { describe, expect, test } from "vitest";
import { lower } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import { countPlan } from "../../src/plan/count.ts";
import type { Inputs } from "../../src/plan/source.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { attendOf } from "../../src/plan/tiles.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { inputDims } from "../../src/spec/inputs.ts";
import { wasm } from "../../src/targets/index.ts";
import { only } from "../spec/support.ts";
import * as m from "./masks.ts";

const { and, or } = s;
const tile = { rows: 32, keys: 64 };
const size = (L: number): Record<string, number> => ({ B: 2, H: 3, L, S: L, D: 8 });

function brute(mask: Scalar, plan: Plan, L: number, inputs: Inputs = {}): number {
  let kept = 0;
  for (let h = 0; h < 3; h++) {
    const sees = m.viewer(mask, m.environment(plan, size(L), inputs, { h, hk: h }));
    for (let i = 0; i < L; i++) for (let j = 0; j < L; j++) if (sees(i, j)) kept++;
  }
  return kept / (3 * L * L);
}

const doc = (x: Scalar): Scalar => s.read("doc", "i32", [x]);
const cases: [name: string, mask: Scalar, inputs: Inputs][] = [
  ["all", s.truth(true), {}],
  ["causal", m.causal, {}],
  ["window or sinks", and(m.causal, or(m.window(20), m.sinks(3))), {}],
  ["stride or window", and(m.causal, or(m.window(8), m.stride(8))), {}],
  ["per head", and(m.causal, m.stride(s.add(m.h, s.int(1)))), {}],
  [
    "sorted documents",
    and(m.causal, m.eq(doc(m.i), doc(m.j))),
    { doc: Array.from({ length: 150 }, (_, n) => Math.floor(n / 40)) },
  ],
  [
    "unsorted documents",
    m.eq(doc(m.i), doc(m.j)),
    { doc: Array.from({ length: 150 }, (_, n) => (Math.floor(n / 40) * 3) % 4) },
  ],
];

describe("kept and visited pairs", () => {
  test.each(cases)("%s", (_, mask, inputs) => {
    const L = 150;
    const plan = m.planOf(mask, { inputs: [m.input("doc", [s.size("L")])] });
    const counts = countPlan(plan, size(L), inputs, tile);
    expect(counts.keptPairs).toBeCloseTo(brute(mask, plan, L, inputs), 12);
    expect(counts.visitedPairs).toBeGreaterThanOrEqual(counts.keptPairs);
    expect(counts.visitedPairs).toBeLessThanOrEqual(1);
    const { full, mixed, byClause } = counts.tiles;
    expect(Object.values(byClause).reduce((a, b) => a + b, 0)).toBe(full + mixed);
  });

  test("rows aligned to the end and to the start", () => {
    const sizes = { B: 1, H: 1, L: 10, S: 40, D: 8 };
    const end = m.planOf(m.causal, { self: false });
    expect(countPlan(end, sizes, {}, tile).keptPairs * 400).toBeCloseTo(31 * 10 + 45, 9);
    const start = m.planOf(m.causal, { self: false, position: s.variable("row") });
    expect(countPlan(start, sizes, {}, tile).keptPairs * 400).toBeCloseTo(55, 9);
  });

  test("sizes of zero", () => {
    const plan = m.planOf(m.causal, { self: false });
    for (const zero of [{ L: 0 }, { S: 0 }, { B: 0 }, { H: 0 }]) {
      const counts = countPlan(plan, { B: 1, H: 1, L: 8, S: 8, D: 8, ...zero }, {}, tile);
      expect(counts).toMatchObject({ keptPairs: 0, visitedPairs: 0, tiles: { full: 0, mixed: 0 } });
    }
  });

  test("a window of 256 costs 1.12 visited pairs a kept one", () => {
    const { keptPairs, visitedPairs } = countPlan(
      m.planOf(and(m.causal, m.window(256))),
      { B: 1, H: 1, L: 4096, D: 8 },
      {},
      tile,
    );
    expect(visitedPairs / keptPairs).toBeCloseTo(1.12, 1);
  });

  test("every key may be seen by a dense tile, none but the diagonal's is mixed", () => {
    const { tiles } = countPlan(m.planOf(m.causal), { B: 1, H: 1, L: 256, D: 8 }, {}, tile);
    expect(tiles).toEqual({ full: 16 - 4, mixed: 8, skipped: 12, byClause: { causal: 20 } });
  });
});

describe("planning", () => {
  test("a query tile costs the same whatever the length", () => {
    const plan = m.planOf(and(m.causal, or(m.window(64), m.sinks(4))));
    const each = [4096, 65536].map(
      (L) => countPlan(plan, { B: 1, H: 1, L, D: 8 }, {}, tile).planning.examined / (L / tile.rows),
    );
    expect(each).toEqual([4, 4]);
  });

  test("disjoint ranges built", () => {
    const plan = m.planOf(and(m.causal, or(m.window(64), m.sinks(4))));
    // rows 0 … 95 join sinks and window, the rest have two ranges
    expect(countPlan(plan, { B: 1, H: 1, L: 256, D: 8 }, {}, tile).planning.built).toBe(3 + 5 * 2);
  });

  test("a head that sees the same is counted once and multiplied", () => {
    const plan = m.planOf(m.causal);
    const one = countPlan(plan, { B: 1, H: 1, L: 64, D: 8 }, {}, tile);
    const many = countPlan(plan, { B: 2, H: 3, L: 64, D: 8 }, {}, tile);
    expect(many.keptPairs).toBe(one.keptPairs);
    expect(many.planning.examined).toBe(6 * one.planning.examined);
    expect(many.tiles.full).toBe(6 * one.tiles.full);
  });
});

describe("keys told apart by digits", () => {
  const signature = "q: f32[B, H, L, D], k, v: f32[B, H, S, D], live: i32[B], table: i32[L, 2]";
  test.each([
    ["rows that a tensor places", "align at live[b] - 1 mask causal and columns(4)"],
    ["a table of rows beside digits", "mask columns(4) and j div 4 in table[row]"],
    ["a table of blocks beside digits", "blocks 4 mask columns(4) and bj in table[bi]"],
    ["a table of heads beside digits", "mask columns(4) and j div 4 in table[h]"],
  ])("%s", (_, clauses) => {
    const spec = only(`attention a(${signature}) { ${clauses} }`);
    const sizes = { B: 2, H: 1, L: 9, S: 64, D: 4 };
    const example = { live: [20, 41], table: Array.from({ length: 18 }, (_, n) => (n * 7) % 19) };
    const inputs = new Map(
      [...inputDims(spec, sizes)].map(([name, dims]) => {
        const data =
          name === "live" || name === "table" ? example[name] : new Float32Array(dims.reduce((x, y) => x * y));
        return [name, { dims, data }] as const;
      }),
    );
    const { plan } = lower(spec, wasm);
    expect(attendOf(plan).split).toBeDefined();
    const { keptPairs, visitedPairs } = countPlan(plan, sizes, example, tile);
    expect(keptPairs * 2 * 9 * 64).toBeCloseTo(oracle(spec, sizes, inputs).kept, 9);
    expect(visitedPairs).toBeGreaterThanOrEqual(keptPairs);
  });
});
