/**
 * Scalars as micro expressions, one at a time. Takes a Scalar and a builder, emits what cannot stand in an
 * expression (loops, guarded reads, sides that may be left out), gives an expression. Guarantees: floored
 * division with x div 0 = 0 and x mod 0 = x; a read outside its tensor is 0 and touches no memory; `and`, `or`
 * and `select` leave the other side out where it costs more than it is worth.
 */
import type { Scalar } from "../scalar/scalar.ts";
import type { ScalarFn } from "../scalar/functions.ts";
import type { Builder } from "./builder.ts";
import * as math from "./math.ts";
import { choose, f32, i32, load, local, op, splat, type Expr, type MicroOp, type MicroStatement } from "./micro.ts";
import { bufferAt, elementAt, found, sizeOf, variableName, type Scope } from "./scope.ts";
import { element } from "./tensors.ts";

/** The same operation in scalars and vectors. */
export const direct: Partial<Record<ScalarFn, MicroOp>> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  div: "div",
  neg: "neg",
  min: "min",
  max: "max",
  abs: "abs",
  lt: "lt",
  le: "le",
  gt: "gt",
  ge: "ge",
  eq: "eq",
  ne: "ne",
  float: "float",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  int: "int",
};

export const expansions: Partial<Record<ScalarFn, (b: Builder, x: Expr) => Expr>> = {
  exp: math.exp,
  exp2: math.exp2,
  log: math.log,
  log2: math.log2,
  tanh: math.tanh,
  sin: math.sin,
  cos: math.cos,
};

export type Bindings = ReadonlyMap<string, Expr>;

export function lowerScalar(scope: Scope, b: Builder, x: Scalar, bound: Bindings = new Map()): Expr {
  const go = (y: Scalar): Expr => lowerScalar(scope, b, y, bound);
  switch (x.kind) {
    case "const":
      return { kind: "const", type: x.type, value: x.value };
    case "var":
      return bound.get(x.name) ?? local(variableName(x.name, x.type), x.type);
    case "size":
      return sizeOf(x.name);
    case "read":
      return lowerRead(scope, b, x, x.indices.map(go));
    case "call":
      return lowerCall(scope, b, x, bound);
    case "any":
    case "sum":
      return lowerLoop(scope, b, x, bound);
    case "sorted":
      return lowerSorted(scope, b, x, x.leading.map(go));
    case "search":
      return lowerSearch(scope, b, x, x.leading.map(go), go(x.value));
  }
}

/** A value that is used more than once. */
const stable = (b: Builder, x: Expr): Expr => (x.kind === "const" || x.kind === "var" ? x : b.let(x));

function lowerRead(scope: Scope, b: Builder, x: Scalar & { kind: "read" }, given: readonly Expr[]): Expr {
  if (scope.buffers.has(x.tensor)) return load(x.type, elementAt(scope, x.tensor, given[0] ?? i32(0), given[1]));
  if (given.length === 0) return element(scope, b, x.tensor, i32(0));
  const indices = given.map((index) => stable(b, index));
  const { inside, flat } = placed(scope, b, x.tensor, indices);
  const out = b.fresh(x.type, "read");
  b.set(out, { kind: "const", type: x.type, value: 0 });
  b.if(inside, () => b.set(out, element(scope, b, x.tensor, flat)));
  return out;
}

/** Is the place inside the tensor, and which element is it (row-major)? */
export function placed(
  scope: Scope,
  b: Builder,
  tensor: string,
  indices: readonly Expr[],
): { inside: Expr; flat: Expr } {
  const dims = found(scope.tensors, tensor).dims.map((d) => stable(b, lowerScalar(scope, b, d)));
  let inside: Expr = { kind: "const", type: "bool", value: 1 };
  let flat: Expr = i32(0);
  indices.forEach((index, n) => {
    const dim = dims[n] ?? i32(1);
    const low = op("ge", index, i32(0));
    const both = op("and", low, op("lt", index, dim));
    inside = inside.kind === "const" ? both : op("and", inside, both);
    flat = n === 0 ? index : op("add", op("mul", flat, dim), index);
  });
  return { inside, flat };
}

function lowerCall(scope: Scope, b: Builder, x: Scalar & { kind: "call" }, bound: Bindings): Expr {
  const { fn, args } = x;
  const [p, q, s] = args;
  if (!p) throw new Error(`micro: ${fn} without arguments`);
  const go = (y: Scalar | undefined): Expr => lowerScalar(scope, b, y ?? p, bound);
  if (fn === "and" || fn === "or" || fn === "select") {
    const when = go(p);
    const sides = fn === "select" ? [q, s] : [q];
    const lowered = sides.map((side) => {
      const list: MicroStatement[] = [];
      let value: Expr = when;
      b.collect(() => (value = go(side)), list);
      return { list, value };
    });
    const [first, second] = lowered;
    if (!first) return when;
    const cheap = lowered.every((side) => side.list.length === 0);
    if (fn !== "select") {
      if (cheap) return op(fn, when, first.value);
      const out = b.fresh("bool", fn);
      b.set(out, when);
      const taken: MicroStatement[] = [...first.list, { kind: "set", name: out.name, value: first.value }];
      b.emit({ kind: "if", when: out, then: fn === "and" ? taken : [], otherwise: fn === "and" ? [] : taken });
      return out;
    }
    if (!second) return when;
    if (cheap) return choose(when, first.value, second.value);
    const out = b.fresh(x.type, "select");
    const side = (n: { list: MicroStatement[]; value: Expr }): MicroStatement[] => [
      ...n.list,
      { kind: "set", name: out.name, value: n.value },
    ];
    b.emit({ kind: "if", when, then: side(first), otherwise: side(second) });
    return out;
  }
  const values = args.map(go);
  const [v, w] = values;
  if (!v) throw new Error(`micro: ${fn} without arguments`);
  const expansion = expansions[fn];
  if (expansion) return { kind: "lane", type: "f32", of: expansion(b, splat(v)), lane: 0 };
  if (fn === "not") return op("not", v);
  if (fn === "hash") return math.hash(b, v, w ?? i32(0));
  if (fn === "idiv" || fn === "mod") return floored(b, fn, v, w ?? i32(1));
  if (fn === "bit") {
    const amount = stable(b, w ?? i32(0));
    const inside = op("and", op("ge", amount, i32(0)), op("lt", amount, i32(32)));
    return op("and", inside, op("ne", op("and", op("shr", v, amount), i32(1)), i32(0)));
  }
  const plain = direct[fn];
  if (!plain) throw new Error(`micro: no expansion of ${fn}`);
  // Truths compare as integers; one comparison of them is still a truth.
  return op(plain, ...values.map((y) => (y.type === "bool" && plain === "float" ? op("add", i32(0), y) : y)));
}

