/**
 * Compiles a program with the machine's C compiler and runs one call in a process of its own. Takes the program,
 * the call, and optionally the compiler with flags; gives the outputs. `build` compiles once for many calls, one
 * after the other. Fails with FOV5002 where there is no compiler. The workspace is malloc'ed at exactly the bytes
 * that the kernel asks for.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fail } from "../../src/diagnostics/diagnostic.ts";
import { sizeValue } from "../../src/scalar/evaluate.ts";
import { elementBytes, floatsOf } from "../../src/scalar/storage.ts";
import type { TensorRef, TileProgram } from "../../src/tile/tile.ts";
import type { Call, EmitOptions, Outputs } from "../backend.ts";
import { compile, hostCompiler } from "./compiler.ts";
import { emit } from "./emit.ts";
import { elementTypes } from "./storage.ts";
import { Unit } from "./unit.ts";

const start = promisify(execFile);

/** A compiled program: `call` as often as wanted, each in a process of its own, then `remove` what lies on the disk. */
export interface Built {
  readonly call: (call: Call) => Promise<Outputs>;
  /** Milliseconds of each of `runs` runs in one process, after the call has been put in its memory. */
  readonly time: (call: Call, runs: number) => Promise<readonly number[]>;
  readonly remove: () => Promise<void>;
}

export async function run(
  program: TileProgram,
  options: EmitOptions,
  call: Call,
  compiler?: readonly string[],
): Promise<Outputs> {
  const built = await build(program, options, compiler);
  try {
    return await built.call(call);
  } finally {
    await built.remove();
  }
}

