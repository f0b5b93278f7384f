/**
 * What one C file knows while it is written: its names, the helpers it uses, the static functions made on the way
 * (element access, `any`, `sum`, sorted, search), and how buffers lie. A `Context` is one C function's view of it:
 * what a name, a buffer or a stride is called there. Guarantees: only helpers that are used are written.
 */
import type { ScalarType } from "../../src/scalar/scalar.ts";
import { some, type Scalar } from "../../src/scalar/scalar.ts";
import {
  settled,
  tensorsOf,
  type Buffer,
  type RangeList,
  type TensorRef,
  type TileProgram,
} from "../../src/tile/tile.ts";
import { kernels } from "./kernels.ts";
import { math, type Helper } from "./math.ts";
import { Names, plain } from "./names.ts";
import { elementTypes, widening } from "./storage.ts";
import { wide } from "./wide.ts";

export interface Binding {
  readonly text: string;
  readonly type: ScalarType;
  /** Does it come from a tensor, so that arithmetic on it may leave int32_t? */
  readonly wild: boolean;
}

/** A buffer in memory: element [r, c] at r · rowStep + c · columnStep. `transposed`: columns are contiguous rows. */
export interface Lay {
  readonly buffer: Buffer;
  readonly name: string;
  readonly transposed: boolean;
  readonly ctype: string;
}

/** `acme` and `acme_` both give `acme_dense`. */
const prefixed = (before: string, name: string): string =>
  before === "" ? name : `${before.replace(/_$/, "")}_${name}`;

export class Unit {
  readonly program: TileProgram;
  readonly prefix: string;
  readonly fixed: Readonly<Record<string, number>>;
  readonly fields = new Map<string, string>();
  readonly lays = new Map<string, Lay>();
  /** The variables that point to intermediates. */
  readonly intermediates = new Map<string, string>();
  readonly lists = new Map<string, { readonly list: RangeList; readonly name: string }>();
  readonly names: Names;
  readonly functions: string[] = [];
  readonly made = new Map<string, string>();
  /** Integer expressions that may leave int32_t and are guarded: they wrap. */
  readonly wraps = new Set<Scalar>();
  readonly #helpers = new Set<string>();

  /** `before` stands in front of every external name. */
  constructor(program: TileProgram, fixed: Readonly<Record<string, number>>, before = "") {
    this.program = program;
    this.fixed = fixed;
    this.prefix = prefixed(before, plain(program.name));
    const fields = new Names();
    for (const size of program.sizes)
      if (!Object.hasOwn(fixed, size)) this.fields.set(`size ${size}`, fields.fresh(size));
    for (const tensor of [...program.inputs, ...program.outputs])
      this.fields.set(tensor.name, fields.fresh(tensor.name));
    this.names = new Names([
      "r",
      "c",
      "row_of",
      "x",
      "n",
      "transfer",
      "stage",
      "stage_ld",
      ...["args", "layout", "plan", "kernel", "indices", "run", "workspace_bytes"].map((n) => `${this.prefix}_${n}`),
    ]);
    for (const buffer of program.buffers) {
      const ctype = buffer.type === "f32" ? "float" : "int32_t";
      this.lays.set(buffer.name, {
        buffer,
        name: this.names.fresh(buffer.name),
        transposed: buffer.layout?.kind === "columns",
        ctype,
      });
    }
    for (const { name } of program.intermediates ?? []) this.intermediates.set(name, this.names.fresh(name));
    for (const list of program.lists) this.lists.set(list.name, { list, name: this.names.fresh(list.name) });
  }

  /** Marks a helper as used; gives its name in C. */
  helper(name: string): string {
    if (!this.#helpers.has(name)) {
      for (const need of row(name).needs ?? []) this.helper(need);
      this.#helpers.add(name);
    }
    return `fovea_${name}`;
  }

