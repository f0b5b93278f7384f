import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { check, lower, passes } from "../../src/compile.ts";
import * as s from "../../src/scalar/scalar.ts";
import { host } from "../../src/targets/index.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { mapProgram } from "../../src/tile/walk.ts";
import { trialOf, verifyStage } from "../../src/verify/each.ts";
import { sampleInputs } from "../../src/verify/sample.ts";

const source = "attention near(q, k, v: f32[B, H, L, D]) { mask window(5) example B = 1, H = 2, L = 40, D = 8 }";
const fovea = (...args: string[]): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync("bin/fovea.mjs", args, { input: source, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
};

test("--stop-after prints what a pass made and writes no file", () => {
  const { code, out } = fovea(
    "compile",
    "-",
    "--target",
    "wasm",
    "--stop-after",
    "group-heads",
    "-o",
    "/nonexistent/x",
  );
  expect(code).toBe(0);
  expect(out).toMatch(/^tiles near\(/);
  expect(out).toContain("GROUP = 1  ROWS open");
});

test("--dump=all shows every pass in order and --time-passes times each", () => {
  const { code, err } = fovea("explain", "-", "--dump=all", "--time-passes", "--verify-each");
  expect(code).toBe(0);
  const names = ["spec", "plan", "build-tiles", ...passes.map((p) => p.name), "block-registers"];
  expect([...err.matchAll(/^; near after (\S+)$/gm)].map((m) => m[1])).toEqual(names);
  expect([...err.matchAll(/ ms {2}(\S+)$/gm)].map((m) => m[1]).slice(0, 3)).toEqual([
    "plan",
    "build-tiles",
    "group-heads",
  ]);
});

test("a pass that does not exist is a wrong use, with the nearest name", () => {
  const { code, err } = fovea("explain", "-", "--stop-after", "hoister");
  expect(code).toBe(2);
  expect(err).toContain("there is no pass hoister");
  expect(err).toContain("did you mean `hoist`?");
});

test("--verify-each names the pass that changed the answer", () => {
  const [spec] = check(source, "near.attn").specs;
  if (!spec) throw new Error("no spec");
  const sizes = { B: 1, H: 2, L: 40, D: 8 };
  const trial = trialOf(spec, sizes, sampleInputs(spec, sizes));
  const { program } = lower(spec, host);
  verifyStage(spec, "hoist", program, trial);
  // A mask that is off by one: `<=` becomes `<`.
  const wrong: TileProgram = mapProgram(program, (x) =>
    s.rewrite(x, (n) => (n.kind === "call" && n.fn === "le" && s.dependsOn(n, "c") ? { ...n, fn: "lt" } : undefined)),
  );
  expect(() => verifyStage(spec, "hoist", wrong, trial)).toThrow(
    /FOV9001: hoist changed the answer of near: o\[\d+\] is/,
  );
});

test("the same spec gives the same text", () => {
  const run = (): string =>
    execFileSync("bin/fovea.mjs", ["compile", "-", "--target", "c", "--stop-after", "legalise"], {
      input: source,
      encoding: "utf8",
    });
  expect(run()).toBe(run());
});
