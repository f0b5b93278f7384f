/** C kernels: without a warning under two compilers and two standards, without foreign symbols, right, and clean under sanitizers. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Call } from "../../backends/backend.ts";
import { emit } from "../../backends/c/emit.ts";
import { run } from "../../backends/c/host.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { lowerPlan } from "../../src/compile.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { host } from "../../src/targets/index.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { naive, worst } from "../support/naive.ts";
import { alibi, causal, dense, groupedCausal, windowed } from "../support/plans.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const options = { specText: "attention t { é */ /* ??/ }\n", fixed: {} };
const sanitized = ["clang-19", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const v = s.variable;

function normal(count: number, seed: number): Float32Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()));
}

/** Every scalar form that needs a helper, written to an output through the checked paths. */
const scalars = ((): TileProgram => {
  const n = s.size("N");
  const t = (i: Scalar): Scalar => s.read("t", "i32", [i]);
  const r = v("r");
  const values: readonly Scalar[] = [
    s.idiv(t(r), s.int(-3)),
    s.mod(t(r), s.int(5)),
    s.idiv(t(r), t(s.add(r, s.int(1)))),
    s.add(t(s.sub(r, s.int(2))), s.int(2147483647)),
    s.select(
      { kind: "any", type: "bool", name: "x", count: n, body: s.call("eq", t(v("x")), s.mul(r, s.int(2))) },
      s.int(1),
      s.int(0),
    ),
    { kind: "sum", type: "i32", name: "y", count: r, body: s.mul(t(v("y")), s.add(r, v("base"))) },
    s.select({ kind: "sorted", type: "bool", tensor: "u", leading: [] }, s.int(1), s.int(0)),
    { kind: "search", type: "i32", side: "lower", tensor: "u", leading: [], value: r },
    { kind: "search", type: "i32", side: "upper", tensor: "u", leading: [], value: r },
    s.select(
      s.and(s.read("keep", "bool", [r]), s.call("bit", t(r), s.int(1))),
      s.read("int", "i32", []),
      s.call("abs", t(r)),
    ),
  ];
  return {
    name: "scalars",
    parameters: [],
    sizes: ["N", "for"],
    inputs: [
      { name: "t", type: "i32", dims: [n] },
      { name: "u", type: "i32", dims: [s.size("for")] },
      { name: "keep", type: "bool", dims: [n] },
      { name: "int", type: "i32", dims: [] },
    ],
    outputs: [{ name: "out", type: "f32", dims: [s.int(values.length), n] }],
    buffers: [],
    lists: [],
    body: [
      { kind: "let", name: "base", value: s.int(3) },
      { kind: "let", name: "unused", value: v("base") },
      ...values.map(
        (value, at) =>
          ({ kind: "store", tensor: "out", at: [s.int(at), r], rows: n, value: s.call("float", value) }) as const,
      ),
    ],
  };
})();

const programs = [dense, causal, windowed(20), groupedCausal, alibi].map((plan) => lowerPlan(plan, host));

describe.each([...programs, scalars].map((p) => [p.name, p] as const))("%s", (name, program) => {
  test.each(["gcc", "clang-19"].flatMap((cc) => ["c99", "c11"].map((std) => [cc, std] as const)))(
    "compiles without a warning: %s %s",
    async (cc, std) => {
      for (const file of (await emit(program, options)).files) writeFileSync(join(folder, file.name), file.content);
      const object = join(folder, `${name}-${cc}-${std}.o`);
      execFileSync(cc, [
        `-std=${std}`,
        "-O2",
        "-ffreestanding",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-pedantic",
        "-Werror",
        "-c",
        join(folder, `${name}.c`),
        "-o",
        object,
      ]);
      const undefinedSymbols = execFileSync("nm", ["-u", object], { encoding: "utf8" }).match(/\w+$/gm) ?? [];
      expect(undefinedSymbols.filter((x) => x !== "U" && x !== "memcpy" && x !== "memset")).toEqual([]);
      expect(/^\S* [bBdD] /m.test(execFileSync("nm", [object], { encoding: "utf8" }))).toBe(false);
    },
  );
});

test("the files are ASCII, licensed and have a manifest", async () => {
  const { files } = await emit(programs[0] ?? scalars, options);
  expect(files.map((f) => f.name)).toEqual(["dense.h", "dense.c", "dense.c.json", "fovea_dma.h"]);
  for (const { name, content } of files)
    if (!name.endsWith("json")) expect(String(content)).toMatch(/^\/\* SPDX-License-Identifier: 0BSD \*\/\n[\n -~]*$/);
  expect(JSON.parse(String(files[2]?.content))).toMatchObject({
    version: 1,
    attention: "dense",
    target: "c",
    fixed: {},
    free: ["B", "H", "L", "S", "D"],
  });
  expect(await emit(programs[0] ?? scalars, options)).toEqual({ target: "c", files });
});

test("with every size fixed the header tells the workspace, and it is what the function asks for", async () => {
  const fixed = { B: 1, H: 2, L: 33, S: 65, D: 15 };
  const { files } = await emit(programs[0] ?? scalars, { ...options, fixed });
  for (const file of files) writeFileSync(join(folder, file.name), file.content);
  const main = `#include "dense.h"\nint main(void) { dense_args a = {0}; size_t n = 0; return dense_workspace_bytes(&a, &n) == 0 && n == DENSE_WORKSPACE_BYTES ? 0 : 1; }\n`;
  writeFileSync(join(folder, "fixed.c"), main);
  execFileSync("gcc", [join(folder, "dense.c"), join(folder, "fixed.c"), "-o", join(folder, "fixed")]);
  execFileSync(join(folder, "fixed"));
});

