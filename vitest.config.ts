import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 240_000,
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: "out/tests.json" },
  },
});
