/** Every example on every target against the oracle, at the contract's limits, on ragged sizes. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import { compare, limitOf } from "../../src/verify/compare.ts";
import { runSpec, targets } from "../../src/verify/run.ts";
import { sampleInputs } from "../../src/verify/sample.ts";

const folder = new URL("../../examples/", import.meta.url);
const ragged: Readonly<Record<string, number>> = { B: 2, H: 4, Hkv: 2, L: 77, S: 77, D: 20 };

for (const name of readdirSync(folder).filter((file) => file.endsWith(".attn"))) {
  const { specs } = check(readFileSync(new URL(name, folder), "utf8"), name);
  for (const spec of specs) {
    for (const target of targets) {
      test(`${spec.name} of ${name} on ${target}`, async () => {
        const sizes = Object.fromEntries(
          spec.sizes.map((size) => [size, ragged[size] ?? spec.example.sizes[size] ?? 1]),
        );
        for (const spread of [1, 8]) {
          const inputs = sampleInputs(spec, sizes, { seed: 11, spread });
          const limit = limitOf(target === "wgsl" ? "gpu" : "f32", spread > 1, 20);
          const outputs = await runSpec(spec, target, sizes, inputs);
          expect(compare(spec, oracle(spec, sizes, inputs), outputs, limit)).toMatchObject({ ok: true });
        }
      }, 120_000);
    }
  }
}
