// The layer rule of ARCHITECTURE.md: a folder may import only from folders named before it.
const layers = [
  ["grammar", "^grammar/", ["^grammar/", "^src/diagnostics/"]],
  ["syntax", "^src/syntax/", ["^src/syntax/", "^grammar/", "^src/diagnostics/"]],
  ["diagnostics", "^src/diagnostics/", ["^src/diagnostics/"]],
  ["scalar", "^src/scalar/", ["^src/scalar/"]],
  ["spec", "^src/spec/", ["^src/spec/", "^src/syntax/", "^src/scalar/", "^src/diagnostics/", "^grammar/"]],
  ["oracle", "^src/oracle/", ["^src/oracle/", "^src/spec/", "^src/scalar/", "^src/diagnostics/"]],
  ["plan", "^src/plan/", ["^src/plan/", "^src/spec/spec.ts", "^src/scalar/", "^src/diagnostics/"]],
  ["targets", "^src/targets/", ["^src/targets/", "^src/diagnostics/"]],
  [
    "tile",
    "^src/tile/",
    ["^src/tile/", "^src/plan/", "^src/spec/spec.ts", "^src/scalar/", "^src/targets/", "^src/diagnostics/"],
  ],
  ["micro", "^src/micro/", ["^src/micro/", "^src/tile/", "^src/scalar/", "^src/targets/", "^src/diagnostics/"]],
  ["runtime", "^src/runtime/", ["^src/runtime/", "^src/scalar/storage.ts", "^src/diagnostics/"]],
];
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "only-the-list-imports-backends",
      severity: "error",
      from: { path: "^(src|grammar)/" },
      to: { path: "^backends/", pathNot: "^backends/(index|backend)\\.ts$" },
    },
    ...layers.map(([name, from, allowed]) => ({
      name: `layer-${name}`,
      severity: "error",
      from: { path: from },
      to: { path: "^(src|grammar|backends)/", pathNot: allowed.join("|") },
    })),
  ],
  options: { tsPreCompilationDeps: true, tsConfig: { fileName: "tsconfig.json" }, exclude: { path: "node_modules" } },
};
