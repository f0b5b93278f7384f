/**
 * Runs any TileProgram as it stands, in f32 with each operation rounded (`precise`: in double precision). Slow and
 * plain on purpose: it is what says whether a pass changed an answer. Buffers start as NaN, so that reading what
 * was never written shows.
 */
import { cell, prepare, type Frame, type Source } from "../scalar/evaluate.ts";
import { children, type Scalar } from "../scalar/scalar.ts";
import type { Operation, RangeTerm, Statement, TileProgram, View } from "./tile.ts";

export interface Tensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

interface Machine {
  readonly frame: Frame;
  readonly value: (x: Scalar) => number;
  readonly set: (name: string, value: number) => void;
  readonly buffers: ReadonlyMap<string, { readonly columns: number; readonly data: Float32Array | Float64Array }>;
  readonly lists: ReadonlyMap<string, [number, number][][]>;
  readonly outputs: ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Float64Array }>;
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
  return { outputs: machine.outputs };
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
  const source: Source = {
    sizes,
    dims: (tensor) => dimsOf.get(tensor) ?? missing(tensor),
    read: (tensor, indices) => {
      const buffer = buffers.get(tensor);
      if (buffer) return buffer.data[(indices[0] ?? 0) * buffer.columns + (indices[1] ?? 0)] ?? Number.NaN;
      const input = inputs.get(tensor) ?? missing(tensor);
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
  for (const input of program.inputs) dimsOf.set(input.name, input.dims.map(value));
  for (const buffer of program.buffers) {
    const columns = buffer.columns ? value(buffer.columns) : 1;
    const rows = value(buffer.rows);
    const data = mode === "f32" ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
    buffers.set(buffer.name, { columns, data: data.fill(Number.NaN) });
    dimsOf.set(buffer.name, buffer.columns ? [rows, columns] : [rows]);
  }
  const outputs = new Map(
    program.outputs.map((output) => {
      const dims = output.dims.map(value);
      return [output.name, { dims, data: new Float64Array(dims.reduce((a, d) => a * d, 1)).fill(Number.NaN) }] as const;
    }),
  );
  const lists = new Map(
    program.lists.map(
      (list) => [list.name, Array.from({ length: value(list.slots) }, (): [number, number][] => [])] as const,
    ),
  );
  const set = (name: string, x: number): void => {
    cell(frame, name).value = x;
  };
  return { frame, value, set, buffers, lists, outputs };
}

/** A cell for every variable of the expression, so that it can be prepared before a statement sets them. */
function declare(x: Scalar, frame: Frame): void {
  if (x.kind === "var") cell(frame, x.name);
  for (const child of children(x)) declare(child, frame);
}

const missing = (name: string): never => {
  throw new Error(`interpret: the program names ${name}, which it does not have`);
};

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
      return operate(statement, machine);
  }
}

const slotOf = (machine: Machine, list: string, slot: number): [number, number][] =>
  (machine.lists.get(list) ?? missing(list))[slot] ?? missing(`${list}[${slot}]`);

