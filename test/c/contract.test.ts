/** What the contract says of a C kernel: its files and names, its statuses, its workspace, its company. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Artifact, EmitOptions } from "../../backends/backend.ts";
import { hostCompiler } from "../../backends/c/compiler.ts";
import { emit } from "../../backends/c/emit.ts";
import { run } from "../../backends/c/host.ts";
import { check, lower } from "../../src/compile.ts";
import { FoveaError } from "../../src/diagnostics/diagnostic.ts";
import { deviceOf } from "../../src/targets/index.ts";
import { emitOptionsOf } from "../../src/verify/run.ts";
import { scalars } from "./scalars.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sanitized = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** The kernel of a text, its files in a folder of their own. */
async function made(
  name: string,
  text: string,
  { c, dims = {}, target = "c:host" }: { c?: EmitOptions["c"]; dims?: Record<string, number>; target?: string } = {},
): Promise<Artifact> {
  const { specs, diagnostics } = check(text, "test.attn", { dims });
  const [spec] = specs;
  if (!spec) throw new Error(diagnostics.map((d) => d.message).join("; "));
  const device = deviceOf(target);
  const artifact = await emit(lower(spec, device).program, { ...emitOptionsOf(spec, device), ...(c ? { c } : {}) });
  execFileSync("mkdir", ["-p", join(folder, name)]);
  for (const file of artifact.files) writeFileSync(join(folder, name, file.name), file.content);
  return artifact;
}

/** Compiles a main beside a kernel and runs it: the line of the first wrong status, or 0. */
function trial(name: string, main: string, command: readonly string[], more: readonly string[] = []): number {
  const at = join(folder, name);
  writeFileSync(join(at, "main.c"), main);
  const [compiler = "cc", ...flags] = command;
  execFileSync(compiler, [...flags, "main.c", ...more, "-o", "trial"], { cwd: at });
  try {
    execFileSync("./trial", { cwd: at, stdio: "pipe" });
    return 0;
  } catch (error) {
    return error instanceof Error && "status" in error ? Number(error.status) : -1;
  }
}

const dense = "attention dense(q, k, v: f32[B, H, L, D]) {}";
const grouped = "attention grouped(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D]) { mask causal return o, lse }";
const checks = "#include <stdlib.h>\n#define WANT(x, y) if ((x) != (y)) return __LINE__ % 256\n";

test("the files are ASCII, licensed, the same each time, and have a manifest", async () => {
  const { files } = await made("files", dense);
  expect(files.map((f) => f.name)).toEqual(["dense.h", "dense.c", "dense.c.json", "fovea_dma.h"]);
  for (const { name, content } of files)
    if (!name.endsWith("json")) expect(String(content)).toMatch(/^\/\* SPDX-License-Identifier: 0BSD \*\/\n[\n -~]*$/);
  expect(JSON.parse(String(files[2]?.content))).toMatchObject({
    version: 1,
    attention: "dense",
    target: "c",
    device: "c:host",
    schedule: { rows: "32", keys: "64", superblock: "8" },
    fixed: {},
    free: ["B", "H", "L", "D"],
    functions: { run: "dense_run", workspaceBytes: "dense_workspace_bytes" },
    dma: { channels: 4 },
  });
  expect((await made("files", dense)).files).toEqual(files);
});

test("text of the spec cannot leave its comment", async () => {
  const spec = check(dense, "x.attn").specs[0];
  if (!spec) throw new Error("no spec");
  const { program } = lower(spec, deviceOf("c:host"));
  const { files } = await emit(program, { specText: "a */ b /* c ??/ \\ \u00e9\n", fixed: {} });
  expect(String(files[0]?.content)).toContain("*   a * / b / * c ? ?/ <U+005C> <U+00E9>\n");
});

test("the header names the device and the schedule that it was made for", async () => {
  const { files } = await made("device", dense, { target: "c:generic-scratchpad" });
  expect(String(files[0]?.content)).toMatch(/ \* for c:generic-scratchpad, .*\n \* with group 1, rows \d+, keys \d+, /);
  expect(String(files[0]?.content)).toMatch(/ \* {3}key_tile: f32\[\d+, D\]\n/);
});

