/**
 * The second leg of `npm test`: what has to hold on the oldest Node that Fovea runs on, which has no relaxed SIMD.
 * A test that needs it stands in a file of its own, `*.relaxed.test.ts`; `*.oldest.test.ts` runs only here.
 */
import { configDefaults, defineConfig } from "vitest/config";
import shared from "./vitest.config.ts";

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

export default defineConfig({
  test: {
    ...shared.test,
    include: [
      ...[...whole, "wasm"].map((folder) => `test/${folder}/**/*.test.ts`),
      ...commands.map((name) => `test/cli/${name}.test.ts`),
    ],
    exclude: [
      ...configDefaults.exclude,
      "**/*.relaxed.test.ts",
      // Minutes of a GPU in software, and of arithmetic that test/wasm tries too: once is enough.
      "test/loaders/wgsl.test.ts",
      "test/loaders/compile.test.ts",
      "test/micro/programs.test.ts",
      "test/wasm/wabt.test.ts",
    ],
    outputFile: { json: "out/tests-oldest.json" },
  },
});
