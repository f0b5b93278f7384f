/** The instruction, or the few instructions, of each micro operation on vectors, reals and integers. */
import type { MicroOp, MicroType } from "../../src/micro/micro.ts";
import type { Binaryen, Module, Ref } from "./binaryen.ts";

export class Instructions {
  readonly #binaryen: Binaryen;
  readonly #m: Module;
  /** A new local of the function that is printed. */
  readonly #temporary: (type: number) => number;

  constructor(binaryen: Binaryen, m: Module, temporary: (type: number) => number) {
    this.#binaryen = binaryen;
    this.#m = m;
    this.#temporary = temporary;
  }

  vector(op: MicroOp, type: MicroType, a: Ref, b: Ref): Ref {
    const m = this.#m;
    const [f, i, v] = [m.f32x4, m.i32x4, m.v128];
    if (op === "bits" || op === "value") return a;
    if (type === "vf32") {
      switch (op) {
        case "min":
          return f.pmin(b, a);
        case "max":
          return f.pmax(b, a);
        case "add":
        case "sub":
        case "mul":
        case "div":
        case "lt":
        case "le":
        case "gt":
        case "ge":
        case "eq":
        case "ne":
          return f[op](a, b);
        case "neg":
        case "abs":
        case "sqrt":
        case "floor":
        case "ceil":
          return f[op](a);
        case "int":
          return i.trunc_sat_f32x4_s(a);
      }
      throw new Error(`wasm: no ${op} of f32 vectors`);
    }
    switch (op) {
      case "add":
      case "sub":
      case "mul":
      case "eq":
      case "ne":
        return i[op](a, b);
      case "lt":
        return i.lt_s(a, b);
      case "le":
        return i.le_s(a, b);
      case "gt":
        return i.gt_s(a, b);
      case "ge":
        return i.ge_s(a, b);
      case "min":
        return i.min_s(a, b);
      case "max":
        return i.max_s(a, b);
      case "neg":
      case "abs":
        return i[op](a);
      case "and":
      case "or":
      case "xor":
        return v[op](a, b);
      case "not":
        return v.not(a);
      case "shl":
        return i.shl(a, b);
      case "shr":
        return i.shr_s(a, b);
      case "float":
        return f.convert_i32x4_s(a);
    }
    throw new Error(`wasm: no ${op} of i32 vectors`);
  }

  /** a compared with b picks a or b; wasm evaluates both before the condition. */
  #pick(type: number, a: Ref, b: Ref, test: (a: Ref, b: Ref) => Ref): Ref {
    const m = this.#m;
    const [p, q] = [this.#temporary(type), this.#temporary(type)];
    const when = test(m.local.get(p, type), m.local.get(q, type));
    const set = [m.local.set(p, a), m.local.set(q, b)];
    return m.block(null, [...set, m.select(when, m.local.get(p, type), m.local.get(q, type))], type);
  }

  #magnitude(a: Ref): Ref {
    const [m, i] = [this.#m, this.#m.i32];
    const n = this.#temporary(this.#binaryen.i32);
    const get = (): Ref => m.local.get(n, this.#binaryen.i32);
    const picked = m.select(i.ge_s(get(), i.const(0)), get(), i.sub(i.const(0), get()));
    return m.block(null, [m.local.set(n, a), picked], this.#binaryen.i32);
  }

  float(op: MicroOp, a: Ref, b: Ref): Ref {
    const f = this.#m.f32;
    switch (op) {
      case "min":
        return this.#pick(this.#binaryen.f32, a, b, (x, y) => f.lt(x, y));
      case "max":
        return this.#pick(this.#binaryen.f32, a, b, (x, y) => f.gt(x, y));
      case "bits":
        return this.#m.i32.reinterpret(a);
      case "int":
        return this.#m.i32.trunc_s_sat.f32(a);
      case "neg":
      case "abs":
      case "sqrt":
      case "floor":
      case "ceil":
        return f[op](a);
      case "add":
      case "sub":
      case "mul":
      case "div":
      case "lt":
      case "le":
      case "gt":
      case "ge":
      case "eq":
      case "ne":
        return f[op](a, b);
    }
    throw new Error(`wasm: no ${op} of f32`);
  }

  integer(op: MicroOp, type: MicroType, a: Ref, b: Ref): Ref {
    const i = this.#m.i32;
    switch (op) {
      case "add":
      case "sub":
      case "mul":
      case "and":
      case "or":
      case "xor":
      case "shl":
      case "eq":
      case "ne":
        return i[op](a, b);
      case "not":
        return type === "bool" ? i.eqz(a) : i.xor(a, i.const(-1));
      case "neg":
        return i.sub(i.const(0), a);
      case "abs":
        return this.#magnitude(a);
      case "min":
        return this.#pick(this.#binaryen.i32, a, b, (x, y) => i.lt_s(x, y));
      case "max":
        return this.#pick(this.#binaryen.i32, a, b, (x, y) => i.gt_s(x, y));
      case "quot":
        return i.div_s(a, b);
      case "rem":
        return i.rem_s(a, b);
      case "shr":
        return i.shr_s(a, b);
      case "lt":
        return i.lt_s(a, b);
      case "le":
        return i.le_s(a, b);
      case "gt":
        return i.gt_s(a, b);
      case "ge":
        return i.ge_s(a, b);
      case "float":
        return this.#m.f32.convert_s.i32(a);
      case "value":
        return this.#m.f32.reinterpret(a);
    }
    throw new Error(`wasm: no ${op} of i32`);
  }
}
