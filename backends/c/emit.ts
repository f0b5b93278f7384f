/**
 * emit: TileProgram -> readable, freestanding C99. Takes the program and the options; gives the header, the source,
 * the manifest and the interface of DMA. Guarantees: no allocation, no static state, no symbol but memcpy and
 * memset; sizes are checked before anything runs; same input, same bytes.
 */
import { printScalar } from "../../src/scalar/print.ts";
import { elementBytes } from "../../src/scalar/storage.ts";
import type { TensorRef, TileProgram } from "../../src/tile/tile.ts";
import type { Artifact, EmitOptions } from "../backend.ts";
import { deviceName, headerOf, license, scheduleOf } from "./header.ts";
import { wayOf } from "./loads.ts";
import { loadsOf, planFunction, stagedLoads } from "./plan.ts";
import { block } from "./statements.ts";
import { elementTypes } from "./storage.ts";
import { channels, dmaHeader } from "./transfer.ts";
import { Context, Unit } from "./unit.ts";
import { alignment, workspaceBytes } from "./workspace.ts";
import { pruned, Writer } from "./writer.ts";

export async function emit(program: TileProgram, options: EmitOptions): Promise<Artifact> {
  const unit = new Unit(program, options.fixed, options.c?.prefix);
  const source = sourceOf(unit, options);
  const { prefix } = unit;
  return Promise.resolve({
    target: "c",
    files: [
      { name: `${prefix}.h`, content: headerOf(unit, options) },
      { name: `${prefix}.c`, content: source },
      { name: `${prefix}.c.json`, content: manifestOf(unit, options) },
      { name: "fovea_dma.h", content: dmaHeader },
    ],
  });
}

function sourceOf(unit: Unit, options: EmitOptions): string {
  const { program, prefix } = unit;
  const plan = planFunction(unit, options.conditions ?? []);
  const out = new Writer();
  const cx = new Context(unit, new Map());
  block(program.body, cx, out);
  const copies = loadsOf(program.body).some((op) => wayOf(op, unit) !== "plain");
  const kernel = pruned([...locals(unit), ...out.lines]).join("\n");
  const support = unit.support([...plan, kernel].join("\n"));
  return `${license}
#include "${prefix}.h"

#include <stdint.h>

${assumptions(options.c?.std ?? "c99", prefix)}

${support.join("\n\n")}

${plan.join("\n")}
static int32_t ${prefix}_kernel(const ${prefix}_args *args, const ${prefix}_layout *layout, unsigned char *base,
    const fovea_dma *dma) {
${copies ? "  fovea_transfer transfer = {dma, NULL, NULL, 0, 0, 0, 0};\n" : ""}${kernel}
  (void)args;
  (void)layout;
  (void)base;
  (void)dma;
  return FOVEA_OK;
}

int32_t ${prefix}_workspace_bytes(const ${prefix}_args *args, size_t *bytes) {
  ${prefix}_layout layout;
  int32_t status;
  if (args == NULL || bytes == NULL) return FOVEA_BAD_ARGUMENT;
  status = ${prefix}_plan(args, &layout);
  if (status == FOVEA_OK) *bytes = layout.bytes;
  return status;
}

int32_t ${prefix}_run(const ${prefix}_args *args, void *workspace, size_t bytes, const fovea_dma *dma) {
  ${prefix}_layout layout;
  int32_t status;
  if (args == NULL) return FOVEA_BAD_ARGUMENT;
  if (dma != NULL && (dma->start == NULL || dma->wait == NULL)) return FOVEA_BAD_ARGUMENT;
  status = ${prefix}_plan(args, &layout);
  if (status != FOVEA_OK) return status;
${pointerChecks(unit).join("\n")}
  if (workspace == NULL && layout.bytes > 0) return FOVEA_BAD_ARGUMENT;
  if ((uintptr_t)workspace % ${alignment}u != 0) return FOVEA_MISALIGNED;
  if (bytes < layout.bytes) return FOVEA_WORKSPACE_TOO_SMALL;
  if (${unit.program.outputs.map((t) => `layout.${unit.field(t.name)}_count == 0`).join(" && ")}) return FOVEA_OK;
  return ${prefix}_kernel(args, &layout, (unsigned char *)workspace, dma);
}
`;
}

