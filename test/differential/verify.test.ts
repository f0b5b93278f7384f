/**
 * `fovea verify examples --strict` says yes for C and WASM at the examples' own sizes; WGSL at these sizes is in
 * wgsl.test.ts, which has the pipelines already.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { specsFrom } from "../support/examples.ts";

interface Report {
  readonly version: number;
  readonly results: readonly { readonly attention: string; readonly target: string; readonly status: string }[];
}

test("every example verifies on c and wasm", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["bin/fovea.mjs", "verify", "examples", "--target", "c,wasm", "--strict", "--json"],
    { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  const { version, results } = JSON.parse(stdout) as Report;
  expect(version).toBe(1);
  expect(results.filter((each) => each.status !== "ok")).toEqual([]);
  // Those of the apps too.
  const files = readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".attn"));
  const names = files.flatMap((name) =>
    specsFrom(readFileSync(join("examples", name), "utf8"), name).map((spec) => spec.name),
  );
  expect(results.map((each) => `${each.attention} ${each.target}`).toSorted()).toEqual(
    names.flatMap((name) => [`${name} c`, `${name} wasm`]).toSorted(),
  );
  expect(status, stderr).toBe(0);
});