interface Place {
  readonly data: Float32Array | Float64Array;
  readonly row: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

function place(view: View, { buffers, value }: Machine): Place {
  const buffer = buffers.get(view.buffer) ?? missing(view.buffer);
  return {
    data: buffer.data,
    row: value(view.row),
    rows: value(view.rows),
    columns: view.columns ? value(view.columns) : 1,
    stride: buffer.columns,
  };
}

const at = (p: Place, r: number, c = 0): number => p.data[(p.row + r) * p.stride + c] ?? Number.NaN;
const put = (p: Place, r: number, c: number, x: number): void => {
  p.data[(p.row + r) * p.stride + c] = x;
};

function each(
  p: { readonly rows: number; readonly columns: number },
  { set }: Machine,
  visit: (r: number, c: number) => void,
): void {
  for (let r = 0; r < p.rows; r++) {
    for (let c = 0; c < p.columns; c++) {
      set("r", r);
      set("c", c);
      visit(r, c);
    }
  }
}

function operate(op: Operation, machine: Machine): void {
  const { value, set } = machine;
  switch (op.kind) {
    case "load": {
      const to = place(op.to, machine);
      const element: Scalar = { kind: "read", type: "f32", tensor: op.tensor, indices: op.at };
      const scale = op.scale ? value(op.scale) : 1;
      return each(to, machine, (r, c) => put(to, r, c, value(once(op, element)) * scale));
    }
    case "store": {
      const output = machine.outputs.get(op.tensor) ?? missing(op.tensor);
      return each({ rows: value(op.rows), columns: op.columns ? value(op.columns) : 1 }, machine, () => {
        const flat = op.at.reduce((offset, index, n) => offset * (output.dims[n] ?? 1) + value(index), 0);
        output.data[flat] = value(op.value);
      });
    }
    case "fill":
    case "map": {
      const to = place(op.to, machine);
      each(to, machine, (r, c) => put(to, r, c, value(op.value)));
      if (op.kind === "map" && op.reduce) reduce(op.reduce, op.to, machine);
      return;
    }
    case "reduce":
      return reduce(op, op.from, machine);
    case "dot":
      return dot(op, machine);
    case "rescale": {
      const to = place(op.to, machine);
      const by = place(op.by, machine);
      for (let r = 0; r < to.rows; r++)
        for (let c = 0; c < to.columns; c++) if (at(by, r) !== 1) put(to, r, c, at(to, r, c) * at(by, r));
      return;
    }
    case "finite": {
      const of = place(op.of, machine);
      let finite = 1;
      each(of, machine, (r, c) => (finite &= Number.isFinite(at(of, r, c)) ? 1 : 0));
      return set(op.flag, finite);
    }
    case "bounds": {
      let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      each({ rows: value(op.rows), columns: 1 }, machine, () => {
        const x = value(op.value);
        lo = Math.min(lo, x);
        hi = Math.max(hi, x);
      });
      set(op.min, lo);
      return set(op.max, hi);
    }
    case "unite": {
      const asked = op.terms.flatMap((term) => rangesOf(term, machine));
      const extent = value(op.extent);
      return assign(machine, op.list, value(op.slot), united(asked, op.granule, extent));
    }
    case "join": {
      const parts: [number, number][] = [];
      for (let n = value(op.from); n < value(op.to); n++) parts.push(...slotOf(machine, op.list, n));
      return assign(machine, op.list, value(op.slot), united(parts, 1, Number.POSITIVE_INFINITY));
    }
  }
  op satisfies never;
}

function reduce(
  { op, to: into, accumulate }: Pick<Extract<Operation, { kind: "reduce" }>, "op" | "to" | "accumulate">,
  view: View,
  machine: Machine,
): void {
  const [to, from] = [place(into, machine), place(view, machine)];
  for (let r = 0; r < to.rows; r++) {
    let x = accumulate ? at(to, r) : op === "max" ? Number.NEGATIVE_INFINITY : 0;
    for (let c = 0; c < from.columns; c++)
      x = op === "max" ? (at(from, r, c) > x ? at(from, r, c) : x) : x + at(from, r, c);
    put(to, r, 0, x);
  }
}

const elements = new WeakMap<Operation, Scalar>();
/** The same Scalar object for the same operation, so that it is prepared once. */
function once(op: Operation, made: Scalar): Scalar {
  const known = elements.get(op);
  if (known) return known;
  elements.set(op, made);
  return made;
}

function dot(op: Extract<Operation, { kind: "dot" }>, machine: Machine): void {
  const to = place(op.to, machine);
  const a = place(op.a, machine);
  const b = place(op.b, machine);
  const terms = op.along === "columns" ? a.columns : b.rows;
  for (let r = 0; r < to.rows; r++) {
    for (let c = 0; c < to.columns; c++) {
      let x = op.start === "add" ? at(to, r, c) : 0;
      for (let k = 0; k < terms; k++) {
        const left = at(a, r, k);
        if (!(op.guard && left === 0)) x += left * (op.along === "columns" ? at(b, c, k) : at(b, k, c));
      }
      put(to, r, c, x);
    }
  }
}

function rangesOf(term: RangeTerm, machine: Machine, depth = 0): [number, number][] {
  const { value, set } = machine;
  const over = term.over[depth];
  if (!over) return value(term.when) ? [[value(term.lo), value(term.hi)]] : [];
  const found: [number, number][] = [];
  const to = value(over.to);
  for (let n = value(over.from); n < to; n++) {
    set(over.name, n);
    found.push(...rangesOf(term, machine, depth + 1));
  }
  return found;
}

/** Rounded out to granules, cut to 0 … extent, sorted, joined where they touch. */
export function united(
  ranges: readonly (readonly [number, number])[],
  granule: number,
  extent: number,
): [number, number][] {
  const cut = ranges
    .filter(([lo, hi]) => lo < hi)
    .map(([lo, hi]): [number, number] => [
      Math.max(0, Math.floor(lo / granule) * granule),
      Math.min(extent, Math.ceil(hi / granule) * granule),
    ])
    .filter(([lo, hi]) => lo < hi)
    .sort((x, y) => x[0] - y[0]);
  const joined: [number, number][] = [];
  for (const [lo, hi] of cut) {
    const last = joined.at(-1);
    if (last && lo <= last[1]) last[1] = Math.max(last[1], hi);
    else joined.push([lo, hi]);
  }
  return joined;
}

function assign(machine: Machine, list: string, slot: number, ranges: [number, number][]): void {
  (machine.lists.get(list) ?? missing(list))[slot] = ranges;
}
