/** `fovea doctor`: what runs is found out by running it, and what is missing comes with the way to get it here. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { fovea, scratch } from "./support.ts";

const { folder } = scratch();
const before = { ...process.env };
afterEach(() => {
  process.env["PATH"] = before["PATH"];
  if (before["CC"] !== undefined) process.env["CC"] = before["CC"];
});

interface Said {
  readonly version: number;
  readonly targets: readonly {
    readonly target: string;
    readonly runs: boolean;
    readonly reason: string | null;
    readonly notes: readonly string[];
  }[];
  readonly findings: readonly {
    readonly what: string;
    readonly found: string | null;
    readonly without: string;
    readonly help: string;
  }[];
}

test("each target that is there runs; each part says what it is for and how to get it", async () => {
  const { code, out, err } = await fovea("doctor", "--json");
  const { version, targets, findings } = JSON.parse(out) as Said;
  expect({ code, err, version }).toEqual({ code: 0, err: "", version: 1 });
  expect(targets).toMatchObject(["c", "wasm", "wgsl"].map((target) => ({ target, runs: true, reason: null })));
  expect(targets.map(({ notes }) => notes.join())).toEqual([
    "",
    "",
    expect.stringMatching(/^the adapter has (no )?shader-f16/),
  ]);
  expect(findings.map((finding) => finding.what.split(":")[0])).toEqual(
    expect.arrayContaining(["WASM SIMD", "C", "WGSL"]),
  );
  for (const { help, without } of findings) expect({ help, without }).not.toMatchObject({ help: "", without: "" });
});

test("on a machine without a C compiler it says so, and names its package manager's command", async () => {
  writeFileSync(join(folder, "dnf"), "#!/bin/sh\n", { mode: 0o755 });
  process.env["PATH"] = folder;
  delete process.env["CC"];
  const { code, out } = await fovea("doctor");
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}missing {2}c: FOV5002: there is no C compiler on this machine$/m);
  expect(out).toMatch(/^ {2}runs {5}wasm$/m);
  expect(out).toMatch(
    /^ {2}missing {2}C: gcc: without it c runs by clang, where that is there\n {11}get it: (sudo )?dnf install gcc$/m,
  );
});
