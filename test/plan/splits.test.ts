/**
 * Axis splits: whatever digits a mask speaks of, the attends keep each pair of the mask once and no other, every kept
 * pair is among those visited, and what counts as full is kept whole. Against the mask itself, pair by pair; and the
 * waste that is left at L = 4096.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prepareBoxes } from "../../src/plan/boxes.ts";
import { plan } from "../../src/plan/build.ts";
import { countPlan } from "../../src/plan/count.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { rowTiles } from "../../src/plan/row-tiles.ts";
import { attendsOf, prepareVisit } from "../../src/plan/tiles.ts";
import type { Environment } from "../../src/scalar/evaluate.ts";
import { segments } from "../../src/runtime/random.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { specFrom } from "../support/examples.ts";
import * as m from "./masks.ts";

const tile = { rows: 6, keys: 16, superblock: 3 };
const { i, j } = m;
const mod = (x: Scalar, n: number | Scalar): Scalar => s.mod(x, m.n(n));
const div = (x: Scalar, n: number | Scalar): Scalar => s.idiv(x, m.n(n));
const near = (x: Scalar, y: Scalar, w: number): Scalar => m.le(s.call("abs", s.sub(x, y)), w);
const and = (...all: readonly Scalar[]): Scalar => all.reduce(s.and);

/** Clamped to the canvas, as NATTEN does. */
function neighbour(x: Scalar, y: Scalar, n: number, w: number): Scalar {
  const start = s.max(s.int(0), s.min(s.sub(x, s.int((w - 1) / 2)), s.int(n - w)));
  return and(m.le(start, y), m.lt(y, s.add(start, s.int(w))));
}

/** How often each pair is counted; full runs count all of theirs. */
function seen(plan: Plan, env: Environment, L: number, S: number): Uint8Array {
  const pairs = new Uint8Array(L * S);
  const given = env.variables instanceof Map ? Object.fromEntries(env.variables) : env.variables;
  for (const attend of attendsOf(plan)) {
    const boxes = attend.split ? prepareBoxes(attend, env) : undefined;
    const ranges = boxes ? undefined : prepareVisit(plan, env, attend);
    const keeps = m.viewer(attend.split ? s.truth(true) : attend.mask, env);
    for (const { rows, variables } of rowTiles(plan, attend, env, tile)) {
      const { i0 = 0, i1 = 0 } = variables;
      const box = boxes?.({ ...given, ...variables });
      const plain = ranges?.ranges(i0, i1);
      for (const [lo, hi] of box?.runs ?? plain?.may ?? []) {
        for (let from = lo; from < hi; from += tile.keys) {
          const to = Math.min(hi, from + tile.keys);
          const full = box ? box.full(from, to) : plain?.must.some(([a, b]) => a <= from && to <= b);
          for (const row of rows) {
            const position = row + S - L;
            for (let n = from; n < to; n++) {
              const key = box ? box.keyOf(n) : n;
              const kept = box ? box.keeps(position, row, n) : keeps(position, key);
              if (!full && !kept) continue;
              expect(key).toBeLessThan(S);
              pairs[row * S + key]++;
            }
          }
        }
      }
    }
  }
  return pairs;
}

function expectExact(
  mask: Scalar,
  sizes: { L: number; S?: number; H?: number },
  inputs: Record<string, number> = {},
): void {
  const { L, S = L, H = 1 } = sizes;
  const scalars = Object.keys(inputs).map((name) => m.input(name, []));
  const plan = m.planOf(mask, { self: S === L && sizes.S === undefined, inputs: scalars });
  for (let h = 0; h < H; h++) {
    const data = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, [x]]));
    const env = m.environment(plan, { L, S, H }, data, { h, hk: h });
    const pairs = seen(plan, env, L, S);
    const keeps = m.viewer(mask, env);
    for (let row = 0; row < L; row++) {
      for (let key = 0; key < S; key++) {
        const wanted = keeps(row + S - L, key) ? 1 : 0;
        if (pairs[row * S + key] !== wanted)
          throw new Error(`head ${h}, row ${row}, key ${key} is counted ${pairs[row * S + key]} times, not ${wanted}`);
      }
    }
  }
}

