/**
 * assign-spaces-and-layouts: where each buffer lives and how it lies there. On a device of one thread all buffers
 * are in the workspace; where threads share a tile, what each thread makes for itself is private, operands that are
 * only loaded are streamed, the rest is in workgroup memory. A buffer that a `dot` reads as its second operand lies
 * as the device's first form of that direction wants it; all others by rows. Columns are padded to whole vectors.
 */
import { int, isConst, some, substitute, type Scalar } from "../scalar/scalar.ts";
import type { Device, Layout } from "../targets/device.ts";
import type { ViewUse } from "./operations/row.ts";
import { isOperation, type Buffer, type Space, type TileProgram } from "./tile.ts";
import { everyStatement, mapScalars, viewsOf } from "./walk.ts";

/** Rows are read in runs of two vectors of eight. */
const pad = 8;

export function assignSpacesAndLayouts(program: TileProgram, device: Device): TileProgram {
  return {
    ...program,
    buffers: program.buffers.map((buffer) => ({
      ...buffer,
      ...(buffer.columns ? { pad, layout: layoutOf(buffer, program, device) } : {}),
      space: spaceOf(buffer, program, device),
    })),
  };
}

function layoutOf(buffer: Buffer, program: TileProgram, device: Device): Layout {
  for (const x of everyStatement(program.body)) {
    if (x.kind !== "dot" || x.b.buffer !== buffer.name) continue;
    const form = device.dot.find((f) => f.along === x.along);
    if (form) return form.b;
  }
  return { kind: "rows" };
}

export function spaceOf(buffer: Buffer, program: TileProgram, { threads }: Device): Space {
  if (threads === 1) return "workspace";
  if (!buffer.columns) return "workgroup";
  const uses = usesOf(buffer, program);
  const only = (...allowed: readonly ViewUse[]): boolean => [...uses].every((use) => allowed.includes(use));
  if (only("load", "scan", "operand")) return "streamed";
  return only("own") && ownsWhole(buffer, program) ? "private" : "workgroup";
}

/** Do all views begin with the buffer? Threads know which rows are theirs by where they stand in it; there is one tile. */
function ownsWhole({ name }: Buffer, program: TileProgram): boolean {
  const first = (row: Scalar): boolean => isConst(substitute(row, { t: int(0) }), 0);
  for (const x of everyStatement(program.body)) {
    if (isOperation(x) && viewsOf(x).some(({ view }) => view.buffer === name && !first(view.row))) return false;
  }
  return true;
}

function usesOf({ name }: Buffer, program: TileProgram): ReadonlySet<ViewUse> {
  const uses = new Set<ViewUse>();
  for (const x of everyStatement(program.body)) {
    if (!isOperation(x)) continue;
    for (const { view, use } of viewsOf(x)) if (view.buffer === name) uses.add(use);
    // An element read where it is replaced or stored stays with whoever holds it.
    const own = x.kind === "store" || (x.kind === "map" && x.to.buffer === name);
    mapScalars(x, (y) => {
      if (some(y, (n) => n.kind === "read" && n.tensor === name)) uses.add(own ? "own" : "whole");
      return y;
    });
  }
  return uses;
}
