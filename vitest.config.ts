import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

/** They replace modules or globals, which no other file may see. */
const apart = ["test/cli/verify.test.ts", "test/loaders/wasm-create.test.ts", "test/loaders/wgsl.test.ts"];

/** Modules are loaded once a worker (binaryen alone takes a second), but for the files that need their own. */
export function projectsOf(include: readonly string[], exclude: readonly string[]): TestProjectInlineConfiguration[] {
  const out = [...configDefaults.exclude, ...exclude];
  return [
    { extends: true, test: { name: "shared", isolate: false, include: [...include], exclude: [...out, ...apart] } },
    { extends: true, test: { name: "apart", isolate: true, include: apart, exclude: out } },
  ];
}

export default defineConfig({
  test: {
    // Of the leg on the oldest Node: vitest.oldest.config.ts.
    projects: projectsOf(["test/**/*.test.ts"], ["**/*.oldest.test.ts"]),
    testTimeout: 240_000,
    hookTimeout: 120_000,
    // Both cores of a small machine: left alone, one of them would idle.
    maxWorkers: "100%",
    reporters: process.env["CI"] ? ["default", "json", "./scripts/failures.mjs"] : ["default"],
    outputFile: { json: "out/tests.json" },
  },
});
