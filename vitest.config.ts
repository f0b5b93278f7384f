import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Of the leg on the oldest Node: vitest.oldest.config.ts.
    exclude: [...configDefaults.exclude, "**/*.oldest.test.ts"],
    testTimeout: 240_000,
    // Modules are loaded once a worker: binaryen alone takes a second. No test changes what another could see.
    isolate: false,
    // Both cores of a small machine: left alone, one of them would idle.
    maxWorkers: "100%",
    reporters: process.env["CI"] ? ["default", "json", "./scripts/failures.mjs"] : ["default"],
    outputFile: { json: "out/tests.json" },
  },
});
