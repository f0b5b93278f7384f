/**
 * emit: TileProgram -> readable, freestanding C99. Takes the program and the spec's text; gives the header, the
 * source, the manifest and the interface of DMA. Guarantees: no allocation, no static state, no symbol but memcpy
 * and memset; sizes are checked before anything runs; same input, same bytes.
 */
import { evaluate } from "../../src/scalar/evaluate.ts";
import { printScalar } from "../../src/scalar/print.ts";
import { settled, type TensorRef, type TileProgram } from "../../src/tile/tile.ts";
import type { Artifact, EmitOptions } from "../backend.ts";
import { comment } from "./names.ts";
import { planFunction } from "./plan.ts";
import { block } from "./statements.ts";
import { Context, Unit } from "./unit.ts";
import { pruned, Writer } from "./writer.ts";

/** A workspace must be a multiple of this many bytes into memory. */
export const alignment = 16;
const license = "/* SPDX-License-Identifier: 0BSD */";

export async function emit(program: TileProgram, options: EmitOptions): Promise<Artifact> {
  const unit = new Unit(program, options.fixed);
  const source = sourceOf(unit);
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

const elementTypes = { f32: "float", i32: "int32_t", bool: "uint8_t" } as const;
const shapeOf = (t: TensorRef): string => `${t.type}[${t.dims.map((d) => printScalar(d)).join(", ")}]`;

function headerOf(unit: Unit, options: EmitOptions): string {
  const { program, prefix } = unit;
  const guard = `FOVEA_${prefix.toUpperCase()}_H`;
  const fields = [
    ...program.sizes.filter((n) => !Object.hasOwn(unit.fixed, n)).map((n) => `int32_t ${unit.field(`size ${n}`)};`),
    ...program.inputs.map(
      (t) =>
        `${t.dims.length > 0 ? `const ${elementTypes[t.type]} *` : `${elementTypes[t.type]} `}${unit.field(t.name)}; /* ${comment(shapeOf(t))} */`,
    ),
    ...program.outputs.map((t) => `${elementTypes[t.type]} *${unit.field(t.name)}; /* out: ${comment(shapeOf(t))} */`),
  ];
  const bytes = workspaceBytes(unit);
  const upper = prefix.toUpperCase();
  const spec = options.specText
    .trimEnd()
    .split("\n")
    .map((line) => ` *   ${comment(line)}`.trimEnd());
  return `${license}
/*
 * Made by Fovea from
 *
${spec.join("\n")}
 *
 * Tensors are row-major and do not overlap. Nothing is allocated and nothing is kept between calls: calls with
 * workspaces of their own may run at once.
 */
#ifndef ${guard}
#define ${guard}

#include <stddef.h>
#include <stdint.h>

#include "fovea_dma.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef FOVEA_STATUS
#define FOVEA_STATUS
#define FOVEA_OK 0
#define FOVEA_BAD_ARGUMENT (-1)
#define FOVEA_MISALIGNED (-2)
#define FOVEA_WORKSPACE_TOO_SMALL (-3)
#define FOVEA_OVERFLOW (-4)
#define FOVEA_DMA_FAILED (-5)
#endif

#define ${upper}_WORKSPACE_ALIGN ${alignment}
${bytes === undefined ? "" : `#define ${upper}_WORKSPACE_BYTES ${bytes}\n`}
typedef struct {
  ${fields.join("\n  ")}
} ${prefix}_args;

/* The bytes that a run with these sizes needs; pointers are not looked at. */
int32_t ${prefix}_workspace_bytes(const ${prefix}_args *args, size_t *bytes);

/* workspace: at least that many bytes, aligned to ${upper}_WORKSPACE_ALIGN. dma: NULL if there is none. */
int32_t ${prefix}_run(const ${prefix}_args *args, void *workspace, size_t bytes, const fovea_dma *dma);

#ifdef __cplusplus
}
#endif

#endif
`;
}

function sourceOf(unit: Unit): string {
  const { program, prefix } = unit;
  const plan = planFunction(unit);
  const out = new Writer();
  const cx = new Context(unit, new Map());
  block(program.body, cx, out);
  const kernel = pruned([...locals(unit), ...out.lines]).join("\n");
  const support = unit.support([...plan, kernel].join("\n"));
  return `${license}
#include "${prefix}.h"

#include <stdint.h>

${support.join("\n\n")}

${plan.join("\n")}
static void ${prefix}_kernel(const ${prefix}_args *args, const ${prefix}_layout *layout, unsigned char *base) {
${kernel}
  (void)args;
  (void)layout;
  (void)base;
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
  (void)dma;
  if (args == NULL) return FOVEA_BAD_ARGUMENT;
  status = ${prefix}_plan(args, &layout);
  if (status != FOVEA_OK) return status;
${pointerChecks(unit).join("\n")}
  if (bytes < layout.bytes) return FOVEA_WORKSPACE_TOO_SMALL;
  if (workspace == NULL && layout.bytes > 0) return FOVEA_BAD_ARGUMENT;
  if ((uintptr_t)workspace % ${alignment}u != 0) return FOVEA_MISALIGNED;
  ${prefix}_kernel(args, &layout, (unsigned char *)workspace);
  return FOVEA_OK;
}
`;
}

/** Where the buffers of the program lie; those that nothing uses are pruned. */
function locals(unit: Unit): readonly string[] {
  const lines: string[] = [];
  for (const { name, ctype, buffer, transposed } of unit.lays.values()) {
    lines.push(`  ${ctype} *const ${name} = (${ctype} *)(void *)(base + layout->${name}_at);`);
    if (buffer.columns && buffer.columns.kind !== "const" && !transposed)
      lines.push(`  const ptrdiff_t ${name}_ld = layout->${name}_ld;`);
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
    .filter((t) => t.type !== "bool")
    .map(
      (t) =>
        `  if ((uintptr_t)args->${unit.field(t.name)} % sizeof(${elementTypes[t.type]}) != 0) return FOVEA_MISALIGNED;`,
    );
  return [...bad, ...odd];
}

/** The workspace where every size is fixed, as the C function computes it. */
function workspaceBytes(unit: Unit): number | undefined {
  if (unit.program.sizes.some((n) => !Object.hasOwn(unit.fixed, n))) return undefined;
  const source = { sizes: unit.fixed, variables: {}, read: () => 0, dims: () => [] };
  let at = 0;
  const place = (bytes: number): void => {
    at = Math.ceil(at / 64) * 64 + bytes;
  };
  for (const { buffer } of unit.lays.values()) {
    const columns = buffer.columns ? evaluate(buffer.columns, source, "f64") : 1;
    place((buffer.columns ? Math.ceil(columns / (buffer.pad ?? 1)) * (buffer.pad ?? 1) : 1) * settled(buffer.rows) * 4);
  }
  for (const { list } of unit.lists.values())
    place((2 * Math.max(1, evaluate(list.capacity, source, "f64")) + 1) * settled(list.slots) * 4);
  return at;
}

function manifestOf(unit: Unit, options: EmitOptions): string {
  const { program, prefix } = unit;
  const tensor = (t: TensorRef): object => ({
    name: t.name,
    field: unit.field(t.name),
    type: t.type,
    dims: t.dims.map((d) => printScalar(d)),
  });
  const free = program.sizes.filter((n) => !Object.hasOwn(unit.fixed, n));
  const bytes = workspaceBytes(unit);
  return `${JSON.stringify(
    {
      version: 1,
      attention: program.name,
      target: "c",
      fixed: options.fixed,
      free,
      sizes: Object.fromEntries(free.map((n) => [n, unit.field(`size ${n}`)])),
      inputs: program.inputs.map(tensor),
      outputs: program.outputs.map(tensor),
      functions: { run: `${prefix}_run`, workspaceBytes: `${prefix}_workspace_bytes` },
      workspace: { align: alignment, ...(bytes === undefined ? {} : { bytes }) },
      spec: options.specText,
    },
    undefined,
    2,
  )}\n`;
}

const dmaHeader = `${license}
/*
 * How a kernel asks for copies between far and near memory. start begins a copy on a channel, wait ends when the
 * channel's copies have; both give 0 where all went well.
 */
#ifndef FOVEA_DMA_H
#define FOVEA_DMA_H

#include <stddef.h>
#include <stdint.h>

typedef struct fovea_dma {
  void *context;
  int32_t (*start)(void *context, uint32_t channel, void *to, const void *from, size_t bytes);
  int32_t (*wait)(void *context, uint32_t channel);
} fovea_dma;

#endif
`;
