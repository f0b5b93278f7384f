/** The operation table: one row for each tile operation, in the order in which ARCHITECTURE.md names them. */
import type { Machine } from "../machine.ts";
import type { Operation, OperationKind } from "../tile.ts";
import { fill, load, map, rescale, store } from "./elements.ts";
import { bounds, dot, finite, reduce } from "./joins.ts";
import { join, unite } from "./ranges.ts";
import type { OperationRow, Parts } from "./row.ts";

const operations: { readonly [K in OperationKind]: OperationRow<K> } = {
  load,
  store,
  fill,
  map,
  reduce,
  dot,
  rescale,
  finite,
  bounds,
  unite,
  join,
};

/** The row of an operation, as a row of whatever operation it is: the kind is its key, so they fit. */
const rowOf = (op: Operation): OperationRow<Operation["kind"]> =>
  operations[op.kind] as OperationRow<Operation["kind"]>;

/** The same operation with each of its parts changed. */
export const mapParts = (op: Operation, parts: Parts): Operation => rowOf(op).parts(op, parts);
export const bindsOf = (op: Operation): readonly string[] => rowOf(op).binds?.(op) ?? [];
export const operationText = (op: Operation): readonly string[] => rowOf(op).print(op);
export const runOperation = (op: Operation, machine: Machine): void => rowOf(op).run(op, machine);