export async function build(program: TileProgram, options: EmitOptions, compiler?: readonly string[]): Promise<Built> {
  const unit = new Unit(program, options.fixed, options.c?.prefix);
  const command = compiler ?? (await hostCompiler());
  const folder = await mkdtemp(join(tmpdir(), "fovea-c-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const executable = join(folder, "kernel");
  try {
    const { files } = await emit(program, options);
    for (const file of files) await writeFile(join(folder, file.name), file.content);
    await writeFile(join(folder, "main.c"), mainOf(unit));
    await compile(command, [join(folder, `${unit.prefix}.c`), join(folder, "main.c"), "-o", executable]);
  } catch (error) {
    await remove();
    throw error;
  }
  const dimsOf =
    (call: Call) =>
    (t: TensorRef): readonly number[] =>
      t.dims.map((d) => sizeValue(d, { ...call.sizes, ...options.fixed }));
  const execute = async (call: Call, ...more: readonly string[]): Promise<string> => {
    await writeFile(join(folder, "in.bin"), inputBytes(unit, call, dimsOf(call)));
    const files = [join(folder, "in.bin"), join(folder, "out.bin")];
    return (await start(executable, [...files, ...more], { maxBuffer: 1 << 26 }).catch(refused)).stdout;
  };
  return {
    call: async (call) => {
      await execute(call);
      return outputsOf(program, Uint8Array.from(await readFile(join(folder, "out.bin"))), dimsOf(call));
    },
    time: async (call, runs) => (await execute(call, String(runs))).trim().split("\n").map(Number),
    remove,
  };
}

/** The kernel looked at the call first: its status says what is wrong with it. */
function refused(error: unknown): never {
  const words = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  if (words.endsWith("status -4")) fail("FOV4007", "an index of the C kernel could leave 32 bits for these sizes");
  if (words.endsWith("status -1")) fail("FOV2108", "the C kernel refuses these sizes");
  throw error;
}

const volume = (dims: readonly number[]): number => dims.reduce((a, d) => a * d, 1);

/** Sizes, then inputs in order, each as raw bytes. */
function inputBytes(unit: Unit, call: Call, dims: (t: TensorRef) => readonly number[]): Uint8Array {
  const { program } = unit;
  const free = program.sizes.filter((n) => !Object.hasOwn(unit.fixed, n));
  const parts: Uint8Array[] = [new Uint8Array(Int32Array.from(free.map((n) => call.sizes[n] ?? 0)).buffer)];
  for (const input of program.inputs) {
    const given = call.inputs.get(input.name);
    if (!given) throw new Error(`c: the call has no input ${input.name}`);
    const wanted = volume(dims(input));
    if (given.data.length !== wanted)
      fail("FOV2103", `input ${input.name} has ${given.data.length} numbers; ${wanted} are needed`);
    parts.push(new Uint8Array(given.data.buffer, given.data.byteOffset, given.data.byteLength));
  }
  return Buffer.concat(parts);
}

function outputsOf(program: TileProgram, bytes: Uint8Array, dims: (t: TensorRef) => readonly number[]): Outputs {
  let at = 0;
  return new Map(
    program.outputs.map((output) => {
      const shape = dims(output);
      const part = bytes.subarray(at, at + volume(shape) * elementBytes[output.dtype]);
      at += part.length;
      const raw = Uint8Array.from(part).buffer;
      return [output.name, { dims: shape, data: floatsOf(output.dtype, raw) }] as const;
    }),
  );
}

/** A program around the kernel: in.bin -> out.bin. Sizes of tensors are evaluated in C, in 64 bits. */
function mainOf(unit: Unit): string {
  const { program, prefix } = unit;
  const free = program.sizes.filter((n) => !Object.hasOwn(unit.fixed, n));
  const count = (t: TensorRef): string => t.dims.map((d) => `(size_t)(${plainText(d, unit)})`).join(" * ") || "1";
  const reads = program.inputs.map((t) => {
    const field = unit.field(t.name);
    const type = elementTypes[t.dtype];
    if (t.dims.length === 0) return `  get(in, &args.${field}, sizeof args.${field});`;
    return `  args.${field} = (${type} *)take(in, ${count(t)} * sizeof(${type}));`;
  });
  const outs = program.outputs.map((t) => ({
    field: unit.field(t.name),
    type: elementTypes[t.dtype],
    count: count(t),
  }));
  return `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "${prefix}.h"
static void get(FILE *in, void *to, size_t bytes) { if (fread(to, 1, bytes, in) != bytes) exit(3); }
static void *take(FILE *in, size_t bytes) { void *p = malloc(bytes); if (p == NULL && bytes > 0) exit(4); if (bytes > 0) get(in, p, bytes); return p; }
static void *make(size_t bytes) { void *p = malloc(bytes); if (p == NULL && bytes > 0) exit(4); if (bytes > 0) memset(p, 0xff, bytes); return p; }
/* Milliseconds; before C11 there is only the processor's own time. */
static double now(void) {
#ifdef TIME_UTC
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
#else
  return (double)clock() * 1e3 / CLOCKS_PER_SEC;
#endif
}
int main(int argc, char **argv) {
  ${prefix}_args args;
  size_t bytes = 0;
  void *workspace;
  int32_t status;
  int n, runs = argc == 4 ? atoi(argv[3]) : 0;
  double begun;
  FILE *in, *out;
  if (argc < 3 || (in = fopen(argv[1], "rb")) == NULL || (out = fopen(argv[2], "wb")) == NULL) return 2;
  memset(&args, 0, sizeof args);
${free.map((n) => `  get(in, &${unit.size(n).replace("args->", "args.")}, 4);`).join("\n")}
${reads.join("\n")}
${outs.map((o) => `  args.${o.field} = (${o.type} *)make(${o.count} * sizeof(${o.type}));`).join("\n")}
  status = ${prefix}_workspace_bytes(&args, &bytes);
  if (status != 0) { fprintf(stderr, "workspace_bytes: status %d\\n", (int)status); return 1; }
  workspace = make(bytes);
  status = ${prefix}_run(&args, workspace, bytes, NULL);
  if (status != 0) { fprintf(stderr, "run: status %d\\n", (int)status); return 1; }
  for (n = 0; n < runs; n++) {
    begun = now();
    ${prefix}_run(&args, workspace, bytes, NULL);
    printf("%.6f\\n", now() - begun);
  }
${outs.map((o) => `  if (${o.count} > 0) fwrite(args.${o.field}, sizeof(${o.type}), ${o.count}, out);`).join("\n")}
  free(workspace);
${[...program.inputs.filter((t) => t.dims.length > 0), ...program.outputs].map((t) => `  free((void *)args.${unit.field(t.name)});`).join("\n")}
  fclose(in);
  return fclose(out) == 0 ? 0 : 5;
}
`;
}

function plainText(x: TensorRef["dims"][number], unit: Unit): string {
  if (x.kind === "const") return String(x.value);
  if (x.kind === "size") return unit.size(x.name).replace("args->", "args.");
  const operators: Record<string, string> = { add: "+", sub: "-", mul: "*", idiv: "/", mod: "%" };
  if (x.kind === "call" && operators[x.fn])
    return `(${x.args.map((y) => plainText(y, unit)).join(` ${operators[x.fn]} `)})`;
  throw new Error("c: a dimension that the host cannot evaluate");
}
