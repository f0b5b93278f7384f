/**
 * Kernels of halves as C: without a warning, under sanitizers the oracle's numbers, and the same bits whether their
 * rows are read in place or widened from the stage of a copy engine, with odd head sizes and rows at odd addresses.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { compare, limitOf } from "../../src/verify/compare.ts";
import { specFrom } from "../support/examples.ts";
import { known, specOf } from "./cases.ts";
import { compile, machines, runCases, writeCases, type Report } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-halves-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mixed =
  specFrom(`attention mixed(q: bf16[L, D], k: f16[S, D], v: bf16[S, E], x: f16, t: f16[7], rows: i32[3, 2]) {
  mask causal or j in rows[i mod 3]
  score s + x * t[(i - j) mod 7]
  output o + t[c]
  return o, p = o: f16, lse
  example rows = between(0, 8)
}`);
const odd = { L: 45, S: 61, D: 7, E: 5 };
const cases = [
  known(specOf("halves"), { sizes: { L: 45, S: 61, D: 7 } }),
  known(specOf("gpt_oss"), { target: "c:cortex-m55", sizes: { L: 45, D: 16 } }),
  known(mixed, { label: "host", sizes: odd }),
  known(mixed, { label: "m55", target: "c:cortex-m55", prefix: "m55", sizes: odd }),
  known(mixed, { label: "scratchpad", target: "c:generic-scratchpad", prefix: "pad", sizes: odd }),
];

let reports: ReadonlyMap<string, Report> = new Map();
beforeAll(async () => {
  const kernels = await writeCases(folder, cases);
  const strict = ["-std=c99", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"];
  const warnings = await compile(folder, ["gcc", ...strict, "-O1", "-c", ...kernels]);
  expect(warnings).toBe("");
  const sanitize = ["-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DNUMBERS"];
  const files = [...kernels, "main.c", "blob.S", `${machines}host.c`, "-o", "trial"];
  await compile(folder, ["clang-19", "-std=c99", ...sanitize, `-I${machines}`, ...files]);
  reports = await runCases(folder, ["./trial"]);
}, 240_000);

test.each(cases.map((each) => [each.label ?? each.program.name, each] as const))("%s", (label, each) => {
  const { spec, sizes, inputs } = each;
  const report = reports.get(label);
  expect(report?.status).toBe(0);
  const right = oracle(spec, sizes, inputs);
  expect(compare(spec, right, report?.outputs ?? new Map(), limitOf("f32", false, 80))).toMatchObject({ ok: true });
  expect(report).toMatchObject({ same: true, failed: 6, failures: 6 });
  expect(report?.copies).toBeGreaterThan(0);
});
