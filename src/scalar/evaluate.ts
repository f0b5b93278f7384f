/**
 * The value of a Scalar. Takes the tree and where variables, sizes and tensors come from; gives a number (a
 * bool is 0 or 1). `f32` rounds every real operation as the kernels do: masks mean that, in the oracle too.
 * `f64` keeps reals in double precision: scale, score and sink of the oracle, but for what `int` makes an integer.
 * Integers are exact in both.
 * Guarantees: `and`, `or` and `select` decide without the side not taken; outside a tensor is 0 and `read` is
 * not called.
 */
import { scalarFns } from "./functions.ts";
import type { Scalar } from "./scalar.ts";

export type Mode = "f64" | "f32";

/** Where tensors and sizes come from. `read` is only called with indices inside the tensor. */
export interface Source {
  readonly sizes: Readonly<Record<string, number>>;
  readonly read: (tensor: string, indices: readonly number[]) => number;
  readonly dims: (tensor: string) => readonly number[];
}

export interface Environment extends Source {
  readonly variables: Readonly<Record<string, number>> | ReadonlyMap<string, number>;
}

export function evaluate(x: Scalar, env: Environment, mode: Mode): number {
  const { variables } = env;
  const entries = variables instanceof Map ? [...variables] : Object.entries(variables);
  const frame: Frame = new Map();
  for (const [name, value] of entries) frame.set(name, { value });
  return prepare(x, frame, env, mode)();
}

/** An expression of sizes alone, and of the variables that are given: an extent, a count of workgroups. */
export const sizeValue = (
  x: Scalar,
  sizes: Source["sizes"],
  variables: Readonly<Record<string, number>> = {},
): number => evaluate(x, { sizes, variables, read: () => 0, dims: () => [] }, "f64");

/** One cell a variable; whoever prepared an expression moves on by writing into the cells. */
export type Frame = Map<string, { value: number }>;

/** The cell of a variable, made where it is missing. */
export function cell(frame: Frame, name: string): { value: number } {
  const found = frame.get(name);
  if (found) return found;
  const made = { value: Number.NaN };
  frame.set(name, made);
  return made;
}

/** Turns the tree into closures once, for expressions that are evaluated many times. */
export function prepare(x: Scalar, frame: Frame, source: Source, mode: Mode): () => number {
  const go = (y: Scalar): (() => number) => prepare(y, frame, source, mode);
  switch (x.kind) {
    case "const": {
      const { value } = x;
      return () => value;
    }
    case "var": {
      const found = frame.get(x.name);
      if (!found) throw new Error(`evaluate: no value for the variable ${x.name}`);
      return () => found.value;
    }
    case "size": {
      const value = Object.hasOwn(source.sizes, x.name) ? source.sizes[x.name] : undefined;
      if (value === undefined) throw new Error(`evaluate: no value for the size ${x.name}`);
      return () => value;
    }
    case "read":
      return prepareRead(x.tensor, x.indices.map(go), source);
    case "call": {
      // A step from one integer to the next must lie where kernels have it, so what is cut off is f32 in any mode.
      const inner = x.fn === "int" ? "f32" : mode;
      return prepareCall(
        x,
        x.args.map((y) => prepare(y, frame, source, inner)),
        mode,
      );
    }
    case "any":
    case "sum":
      return prepareLoop(x, frame, source, mode);
    case "sorted": {
      const element = lastAxis(x.tensor, x.leading.map(go), source);
      return () => {
        const { count, at } = element();
        for (let n = 1; n < count; n++) if (at(n) < at(n - 1)) return 0;
        return 1;
      };
    }
    case "search": {
      const element = lastAxis(x.tensor, x.leading.map(go), source);
      const value = go(x.value);
      const upper = x.side === "upper";
      return () => {
        const { count, at } = element();
        const wanted = value();
        for (let n = 0; n < count; n++) if (upper ? at(n) > wanted : at(n) >= wanted) return n;
        return count;
      };
    }
  }
}

function prepareRead(tensor: string, indices: readonly (() => number)[], source: Source): () => number {
  const dims = source.dims(tensor);
  const place = indices.map(() => 0);
  return () => {
    for (let n = 0; n < indices.length; n++) {
      const index = indices[n]();
      if (!(index >= 0 && index < dims[n])) return 0;
      place[n] = index;
    }
    return source.read(tensor, place);
  };
}

function prepareCall(x: Scalar & { kind: "call" }, args: readonly (() => number)[], mode: Mode): () => number {
  const [a, b, c] = args;
  switch (x.fn) {
    case "and":
      return () => (a() !== 0 && b() !== 0 ? 1 : 0);
    case "or":
      return () => (a() !== 0 || b() !== 0 ? 1 : 0);
    case "select":
      return () => (a() !== 0 ? b() : c());
    default: {
      const row = scalarFns[x.fn];
      const f64 = row.f64;
      const rounds = mode === "f32" && x.type === "f32";
      if (args.length === 1) return rounds ? () => Math.fround(f64(a())) : () => f64(a());
      return rounds ? () => Math.fround(f64(a(), b())) : () => f64(a(), b());
    }
  }
}

function prepareLoop(x: Scalar & { kind: "any" | "sum" }, frame: Frame, source: Source, mode: Mode): () => number {
  const inner: Frame = new Map(frame);
  const index = { value: 0 };
  inner.set(x.name, index);
  const count = prepare(x.count, frame, source, mode);
  const body = prepare(x.body, inner, source, mode);
  if (x.kind === "any") {
    return () => {
      const n = count();
      for (index.value = 0; index.value < n; index.value++) if (body() !== 0) return 1;
      return 0;
    };
  }
  const rounds = mode === "f32" && x.type === "f32";
  return () => {
    const n = count();
    let total = 0;
    for (index.value = 0; index.value < n; index.value++) {
      total += body();
      if (rounds) total = Math.fround(total);
    }
    return total;
  };
}

/** The last axis of a tensor at its leading indices; empty where these are outside. */
function lastAxis(
  tensor: string,
  leading: readonly (() => number)[],
  source: Source,
): () => { count: number; at: (n: number) => number } {
  const dims = source.dims(tensor);
  return () => {
    const place = leading.map((index) => index());
    const inside = place.every((index, n) => index >= 0 && index < dims[n]);
    return { count: inside ? dims[dims.length - 1] : 0, at: (n) => source.read(tensor, [...place, n]) };
  };
}
