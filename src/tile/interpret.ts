/**
 * Runs any TileProgram as it stands, in f32 with each operation rounded (mode `f64`: in double precision). Slow and
 * plain on purpose: it is what says whether a pass changed an answer. Buffers start as NaN, so that reading what
 * was never written shows.
 */
import { cell, prepare, type Frame, type Source } from "../scalar/evaluate.ts";
import { children, type Scalar } from "../scalar/scalar.ts";
import { numbersOf, rounded } from "../scalar/storage.ts";
import type { Keys } from "../plan/tiles.ts";
import { missing, slotOf, type Machine, type OutputTensor } from "./machine.ts";
import { runOperation } from "./operations/index.ts";
import { tensorsOf, type Statement, type TileProgram } from "./tile.ts";

export interface Tensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Interpreted {
  readonly outputs: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Float64Array }>;
}

export function interpret(
  program: TileProgram,
  sizes: Readonly<Record<string, number>>,
  inputs: ReadonlyMap<string, Tensor>,
  mode: "f32" | "f64" = "f32",
): Interpreted {
  const machine = machineOf(program, sizes, inputs, mode);
  run(program.body, machine);
  const named = (name: string): { dims: readonly number[]; data: Float64Array } =>
    machine.outputs.get(name) ?? missing(name);
  return {
    outputs: new Map(program.outputs.map(({ name }) => [name, { dims: named(name).dims, data: named(name).data }])),
  };
}

function machineOf(
  program: TileProgram,
  sizes: Readonly<Record<string, number>>,
  inputs: ReadonlyMap<string, Tensor>,
  mode: "f32" | "f64",
): Machine {
  const frame: Frame = new Map();
  const buffers = new Map<string, { columns: number; data: Float32Array | Float64Array }>();
  const dimsOf = new Map<string, readonly number[]>();
  const numbers = new Map<string, Tensor>();
  for (const { name, dtype } of program.inputs) {
    const given = inputs.get(name);
    if (given) numbers.set(name, { dims: given.dims, data: numbersOf(dtype, given.data) });
  }
  const outputs = new Map<string, OutputTensor>();
  const source: Source = {
    sizes,
    dims: (tensor) => dimsOf.get(tensor) ?? missing(tensor),
    read: (tensor, indices) => {
      const buffer = buffers.get(tensor);
      if (buffer) return buffer.data[(indices[0] ?? 0) * buffer.columns + (indices[1] ?? 0)] ?? Number.NaN;
      const input = numbers.get(tensor) ?? outputs.get(tensor) ?? missing(tensor);
      const at = indices.reduce((flat, index, n) => flat * (input.dims[n] ?? 1) + index, 0);
      return Number(input.data[at] ?? 0);
    },
  };
  const prepared = new WeakMap<Scalar, () => number>();
  const value = (x: Scalar): number => {
    let compiled = prepared.get(x);
    if (!compiled) {
      declare(x, frame);
      compiled = prepare(x, frame, source, mode);
      prepared.set(x, compiled);
    }
    return compiled();
  };
  for (const { name, trial } of program.parameters) cell(frame, name).value = trial;
  for (const tensor of tensorsOf(program)) dimsOf.set(tensor.name, tensor.dims.map(value));
  for (const buffer of program.buffers) {
    const columns = buffer.columns ? value(buffer.columns) : 1;
    const rows = value(buffer.rows);
    const data = mode === "f32" ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
    buffers.set(buffer.name, { columns, data: data.fill(Number.NaN) });
    dimsOf.set(buffer.name, buffer.columns ? [rows, columns] : [rows]);
  }
  for (const output of [...program.outputs, ...(program.intermediates ?? [])]) {
    const dims = output.dims.map(value);
    const data = new Float64Array(dims.reduce((a, d) => a * d, 1)).fill(Number.NaN);
    const round = (x: number): number => (mode === "f32" ? rounded(output.dtype, x) : x);
    outputs.set(output.name, { dims, data, round });
  }
  const lists = new Map(
    program.lists.map(
      (list) => [list.name, Array.from({ length: value(list.slots) }, (): readonly Keys[] => [])] as const,
    ),
  );
  const set = (name: string, x: number): void => {
    cell(frame, name).value = x;
  };
  return { value, set, buffers, lists, outputs };
}

/** A cell for every variable of the expression, so that it can be prepared before a statement sets them. */
function declare(x: Scalar, frame: Frame): void {
  if (x.kind === "var") cell(frame, x.name);
  for (const child of children(x)) declare(child, frame);
}

function run(statements: readonly Statement[], machine: Machine): void {
  for (const statement of statements) runOne(statement, machine);
}

function runOne(statement: Statement, machine: Machine): void {
  const { value, set } = machine;
  switch (statement.kind) {
    case "let":
      return set(statement.name, value(statement.value));
    case "for": {
      const to = value(statement.to);
      for (let n = 0; n < to; n++) {
        set(statement.name, n);
        run(statement.body, machine);
      }
      return;
    }
    case "if":
      return run(value(statement.when) ? statement.then : statement.otherwise, machine);
    case "visit": {
      const list = slotOf(machine, statement.list, value(statement.slot));
      const within = statement.within
        ? [value(statement.within.lo), value(statement.within.hi)]
        : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const step = value(statement.step);
      for (const [lo, hi] of list.slice()) {
        const last = Math.min(hi, within[1] ?? hi);
        for (let at = Math.max(lo, within[0] ?? lo); at < last; at += step) {
          set(statement.lo, at);
          set(statement.hi, Math.min(last, at + step));
          run(statement.body, machine);
        }
      }
      return;
    }
    default:
      return runOperation(statement, machine);
  }
}
