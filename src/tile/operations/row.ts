/**
 * A row of the operation table: all that the levels of tiles know of one operation. `parts` goes through what it is
 * made of and rebuilds it, so validation, substitution and the analysis of uses need no code for an operation.
 */
import type { Scalar } from "../../scalar/scalar.ts";
import type { Machine } from "../machine.ts";
import type { Operation, OperationKind, View } from "../tile.ts";

export type Of<K extends OperationKind> = Extract<Operation, { readonly kind: K }>;

/**
 * What an operation does to a view. `load`: fills it from a tensor; `own`: makes each element by itself, so whoever
 * holds it can; `operand`: reads it along a product; `scan`: looks at each element once; `whole`: needs every element
 * of a row, or the buffer as a whole, at one place.
 */
export type ViewUse = "load" | "own" | "operand" | "scan" | "whole";

export interface Parts {
  /** A view, and the rank that its buffer must have where only one is right. */
  readonly view: (view: View, use: ViewUse, rank?: 1 | 2) => View;
  /** An expression of the whole operation; `bound` names more variables that it may use. */
  readonly scalar: (x: Scalar, bound?: readonly string[]) => Scalar;
  /** An expression of one element, of row `r` and column `c`. */
  readonly element: (x: Scalar) => Scalar;
  /** The indices of an element of a tensor. */
  readonly index: (tensor: string, at: readonly Scalar[]) => readonly Scalar[];
  readonly list: (name: string) => string;
}

export interface OperationRow<K extends OperationKind> {
  readonly parts: (op: Of<K>, parts: Parts) => Of<K>;
  /** Variables that it sets for the statements after it. */
  readonly binds?: (op: Of<K>) => readonly string[];
  /** Its text; lines after the first belong to it. */
  readonly print: (op: Of<K>) => readonly string[];
  readonly run: (op: Of<K>, machine: Machine) => void;
}
