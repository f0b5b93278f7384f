/**
 * Every example as C: without a warning under two compilers and two standards, without foreign symbols, and under
 * sanitizers the oracle's numbers, with the same bits whether or not a copy engine brings the tiles.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { devices } from "../../src/targets/index.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { known, specOf, specs, type Known } from "./cases.ts";
import { compile, machines, parallel, runCases, writeCases, type Report } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-kernels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shapes = [
  { L: 33, S: 65, D: 15, E: 16 },
  { L: 1, S: 300, D: 80, E: 1 },
  { L: 0, S: 5, D: 4, E: 4 },
  { L: 5, S: 0, D: 4, E: 4 },
  { L: 1, S: 1, D: 1, E: 1 },
  { L: 300, S: 300, D: 3, E: 24 },
];
const cDevices = devices.filter((d) => d.backend === "c" && d.name !== "host");

// In brink i + 2147483348 is the largest integer there is: one more, as the planner asks for, wraps.
const brink = { sizes: { L: 1, S: 300 }, target: "c:generic-scratchpad" };
const cool = specs().map((spec) => known(spec, spec.name === "brink" ? brink : {}));
const hot = ["dense", "alibi", "capped", "grouped", "ungrouped"]
  .map(specOf)
  .map((spec) => known(spec, { spread: 8, label: `${spec.name} hot` }));
const shaped = shapes.map((sizes) =>
  known(specOf("ungrouped"), { sizes, label: `L=${sizes.L},S=${sizes.S},D=${sizes.D},E=${sizes.E}` }),
);
const elsewhere = cDevices.flatMap(({ name }) =>
  ["grouped", "ungrouped"].map((spec) =>
    known(specOf(spec), { target: `c:${name}`, prefix: name.replaceAll("-", "_"), label: `${spec} for ${name}` }),
  ),
);
const underscored = [...hot, ...shaped, ...elsewhere].map((c): Known => ({
  ...c,
  label: c.label?.replaceAll(" ", "_") ?? "",
}));
const all: readonly Known[] = [...cool, ...underscored];

const strict = ["-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror", "-c"];
const compilers = ["gcc", "clang-19"] as const;
const ways = [
  ["gcc", "c99", "-O2"],
  ["gcc", "c11", "-O0"],
  ["clang-19", "c11", "-O2"],
  ["clang-19", "c99", "-O0"],
] as const;
const objects = (way: readonly string[]): string => join(folder, way.join(""));

/** Of each compiler, under its sanitizers. */
const reports = new Map<string, ReadonlyMap<string, Report>>();
const words: Record<string, string> = {};
let kernels: readonly string[] = [];

beforeAll(async () => {
  kernels = await writeCases(folder, all);
  const own = kernels.filter((name) => cool.some((c) => `${c.program.name}.c` === name));
  const sources = own.map((name) => join(folder, name));
  const checks = ways.map((way) => async (): Promise<void> => {
    const [compiler, std, level] = way;
    mkdirSync(objects(way));
    words[way.join("")] = await compile(objects(way), [compiler, `-std=${std}`, level, ...strict, ...sources]).catch(
      (error: unknown) => String(error),
    );
  });
  const sanitize = ["-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DNUMBERS"];
  const trials = compilers.map((compiler) => async (): Promise<void> => {
    const files = [...kernels, "main.c", "blob.S", `${machines}host.c`, "-o", `trial-${compiler}`];
    await compile(folder, [compiler, "-std=c99", ...sanitize, `-I${machines}`, ...files]);
    reports.set(compiler, await runCases(folder, [`./trial-${compiler}`]));
  });
  await parallel([...trials, ...checks]);
}, 900_000);

describe.each(ways)("%s -std=%s %s", (...way) => {
  test("compiles every kernel without a word", () => expect(words[way.join("")]).toBe(""));

  test("leaves no symbol undefined but memcpy and memset, and no data that could change", () => {
    const files = readdirSync(objects(way)).map((name) => join(objects(way), name));
    expect(files).toHaveLength(cool.length);
    for (const file of files) {
      const symbols = execFileSync("nm", [file], { encoding: "utf8" }).trim().split("\n");
      const missing = symbols.filter((x) => / U /.test(x)).map((x) => x.replace(/^.* U /, ""));
      expect(missing.filter((x) => x !== "memcpy" && x !== "memset")).toEqual([]);
      expect(symbols.filter((x) => / [bBdDcC] /.test(x))).toEqual([]);
      expect(symbols.filter((x) => / T /.test(x))).toHaveLength(2);
    }
  });
});

const trialled = compilers.flatMap((compiler) =>
  all.map((each) => [compiler, each.label ?? each.program.name, each] as const),
);
describe.each(trialled)("%s %s", (compiler, label, each) => {
  test("is what the oracle says", () => {
    const { spec, sizes, inputs } = each;
    const report = reports.get(compiler)?.get(label);
    expect(report?.status).toBe(0);
    const right = oracle(spec, sizes, inputs);
    const outputs = report?.outputs ?? new Map<string, never>();
    expect(compare(spec, right, outputs, limitFor("f32", right, 80))).toMatchObject({ ok: true });
  });

  test("is the same in every bit with a copy engine", () => {
    const report = reports.get(compiler)?.get(label);
    expect(report?.same).toBe(true);
    expect((report?.copies ?? 0) > 0).toBe(each.sizes["L"] !== 0);
  });

  test("gives -5 where the engine fails, with no copy under way", () => {
    const report = reports.get(compiler)?.get(label);
    expect([report?.failed, report?.failures]).toEqual(each.sizes["L"] === 0 ? [0, 0] : [6, 6]);
  });
});

test("rows that lie together go as one copy", async () => {
  const place = join(folder, "joined");
  const one = known(specOf("dense"), { sizes: { B: 1, H: 1, L: 64, D: 16 } });
  await writeCases(place, [one]);
  await compile(place, [
    "gcc",
    "-O0",
    `-I${machines}`,
    "dense.c",
    "main.c",
    "blob.S",
    `${machines}host.c`,
    "-o",
    "trial",
  ]);
  const report = (await runCases(place, ["./trial"])).get("dense");
  // Two tiles of queries, one of values, and keys in eights.
  expect(report?.copies).toBe(2 + 1 + 8);
  expect(report?.copied).toBe(3 * 64 * 16 * 4);
  expect(report?.same).toBe(true);
});