test("a bad call has a status and touches nothing", async () => {
  for (const file of (await emit(programs[0] ?? scalars, options)).files)
    writeFileSync(join(folder, file.name), file.content);
  writeFileSync(
    join(folder, "bad.c"),
    `#include <stdlib.h>
#include "dense.h"
#define WANT(x, y) if ((x) != (y)) return __LINE__
int main(void) {
  float f[16] = {0};
  size_t n = 0;
  dense_args a = {1, 1, 1, 1, 4, f, f + 4, f + 8, f + 12, f + 12}, b;
  char *w;
  WANT(dense_workspace_bytes(&a, &n), 0);
  w = malloc(n + 16);
  b = a; b.L = -1; WANT(dense_run(&b, w, n, NULL), -1);
  b = a; b.q = NULL; WANT(dense_run(&b, w, n, NULL), -1);
  b = a; b.D = 2147483647; WANT(dense_run(&b, w, n, NULL), -4);
  b = a; b.B = b.H = b.L = 1 << 30; WANT(dense_workspace_bytes(&b, &n), -4);
  WANT(dense_run(NULL, w, n, NULL), -1);
  WANT(dense_run(&a, NULL, n, NULL), -1);
  WANT(dense_run(&a, w + 4, n, NULL), -2);
  WANT(dense_run(&a, w, n - 1, NULL), -3);
  WANT(dense_run(&a, w, n, NULL), 0);
  free(w);
  return 0;
}\n`,
  );
  execFileSync(sanitized[0] ?? "", [
    ...sanitized.slice(1),
    join(folder, "dense.c"),
    join(folder, "bad.c"),
    "-o",
    join(folder, "bad"),
  ]);
  execFileSync(join(folder, "bad"));
});

interface Shape {
  readonly B: number;
  readonly H: number;
  readonly Hkv: number;
  readonly L: number;
  readonly S: number;
  readonly D: number;
}

const keeps: Readonly<Record<string, ((i: number, j: number) => boolean) | undefined>> = {
  causal: (i, j) => j <= i,
  windowed: (i, j) => j <= i && i - j < 20,
  grouped: (i, j) => j <= i,
  alibi: (i, j) => j <= i,
};

async function check(program: TileProgram, shape: Shape, compiler?: readonly string[]): Promise<void> {
  const { B, H, Hkv, L, S, D } = shape;
  const [q, k, value] = [normal(B * H * L * D, 1), normal(B * Hkv * S * D, 2), normal(B * Hkv * S * D, 3)];
  const inputs: Call["inputs"] = new Map([
    ["q", { dims: [B, H, L, D], data: q }],
    ["k", { dims: [B, Hkv, S, D], data: k }],
    ["v", { dims: [B, Hkv, S, D], data: value }],
  ]);
  const got = await run(program, options, { sizes: { ...shape }, inputs }, compiler);
  const keep = keeps[program.name];
  const score = (x: number, i: number, j: number, h: number): number => x + 2 ** ((-8 * (h + 1)) / H) * (j - i);
  const want = naive({
    ...shape,
    q,
    k,
    v: value,
    ...(keep ? { keep } : {}),
    ...(program.name === "alibi" ? { score } : {}),
  });
  const most = value.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  expect(worst(got.get("o")?.data ?? [], want.o)).toBeLessThanOrEqual(5e-7 * most);
  const lseMost = want.lse.reduce((a, x) => (Number.isFinite(x) ? Math.max(a, Math.abs(x)) : a), 1);
  expect(worst(got.get("lse")?.data ?? [], want.lse)).toBeLessThanOrEqual(2e-6 * lseMost);
}

const shape = (program: TileProgram, L: number, S: number, D: number, H = 2): Shape => ({
  B: 2,
  H,
  Hkv: program.name === "grouped" ? 1 : H,
  L,
  S,
  D,
});

describe.each(programs.map((p) => [p.name, p] as const))("%s gives what float64 gives", (_, program) => {
  test.each([
    [300, 300, 64],
    [64, 257, 80],
  ])("L=%i S=%i D=%i", (L, S, D) => check(program, shape(program, L, S, D)));
  const all = [
    [33, 65, 15],
    [1, 65, 80],
    [0, 5, 4],
    [1, 1, 1],
    [33, 33, 3],
    [65, 65, 64],
    [5, 0, 4],
  ] as const;
  test.each(program.name === "dense" ? all : all.slice(0, 2))("sanitizers, L=%i S=%i D=%i", (L, S, D) =>
    check(program, shape(program, L, S, D), sanitized),
  );
});

test("scalars are what the interpreter says, under sanitizers", async () => {
  const inputs = new Map([
    ["t", { dims: [9], data: Int32Array.from([3, -7, 0, 5, 2, -1, 8, 100, -100]) }],
    ["u", { dims: [6], data: Int32Array.from([0, 1, 1, 4, 4, 7]) }],
    ["keep", { dims: [9], data: Uint8Array.from([1, 0, 1, 1, 1, 0, 1, 1, 1]) }],
    ["int", { dims: [], data: Int32Array.from([42]) }],
  ]);
  const sizes = { N: 9, for: 6 };
  const got = await run(scalars, options, { sizes, inputs }, sanitized);
  const want = interpret(scalars, sizes, inputs).outputs.get("out")?.data ?? [];
  // Row 3 wraps in C and not in the interpreter, whose integers also know a -0.
  const out = Array.from(got.get("out")?.data ?? []);
  const others = (xs: readonly number[]): readonly number[] =>
    xs.filter((_, n) => Math.floor(n / 9) !== 3).map((x) => x + 0);
  expect(others(out)).toEqual(others(Array.from(want)));
});

test("a machine without the compiler is told so", async () => {
  await expect(
    check(programs[0] ?? scalars, shape(programs[0] ?? scalars, 1, 1, 1), ["no-such-compiler"]),
  ).rejects.toThrow();
});
