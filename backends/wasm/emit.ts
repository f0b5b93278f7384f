/**
 * MicroProgram → WebAssembly. Takes a micro program of 4 lanes, gives the bytes of a module that imports `env.memory`
 * and exports it again with the exported functions; support functions come from the base module. `relaxed` prints fma
 * as f32x4.relaxed_madd, plain as mul and add. Guarantees: names of functions stand in the name section; same program,
 * same bytes. The kernels are finished when they come here, so only clean-up passes run.
 */
import type { Expr, MicroFunction, MicroOp, MicroProgram, MicroStatement, MicroType } from "../../src/micro/micro.ts";
import { isVector } from "../../src/micro/micro.ts";
import type { RegisterTarget } from "../../src/micro/scope.ts";
import { operands, parts } from "../../src/micro/walk.ts";
import { baseModule } from "./base.ts";
import { loadBinaryen, relaxedMadd, type Binaryen, type Module, type Ref } from "./binaryen.ts";
import { Instructions } from "./instructions.ts";

export type Simd = "plain" | "relaxed";

/** x64 has 16 vector registers: without fma every product needs one, and six rows spill. */
export const registers: Readonly<Record<Simd, RegisterTarget>> = {
  plain: { lanes: 4, rows: 4, unroll: 8 },
  relaxed: { lanes: 4, rows: 6, unroll: 4 },
};

/** Variables share locals. Passes that also look for values to move cost more than the whole rest of a compile. */
const cleanUp = ["coalesce-locals", "reorder-locals", "vacuum", "remove-unused-module-elements"];

export async function emitWasm(program: MicroProgram, simd: Simd): Promise<Uint8Array> {
  const binaryen = await loadBinaryen();
  if (program.lanes !== 4) throw new Error("wasm: vectors have 4 lanes");
  const { m, routines } = baseModule(binaryen);
  try {
    m.setFeatures(
      binaryen.Features.MutableGlobals |
        binaryen.Features.NontrappingFPToInt |
        binaryen.Features.BulkMemory |
        binaryen.Features.SIMD128 |
        (simd === "relaxed" ? binaryen.Features.RelaxedSIMD : 0),
    );
    const results = new Map(program.functions.map((f) => [f.name, f.result]));
    for (const f of program.functions) new Printer(binaryen, m, f, { simd, results, routines }).define();
    m.runPasses(cleanUp);
    if (!m.validate()) throw new Error(`wasm: ${program.name} does not validate`);
    binaryen.setDebugInfo(true);
    return m.emitBinary();
  } finally {
    m.dispose();
  }
}

interface Surroundings {
  readonly simd: Simd;
  /** Result types of the program's functions, by name. */
  readonly results: ReadonlyMap<string, MicroType | undefined>;
  /** Names inside the module of the support functions. */
  readonly routines: ReadonlyMap<string, string>;
}

class Printer {
  readonly #b: Binaryen;
  readonly #m: Module;
  readonly #f: MicroFunction;
  readonly #around: Surroundings;
  readonly #index = new Map<string, number>();
  readonly #vars: number[] = [];
  readonly #instructions: Instructions;
  #label = 0;
  /** Values that are kept where they are first read, by their variables. */
  readonly #kept = new Map<string, Expr>();

  constructor(b: Binaryen, m: Module, f: MicroFunction, around: Surroundings) {
    this.#b = b;
    this.#m = m;
    this.#f = f;
    this.#around = around;
    this.#instructions = new Instructions(b, m, (type) => this.#temporary(type));
  }

  define(): void {
    const { params, locals, name, body, result, exported } = this.#f;
    params.forEach((p, n) => this.#index.set(p.name, n));
    for (const l of locals) this.#add(l.name, this.#type(l.type));
    const code = this.#block(body);
    const parameters = this.#b.createType(params.map((p) => this.#type(p.type)));
    const out = result ? this.#type(result) : this.#b.none;
    this.#m.addFunction(name, parameters, out, this.#vars, code);
    if (exported) this.#m.addFunctionExport(name, name);
  }

  #type(type: MicroType | undefined): number {
    if (!type) return this.#b.none;
    return isVector(type) ? this.#b.v128 : type === "f32" ? this.#b.f32 : this.#b.i32;
  }

