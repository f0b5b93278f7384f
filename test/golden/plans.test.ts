/** The plan of every example, as text: read a difference before it is blessed. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../../src/compile.ts";
import { plan } from "../../src/plan/build.ts";
import { countPlan } from "../../src/plan/count.ts";
import { printPlan } from "../../src/plan/print.ts";

const folder = new URL("../../examples/", import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith(".attn"))) {
  test(`the plan of ${name}`, async () => {
    const { specs } = check(readFileSync(new URL(name, folder), "utf8"), name);
    await expect(specs.map((spec) => printPlan(plan(spec))).join("\n")).toMatchFileSnapshot(
      `plans/${name.replace(".attn", ".txt")}`,
    );
  });
}

test("a tile takes the same number of decisions whatever the length", () => {
  const { specs } = check("attention sinks(q, k, v: f32[L, D]) { mask causal and (window(64) or sinks(4)) }", "sinks");
  const [spec] = specs;
  if (!spec) throw new Error("no attention");
  const decisions = (L: number): number =>
    countPlan(plan(spec), { L, D: 1 }, {}, { rows: 32, keys: 64 }).planning.examined / Math.ceil(L / 32);
  expect(decisions(4096)).toBe(decisions(65536));
  expect(decisions(4096)).toBeLessThanOrEqual(8);
}, 120_000);
