import { expect, test } from "vitest";
import * as s from "../../src/scalar/scalar.ts";
import { buildTiles } from "../../src/tile/build.ts";
import { hoist } from "../../src/tile/hoist.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { printTileProgram } from "../../src/tile/print.ts";
import { cpuSchedule } from "../../src/tile/schedule.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { validate } from "../../src/tile/validate.ts";
import { normal } from "../../src/runtime/random.ts";
import * as plans from "../support/plans.ts";

for (const plan of [plans.dense, plans.causal, plans.windowed(9), plans.groupedCausal, plans.alibi]) {
  test(`the program of ${plan.name} is valid before and after hoist`, () => {
    const built = buildTiles(plan, cpuSchedule);
    expect(validate(built)).toEqual([]);
    expect(validate(hoist(built))).toEqual([]);
  });
}

test("hoist takes the slope of ALiBi out of the score and keeps every bit", () => {
  const built = buildTiles(plans.alibi, cpuSchedule);
  const hoisted = hoist(built);
  expect(printTileProgram(hoisted)).toMatch(/let fixed_\d+ = exp2\(/);
  const [H, L, D] = [2, 40, 4];
  const inputs = new Map(
    ["q", "k", "v"].map((name) => [name, { dims: [1, H, L, D], data: normal(7, name, H * L * D) }]),
  );
  const sizes = { B: 1, H, L, S: L, D };
  expect(interpret(hoisted, sizes, inputs).outputs).toEqual(interpret(built, sizes, inputs).outputs);
});

test("the program of dense reads as it runs", () => {
  expect(printTileProgram(buildTiles(plans.dense, cpuSchedule))).toMatchSnapshot();
});

test("the validator names what is wrong", () => {
  const built = buildTiles(plans.dense, cpuSchedule);
  const broken: TileProgram = {
    ...built,
    body: [
      { kind: "let", name: "x", value: s.variable("nowhere") },
      { kind: "map", to: { buffer: "lost", row: s.int(0), rows: s.int(1) }, value: s.read("q", "f32", [s.int(0)]) },
      { kind: "join", list: "none", slot: s.int(0), from: s.int(0), to: s.size("Z") },
    ],
  };
  expect(validate(broken)).toEqual([
    "the variable nowhere is used where it is not bound",
    "map names the buffer lost, which the program does not have",
    "q has rank 4 and is indexed with 1",
    "the list none does not exist",
    "the size Z does not exist",
  ]);
});
