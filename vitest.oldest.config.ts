/**
 * The second leg of `npm test`: what has to hold on the oldest Node that Fovea runs on, which has no relaxed SIMD.
 * A test that needs it stands in a file of its own, `*.relaxed.test.ts`; `*.oldest.test.ts` runs only here.
 */
import { defineConfig } from "vitest/config";
import shared, { projectsOf } from "./vitest.config.ts";

const whole = [
  "errors",
  "loaders",
  "micro",
  "oracle",
  "plan",
  "runtime",
  "scalar",
  "spec",
  "syntax",
  "targets",
  "tile",
];
const commands = ["contract", "hostile", "process", "verify"];

const include = [
  ...[...whole, "wasm"].map((folder) => `test/${folder}/**/*.test.ts`),
  ...commands.map((name) => `test/cli/${name}.test.ts`),
];
const exclude = [
  "**/*.relaxed.test.ts",
  // Minutes of a GPU in software, and of arithmetic that test/wasm tries too: once is enough.
  "test/loaders/wgsl.test.ts",
  "test/loaders/compile.test.ts",
  "test/micro/programs.test.ts",
  "test/wasm/wabt.test.ts",
];

export default defineConfig({
  test: {
    ...shared.test,
    projects: projectsOf(include, exclude),
    outputFile: { json: "out/tests-oldest.json" },
  },
});
