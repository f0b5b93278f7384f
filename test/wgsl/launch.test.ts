/** What a module asks of a device. Launches wider than one dimension of WebGPU allows (65,535 workgroups): the grid is folded, no row is lost. */
import { expect, test } from "vitest";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { runModule } from "../../backends/wgsl/host.ts";
import { wgsl } from "../../backends/wgsl/index.ts";
import { lowerPlan } from "../../src/compile.ts";
import * as s from "../../src/scalar/scalar.ts";
import { webgpu } from "../../src/targets/index.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { causal } from "../support/plans.ts";

test("140,000 workgroups each write their own element", async () => {
  const [N, place] = [s.size("N"), s.add(s.mul(s.variable("a"), s.int(7)), s.variable("b"))];
  const program: TileProgram = {
    name: "wide",
    sizes: ["N"],
    parameters: [],
    inputs: [{ name: "x", dtype: "f32", dims: [s.mul(N, s.int(7))] }],
    outputs: [{ name: "y", dtype: "f32", dims: [s.mul(N, s.int(7))] }],
    buffers: [],
    lists: [],
    body: [
      {
        kind: "for",
        name: "a",
        to: N,
        mode: "parallel",
        body: [
          {
            kind: "for",
            name: "b",
            to: s.int(7),
            mode: "parallel",
            body: [
              {
                kind: "store",
                tensor: "y",
                at: [place],
                rows: s.int(1),
                value: s.add(s.read("x", "f32", [place]), s.float(1)),
              },
            ],
          },
        ],
      },
    ],
  };
  const x = Float32Array.from({ length: 140_000 }, (_, n) => n);
  const inputs = new Map([["x", { dims: [x.length], data: x }]]);
  const found = await runModule(emitModule(program, {}), { sizes: { N: 20_000 }, inputs });
  expect(found.get("y")?.data).toEqual(x.map((each) => each + 1));
});

test("the workgroup memory that is told is what the module declares", async () => {
  const program = lowerPlan(causal, webgpu);
  const sizes = { B: 1, H: 1, L: 64, S: 64, D: 64 };
  const { text } = emitModule(program, sizes);
  const strides = new Map(
    [...text.matchAll(/^const (\w+_stride): i32 = (\d+) \+ 1;/gm)].map((m) => [m[1], Number(m[2]) + 1]),
  );
  const declared = [...text.matchAll(/^var<workgroup> \w+: (?:array<\w+, (\d+)(?: \* (\w+))?>|u32);/gm)];
  const bytes = declared.map(
    ([, n = "1", by]) => 4 * Number(n) * (by === undefined ? 1 : (strides.get(by) ?? Number.NaN)),
  );
  const told = await wgsl.workspaceBytes(program, sizes);
  expect(told).toBe(bytes.reduce((a, n) => a + n, 0));
  expect(declared).toHaveLength([...text.matchAll(/^var<workgroup>/gm)].length);
  expect(told).toBeLessThanOrEqual(16_384);
});
