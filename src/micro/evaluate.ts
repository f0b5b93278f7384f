/**
 * Micro expressions as closures over a frame of variables and a memory. Scalars are numbers, vectors arrays of `lanes`
 * numbers; a fma is a product, rounded, and a sum, rounded. Guarantees: both sides of a select are evaluated, as the
 * machine does; a variable that was never set throws.
 */
import { integers, reals, type Apply } from "./arithmetic.ts";
import type { Memory } from "./memory.ts";
import { isVector, partBytes, partStep, type Expr, type MicroOp, type MicroType } from "./micro.ts";

export type Lanes = readonly number[];
/** The variables of one call, by their slots. */
export interface Frame {
  readonly scalars: number[];
  readonly vectors: Lanes[];
}
export type Scalar = (frame: Frame) => number;
export type Vector = (frame: Frame) => Lanes;

export interface Evaluation {
  /** The function that the expressions stand in. */
  readonly who: string;
  readonly lanes: number;
  readonly memory: Memory;
  readonly slots: ReadonlyMap<string, number>;
  readonly call: (fn: string, args: readonly Expr[]) => Scalar;
}

const lost = (what: string): never => {
  throw new Error(`micro: ${what}`);
};

export function slotOf({ who, slots }: Evaluation, name: string): number {
  return slots.get(name) ?? lost(`${who} has no variable ${name}`);
}

function scalarOperation(op: MicroOp, type: MicroType): Apply {
  if (type === "bool" && op === "not") return (a) => (a === 0 ? 1 : 0);
  const table = type === "f32" || type === "vf32" ? reals : integers;
  return table[op] ?? lost(`no ${op} of ${type}`);
}

export function scalar(x: Expr, at: Evaluation): Scalar {
  const { who, memory } = at;
  switch (x.kind) {
    case "const": {
      const value = x.type === "f32" ? Math.fround(x.value) : x.value | 0;
      return () => value;
    }
    case "var": {
      const [slot, { name }] = [slotOf(at, x.name), x];
      return ({ scalars }) => scalars[slot] ?? lost(`${who} reads ${name} before it is set`);
    }
    case "load": {
      const size = x.part ? partBytes[x.part] : 4;
      const place = address(x.at, x.offset, at, size, x.part ? partStep[x.part] : 4);
      if (x.part === "byte") return (f) => memory.u8[place(f)];
      if (x.part === "signed") return (f) => memory.i8[place(f)];
      if (x.part === "pair") {
        return (f) => {
          const first = place(f);
          return memory.u8[first] | (memory.u8[first + 1] << 8);
        };
      }
      if (x.part === "half") return (f) => memory.u16[place(f) >> 1];
      const words = x.type === "f32" ? memory.f32 : memory.i32;
      return (f) => words[place(f) >> 2];
    }
    case "lane": {
      const of = vector(x.of, at);
      return (f) => of(f)[x.lane];
    }
    case "vreduce":
      return reduced(vector(x.of, at), x.op);
    case "select": {
      const [when, a, b] = [scalar(x.when, at), scalar(x.a, at), scalar(x.b, at)];
      return (f) => {
        const [taken, other] = [a(f), b(f)];
        return when(f) !== 0 ? taken : other;
      };
    }
    case "call":
      return at.call(x.fn, x.args);
    case "op": {
      const [p, q] = x.args;
      const apply = scalarOperation(x.op, p?.type ?? "i32");
      const a = p ? scalar(p, at) : lost(`${x.op} without operands`);
      const b = q ? scalar(q, at) : a;
      return q ? (f) => apply(a(f), b(f)) : (f) => apply(a(f), 0);
    }
    case "loadsplat":
    case "splat":
    case "gather":
    case "fma":
      return lost(`${who} takes a ${x.kind} for a scalar`);
  }
}

