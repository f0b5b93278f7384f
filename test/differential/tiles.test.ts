/** Every example, through the planner and build-tiles, run by the tile interpreter against the oracle. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check, lower } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { host, webgpu } from "../../src/targets/index.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { sampleInputs } from "../../src/verify/sample.ts";

const folder = new URL("../../examples/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".attn"));

const small: Readonly<Record<string, number>> = { B: 2, H: 4, Hkv: 2, L: 75, S: 75, D: 6, Dv: 6 };

function specsOf(name: string): readonly Spec[] {
  const { specs, diagnostics } = check(readFileSync(new URL(name, folder), "utf8"), name);
  expect(diagnostics).toEqual([]);
  return specs;
}

for (const name of files) {
  for (const device of [host, webgpu]) {
    test(`${name} equals the oracle in tiles of ${device.title}`, () => {
      const specs = specsOf(name);
      expect(specs.length).toBeGreaterThan(0);
      for (const spec of specs) {
        const sizes = Object.fromEntries(
          spec.sizes.map((size) => [size, small[size] ?? spec.example.sizes[size] ?? 1]),
        );
        const inputs = sampleInputs(spec, sizes, { seed: 3 });
        const { outputs } = interpret(lower(spec, device).program, sizes, inputs);
        const right = oracle(spec, sizes, inputs);
        const limit = limitFor("f32", right, Number(sizes["D"] ?? 64));
        expect(compare(spec, right, outputs, limit)).toMatchObject({ ok: true });
      }
    });
  }
}

const corners = `
attention sorted(q, k, v: f32[H, L, D], doc: i32[L]) { mask doc[i] == doc[j] example doc = segments(4) }
attention unsorted(q, k, v: f32[H, L, D], doc: i32[L]) { mask causal and doc[i] == doc[j] return o, lse example doc = between(0, 3) }
attention valid(q: f32[B, L, H, D], k, v: f32[B, S, Hkv, D], ok: bool[B, S]) { mask ok[b, j] example ok = bernoulli(0.3) }
attention strided(q, k, v: f32[B, H, L, D]) { mask causal and (window(8) or stride(16)) }
attention squash(q, k, v: f32[B, H, L, D]) { mask around(9) weights sigmoid }
attention per_head(q, k, v: f32[B, H, L, D]) { mask causal and window(4 * (h + 1)) }
attention nothing(q, k, v: f32[B, H, L, D]) { mask j < i - 20 and window(8) return o, lse }
attention outer(q: f32[B, H, L, D], k, v: f32[B, H, S, D]) { mask not causal or j mod 7 == 3 }
attention transposed(q: f32[D, L], k: f32[D, S], v: f32[Dv, S]) { mask causal }
attention blocked(q, k, v: f32[H, L, D]) { blocks 16 mask diagonal or bi - bj == 2 }
`;

const cornerSpecs = check(corners, "corners.attn");

test("the corners have no errors", () =>
  expect(cornerSpecs.diagnostics.filter((d) => d.severity === "error")).toEqual([]));

for (const spec of cornerSpecs.specs) {
  for (const [L, S] of [
    [40, 40],
    [70, 33],
    [1, 90],
    [33, 0],
  ] as const) {
    test(`${spec.name} equals the oracle at L = ${L}, S = ${S}`, () => {
      const sizes = Object.fromEntries(spec.sizes.map((size) => [size, { ...small, D: 5, Dv: 3, L, S }[size] ?? 1]));
      const inputs = sampleInputs(spec, sizes, { seed: 5 });
      const { outputs } = interpret(lower(spec, host).program, sizes, inputs);
      expect(compare(spec, oracle(spec, sizes, inputs), outputs, 5e-7)).toMatchObject({ ok: true });
    });
  }
}
