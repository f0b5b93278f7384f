/**
 * `fovea verify examples --strict`, held to its word: the command says yes, and each attention of each file under
 * examples/ was verified on each target that was asked for.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { command } from "../support/command.ts";
import { specsFrom } from "../support/examples.ts";

interface Report {
  readonly version: number;
  readonly results: readonly { readonly attention: string; readonly target: string; readonly status: string }[];
}

export async function verifyExamples(...targets: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await command(
    "verify",
    "examples",
    "--target",
    targets.join(","),
    "--strict",
    "--json",
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
    names.flatMap((name) => targets.map((target) => `${name} ${target}`)).toSorted(),
  );
  expect(status, stderr).toBe(0);
}