describe("a prefix", () => {
  test.each(["acme", "acme_"])("%s stands before every external name and the files'", async (prefix) => {
    const name = `prefix-${prefix}`;
    const { files } = await made(name, dense, { c: { prefix }, dims: { B: 1, H: 1, L: 8, D: 4 } });
    expect(files.map((f) => f.name)).toEqual(["acme_dense.h", "acme_dense.c", "acme_dense.c.json", "fovea_dma.h"]);
    const at = join(folder, name);
    execFileSync("gcc", ["-std=c99", "-c", "acme_dense.c", "-o", "x.o"], { cwd: at });
    const symbols = execFileSync("nm", ["-g", "--defined-only", "x.o"], { cwd: at, encoding: "utf8" });
    expect(symbols.match(/\w+$/gm)).toEqual(["acme_dense_run", "acme_dense_workspace_bytes"]);
    const header = String(files[0]?.content);
    expect([...header.matchAll(/^#define (?!FOVEA_)(\w+)/gm)].map((m) => m[1])).toEqual([
      "ACME_DENSE_WORKSPACE_ALIGN",
      "ACME_DENSE_WORKSPACE_BYTES",
    ]);
    expect(header).toContain("} acme_dense_args;");
  });
});

test("C11 states with _Static_assert what C99 states with an array", async () => {
  const [a, b] = [await made("c99", dense), await made("c11", dense, { c: { std: "c11" } })];
  const at = (artifact: Artifact): string => String(artifact.files[1]?.content);
  expect(at(a)).not.toMatch(/_Static_assert|_Alignas/);
  expect(at(b)).toMatch(/^_Static_assert\(sizeof\(float\) == 4, /m);
  execFileSync("gcc", ["-std=c11", "-pedantic", "-Werror", "-c", "dense.c", "-o", "x.o"], { cwd: join(folder, "c11") });
});

test("C++ takes the header, and C the headers of two kernels", async () => {
  await made("company", dense);
  await made("company", grouped);
  const at = join(folder, "company");
  writeFileSync(
    join(at, "user.cpp"),
    '#include "dense.h"\n#include "grouped.h"\nint32_t f(const dense_args &a, size_t *n) { return dense_workspace_bytes(&a, n); }\n',
  );
  const flags = ["-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-c", "user.cpp", "-o", "x.o"];
  execFileSync("clang++-19", flags, { cwd: at });
  expect(execFileSync("nm", ["-u", "x.o"], { cwd: at, encoding: "utf8" }).trim()).toBe("U dense_workspace_bytes");
});

test("the example of docs/c.md compiles, and its workspace is large enough", async () => {
  await made("docs", dense);
  const page = readFileSync(new URL("../../docs/c.md", import.meta.url), "utf8");
  const example = /```c\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const main = `${example}
static float q[4 * 512 * 64], o[4 * 512 * 64];
int main(void) { return attend(q, q, q, o); }\n`;
  expect(trial("docs", main, ["gcc", "-std=c11", "-O1", "-Wall", "-Werror"], ["dense.c"])).toBe(0);
});

test("with every size fixed the header tells the workspace, and it is what the function asks for", async () => {
  for (const target of ["c:host", "c:cortex-m4"]) {
    await made("fixed", dense, { dims: { B: 1, H: 2, L: 33, D: 15 }, target });
    const main = `#include "dense.h"
int main(void) {
  dense_args a = {0};
  size_t n = 0;
  return dense_workspace_bytes(&a, &n) == 0 && n == DENSE_WORKSPACE_BYTES && DENSE_WORKSPACE_ALIGN == 16 ? 0 : 1;
}\n`;
    expect(trial("fixed", main, ["gcc"], ["dense.c"])).toBe(0);
  }
});

test("a bad call has a status and touches nothing", async () => {
  await made("bad", grouped);
  const main = `${checks}#include "grouped.h"
static int32_t never(void *c, uint32_t n, void *to, const void *from, size_t bytes) {
  (void)c; (void)n; (void)to; (void)from; (void)bytes;
  return 0;
}
int main(void) {
  float f[32] = {0}, o[4] = {7, 7, 7, 7}, lse[1];
  size_t n = 0, m = 12345;
  grouped_args a = {0}, b;
  fovea_dma dma = {NULL, never, NULL};
  char *w;
  a.B = a.H = a.L = a.Hkv = 1;
  a.D = 4;
  a.q = f; a.k = f + 4; a.v = f + 8; a.o = o; a.lse = lse;
  WANT(grouped_workspace_bytes(&a, &n), 0);
  w = malloc(n + 16);
  WANT(grouped_workspace_bytes(NULL, &n), -1);
  WANT(grouped_workspace_bytes(&a, NULL), -1);
  WANT(grouped_run(NULL, w, n, NULL), -1);
  b = a; b.L = -1; WANT(grouped_run(&b, w, n, NULL), -1);
  b = a; b.q = NULL; WANT(grouped_run(&b, w, n, NULL), -1);
  b = a; b.lse = NULL; WANT(grouped_run(&b, w, n, NULL), -1);
  b = a; b.H = 3; b.Hkv = 2; WANT(grouped_run(&b, w, n, NULL), -1);
  b = a; b.H = 1; b.Hkv = 0; WANT(grouped_workspace_bytes(&b, &m), -1);
  WANT(grouped_run(&a, NULL, n, NULL), -1);
  WANT(grouped_run(&a, w, n, &dma), -1);
  WANT(grouped_run(&a, w + 4, n, NULL), -2);
  b = a; b.q = (const float *)(const void *)((const char *)f + 1); WANT(grouped_run(&b, w, n, NULL), -2);
  WANT(grouped_run(&a, w, n - 1, NULL), -3);
  WANT(grouped_run(&a, w, 0, NULL), -3);
  b = a; b.D = 0; WANT(grouped_workspace_bytes(&b, &m), -1);
  b = a; b.D = 2147483647; WANT(grouped_run(&b, w, n, NULL), -4);
  b = a; b.B = b.H = b.L = 1 << 30; WANT(grouped_workspace_bytes(&b, &m), -4);
  b = a; b.H = 64; b.L = 1 << 26; WANT(grouped_workspace_bytes(&b, &m), -4);
  b = a; b.H = b.Hkv = 64; b.L = 1 << 26; WANT(grouped_workspace_bytes(&b, &n), 0);
  WANT(m, 12345);
  /* Nothing to write: back at once, however many heads there are. */
  b = a; b.L = 0; b.B = b.H = b.Hkv = 1 << 20; b.D = 1; WANT(grouped_workspace_bytes(&b, &n), 0);
  free(w); w = malloc(n);
  WANT(grouped_run(&b, w, n, NULL), 0);
  WANT(o[0] == 7 && o[3] == 7, 1);
  free(w);
  WANT(grouped_workspace_bytes(&a, &n), 0);
  w = malloc(n);
  WANT(grouped_run(&a, w, n, NULL), 0);
  WANT(o[0] == 0 && o[3] == 0, 1);
  free(w);
  return 0;
}\n`;
  expect(trial("bad", main, ["clang-19", ...sanitized], ["grouped.c"])).toBe(0);
});

test("sizes for which an index would leave 32 bits are refused, and none that are a superblock smaller", async () => {
  await made("wide", "attention wide(q, k, v: f32[L, D]) { mask i * i - j * 3 < 46341 * 46339 and j * 32 >= 0 }");
  await made("wide", "attention far(q, k, v: f32[L, D]) { mask causal and window(2000000000) }");
  const main = `${checks}#include "wide.h"\n#include "far.h"
int main(void) {
  wide_args a = {0};
  far_args b = {0};
  size_t n;
  a.D = b.D = 1;
  /* Bounds are those of whole superblocks of 256 rows. */
  a.L = 180 * 256; WANT(wide_workspace_bytes(&a, &n), 0);
  a.L = 46342; WANT(wide_workspace_bytes(&a, &n), -4);
  b.L = 1 << 26; WANT(far_workspace_bytes(&b, &n), 0);
  b.L = 1 << 30; WANT(far_workspace_bytes(&b, &n), 0);
  b.L = (1 << 30) + 1; WANT(far_workspace_bytes(&b, &n), -4);
  return 0;
}\n`;
  expect(trial("wide", main, ["clang-19", ...sanitized], ["wide.c", "far.c"])).toBe(0);
});

test("two threads with workspaces of their own disturb each other in nothing", async () => {
  await made("threads", grouped);
  const main = `#include <pthread.h>\n#include <stdlib.h>\n#include <string.h>\n#include "grouped.h"
static float q[2 * 90 * 8], k[90 * 8], v[90 * 8];
static float o[3][2 * 90 * 8], lse[3][2 * 90];
static void *call(void *which) {
  const size_t n = (size_t)(uintptr_t)which;
  grouped_args a = {0};
  size_t bytes = 0;
  void *w;
  a.B = a.Hkv = 1; a.H = 2; a.L = 90; a.D = 8;
  a.q = q; a.k = k; a.v = v; a.o = o[n]; a.lse = lse[n];
  if (grouped_workspace_bytes(&a, &bytes) != 0) exit(2);
  w = malloc(bytes);
  for (int times = 0; times < 5; times++) if (grouped_run(&a, w, bytes, NULL) != 0) exit(3);
  free(w);
  return NULL;
}
int main(void) {
  pthread_t one, two;
  for (int n = 0; n < 2 * 90 * 8; n++) q[n] = (float)((n * 37) % 101) / 50.0f - 1.0f;
  for (int n = 0; n < 90 * 8; n++) k[n] = (float)((n * 53) % 97) / 48.0f - 1.0f;
  for (int n = 0; n < 90 * 8; n++) v[n] = (float)((n * 71) % 89) / 44.0f - 1.0f;
  call((void *)0);
  if (pthread_create(&one, NULL, call, (void *)1) != 0 || pthread_create(&two, NULL, call, (void *)2) != 0) return 4;
  pthread_join(one, NULL);
  pthread_join(two, NULL);
  if (memcmp(o[0], o[1], sizeof o[0]) != 0 || memcmp(o[0], o[2], sizeof o[0]) != 0) return 5;
  return memcmp(lse[0], lse[1], sizeof lse[0]) != 0 || memcmp(lse[0], lse[2], sizeof lse[0]) != 0 ? 6 : 0;
}\n`;
  expect(trial("threads", main, ["clang-19", "-O1", "-g", "-fsanitize=thread", "-pthread"], ["grouped.c"])).toBe(0);
});

describe("the compiler of this machine", () => {
  const refusal = async (env: NodeJS.ProcessEnv): Promise<string> =>
    hostCompiler(env).then(
      (command) => command.join(" "),
      (error: unknown) =>
        error instanceof FoveaError ? error.diagnostics.map((d) => `${d.code} ${d.message} | ${d.help}`).join() : "",
    );
  test("is the one that CC names, with its flags", async () => {
    expect(await refusal({ CC: "clang-19 -fno-math-errno" })).toMatch(/^clang-19 -fno-math-errno -O3/);
    expect(await refusal({})).toMatch(/^cc -O3/);
  });
  test("that does not answer is refused with the way out", async () => {
    expect(await refusal({ CC: "no-such-compiler" })).toMatch(/^FOV5002 .*no-such-compiler.* \| install gcc or clang/);
  });
  test("that refuses the text is a mistake of ours, in its words", async () => {
    const call = { sizes: { N: 0, for: 0 }, inputs: new Map() };
    const options = { specText: "x\n", fixed: {} };
    await expect(run(scalars, options, call, ["gcc", "-Dsize_t=+"])).rejects.toThrow(/FOV9001.*gcc/);
    await expect(run(scalars, options, call, ["no-such-compiler"])).rejects.toThrow(/FOV5002.*no-such-compiler/);
  });
});
