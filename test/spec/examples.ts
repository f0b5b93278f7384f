/** Attentions of examples/ by name, with other settings, and their masks and scores as functions of a row and a key. */
import { readdirSync, readFileSync } from "node:fs";
import { cell, prepare, type Frame, type Source } from "../../src/scalar/evaluate.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { inputDims } from "../../src/spec/inputs.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import { specsFrom } from "../support/examples.ts";

const folder = new URL("../../examples/", import.meta.url);

export function example(name: string, set: Readonly<Record<string, number>> = {}): Spec {
  for (const file of readdirSync(folder).filter((each) => each.endsWith(".attn"))) {
    const text = readFileSync(new URL(file, folder), "utf8");
    if (!new RegExp(`^attention ${name}\\(`, "m").test(text)) continue;
    const found = specsFrom(text, file, set).find((spec) => spec.name === name);
    if (found) return found;
  }
  throw new Error(`no example is called ${name}`);
}

type Tensors = Readonly<Record<string, ArrayLike<number>>>;
export interface Call {
  readonly sizes: Sizes;
  readonly tensors?: Tensors;
  readonly b?: number;
  readonly h?: number;
}

/** An expression of the spec as a function of the row and the key; `read` may answer in place of a tensor. */
export function evaluator(spec: Spec, x: Scalar, { sizes, tensors = {}, b = 0, h = 0 }: Call, read?: Source["read"]) {
  const all: Sizes = { B: 1, H: 1, Hkv: 1, D: 4, ...sizes };
  const dims = inputDims(spec, all);
  const shape = (tensor: string): readonly number[] => dims.get(tensor) ?? [];
  const source: Source = {
    sizes: all,
    dims: shape,
    read:
      read ??
      ((tensor, at) =>
        Number(tensors[tensor][at.reduce((flat, index, n) => flat * (shape(tensor)[n] ?? 1) + index, 0)])),
  };
  const frame: Frame = new Map();
  const cells = ["b", "h", "row", "i", "j", "s"].map((name) => cell(frame, name));
  const position = prepare(spec.position, frame, source, "f32");
  const value = prepare(x, frame, source, x.type === "f32" ? "f64" : "f32");
  return (row: number, j: number): number => {
    const now = [b, h, row, 0, j, 0];
    cells.forEach((each, n) => (each.value = now[n]));
    cells[3].value = position();
    return value();
  };
}

/** Every pair of rows and keys, as text where they differ. */
export function differences(
  spec: Spec,
  call: Call,
  [rows, keys]: readonly [number, number],
  wanted: (row: number, j: number) => boolean,
): readonly string[] {
  const sees = evaluator(spec, spec.mask, call);
  const wrong: string[] = [];
  for (let row = 0; row < rows; row++)
    for (let j = 0; j < keys; j++)
      if ((sees(row, j) !== 0) !== wanted(row, j)) wrong.push(`${row} and ${j} of ${JSON.stringify(call.sizes)}`);
  return wrong;
}

export const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, x) => x);
