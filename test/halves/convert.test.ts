/**
 * f16 and bf16 on every target, over all their 65,536 patterns: widened exactly (subnormal numbers, infinities and NaN
 * among them) and rounded as the reference rounds, next to and half way between neighbours. Rows are odd, so that in a
 * GPU's words a half has neighbours of other rows and other threads; one output is written across.
 */
import { describe, expect, test } from "vitest";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { interpretMicro } from "../../src/micro/interpret.ts";
import { run as runC } from "../../backends/c/host.ts";
import { registers } from "../../backends/wasm/emit.ts";
import { compileKernel } from "../../backends/wasm/host.ts";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { runModule } from "../../backends/wgsl/host.ts";
import * as s from "../../src/scalar/scalar.ts";
import { halves, rounded, type Dtype, type HalfDtype } from "../../src/scalar/storage.ts";
import { interpret } from "../../src/tile/interpret.ts";
import type { Statement, TileProgram } from "../../src/tile/tile.ts";
import type { Inputs, Results } from "../support/kernels.ts";

const [rows, columns] = [1171, 57];
const count = rows * columns;
const [r, c] = [s.variable("r"), s.variable("c")];
const [height, width] = [s.int(rows), s.int(columns)];

function store(tensor: string, from: string, across = false): Statement {
  const value = s.read(from, "f32", across ? [c, r] : [r, c]);
  const [R, C] = across ? [width, height] : [height, width];
  return { kind: "store", tensor, at: [r, c], rows: R, columns: C, value };
}

const tensor = (name: string, dtype: Dtype, across = false) => ({
  name,
  dtype,
  dims: across ? [width, height] : [height, width],
});

const program: TileProgram = {
  name: "halves",
  parameters: [],
  sizes: [],
  inputs: [tensor("h", "f16"), tensor("b", "bf16"), tensor("x", "f32")],
  outputs: [
    tensor("of_h", "f32"),
    tensor("of_b", "f32"),
    tensor("h_of", "f16"),
    tensor("b_of", "bf16"),
    tensor("h_across", "f16", true),
  ],
  buffers: [],
  lists: [],
  body: [
    {
      kind: "for",
      name: "once",
      to: s.int(1),
      mode: "parallel",
      body: [
        store("of_h", "h"),
        store("of_b", "b"),
        store("h_of", "x"),
        store("b_of", "x"),
        store("h_across", "x", true),
      ],
    },
  ],
};

const bits = new Uint32Array(1);
const real = new Float32Array(bits.buffer);
/** The f32 that is `steps` further from 0. */
function beyond(x: number, steps: number): number {
  real[0] = x;
  bits[0] += steps;
  return real[0];
}

/** Around every half: itself, half way to the next, and the f32 numbers beside that. */
function around(dtype: HalfDtype, turn: number): Float32Array {
  const { widen } = halves[dtype];
  return Float32Array.from({ length: count }, (_, n) => {
    const pattern = (n * 7 + turn) & 0xffff;
    const [at, next] = [widen(pattern), widen((pattern & 0x8000) | ((pattern + 1) & 0x7fff))];
    const middle = Math.fround((at + next) / 2);
    if (!Number.isFinite(at)) return at;
    if (!Number.isFinite(next)) return beyond(at, [0, 0xfff, 0x1000, 0x7fff, 0x8000][n % 5]);
    return [at, middle, beyond(middle, 1), beyond(middle, middle === 0 ? 0 : -1)][n % 4];
  });
}

const patterns = Uint16Array.from({ length: count }, (_, n) => n & 0xffff);

const inputsOf = (dtype: HalfDtype, turn: number): Inputs =>
  new Map([
    ["h", { dims: [rows, columns], data: patterns }],
    ["b", { dims: [rows, columns], data: patterns }],
    ["x", { dims: [rows, columns], data: around(dtype, turn) }],
  ]);

const across = (n: number): number => (n % rows) * columns + Math.floor(n / rows);

/** What stands in each output, by the reference. */
function wanted(inputs: Inputs): Readonly<Record<string, (n: number) => number>> {
  const x = inputs.get("x")?.data ?? [];
  return {
    of_h: (n) => halves.f16.widen(patterns[n]),
    of_b: (n) => halves.bf16.widen(patterns[n]),
    h_of: (n) => rounded("f16", x[n]),
    b_of: (n) => rounded("bf16", x[n]),
    h_across: (n) => rounded("f16", x[across(n)]),
  };
}

/** `same` says what may stand for what is wanted. */
function faults(
  inputs: Inputs,
  found: Results,
  same: (want: number, got: number) => boolean = Object.is,
): readonly string[] {
  return Object.entries(wanted(inputs)).flatMap(([name, want]) => {
    const data = found.get(name)?.data ?? [];
    if (data.length !== count) return [`${name} has ${data.length} numbers`];
    const n = Array.from(data).findIndex((got, at) => !same(want(at), got));
    return n < 0 ? [] : [`${name}[${n}] is ${data[n]}, not ${want(n)}`];
  });
}

const cases = (["f16", "bf16"] as const).flatMap((dtype) => [0, 1, 2, 3].map((turn) => inputsOf(dtype, turn)));
const few = [cases[1], cases[6]];

describe("halves", () => {
  test("in the tile interpreter", () => {
    for (const inputs of few) expect(faults(inputs, interpret(program, {}, inputs).outputs)).toEqual([]);
  });

  test("in the micro interpreter", () => {
    const micro = blockRegisters(program, registers.plain);
    for (const inputs of few) expect(faults(inputs, interpretMicro(micro, {}, inputs).outputs)).toEqual([]);
  });

  test.each(["plain", "relaxed"] as const)("in %s wasm", async (simd) => {
    const kernel = await compileKernel(program, simd);
    for (const inputs of cases) {
      const ready = kernel.prepare({ sizes: {}, inputs });
      ready.run();
      expect(faults(inputs, ready.outputs())).toEqual([]);
    }
  });

  test.each([
    ["gcc", "-O2", "-std=c99"],
    ["clang-19", "-O3", "-march=native", "-ffp-contract=off"],
  ])("in C by %s", async (...compiler) => {
    for (const inputs of few)
      expect(faults(inputs, await runC(program, { specText: "", fixed: {} }, { sizes: {}, inputs }, compiler))).toEqual(
        [],
      );
  });

  /** f32 arithmetic may flush subnormal numbers there, and what is below −1e38 stands for −∞. */
  test("in WGSL, where NaN is some number that is not finite", { timeout: 60_000 }, async () => {
    const same = (want: number, got: number): boolean => {
      if (Number.isNaN(want)) return !Number.isFinite(got);
      if (want < -9e37) return got === Number.NEGATIVE_INFINITY || got === want;
      return Object.is(want, got) || (Math.abs(want) < 2 ** -126 && Math.abs(got) < 2 ** -126);
    };
    const module = emitModule(program, {});
    for (const inputs of cases)
      expect(faults(inputs, await runModule(module, { sizes: {}, inputs }), same)).toEqual([]);
  });
});
