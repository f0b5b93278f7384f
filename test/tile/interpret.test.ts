import { expect, test } from "vitest";
import { normal } from "../../src/runtime/random.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { lowerPlan } from "../../src/compile.ts";
import { united } from "../../src/plan/tiles.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { host, webgpu } from "../../src/targets/index.ts";
import { naive, worst, type NaiveCase } from "../support/naive.ts";
import * as plans from "../support/plans.ts";

interface Shape {
  readonly B: number;
  readonly H: number;
  readonly Hkv?: number;
  readonly L: number;
  readonly S: number;
  readonly D: number;
}

function check(plan: Plan, shape: Shape, more: Pick<NaiveCase, "keep" | "score"> = {}, device = host): number {
  const { B, H, L, S, D } = shape;
  const Hkv = shape.Hkv ?? H;
  const q = normal(1, "q", B * H * L * D);
  const k = normal(1, "k", B * Hkv * S * D);
  const v = normal(1, "v", B * Hkv * S * D);
  const inputs = new Map([
    ["q", { dims: [B, H, L, D], data: q }],
    ["k", { dims: [B, Hkv, S, D], data: k }],
    ["v", { dims: [B, Hkv, S, D], data: v }],
  ]);
  const { outputs } = interpret(lowerPlan(plan, device), { B, H, Hkv, L, S, D }, inputs, "f64");
  const right = naive({ B, H, Hkv, L, S, D, q, k, v, ...more });
  return Math.max(worst(outputs.get("o")?.data ?? [], right.o), worst(outputs.get("lse")?.data ?? [], right.lse));
}

const causalKeep = { keep: (i: number, j: number) => j <= i };
const shapes: readonly Shape[] = [
  { B: 1, H: 1, L: 1, S: 1, D: 1 },
  { B: 2, H: 1, L: 33, S: 70, D: 3 },
  { B: 1, H: 2, L: 70, S: 33, D: 4 },
  { B: 1, H: 1, L: 0, S: 5, D: 2 },
  { B: 1, H: 1, L: 5, S: 0, D: 2 },
];

for (const shape of shapes) {
  const name = JSON.stringify(shape);
  test(`dense equals the textbook at ${name}`, () => expect(check(plans.dense, shape)).toBeLessThan(1e-6));
  test(`causal equals the textbook at ${name}`, () =>
    expect(check(plans.causal, shape, causalKeep)).toBeLessThan(1e-6));
  test(`a window equals the textbook at ${name}`, () => {
    expect(check(plans.windowed(9), shape, { keep: (i, j) => j <= i && i - j < 9 })).toBeLessThan(1e-6);
  });
}

test("the tiles of a GPU give the same answer", () => {
  expect(check(plans.causal, { B: 1, H: 2, L: 70, S: 90, D: 5 }, causalKeep, webgpu)).toBeLessThan(1e-6);
});

test("heads of a group are stacked as rows", () => {
  const shape = { B: 2, H: 6, Hkv: 2, L: 23, S: 40, D: 4 };
  expect(check(plans.groupedCausal, shape, causalKeep)).toBeLessThan(1e-6);
});

test("a score may name the head and the positions", () => {
  const H = 4;
  const score = (s: number, i: number, j: number, h: number): number => s + 2 ** ((-8 * (h + 1)) / H) * (j - i);
  expect(check(plans.alibi, { B: 1, H, L: 40, S: 40, D: 4 }, { ...causalKeep, score })).toBeLessThan(1e-6);
});

test("masked NaN in keys and values changes nothing", () => {
  const [L, S, D] = [4, 40, 2];
  const q = normal(1, "q", L * D);
  const k = normal(1, "k", S * D);
  const v = normal(1, "v", S * D);
  const run = (): ArrayLike<number> => {
    const inputs = new Map([
      ["q", { dims: [1, 1, L, D], data: q }],
      ["k", { dims: [1, 1, S, D], data: k }],
      ["v", { dims: [1, 1, S, D], data: v }],
    ]);
    return interpret(lowerPlan(plans.windowed(2), host), { B: 1, H: 1, L, S, D }, inputs).outputs.get("o")?.data ?? [];
  };
  const clean = run();
  for (let j = 0; j < 35; j++)
    for (let c = 0; c < D; c++) k[j * D + c] = v[j * D + c] = j % 2 ? Number.NaN : Number.POSITIVE_INFINITY;
  expect(Array.from(run())).toEqual(Array.from(clean));
});

test("ranges are rounded to granules, cut, sorted and joined", () => {
  expect(
    united(
      [
        [30, 41],
        [3, 5],
        [5, 9],
        [7, 7],
      ],
      8,
      40,
    ),
  ).toEqual([
    [0, 16],
    [24, 40],
  ]);
});
