/**
 * Many kernels in one program. Takes cases; writes their kernels, a main that calls each of them in every way the
 * contract names, and their inputs as one file that the assembler takes in; compiles for a machine and runs it.
 * A case is called without an engine, with one that defers every copy to its wait and poisons the tile before, and
 * with one that fails at each of a few points. What main prints is one line an output and one line a case.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { EmitOptions } from "../../backends/backend.ts";
import { emit } from "../../backends/c/emit.ts";
import { elementTypes } from "../../backends/c/storage.ts";
import { Unit } from "../../backends/c/unit.ts";
import { evaluate } from "../../src/scalar/evaluate.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { dtypes, elementBytes, floatsOf, isHalf } from "../../src/scalar/storage.ts";
import type { Sizes } from "../../src/spec/spec.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import type { SampleTensor } from "../../src/verify/sample.ts";

const start = promisify(execFile);
export const machines = fileURLToPath(new URL("machines/", import.meta.url));

export interface Case {
  /** What its report is found by; the kernel's name where nothing is said. */
  readonly label?: string;
  readonly program: TileProgram;
  readonly options: EmitOptions;
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, SampleTensor>;
}

export interface Report {
  readonly status: number;
  /** Copies that were begun, and their bytes; whether the outputs were the same bits as without an engine. */
  readonly copies: number;
  readonly copied: number;
  readonly same: boolean;
  /** Calls with a failing engine that gave -5 and left no copy under way, of those that were made. */
  readonly failed: number;
  readonly failures: number;
  readonly outputs: ReadonlyMap<string, { readonly hash: string; readonly data: Float32Array }>;
}

/** Writes everything; gives the C files of the kernels, by the folder. */
export async function writeCases(folder: string, cases: readonly Case[]): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const kernels: string[] = [];
  for (const { program, options } of cases) {
    for (const { name, content } of (await emit(program, options)).files) {
      writeFileSync(join(folder, name), content);
      if (name.endsWith(".c") && !kernels.includes(name)) kernels.push(name);
    }
  }
  const blob: Uint8Array[] = [];
  let at = 0;
  const place = ({ data }: SampleTensor): number => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const from = at;
    blob.push(bytes, new Uint8Array((16 - (bytes.length % 16)) % 16));
    at = Math.ceil((at + bytes.length) / 16) * 16;
    return from;
  };
  const bodies = cases.map((each, n) => caseOf(each, n, place));
  writeFileSync(join(folder, "blob.bin"), Buffer.concat(blob));
  writeFileSync(
    join(folder, "blob.S"),
    `.section .blob,"a"\n.globl blob\n.balign 16\nblob: .incbin "${join(folder, "blob.bin")}"\n.section .note.GNU-stack,"",%progbits\n`,
  );
  writeFileSync(join(folder, "main.c"), mainOf(kernels, bodies));
  return kernels;
}