const canvas = (w: number, a: number, b: number): Scalar =>
  and(near(div(i, w), div(j, w), a), near(mod(i, w), mod(j, w), b));

describe("each pair once", () => {
  const cases: readonly (readonly [string, Scalar, { L: number; S?: number; H?: number }, Record<string, number>?])[] =
    [
      ["stride", and(m.causal, m.stride(5)), { L: 61 }],
      ["stride, longer keys", and(m.causal, m.stride(7)), { L: 40, S: 67 }],
      ["stride, shorter keys", m.stride(4), { L: 50, S: 21 }],
      ["window or stride", and(m.causal, s.or(m.window(9), m.stride(4))), { L: 90 }],
      ["sinks, window or stride", and(m.causal, s.or(s.or(m.window(4), m.sinks(3)), m.stride(11))), { L: 90, S: 97 }],
      ["two strides", and(m.causal, s.or(m.stride(3), m.stride(5))), { L: 70 }],
      ["columns", and(m.causal, s.or(m.diagonal(8), m.le(6, mod(j, 8)))), { L: 75 }],
      [
        "a stride a head",
        and(m.causal, m.eq(mod(s.call("abs", s.sub(i, j)), s.add(m.h, s.int(1))), 0)),
        { L: 45, H: 4 },
      ],
      ["a stride of an input", and(m.causal, m.eq(mod(s.sub(i, j), s.read("n", "i32", [])), 0)), { L: 45 }, { n: 6 }],
      ["a stride of 0", and(m.causal, m.eq(mod(s.sub(i, j), s.read("n", "i32", [])), 0)), { L: 30 }, { n: 0 }],
      ["a remainder that no key has", m.lt(mod(j, 4), 0), { L: 30 }],
      ["a remainder below 0 of an input", m.lt(mod(j, s.read("n", "i32", [])), 0), { L: 30 }, { n: 3 }],
      ["a remainder below 0 of 0", m.lt(mod(j, s.read("n", "i32", [])), 0), { L: 30 }, { n: 0 }],
      ["a negative stride", m.eq(mod(s.sub(i, j), s.read("n", "i32", [])), 0), { L: 30 }, { n: -4 }],
      ["a shifted stride", and(m.causal, m.eq(mod(s.add(s.sub(i, j), s.int(3)), 8), 0)), { L: 61 }],
      ["a canvas", canvas(9, 1, 2), { L: 81 }],
      ["a canvas that is not full", canvas(9, 1, 2), { L: 77 }],
      ["a canvas of other keys", canvas(9, 1, 2), { L: 40, S: 72 }],
      [
        "a canvas of an input's width",
        and(
          near(div(i, s.read("w", "i32", [])), div(j, s.read("w", "i32", [])), 1),
          near(mod(i, s.read("w", "i32", [])), mod(j, s.read("w", "i32", [])), 2),
        ),
        { L: 61 },
        { w: 8 },
      ],
      [
        "a canvas of width 0",
        and(
          near(div(i, s.read("w", "i32", [])), div(j, s.read("w", "i32", [])), 1),
          near(mod(i, s.read("w", "i32", [])), mod(j, s.read("w", "i32", [])), 2),
        ),
        { L: 31 },
        { w: 0 },
      ],
      ["neighbours", and(neighbour(div(i, 10), div(j, 10), 9, 5), neighbour(mod(i, 10), mod(j, 10), 10, 3)), { L: 90 }],
      [
        "a dilated canvas",
        and(
          m.eq(mod(div(i, 11), 2), mod(div(j, 11), 2)),
          near(div(i, 11), div(j, 11), 4),
          m.eq(mod(mod(i, 11), 3), mod(mod(j, 11), 3)),
          near(mod(i, 11), mod(j, 11), 3),
        ),
        { L: 108 },
      ],
      [
        "three dimensions",
        and(
          near(div(i, 30), div(j, 30), 1),
          near(mod(div(i, 6), 5), mod(div(j, 6), 5), 1),
          near(mod(i, 6), mod(j, 6), 2),
        ),
        { L: 117 },
      ],
      ["a canvas or sinks", s.or(canvas(8, 1, 1), m.sinks(5)), { L: 64 }],
    ];
  for (const [name, mask, sizes, inputs] of cases) test(name, () => expectExact(mask, sizes, inputs));

  test("random masks of quotients and remainders", () => {
    const n = fc.integer({ min: 2, max: 9 });
    const whole = fc.constantFrom(i, j);
    const digit = fc.tuple(n, n, fc.constantFrom("div", "mod", "both", "twice")).map(([a, b, kind]) => (x: Scalar) => {
      if (kind === "div") return div(x, a);
      if (kind === "mod") return mod(x, a);
      return kind === "both" ? mod(div(x, a), b) : mod(mod(x, a * b), b);
    });
    const atom = fc.oneof(
      fc.tuple(digit, fc.integer({ min: 0, max: 3 })).map(([d, w]) => near(d(i), d(j), w)),
      fc
        .tuple(digit, fc.integer({ min: 0, max: 3 }))
        .map(([d, w]) => and(m.le(0, s.sub(d(i), d(j))), m.lt(s.sub(d(i), d(j)), w + 1))),
      digit.map((d) => m.eq(d(i), d(j))),
      fc.tuple(digit, whole, n).map(([d, x, k]) => m.le(d(x), k)),
      n.map((k) => m.stride(k)),
      fc.tuple(n, n).map(([a, b]) => m.eq(mod(s.add(s.sub(i, j), s.int(b)), a), 0)),
      fc.constant(m.causal),
      n.map((k) => m.window(k)),
    );
    const conjunction = fc.array(atom, { minLength: 1, maxLength: 4 }).map((all) => all.reduce(s.and));
    const mask = fc.array(conjunction, { minLength: 1, maxLength: 3 }).map((all) => all.reduce(s.or));
    const negated = fc.tuple(conjunction, conjunction).map(([a, b]) => s.and(a, s.not(b)));
    fc.assert(
      fc.property(
        fc.oneof(mask, negated),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 12 }),
        (x, L, more) => {
          expectExact(x, more < 4 ? { L } : { L, S: L + more - 8 > 0 ? L + more - 8 : L });
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });
});

describe("pairs visited a pair kept at L = 4096", () => {
  const tiles = { rows: 32, keys: 64, superblock: 8 };
  const limits: readonly (readonly [string, Scalar, number])[] = [
    ["window 256", and(m.causal, m.window(256)), 1.15],
    ["window 64 or sinks", and(m.causal, s.or(m.window(64), m.sinks(4))), 1.6],
    ["window 32 or stride 32", and(m.causal, s.or(m.window(32), m.stride(32))), 2],
    ["Sparse Transformer fixed", and(m.causal, s.or(m.diagonal(64), m.le(56, mod(j, 64)))), 1.2],
    ["dilated", and(m.causal, m.window(128), m.stride(4)), 2],
    [
      "neighbours 7 × 7 on 64 × 64",
      and(neighbour(div(i, 64), div(j, 64), 64, 7), neighbour(mod(i, 64), mod(j, 64), 64, 7)),
      3,
    ],
    ["blocks", m.diagonal(64), 1],
  ];
  test.each(limits.map((x) => [...x] as const))("%s", (_, mask, limit) => {
    const { visitedPairs, keptPairs } = countPlan(m.planOf(mask), { B: 1, H: 1, L: 4096, D: 64 }, {}, tiles);
    expect(visitedPairs / keptPairs).toBeLessThanOrEqual(limit);
    expect(visitedPairs).toBeGreaterThanOrEqual(keptPairs);
  });

  test.each([1, 2, 3, 4, 5])("8 documents of random lengths, %i", (seed) => {
    const inputs = { doc: segments(seed, "doc", 8, 4096) };
    for (const causal of ["", "causal and "]) {
      const spec = specFrom(`attention a(q, k, v: f32[L, D], doc: i32[L]) { mask ${causal}doc[i] == doc[j] }`);
      const { visitedPairs, keptPairs } = countPlan(plan(spec), { L: 4096, D: 64 }, inputs, tiles);
      expect(visitedPairs / keptPairs).toBeLessThanOrEqual(1.15);
      expect(visitedPairs).toBeGreaterThanOrEqual(keptPairs);
    }
  });
});