  #add(name: string, type: number): number {
    const n = this.#f.params.length + this.#vars.length;
    this.#vars.push(type);
    this.#index.set(name, n);
    return n;
  }

  #local(name: string): number {
    const n = this.#index.get(name);
    if (n === undefined) throw new Error(`wasm: ${this.#f.name} has no local ${name}`);
    return n;
  }

  #block(list: readonly MicroStatement[]): Ref {
    const refs: Ref[] = [];
    list.forEach((s, n) => {
      if (s.kind === "set" && this.#keeps(s.name, s.value, list[n + 1])) this.#kept.set(s.name, s.value);
      else refs.push(this.#statement(s));
    });
    const [only, ...more] = refs;
    if (only !== undefined && more.length === 0) return only;
    const last = list[list.length - 1];
    return this.#m.block(null, refs, last?.kind === "return" ? this.#b.unreachable : this.#b.none);
  }

  /** May the next statement evaluate the value where it reads the variable? What is kept so already lies within. */
  #keeps(name: string, value: Expr, next: MicroStatement | undefined): boolean {
    if (!next || next.kind === "for" || next.kind === "while" || calls(value)) return false;
    return readsOf(next, name) === 1 && [...this.#kept.keys()].every((inner) => readsOf(next, inner) === 0);
  }

  #statement(s: MicroStatement): Ref {
    const m = this.#m;
    switch (s.kind) {
      case "set":
        return m.local.set(this.#local(s.name), this.#expr(s.value));
      case "return":
        return m.return(this.#expr(s.value));
      case "call":
        return this.#call(s.fn, s.args, this.#b.none);
      case "store": {
        const [at, value] = [this.#expr(s.at), this.#expr(s.value)];
        if (s.part === "byte") return m.i32.store8(s.offset, 1, at, value);
        if (s.part === "half" && isVector(s.value.type)) return this.#storeHalves(s.offset, at, value);
        if (s.part === "half") return m.i32.store16(s.offset, 2, at, value);
        if (isVector(s.value.type)) return m.v128.store(s.offset, 4, at, value);
        return s.value.type === "f32" ? m.f32.store(s.offset, 4, at, value) : m.i32.store(s.offset, 4, at, value);
      }
      case "if":
        return s.otherwise.length === 0
          ? m.if(this.#expr(s.when), this.#block(s.then))
          : m.if(this.#expr(s.when), this.#block(s.then), this.#block(s.otherwise));
      case "while": {
        const label = `while${this.#label++}`;
        const again = [this.#block(s.body), m.br_if(label, this.#expr(s.when))];
        return m.if(this.#expr(s.when), m.loop(label, m.block(null, again, this.#b.none)));
      }
      case "for": {
        const label = `for${this.#label++}`;
        const n = this.#local(s.name);
        const more = (): Ref => m.i32.lt_s(m.local.get(n, this.#b.i32), this.#expr(s.to));
        const next = m.local.set(n, m.i32.add(m.local.get(n, this.#b.i32), m.i32.const(s.step)));
        const again = [this.#block(s.body), next, m.br_if(label, more())];
        return m.block(
          null,
          [m.local.set(n, this.#expr(s.from)), m.if(more(), m.loop(label, m.block(null, again, this.#b.none)))],
          this.#b.none,
        );
      }
    }
  }

  #expr(x: Expr): Ref {
    const m = this.#m;
    switch (x.kind) {
      case "const":
        return this.#constant(x.type, x.value);
      case "var": {
        const kept = this.#kept.get(x.name);
        if (!kept) return m.local.get(this.#local(x.name), this.#type(x.type));
        this.#kept.delete(x.name);
        return m.local.tee(this.#local(x.name), this.#expr(kept), this.#type(x.type));
      }
      case "load": {
        const at = this.#expr(x.at);
        if (x.part === "byte" || x.part === "signed") return this.#loadBytes(x.part === "signed", x, at);
        if (x.part === "pair") return m.i32.load16_u(x.offset, 1, at);
        if (x.part === "half" && isVector(x.type)) return m.v128.load16x4_u(x.offset, 2, at);
        if (x.part === "half") return m.i32.load16_u(x.offset, 2, at);
        if (isVector(x.type)) return m.v128.load(x.offset, 4, at);
        return x.type === "f32" ? m.f32.load(x.offset, 4, at) : m.i32.load(x.offset, 4, at);
      }
      case "loadsplat":
        return m.v128.load32_splat(x.offset, 4, this.#expr(x.at));
      case "splat":
        return x.type === "vf32" ? m.f32x4.splat(this.#expr(x.of)) : m.i32x4.splat(this.#expr(x.of));
      case "gather": {
        const values = x.of.map((y) => (y.kind === "const" ? y.value : undefined));
        if (x.type === "vi32" && values.every((v) => v !== undefined))
          return m.v128.const(new Uint8Array(Int32Array.from(values).buffer));
        const lanes = x.type === "vf32" ? m.f32x4 : m.i32x4;
        const [first, ...rest] = x.of;
        if (!first) throw new Error("wasm: a vector of nothing");
        return rest.reduce((v, y, n) => lanes.replace_lane(v, n + 1, this.#expr(y)), lanes.splat(this.#expr(first)));
      }
      case "lane":
        return (x.type === "f32" ? m.f32x4 : m.i32x4).extract_lane(this.#expr(x.of), x.lane);
      case "fma": {
        const [a, b, c] = [this.#expr(x.a), this.#expr(x.b), this.#expr(x.c)];
        if (this.#around.simd === "plain") return m.f32x4.add(m.f32x4.mul(a, b), c);
        return relaxedMadd(this.#b, m, a, b, c);
      }
      case "select": {
        const [when, a, b] = [this.#expr(x.when), this.#expr(x.a), this.#expr(x.b)];
        return x.when.type === "vi32" ? m.v128.bitselect(a, b, when) : m.select(when, a, b);
      }
      case "vreduce": {
        const one = this.#folded(this.#expr(x.of), x.op, 4);
        return m.f32x4.extract_lane(this.#folded(one, x.op, 8), 0);
      }
      case "call":
        return this.#call(x.fn, x.args, this.#type(this.#around.results.get(x.fn)));
      case "op":
        return this.#operation(x.op, x.args);
    }
  }

  #call(fn: string, args: readonly Expr[], result: number): Ref {
    const { results, routines } = this.#around;
    const inside = results.has(fn) ? fn : routines.get(fn);
    if (inside === undefined) throw new Error(`wasm: nothing is called ${fn}`);
    return this.#m.call(
      inside,
      args.map((x) => this.#expr(x)),
      result,
    );
  }

  /** Every lane joined with the one `by` bytes further on. */
  #folded(value: Ref, op: "add" | "max", by: number): Ref {
    const m = this.#m;
    const n = this.#temporary(this.#b.v128);
    const get = (): Ref => m.local.get(n, this.#b.v128);
    const turned = m.i8x16.shuffle(
      get(),
      get(),
      Array.from({ length: 16 }, (_, i) => (i + by) % 16),
    );
    const joined = op === "max" ? m.f32x4.pmax(get(), turned) : m.f32x4.add(get(), turned);
    return m.block(null, [m.local.set(n, value), joined], this.#b.v128);
  }

  #loadBytes(signed: boolean, { type, offset }: Expr & { kind: "load" }, at: Ref): Ref {
    const m = this.#m;
    if (!isVector(type)) return signed ? m.i32.load8_s(offset, 1, at) : m.i32.load8_u(offset, 1, at);
    const bytes = m.v128.load32_zero(offset, 1, at);
    return signed
      ? m.i32x4.extend_low_i16x8_s(m.i16x8.extend_low_i8x16_s(bytes))
      : m.i32x4.extend_low_i16x8_u(m.i16x8.extend_low_i8x16_u(bytes));
  }

  /** The lanes are below 2^16, so narrowing to half their width keeps them. */
  #storeHalves(offset: number, at: Ref, value: Ref): Ref {
    const m = this.#m;
    const n = this.#temporary(this.#b.v128);
    const get = (): Ref => m.local.get(n, this.#b.v128);
    const narrowed = m.i16x8.narrow_i32x4_u(get(), get());
    return m.block(null, [m.local.set(n, value), m.v128.store64_lane(offset, 2, 0, at, narrowed)], this.#b.none);
  }

  #temporary(type: number): number {
    return this.#add(`$${this.#vars.length}`, type);
  }

  #constant(type: MicroType, value: number): Ref {
    const m = this.#m;
    if (type === "f32") return m.f32.const(value);
    if (type === "vf32") return m.v128.const(new Uint8Array(Float32Array.of(value, value, value, value).buffer));
    if (type === "vi32") return m.v128.const(new Uint8Array(Int32Array.of(value, value, value, value).buffer));
    return m.i32.const(value | 0);
  }

  #operation(op: MicroOp, args: readonly Expr[]): Ref {
    const [p] = args;
    if (!p) throw new Error(`wasm: ${op} without operands`);
    const second = args[1];
    if (op === "and" && isVector(p.type) && second?.kind === "op" && second.op === "not" && second.args[0])
      return this.#m.v128.andnot(this.#expr(p), this.#expr(second.args[0]));
    const refs = args.map((x) => this.#expr(x));
    const [a = 0, b = 0] = refs;
    if (isVector(p.type)) return this.#instructions.vector(op, p.type, a, b);
    return p.type === "f32" ? this.#instructions.float(op, a, b) : this.#instructions.integer(op, p.type, a, b);
  }
}

const calls = (x: Expr): boolean => x.kind === "call" || parts(x).some(calls);

/** How often the statement itself reads the variable. */
function readsOf(s: MicroStatement, name: string): number {
  const reads = (x: Expr): number =>
    x.kind === "var" ? Number(x.name === name) : parts(x).reduce((sum, part) => sum + reads(part), 0);
  return operands(s).reduce((sum, x) => sum + reads(x), 0);
}