const powerOfTwo = (x: number): boolean => x > 0 && (x & (x - 1)) === 0;

function floored(b: Builder, fn: "idiv" | "mod", x: Expr, y: Expr): Expr {
  if (y.kind === "const" && powerOfTwo(y.value))
    return fn === "idiv" ? op("shr", x, i32(31 - Math.clz32(y.value))) : op("and", x, i32(y.value - 1));
  const over = stable(b, x);
  const by = stable(b, y);
  const out = b.fresh("i32", fn);
  b.set(out, fn === "idiv" ? i32(0) : over);
  b.if(
    op("eq", by, i32(-1)),
    () => b.set(out, fn === "idiv" ? op("neg", over) : i32(0)),
    () =>
      b.if(op("ne", by, i32(0)), () => {
        const rest = b.let(op("rem", over, by));
        const wrong = op("and", op("ne", rest, i32(0)), op("lt", op("xor", rest, by), i32(0)));
        if (fn === "mod") b.set(out, op("add", rest, choose(wrong, by, i32(0))));
        else b.set(out, op("sub", op("quot", over, by), choose(wrong, i32(1), i32(0))));
      }),
  );
  return out;
}

function lowerLoop(scope: Scope, b: Builder, x: Scalar & { kind: "any" | "sum" }, bound: Bindings): Expr {
  const count = b.let(lowerScalar(scope, b, x.count, bound), "count");
  const n = b.fresh("i32", x.name);
  const out = b.fresh(x.type, x.kind);
  b.set(out, x.type === "f32" ? f32(0) : { kind: "const", type: x.type, value: 0 });
  b.set(n, i32(0));
  const inner = new Map([...bound, [x.name, n]]);
  const more = op("lt", n, count);
  b.while(x.kind === "any" ? op("and", more, op("not", out)) : more, () => {
    const value = lowerScalar(scope, b, x.body, inner);
    b.set(out, x.kind === "any" ? value : op("add", out, value.type === "bool" ? op("add", i32(0), value) : value));
    b.set(n, op("add", n, i32(1)));
  });
  return out;
}

/** Length of the last axis (0 outside) and the place of its first element. */
function axis(
  scope: Scope,
  b: Builder,
  tensor: string,
  leading: readonly Expr[],
): { count: Expr; at: (n: Expr) => Expr } {
  if (scope.buffers.has(tensor)) throw new Error(`micro: no axis of the buffer ${bufferAt(tensor).kind} ${tensor}`);
  const { dims } = found(scope.tensors, tensor);
  const last = dims[dims.length - 1];
  const length = last ? b.let(lowerScalar(scope, b, last)) : i32(0);
  const { inside, flat } = placed(
    scope,
    b,
    tensor,
    leading.map((y) => stable(b, y)),
  );
  const base = b.let(op("mul", flat, length));
  return { count: b.let(choose(inside, length, i32(0))), at: (n) => element(scope, b, tensor, op("add", base, n)) };
}

function lowerSorted(scope: Scope, b: Builder, x: Scalar & { kind: "sorted" }, leading: readonly Expr[]): Expr {
  const { count, at } = axis(scope, b, x.tensor, leading);
  const out = b.fresh("bool", "sorted");
  const n = b.fresh("i32", "n");
  b.set(out, { kind: "const", type: "bool", value: 1 });
  b.set(n, i32(1));
  b.while(op("and", op("lt", n, count), out), () => {
    b.set(out, op("not", op("lt", at(n), at(op("sub", n, i32(1))))));
    b.set(n, op("add", n, i32(1)));
  });
  return out;
}

function lowerSearch(
  scope: Scope,
  b: Builder,
  x: Scalar & { kind: "search" },
  leading: readonly Expr[],
  value: Expr,
): Expr {
  const { count, at } = axis(scope, b, x.tensor, leading);
  const wanted = stable(b, value);
  const lo = b.fresh("i32", "lo");
  const hi = b.fresh("i32", "hi");
  b.set(lo, i32(0));
  b.set(hi, count);
  b.while(op("lt", lo, hi), () => {
    const middle = b.let(op("shr", op("add", lo, hi), i32(1)));
    const reached = op(x.side === "upper" ? "gt" : "ge", at(middle), wanted);
    b.if(
      reached,
      () => b.set(hi, middle),
      () => b.set(lo, op("add", middle, i32(1))),
    );
  });
  return lo;
}
