/**
 * Statements that read the caller's tensors as numbers, whatever these are stored as: loads of small integers learn what
 * they stand for, and so do reads in expressions.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { SpecInput } from "../spec/spec.ts";
import { elementOf, smallOf } from "./loaded.ts";
import type { Statement } from "./tile.ts";
import { mapBodies, mapScalars } from "./walk.ts";

export function asNumbers(list: readonly Statement[], inputs: readonly SpecInput[]): readonly Statement[] {
  if (!inputs.some(({ quantised }) => quantised)) return list;
  const numbers = (x: Scalar): Scalar =>
    s.rewrite(x, (node) => {
      if (node.kind !== "read") return undefined;
      const { tensor, indices: at } = node;
      const { small } = smallOf(inputs, tensor, at);
      return small && elementOf({ tensor, at, small }, small.dtype);
    });
  const loaded = (statement: Statement): Statement =>
    statement.kind === "load"
      ? { ...statement, ...smallOf(inputs, statement.tensor, statement.at) }
      : mapBodies(statement, (body) => body.map(loaded));
  return list.map((statement) => loaded(mapScalars(statement, numbers)));
}
