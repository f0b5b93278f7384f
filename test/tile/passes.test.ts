import { expect, test } from "vitest";
import { check, lower, lowerPlan, passes } from "../../src/compile.ts";
import { normal } from "../../src/runtime/random.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Device } from "../../src/targets/device.ts";
import { host, wasm, webgpu } from "../../src/targets/index.ts";
import { buildTiles } from "../../src/tile/build.ts";
import { scheduleFor } from "../../src/tile/choose-schedule.ts";
import { groupHeads } from "../../src/tile/group-heads.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { legalise } from "../../src/tile/legalise.ts";
import { printTileProgram } from "../../src/tile/print.ts";
import { chosen, type Statement, type TileProgram } from "../../src/tile/tile.ts";
import { validate } from "../../src/tile/validate.ts";
import { everyStatement } from "../../src/tile/walk.ts";
import * as plans from "../support/plans.ts";

const statements = (program: TileProgram): Statement[] => [...everyStatement(program.body)];

/** The program after the pass of that name. */
function after(plan: Parameters<typeof lowerPlan>[0], device: Device, pass: string): TileProgram {
  let program = buildTiles(plan);
  for (const { name, run } of passes) {
    program = run(program, device);
    if (name === pass) return program;
  }
  throw new Error(`no pass ${pass}`);
}

for (const device of [host, wasm, webgpu]) {
  for (const plan of [plans.dense, plans.causal, plans.windowed(9), plans.groupedCausal, plans.alibi]) {
    test(`each pass for ${device.name} keeps the program of ${plan.name} valid and its answer right`, () => {
      const [H, Hkv, L, S, D] = [4, plan === plans.groupedCausal ? 2 : 4, 37, 45, 4];
      const tensor = (
        name: string,
        heads: number,
        length: number,
      ): [string, { dims: number[]; data: Float32Array }] => [
        name,
        { dims: [1, heads, length, D], data: normal(7, name, heads * length * D) },
      ];
      const inputs = new Map([tensor("q", H, L), tensor("k", Hkv, S), tensor("v", Hkv, S)]);
      const run = (program: TileProgram): Float64Array =>
        interpret(program, { B: 1, H, Hkv, L, S, D }, inputs, "f64").outputs.get("o")?.data ?? new Float64Array();
      const right = run(buildTiles(plan));
      expect(right.every(Number.isFinite)).toBe(true);
      let program = buildTiles(plan);
      for (const pass of passes) {
        program = pass.run(program, device);
        expect(validate(program), pass.name).toEqual([]);
        // A schedule moves the reference of the online softmax, so bits differ in the last place.
        const worst = run(program).reduce((most, x, n) => Math.max(most, Math.abs(x - (right[n] ?? Number.NaN))), 0);
        expect(worst, pass.name).toBeLessThan(1e-14);
      }
    });
  }
}

test("group-heads stacks the heads of a group only where no range depends on the head", () => {
  const grouped = printTileProgram(groupHeads(buildTiles(plans.groupedCausal)));
  expect(grouped).toContain("GROUP = H div Hkv");
  expect(grouped).toMatch(/for head < Hkv\n/);
  const perHead = plans.handPlan("per_head", {
    grouped: true,
    may: [{ when: s.truth(true), lo: s.variable("h"), hi: s.size("S"), over: [], origin: "j >= h" }],
    must: [],
    mask: s.call("ge", s.variable("j"), s.variable("h")),
  });
  const alone = printTileProgram(groupHeads(buildTiles(perHead)));
  expect(alone).toContain("GROUP = 1");
  expect(alone).toMatch(/for head < H\n/);
});

test("the schedule follows the device's memory, and one that is too small is named", () => {
  const program = groupHeads(buildTiles(plans.dense));
  const scratchpad = (bytes: number): Device => ({
    ...host,
    name: "tiny",
    memories: [{ name: "TCM", bytes, kind: "scratchpad" }],
  });
  expect(scheduleFor(program, wasm)).toEqual({ rows: 32, keys: 64, superblock: 8, lazy: 8 });
  expect(scheduleFor(program, webgpu)).toMatchObject({ rows: 32, keys: 32, superblock: 1 });
  const [large, small] = [scheduleFor(program, scratchpad(65536)), scheduleFor(program, scratchpad(32768))];
  expect(small.rows * small.superblock).toBeLessThan(large.rows * large.superblock);
  expect(() => scheduleFor(program, scratchpad(1000))).toThrow(/FOV5003: dense needs \d+ bytes of TCM; tiny has 1000/);
});

