/**
 * The header of a kernel: what it was made from and for, its arguments, status codes, workspace and functions. Takes
 * a Unit and the options of emit; gives text that C99, C11 and C++ accept.
 */
import { printScalar } from "../../src/scalar/print.ts";
import { settled, type Buffer, type TensorRef } from "../../src/tile/tile.ts";
import { host } from "../../src/targets/index.ts";
import type { EmitOptions } from "../backend.ts";
import { comment } from "./names.ts";
import { stagedLoads } from "./plan.ts";
import { elementTypes } from "./storage.ts";
import { stageRows } from "./transfer.ts";
import type { Unit } from "./unit.ts";
import { alignment, workspaceBytes } from "./workspace.ts";

export const license = "/* SPDX-License-Identifier: 0BSD */";
const shapeOf = (t: TensorRef): string => `${t.dtype}[${t.dims.map((d) => printScalar(d)).join(", ")}]`;

/** Which device, which schedule: as they stand in the header and the manifest. */
export const deviceName = ({ device = host }: EmitOptions): string => `${device.backend}:${device.name}`;
export const scheduleOf = ({ program }: Unit): Readonly<Record<string, string>> =>
  Object.fromEntries(
    program.parameters.flatMap((p) => (p.value ? [[p.name.toLowerCase(), printScalar(p.value)]] : [])),
  );

export function headerOf(unit: Unit, options: EmitOptions): string {
  const { prefix } = unit;
  const guard = `FOVEA_KERNEL_${prefix}_H`;
  const upper = prefix.toUpperCase();
  const bytes = workspaceBytes(unit);
  return `${license}
/*
${about(unit, options)
  .map((line) => ` * ${line}`.trimEnd())
  .join("\n")}
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
  ${fieldsOf(unit).join("\n  ")}
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

function about(unit: Unit, options: EmitOptions): readonly string[] {
  const schedule = Object.entries(scheduleOf(unit)).map(([name, value]) => `${name} ${value}`);
  const { device = host } = options;
  return [
    "Made by Fovea from",
    "",
    ...options.specText
      .trimEnd()
      .split("\n")
      .map((line) => `  ${comment(line)}`),
    "",
    comment(`for ${deviceName(options)}, ${device.title}`),
    ...(schedule.length > 0 ? [comment(`with ${schedule.join(", ")}.`)] : []),
    "",
    "Tensors are row-major and do not overlap. Nothing is allocated and nothing is kept between calls: calls with",
    "workspaces of their own may run at once. Tiles of f32 inputs come through dma where one is given; single numbers",
    "are read, and outputs written, in place.",
    "",
    "The workspace holds, each at a multiple of 64 bytes,",
    ...partsOf(unit).map((line) => `  ${comment(line)}`),
  ];
}

function partsOf(unit: Unit): readonly string[] {
  const extents = ({ rows, columns }: Buffer): string =>
    [String(settled(rows)), ...(columns ? [printScalar(columns)] : [])].join(", ");
  const staged = stagedLoads(unit.program.body, unit).map((x) => printScalar(x));
  return [
    ...unit.program.buffers.map(
      (b) => `${b.name}: ${b.type}[${extents(b)}]${b.layout?.kind === "columns" ? " by columns" : ""}`,
    ),
    ...unit.program.lists.map(
      (l) => `${l.name}: ${settled(l.slots)} lists of at most ${printScalar(l.capacity)} ranges`,
    ),
    ...(staged.length > 0 ? [`stage: f32[${2 * stageRows}, ${[...new Set(staged)].join(" or ")}]`] : []),
  ];
}

function fieldsOf(unit: Unit): readonly string[] {
  const { program, fixed } = unit;
  return [
    ...program.sizes.filter((n) => !Object.hasOwn(fixed, n)).map((n) => `int32_t ${unit.field(`size ${n}`)};`),
    ...program.inputs.map(
      (t) =>
        `${t.dims.length > 0 ? `const ${elementTypes[t.dtype]} *` : `${elementTypes[t.dtype]} `}${unit.field(t.name)}; /* ${comment(shapeOf(t))} */`,
    ),
    ...program.outputs.map((t) => `${elementTypes[t.dtype]} *${unit.field(t.name)}; /* out: ${comment(shapeOf(t))} */`),
  ];
}