/** Runs compilers in the folder, two at a time. */
export async function parallel<T>(work: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < work.length; n = next++) {
      const job = work[n];
      if (job) results[n] = await job();
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** The compiler's own words in the message where it refuses. */
export async function compile(folder: string, command: readonly string[]): Promise<string> {
  const [compiler = "cc", ...flags] = command;
  const { stdout, stderr } = await start(compiler, flags, { cwd: folder, maxBuffer: 1 << 26 });
  return stdout + stderr;
}

export async function runCases(folder: string, command: readonly string[]): Promise<ReadonlyMap<string, Report>> {
  const [program = "", ...flags] = command;
  // An emulator's semihosting writes to the other stream.
  const { stdout, stderr } = await start(program, flags, { cwd: folder, maxBuffer: 1 << 28 });
  const reports = new Map<string, Report>();
  let outputs = new Map<string, { hash: string; data: Float32Array }>();
  for (const line of (stdout + stderr).split("\n")) {
    const [kind, name = "", ...rest] = line.split(" ");
    if (kind === "output") {
      const [own = "", dtype] = name.split(":");
      const known = dtypes.find((each) => each === dtype) ?? "f32";
      const elements = (rest[1] ?? "").match(isHalf(known) ? /.{4}/g : /.{8}/g) ?? [];
      const bits = elements.map((x) => Number.parseInt(x, 16));
      const stored = isHalf(known) ? Uint16Array.from(bits) : Uint32Array.from(bits);
      outputs.set(own, { hash: rest[0] ?? "", data: floatsOf(known, stored.buffer) });
    } else if (kind === "case") {
      const [status = -99, copies = 0, copied = 0, same = 0, failed = 0, failures = 0] = rest.map((x) =>
        Number.parseInt(x, 16),
      );
      reports.set(name, { status: status | 0, copies, copied, same: same === 1, failed, failures, outputs });
      outputs = new Map();
    }
  }
  return reports;
}

function caseOf(
  { label, program, options, sizes, inputs }: Case,
  index: number,
  place: (tensor: SampleTensor) => number,
): string {
  const unit = new Unit(program, options.fixed, options.c?.prefix);
  const { prefix } = unit;
  const known = { ...sizes, ...options.fixed };
  const value = (x: Scalar): number =>
    evaluate(x, { sizes: known, variables: {}, read: () => 0, dims: () => [] }, "f64");
  const lines = program.sizes
    .filter((n) => !Object.hasOwn(options.fixed, n))
    .map((n) => `a.${unit.field(`size ${n}`)} = ${known[n] ?? 0};`);
  for (const input of program.inputs) {
    const tensor = inputs.get(input.name);
    if (!tensor) throw new Error(`the case has no input ${input.name}`);
    const from = `blob + ${place(tensor)}`;
    const field = `a.${unit.field(input.name)}`;
    lines.push(
      input.dims.length === 0
        ? `memcpy(&${field}, ${from}, sizeof ${field});`
        : `${field} = (const ${elementTypes[input.dtype]} *)copy_of(${from}, ${tensor.data.byteLength}u);`,
    );
  }
  const outs = program.outputs.map((t) => ({
    name: t.name,
    field: unit.field(t.name),
    dtype: t.dtype,
    ctype: elementTypes[t.dtype],
    bytes: elementBytes[t.dtype] * t.dims.reduce((count, d) => count * value(d), 1),
  }));
  const least = Math.min(...[...program.inputs, ...program.outputs].map(({ dtype }) => (isHalf(dtype) ? 2 : 4)));
  const fresh = outs.map((o) => `  a.${o.field} = (${o.ctype} *)poisoned(${o.bytes}u);`).join("\n");
  return `static void trial_${index}(void) {
  ${prefix}_args a;
  size_t bytes = 0;
  void *workspace;
  int32_t status;
  uint32_t same = 1, failed = 0, failures = 0, starts, waits;
  fovea_dma dma;
${outs.map((o) => `  ${o.ctype} *${o.field}_alone;`).join("\n")}
  memset(&a, 0, sizeof a);
  least = ${least};
  ${lines.join("\n  ")}
  status = ${prefix}_workspace_bytes(&a, &bytes);
  workspace = poisoned(bytes);
${fresh}
  if (status == 0) status = ${prefix}_run(&a, workspace, bytes, NULL);
${outs.map((o) => `  output("${o.name}:${o.dtype}", a.${o.field}, ${o.bytes}u, ${elementBytes[o.dtype]}u);\n  ${o.field}_alone = a.${o.field};`).join("\n")}
  workspace = poisoned(bytes);
${fresh}
  dma = engine(~0u, ~0u);
  if (status == 0) status = ${prefix}_run(&a, workspace, bytes, &dma);
  starts = begun;
  waits = waited;
${outs.map((o) => `  same &= equal(a.${o.field}, ${o.field}_alone, ${o.bytes}u);`).join("\n")}
  same &= pending == 0 && odd == 0;
  line("case ${label ?? prefix}", status, starts, copied, same);
  for (uint32_t n = 0; n < 6; n++) {
    const uint32_t point = n % 3 == 0 ? 0 : n % 3 == 1 ? 1 : (n < 3 ? starts : waits) - 1;
    if (starts == 0 || point >= (n < 3 ? starts : waits)) continue;
    dma = n < 3 ? engine(point, ~0u) : engine(~0u, point);
    failures++;
    failed += ${prefix}_run(&a, workspace, bytes, &dma) == FOVEA_DMA_FAILED && pending == 0;
  }
  word(failed);
  word(failures);
  put("\\n");
  give_back();
}`;
}

function mainOf(kernels: readonly string[], bodies: readonly string[]): string {
  const names = bodies.map((body) => /trial_\d+/.exec(body)?.[0] ?? "");
  return `#include "machine.h"
${kernels.map((name) => `#include "${name.replace(/\.c$/, ".h")}"`).join("\n")}

extern const unsigned char blob[];

static void word(uint32_t x) {
  char text[10] = " ";
  for (int n = 0; n < 8; n++) text[1 + n] = "0123456789abcdef"[(x >> (28 - 4 * n)) & 15u];
  text[9] = 0;
  put(text);
}
static void line(const char *what, int32_t status, uint32_t a, uint32_t b, uint32_t c) {
  put(what);
  word((uint32_t)status);
  word(a);
  word(b);
  word(c);
}
static void *copy_of(const unsigned char *from, size_t bytes) {
  void *to = take(bytes);
  if (bytes > 0) memcpy(to, from, bytes);
  return to;
}
static void *poisoned(size_t bytes) {
  void *to = take(bytes);
  if (bytes > 0) memset(to, 0xff, bytes);
  return to;
}
static uint32_t equal(const void *a, const void *b, size_t bytes) {
  for (size_t n = 0; n < bytes; n++)
    if (((const unsigned char *)a)[n] != ((const unsigned char *)b)[n]) return 0;
  return 1;
}
static void output(const char *name, const void *data, uint32_t bytes, uint32_t size) {
  uint32_t hash = 2166136261u, bits;
  uint16_t half;
  for (uint32_t n = 0; n < bytes; n++) hash = (hash ^ ((const unsigned char *)data)[n]) * 16777619u;
  put("output ");
  put(name);
  word(hash);
  put(" ");
#ifdef NUMBERS
  for (uint32_t n = 0; n < bytes; n += size) {
    char text[9];
    const int digits = (int)(2 * size);
    if (size == 4) memcpy(&bits, (const unsigned char *)data + n, 4);
    if (size == 2) memcpy(&half, (const unsigned char *)data + n, 2);
    if (size == 2) bits = half;
    for (int d = 0; d < digits; d++) text[d] = "0123456789abcdef"[(bits >> (4 * (digits - 1 - d))) & 15u];
    text[digits] = 0;
    put(text);
  }
#else
  (void)bits;
  (void)half;
  (void)size;
#endif
  put("\\n");
}

/* An engine that copies as late as it may and leaves NaN until then. */
static struct { uint32_t channel; void *to; const void *from; size_t bytes; } jobs[4096];
static uint32_t pending, begun, waited, copied, odd, fail_start, fail_wait, least = 4;

static int32_t begin(void *context, uint32_t channel, void *to, const void *from, size_t bytes) {
  if (context != &pending || channel > 3 || bytes == 0 || pending == 4096) odd = 1;
  if (bytes % least != 0 || (uintptr_t)to % least != 0 || (uintptr_t)from % least != 0 || odd != 0) odd = 1;
  if (begun++ == fail_start) return 7;
  memset(to, 0xff, bytes);
  copied += (uint32_t)bytes;
  jobs[pending].channel = channel;
  jobs[pending].to = to;
  jobs[pending].from = from;
  jobs[pending++].bytes = bytes;
  return 0;
}
static int32_t finish(void *context, uint32_t channel) {
  const int fails = waited++ == fail_wait;
  uint32_t left = 0;
  if (context != &pending) odd = 1;
  for (uint32_t n = 0; n < pending; n++) {
    if (jobs[n].channel != channel) jobs[left++] = jobs[n];
    else if (!fails) memcpy(jobs[n].to, jobs[n].from, jobs[n].bytes);
  }
  pending = left;
  return fails ? 9 : 0;
}
static fovea_dma engine(uint32_t at_start, uint32_t at_wait) {
  const fovea_dma made = {&pending, begin, finish};
  pending = begun = waited = copied = odd = 0;
  fail_start = at_start;
  fail_wait = at_wait;
  return made;
}

${bodies.join("\n\n")}

int main(void) {
${names.map((name) => `  ${name}();`).join("\n")}
  return 0;
}
`;
}