test("hoist takes the slope of ALiBi out of the score", () => {
  expect(printTileProgram(after(plans.alibi, host, "hoist"))).toMatch(/let fixed_\d+ = exp2\(/);
});

test("hoist finds out once a block of rows whether documents are sorted", () => {
  const [spec] = check(
    "attention t(q, k, v: f32[B, H, L, D], doc: i32[B, L]) { mask causal and doc[b, i] == doc[b, j] }",
    "documents",
  ).specs;
  if (!spec) throw new Error("no spec");
  for (const device of [wasm, webgpu, host]) {
    const text = printTileProgram(lower(spec, device).program);
    expect(text.match(/sorted\(/g)).toHaveLength(1);
    expect(text).toMatch(/parallel for block < .*\n\s*let fixed_\d+ = sorted\(doc\[b\]\)/);
  }
});

test("specialise leaves no test of fullness and no mask in the full version", () => {
  const program = after(plans.causal, wasm, "specialise");
  const versions = statements(program).find((x) => x.kind === "if" && x.otherwise.length > 2);
  if (versions?.kind !== "if") throw new Error("no versions");
  expect([...everyStatement(versions.then)].some((x) => x.kind === "if" || (x.kind === "dot" && x.guard))).toBe(false);
  expect([...everyStatement(versions.otherwise)].some((x) => x.kind === "dot" && x.guard)).toBe(true);
  expect(statements(after(plans.causal, webgpu, "specialise"))).toEqual(
    statements(after(plans.causal, webgpu, "hoist")),
  );
});

test("fuse leaves one pass over the weights", () => {
  const program = after(plans.dense, wasm, "fuse");
  expect(statements(program).filter((x) => x.kind === "reduce" && x.op === "sum")).toEqual([]);
  expect(statements(program).some((x) => x.kind === "map" && x.reduce?.op === "sum")).toBe(true);
});

test("buffers get their spaces and layouts from the device", () => {
  const of = (device: Device): Record<string, string> =>
    Object.fromEntries(
      lowerPlan(plans.dense, device).buffers.map((b) => [b.name, `${b.space ?? "?"} ${b.layout?.kind ?? ""}`.trim()]),
    );
  expect(of(wasm)).toMatchObject({ key_tile: "workspace panel", value_tile: "workspace rows", row_max: "workspace" });
  expect(of(host)).toMatchObject({ key_tile: "workspace columns" });
  expect(of(webgpu)).toMatchObject({
    key_tile: "streamed rows",
    query_tile: "streamed rows",
    output_tile: "private rows",
    score_tile: "workgroup rows",
    row_sum: "workgroup",
  });
});

test("legalise copies an operand whose layout a product cannot use", () => {
  // xᵀx and x·xᵀ of one buffer: along columns it wants panels, along rows it wants rows.
  const [n, x] = [s.int(4), s.variable("r")];
  const buffer = (name: string) => ({ name, type: "f32" as const, rows: n, columns: n });
  const view = (name: string) => ({ buffer: name, row: s.int(0), rows: n, columns: n });
  const product = (to: string, along: "columns" | "rows"): Statement => ({
    kind: "dot",
    to: view(to),
    a: view("x"),
    b: view("x"),
    along,
    start: "zero",
    guard: false,
  });
  const store = (from: string): Statement => ({
    kind: "store",
    tensor: from === "g" ? "gram" : "square",
    at: [x, s.variable("c")],
    rows: n,
    columns: n,
    value: s.read(from, "f32", [x, s.variable("c")]),
  });
  const tensor = (name: string) => ({ name, dtype: "f32" as const, dims: [n, n] });
  const program: TileProgram = {
    name: "gram",
    sizes: [],
    parameters: [],
    inputs: [tensor("input")],
    outputs: [tensor("gram"), tensor("square")],
    buffers: [buffer("x"), buffer("g"), buffer("h")],
    lists: [],
    body: [
      { kind: "load", to: view("x"), tensor: "input", at: [x, s.variable("c")] },
      product("g", "columns"),
      product("h", "rows"),
      store("g"),
      store("h"),
    ],
  };
  const assign = passes.find((p) => p.name === "assign-spaces-and-layouts");
  if (!assign) throw new Error("no such pass");
  const made = legalise(assign.run(program, wasm), wasm);
  expect(validate(made)).toEqual([]);
  expect(made.buffers.map((b) => `${b.name} ${b.layout?.kind ?? ""}`)).toContain("x_by_rows rows");
  const inputs = new Map([["input", { dims: [4, 4], data: normal(3, "x", 16) }]]);
  expect(interpret(made, {}, inputs).outputs).toEqual(interpret(program, {}, inputs).outputs);
});

test("the programs of dense and causal read as they run", () => {
  expect(printTileProgram(buildTiles(plans.dense))).toMatchSnapshot("built");
  const lowered = lowerPlan(plans.causal, wasm);
  expect(chosen(lowered, "ROWS")).toBe(32);
  expect(printTileProgram(lowered)).toMatchSnapshot("lowered");
});

test("the validator names what is wrong", () => {
  const built = lowerPlan(plans.dense, host);
  const broken: TileProgram = {
    ...built,
    body: [
      { kind: "let", name: "x", value: s.variable("nowhere") },
      { kind: "map", to: { buffer: "lost", row: s.int(0), rows: s.int(1) }, value: s.read("q", "f32", [s.int(0)]) },
      { kind: "join", list: "none", slot: s.int(0), from: s.int(0), to: s.size("Z") },
      { kind: "let", name: "y", value: s.variable("ROWS") },
    ],
  };
  expect(validate(broken)).toEqual([
    "the variable nowhere is used where it is not bound",
    "map names the buffer lost, which the program does not have",
    "q has rank 4 and is indexed with 1",
    "the list none does not exist",
    "the size Z does not exist",
    "the variable ROWS is used where it is not bound",
  ]);
});