  /** Helpers and static functions that the text uses, directly or through each other, in an order that C accepts. */
  support(text: string): readonly string[] {
    const all = [...[...this.#helpers].map((name) => row(name).text), ...this.functions];
    const words = new Set(text.match(/\w+/g) ?? []);
    const kept: string[] = [];
    for (const candidate of all.toReversed()) {
      const defined = [...candidate.matchAll(/^static (?:inline )?(?:const )?\w+ \*?(\w+)\(/gm)].map((m) => m[1] ?? "");
      if (!defined.some((name) => words.has(name))) continue;
      for (const word of candidate.match(/\w+/g) ?? []) words.add(word);
      kept.push(candidate);
    }
    return kept.reverse();
  }

  size(name: string): string {
    const fixed = Object.hasOwn(this.fixed, name) ? this.fixed[name] : undefined;
    return fixed === undefined ? `args->${this.field(`size ${name}`)}` : String(fixed);
  }

  field(name: string): string {
    return this.fields.get(name) ?? missing(name);
  }

  tensor(name: string): TensorRef {
    return tensorsOf(this.program).find((t) => t.name === name) ?? missing(name);
  }

  /** What a function of its own takes to read a tensor: the arguments, or the intermediate as well. */
  taken(name: string): { readonly declare: readonly string[]; readonly pass: readonly string[] } {
    const own = this.intermediates.get(name);
    const args = `const ${this.prefix}_args *args`;
    if (own === undefined) return { declare: [args], pass: ["args"] };
    return { declare: [args, `const ${elementTypes[this.tensor(name).dtype]} *${own}`], pass: ["args", own] };
  }

  /** Where a tensor begins: the caller's pointer, or a variable of the kernel. */
  pointer(name: string): string {
    return this.intermediates.get(name) ?? `args->${this.field(name)}`;
  }

  isBuffer(name: string): boolean {
    return this.lays.has(name);
  }

  lay(name: string): Lay {
    return this.lays.get(name) ?? missing(name);
  }
}

function row(name: string): Helper {
  return math[name] ?? widening[name] ?? wide[name] ?? kernels[name] ?? missing(name);
}

const missing = (name: string): never => {
  throw new Error(`c: the program names ${name}, which it does not have`);
};

/** A C function being written. A nested one takes what it uses of the outer as parameters. */
export class Context {
  readonly unit: Unit;
  readonly vars: ReadonlyMap<string, Binding>;
  readonly hoisted: ReadonlyMap<Scalar, string>;
  readonly outer: Context | undefined;
  readonly parameters: Map<string, { readonly declare: string; readonly pass: string; readonly binding?: Binding }>;

  constructor(
    unit: Unit,
    vars: ReadonlyMap<string, Binding>,
    outer?: Context,
    hoisted: ReadonlyMap<Scalar, string> = new Map(),
    parameters: Context["parameters"] = new Map(),
  ) {
    this.unit = unit;
    this.vars = vars;
    this.outer = outer;
    this.hoisted = hoisted;
    this.parameters = parameters;
  }

  /** The same function with more names in scope. */
  with(more: ReadonlyMap<string, Binding>, hoisted: ReadonlyMap<Scalar, string> = this.hoisted): Context {
    return new Context(this.unit, new Map([...this.vars, ...more]), this.outer, hoisted, this.parameters);
  }

  /** Binds a name to a fresh C identifier. */
  bind(name: string, type: ScalarType, wild = false, text = this.unit.names.fresh(name)): [Context, Binding] {
    const binding: Binding = { text, type, wild };
    return [this.with(new Map([[name, binding]])), binding];
  }

  variable(name: string): Binding {
    const own = this.vars.get(name);
    if (own) return own;
    if (!this.outer) return missing(name);
    const known = this.parameters.get(`var ${name}`)?.binding;
    if (known) return known;
    const from = this.outer.variable(name);
    const binding: Binding = from;
    this.parameters.set(`var ${name}`, { declare: `${ctypes[from.type]} ${from.text}`, pass: from.text, binding });
    return binding;
  }

  pointer(buffer: string): string {
    const { name, ctype } = this.unit.lay(buffer);
    return this.#whole(`buffer ${name}`, `const ${ctype} *${name}`, name);
  }

  /** The distance of two rows (of two columns, if transposed), a constant where it is one. */
  stride(buffer: string): string {
    const { buffer: b, name, transposed } = this.unit.lay(buffer);
    if (!b.columns) return "1";
    if (transposed) return String(settled(b.rows));
    if (b.columns.kind === "const") return String(padded(b.columns.value, b.pad ?? 1));
    return this.#whole(`stride ${name}`, `ptrdiff_t ${name}_ld`, `${name}_ld`);
  }

  #whole(key: string, declare: string, name: string): string {
    if (this.outer) {
      this.parameters.set(key, { declare, pass: name });
      this.outer.#whole(key, declare, name);
    }
    return name;
  }
}

export const ctypes = { i32: "int32_t", f32: "float", bool: "int" } as const;
export const padded = (n: number, pad: number): number => Math.max(1, Math.ceil(n / pad)) * pad;

/** May integer arithmetic of this expression leave int32_t, because numbers of a tensor are in it? */
export const isWild = (x: Scalar, context: Context): boolean =>
  some(
    x,
    (n) =>
      (n.kind === "read" && n.type === "i32") ||
      (n.kind === "sum" && n.type === "i32") ||
      (n.kind === "call" && (n.fn === "int" || n.fn === "hash")) ||
      (n.kind === "var" && wildVariable(n.name, context)),
  );

function wildVariable(name: string, context: Context): boolean {
  for (let at: Context | undefined = context; at; at = at.outer) {
    const found = at.vars.get(name);
    if (found) return found.wild;
  }
  return false;
}