export function vector(x: Expr, at: Evaluation): Vector {
  const { who, lanes, memory } = at;
  const filled = (value: number): Lanes => {
    const out: number[] = [];
    for (let n = 0; n < lanes; n++) out.push(value);
    return out;
  };
  switch (x.kind) {
    case "const": {
      const value = filled(x.type === "vf32" ? Math.fround(x.value) : x.value | 0);
      return () => value;
    }
    case "var": {
      const [slot, { name }] = [slotOf(at, x.name), x];
      return ({ vectors }) => vectors[slot] ?? lost(`${who} reads ${name} before it is set`);
    }
    case "load": {
      const size = x.part ? partBytes[x.part] : 4;
      const place = address(x.at, x.offset, at, size * lanes, size);
      const { u8, i8, u16, f32, i32 } = memory;
      const parts = { byte: u8, signed: i8, half: u16, pair: u16 } as const;
      const words = x.part ? parts[x.part] : x.type === "vf32" ? f32 : i32;
      return (f) => {
        const first = place(f) / size;
        const out: number[] = [];
        for (let n = 0; n < lanes; n++) out.push(words[first + n]);
        return out;
      };
    }
    case "loadsplat": {
      const place = address(x.at, x.offset, at, 4);
      return (f) => filled(memory.f32[place(f) >> 2]);
    }
    case "splat": {
      const of = scalar(x.of, at);
      return (f) => filled(of(f));
    }
    case "gather": {
      const of = x.of.map((y) => scalar(y, at));
      return (f) => of.map((value) => value(f));
    }
    case "fma": {
      const [a, b, c] = [vector(x.a, at), vector(x.b, at), vector(x.c, at)];
      return (f) => {
        const [p, q, r] = [a(f), b(f), c(f)];
        const out: number[] = [];
        for (let n = 0; n < lanes; n++) out.push(Math.fround(Math.fround(p[n] * q[n]) + r[n]));
        return out;
      };
    }
    case "select":
      return selected(x, at);
    case "op":
      return operation(x, at);
    case "lane":
    case "vreduce":
    case "call":
      return lost(`${who} takes a ${x.kind} for a vector`);
  }
}

function address(x: Expr, offset: number, at: Evaluation, bytes: number, size = 4): Scalar {
  const base = scalar(x, at);
  const { who, memory } = at;
  return (f) => {
    const place = base(f) + offset;
    memory.check(who, place, bytes, false, size);
    return place;
  };
}

/** Neighbours first: each lane with the next, then with the one two further, and so on round the vector. */
function reduced(of: Vector, op: "add" | "max"): Scalar {
  const join: Apply = op === "max" ? (a, b) => (a < b ? b : a) : (a, b) => Math.fround(a + b);
  return (f) => {
    let now = of(f);
    for (let step = 1; step < now.length; step *= 2) {
      const before = now;
      now = before.map((value, n) => join(value, before[(n + step) % before.length]));
    }
    return now[0];
  };
}

function selected(x: Expr & { kind: "select" }, at: Evaluation): Vector {
  const [a, b] = [vector(x.a, at), vector(x.b, at)];
  if (!isVector(x.when.type)) {
    const when = scalar(x.when, at);
    return (f) => {
      const [taken, other] = [a(f), b(f)];
      return when(f) !== 0 ? taken : other;
    };
  }
  const when = vector(x.when, at);
  return (f) => {
    const [mask, taken, other] = [when(f), a(f), b(f)];
    return mask.map((bit, n) => {
      if (bit !== 0 && bit !== -1) lost(`${at.who} selects by a mask of ${bit}`);
      return bit ? taken[n] : other[n];
    });
  };
}

const comparisons: ReadonlySet<MicroOp> = new Set<MicroOp>(["lt", "le", "gt", "ge", "eq", "ne"]);

function operation(x: Expr & { kind: "op" }, at: Evaluation): Vector {
  const [p, q] = x.args;
  if (!p) return lost(`${x.op} without operands`);
  const apply = scalarOperation(x.op, p.type);
  const a = vector(p, at);
  if (!q) return (f) => a(f).map((value) => apply(value, 0));
  if (!isVector(q.type)) {
    const amount = scalar(q, at);
    return (f) => {
      const by = amount(f);
      return a(f).map((value) => apply(value, by));
    };
  }
  const b = vector(q, at);
  // A truth is all ones or zero in lanes.
  const sign = comparisons.has(x.op) ? -1 : 1;
  return (f) => {
    const [left, right] = [a(f), b(f)];
    return sign < 0
      ? left.map((value, n) => -apply(value, right[n]) | 0)
      : left.map((value, n) => apply(value, right[n]));
  };
}
