/** Launches wider than one dimension of WebGPU allows (65,535 workgroups): the grid is folded, no row is lost. */
import { expect, test } from "vitest";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { runModule } from "../../backends/wgsl/host.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { TileProgram } from "../../src/tile/tile.ts";

test("140,000 workgroups each write their own element", async () => {
  const [N, place] = [s.size("N"), s.add(s.mul(s.variable("a"), s.int(7)), s.variable("b"))];
  const program: TileProgram = {
    name: "wide",
    sizes: ["N"],
    parameters: [],
    inputs: [{ name: "x", type: "f32", dims: [s.mul(N, s.int(7))] }],
    outputs: [{ name: "y", type: "f32", dims: [s.mul(N, s.int(7))] }],
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