/** What the text takes for granted, so that a compiler that is otherwise refuses it. */
function assumptions(std: "c99" | "c11", prefix: string): string {
  const all = [
    ["float_has_32_bits", "sizeof(float) == 4"],
    ["size_has_32_bits", "sizeof(size_t) >= 4"],
  ] as const;
  return all
    .map(([name, truth]) =>
      std === "c11"
        ? `_Static_assert(${truth}, "${name.replaceAll("_", " ")}");`
        : `typedef char ${prefix}_${name}[${truth} ? 1 : -1];`,
    )
    .join("\n");
}

/** Where the buffers of the program lie; those that nothing uses are pruned. */
function locals(unit: Unit): readonly string[] {
  const lines: string[] = [];
  for (const { name, ctype, buffer, transposed } of unit.lays.values()) {
    lines.push(`  ${ctype} *const ${name} = (${ctype} *)(void *)(base + layout->${name}_at);`);
    if (buffer.columns && buffer.columns.kind !== "const" && !transposed)
      lines.push(`  const ptrdiff_t ${name}_ld = layout->${name}_ld;`);
  }
  for (const { name, dtype } of unit.program.intermediates ?? []) {
    const own = unit.pointer(name);
    lines.push(
      `  ${elementTypes[dtype]} *const ${own} = (${elementTypes[dtype]} *)(void *)(base + layout->${own}_at);`,
    );
  }
  if (stagedLoads(unit.program.body, unit).length > 0) {
    lines.push("  float *const stage = (float *)(void *)(base + layout->stage_at);");
    lines.push("  const ptrdiff_t stage_ld = layout->stage_ld;");
  }
  for (const { name } of unit.lists.values()) {
    lines.push(`  int32_t *const ${name} = (int32_t *)(void *)(base + layout->${name}_at);`);
    lines.push(`  const ptrdiff_t ${name}_capacity = (ptrdiff_t)layout->${name}_capacity;`);
    lines.push(`  const ptrdiff_t ${name}_step = 2 * ${name}_capacity + 1;`);
  }
  return lines;
}

function pointerChecks(unit: Unit): readonly string[] {
  const tensors = [...unit.program.inputs, ...unit.program.outputs].filter((t) => t.dims.length > 0);
  const bad = tensors.map(
    (t) =>
      `  if (layout.${unit.field(t.name)}_count > 0 && args->${unit.field(t.name)} == NULL) return FOVEA_BAD_ARGUMENT;`,
  );
  const odd = tensors
    .filter((t) => elementBytes[t.dtype] > 1)
    .map(
      (t) =>
        `  if ((uintptr_t)args->${unit.field(t.name)} % sizeof(${elementTypes[t.dtype]}) != 0) return FOVEA_MISALIGNED;`,
    );
  return [...bad, ...odd];
}

function manifestOf(unit: Unit, options: EmitOptions): string {
  const { program, prefix } = unit;
  const tensor = (t: TensorRef): object => ({
    name: t.name,
    field: unit.field(t.name),
    type: t.dtype,
    dims: t.dims.map((d) => printScalar(d)),
  });
  const free = program.sizes.filter((n) => !Object.hasOwn(unit.fixed, n));
  const bytes = workspaceBytes(unit);
  return `${JSON.stringify(
    {
      version: 1,
      attention: program.name,
      target: "c",
      device: deviceName(options),
      schedule: scheduleOf(unit),
      fixed: options.fixed,
      free,
      sizes: Object.fromEntries(free.map((n) => [n, unit.field(`size ${n}`)])),
      inputs: program.inputs.map(tensor),
      outputs: program.outputs.map(tensor),
      functions: { run: `${prefix}_run`, workspaceBytes: `${prefix}_workspace_bytes` },
      dma: { channels },
      workspace: { align: alignment, ...(bytes === undefined ? {} : { bytes }) },
      spec: options.specText,
      ...options.stamp,
    },
    undefined,
    2,
  )}\n`;
}
