/** The workspace where every size is fixed, as the C function computes it; undefined where one is free. */
import { sizeValue } from "../../src/scalar/evaluate.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { elementBytes } from "../../src/scalar/storage.ts";
import { settled } from "../../src/tile/tile.ts";
import { apart, stagedLoads } from "./plan.ts";
import { stageRows } from "./transfer.ts";
import { padded, type Unit } from "./unit.ts";

/** A workspace must be a multiple of this many bytes into memory. */
export const alignment = 16;

export function workspaceBytes(unit: Unit): number | undefined {
  const { program, fixed } = unit;
  if (program.sizes.some((n) => !Object.hasOwn(fixed, n))) return undefined;
  const value = (x: Scalar): number => sizeValue(x, fixed);
  let at = 0;
  const place = (numbers: number): void => {
    at = Math.ceil(at / apart) * apart + 4 * numbers;
  };
  for (const { buffer } of unit.lays.values())
    place((buffer.columns ? padded(value(buffer.columns), buffer.pad ?? 1) : 1) * settled(buffer.rows));
  for (const { dims, dtype } of program.intermediates ?? [])
    place((dims.map((d) => Math.max(0, value(d))).reduce((a, b) => a * b, 1) * elementBytes[dtype]) / 4);
  for (const { list } of unit.lists.values()) place((2 * Math.max(1, value(list.capacity)) + 1) * settled(list.slots));
  const staged = stagedLoads(program.body, unit).map(value);
  if (staged.length > 0) place(2 * stageRows * padded(Math.max(...staged), 8));
  return at;
}
