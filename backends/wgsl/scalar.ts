/**
 * Prints Scalars as WGSL expressions. WGSL has no infinities, so ±Infinity is ∓3e38 and comparisons with it are
 * thresholds at 1e38. What has no expression (`any`, `sum`, `search`, reads with their bounds) becomes a function
 * of the module; the printer collects these. `sorted` prints as false, which is sound: other answers take over.
 */
import type { Scalar, ScalarType } from "../../src/scalar/scalar.ts";
import { children, isConst } from "../../src/scalar/scalar.ts";
import type { ScalarFn } from "../../src/scalar/functions.ts";
import { furtherFunctions, logParts } from "./library.ts";
import { scalarTypeOf, type Dtype } from "../../src/scalar/storage.ts";
import type { TensorRef } from "../../src/tile/tile.ts";
import { elementOf, type Flavour, type Text } from "./storage.ts";

/** WGSL text of the names in scope, and of an element of a buffer. */
export interface Scope {
  readonly names: ReadonlyMap<string, string>;
  readonly element: (buffer: string, indices: readonly string[]) => string | undefined;
}

const zeroOf = (type: ScalarType): string => (type === "f32" ? "0.0" : type === "i32" ? "0" : "false");

/**
 * A WGSL identifier of any name, another for each: a dot, which only the compiler's own names have, becomes two
 * underscores, and what WGSL does not allow, or would be taken for a dot, its code points.
 */
export const identifier = (prefix: string, name: string): string =>
  `${prefix}_${name.replace(/__+|[^A-Za-z0-9_.]/gu, codePoints).replaceAll(".", "__")}`;

const codePoints = (text: string): string =>
  Array.from(text, (c) => `x${c.codePointAt(0)?.toString(16) ?? ""}x`).join("");

function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return "fv_nan()";
  const finite = Math.fround(Math.max(-3e38, Math.min(3e38, value)));
  const text = String(finite);
  const literal = /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  return finite < 0 || Object.is(finite, -0) ? `(${literal})` : literal;
}

/** Comparisons with ±Infinity as thresholds; undefined where neither side is infinite. */
function compareInfinity(fn: ScalarFn, x: string, infinity: number): string | undefined {
  const negative = infinity < 0;
  const at = negative ? `(${x} <= -1e38f)` : `(${x} >= 1e38f)`;
  switch (fn) {
    case "eq":
      return at;
    case "ne":
      return `(!${at})`;
    case "le":
      return negative ? at : "true";
    case "ge":
      return negative ? "true" : at;
    case "lt":
      return negative ? "false" : `(!${at})`;
    case "gt":
      return negative ? `(!${at})` : "false";
    default:
      return undefined;
  }
}

const mirrored: Partial<Record<ScalarFn, ScalarFn>> = { lt: "gt", gt: "lt", le: "ge", ge: "le", eq: "eq", ne: "ne" };

const templates: Readonly<Record<ScalarFn, (a: string, b: string, c: string) => string>> = {
  add: (a, b) => `(${a} + ${b})`,
  sub: (a, b) => `(${a} - ${b})`,
  mul: (a, b) => `(${a} * ${b})`,
  div: (a, b) => `(${a} / ${b})`,
  idiv: (a, b) => `fv_div(${a}, ${b})`,
  mod: (a, b) => `fv_mod(${a}, ${b})`,
  neg: (a) => `(-${a})`,
  min: (a, b) => `min(${a}, ${b})`,
  max: (a, b) => `max(${a}, ${b})`,
  abs: (a) => `abs(${a})`,
  lt: (a, b) => `(${a} < ${b})`,
  le: (a, b) => `(${a} <= ${b})`,
  gt: (a, b) => `(${a} > ${b})`,
  ge: (a, b) => `(${a} >= ${b})`,
  eq: (a, b) => `(${a} == ${b})`,
  ne: (a, b) => `(${a} != ${b})`,
  and: (a, b) => `(${a} && ${b})`,
  or: (a, b) => `(${a} || ${b})`,
  not: (a) => `(!${a})`,
  select: (a, b, c) => `select(${c}, ${b}, ${a})`,
  float: (a) => `f32(${a})`,
  exp: (a) => `fv_exp(${a})`,
  exp2: (a) => `fv_exp2(${a})`,
  log: (a) => `fv_log(${a})`,
  log2: (a) => `fv_log2(${a})`,
  tanh: (a) => `fv_tanh(${a})`,
  sin: (a) => `fv_sin(${a})`,
  cos: (a) => `fv_cos(${a})`,
  sqrt: (a) => `sqrt(${a})`,
  floor: (a) => `floor(${a})`,
  ceil: (a) => `ceil(${a})`,
  int: (a) => `fv_int(${a})`,
  hash: (a, b) => `fv_hash(${a}, ${b})`,
  bit: (a, b) => `fv_bit(${a}, ${b})`,
};

export class Printer {
  readonly #tensors: ReadonlyMap<string, TensorRef>;
  readonly #size: (name: string) => string;
  readonly #functions = new Map<string, string>();
  readonly flavour: Flavour;
  #loops = 0;

  constructor(tensors: readonly TensorRef[], size: (name: string) => string, flavour: Flavour = { nativeF16: false }) {
    this.flavour = flavour;
    this.#tensors = new Map(tensors.map((t) => [t.name, t]));
    this.#size = size;
  }

  /** The functions that the expressions printed so far call. */
  get functions(): readonly string[] {
    return [...this.#functions.values()];
  }

  /** The text; the module will carry what it calls. */
  needed({ text, needs }: Text): string {
    for (const [name, body] of needs) this.#functions.set(name, body);
    return text;
  }

  dtype(tensor: string): Dtype {
    return this.#dims(tensor).tensor.dtype;
  }

  print(x: Scalar, scope: Scope): string {
    switch (x.kind) {
      case "const":
        if (x.type === "bool") return x.value ? "true" : "false";
        return x.type === "f32" ? floatLiteral(x.value) : x.value < 0 ? `i32(${x.value})` : String(x.value);
      case "var": {
        const name = scope.names.get(x.name);
        if (name === undefined) throw new Error(`wgsl: the variable ${x.name} is not in scope`);
        return name;
      }
      case "size":
        return this.#size(x.name);
      case "read":
        return this.#read(
          x.tensor,
          x.indices.map((i) => this.print(i, scope)),
          scope,
        );
      case "call":
        return this.#call(x, scope);
      case "any":
      case "sum":
        return this.#loop(x, scope);
      case "sorted":
        return "false";
      case "search":
        return this.#search(x, scope);
    }
  }

  /** A constant expression of sizes and numbers with plain operators, for WGSL `const`. */
  constant(x: Scalar): string {
    if (x.kind !== "call") return this.print(x, { names: new Map(), element: () => undefined });
    const [a = "0", b = "0", c = "0"] = x.args.map((y) => this.constant(y));
    if (x.fn === "idiv") return `(${a} / ${b})`;
    if (x.fn === "mod") return `(${a} % ${b})`;
    return templates[x.fn](a, b, c);
  }

  #call(x: Scalar & { kind: "call" }, scope: Scope): string {
    const [a, b] = x.args;
    if (a && b && a.type === "f32") {
      const mirror = mirrored[x.fn];
      const right = isInfinite(b) && compareInfinity(x.fn, this.print(a, scope), b.value);
      if (right) return right;
      const left = isInfinite(a) && mirror && compareInfinity(mirror, this.print(b, scope), a.value);
      if (left) return left;
    }
    const shift = (x.fn === "idiv" || x.fn === "mod") && b ? powerOfTwo(b) : undefined;
    if (a && shift !== undefined) {
      // Arithmetic shifts round down and masks are never negative, as `div` and `mod` of the language.
      const whole = this.print(a, scope);
      return x.fn === "idiv" ? `(${whole} >> ${shift}u)` : `(${whole} & ${2 ** shift - 1})`;
    }
    const [p = "", q = "", r = ""] = x.args.map((y) => this.print(y, scope));
    const further = furtherFunctions[x.fn];
    if (further !== undefined) {
      if (x.fn === "log" || x.fn === "log2") this.#functions.set("fv_log_parts", logParts);
      this.#functions.set(`fv_${x.fn}`, further);
    }
    return templates[x.fn](p, q, r);
  }

  #read(name: string, indices: readonly string[], scope: Scope): string {
    const element = scope.element(name, indices);
    if (element !== undefined) return element;
    return `${this.#tensorFunction(name)}(${indices.join(", ")})`;
  }

  #dims(name: string): { tensor: TensorRef; dims: readonly string[] } {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new Error(`wgsl: no tensor or buffer ${name}`);
    const dims = tensor.dims.map((d) => this.print(d, { names: new Map(), element: () => undefined }));
    // Of an i4 tensor the elements are counted, of which a row has an even number.
    return { tensor, dims: tensor.dtype === "i4" ? dims.map((d, n) => (dims[n + 1] ? d : `(2 * ${d})`)) : dims };
  }

  /** Index of an element in its flat tensor. */
  flat(name: string, indices: readonly string[]): string {
    const { dims } = this.#dims(name);
    return indices.reduce((flat, index, n) => (n === 0 ? index : `(${flat} * ${dims[n] ?? "1"} + ${index})`), "0");
  }

  /**
   * Reads without a branch: what comes back from a function early is a mask on all that follows, and compilers that
   * inline every call take minutes for a few such reads in one expression.
   */
  #tensorFunction(name: string): string {
    const fn = identifier("at", name);
    if (this.#functions.has(fn)) return fn;
    const { tensor, dims } = this.#dims(name);
    const params = dims.map((_, n) => `i${n}`);
    const inside = insideOf(params, dims);
    const place = identifier("t", name);
    const value = this.needed(elementOf(tensor.dtype, place, inside ? "at" : this.flat(name, params), this.flavour));
    const type = scalarTypeOf(tensor.dtype);
    this.#functions.set(
      fn,
      `fn ${fn}(${params.map((p) => `${p}: i32`).join(", ")}) -> ${type} {\n` +
        (inside
          ? `  let inside = ${inside};\n  let at = select(0, ${this.flat(name, params)}, inside);\n` +
            `  return select(${zeroOf(type)}, ${value}, inside);\n}`
          : `  return ${value};\n}`),
    );
    return fn;
  }

  /** Free variables become parameters, so that the function can stand at module level. */
  #loop(x: Scalar & { kind: "any" | "sum" }, scope: Scope): string {
    const free = [...freeVariables(x)];
    const fn = `fv_${x.kind}${this.#loops++}`;
    const inner: Scope = {
      names: new Map([...free.map(([name]): [string, string] => [name, identifier("p", name)]), [x.name, "n"]]),
      element: scope.element,
    };
    const bound = new Map(inner.names);
    bound.delete(x.name);
    const count = this.print(x.count, { ...inner, names: bound });
    // Nested loops would shadow `n`; they are functions of their own and get it as a parameter.
    const body = this.print(x.body, inner);
    const any = x.kind === "any";
    const step = any ? `total = ${body};` : `total += ${body};`;
    this.#functions.set(
      fn,
      `fn ${fn}(${free.map(([name, type]) => `${identifier("p", name)}: ${type}`).join(", ")}) -> ${x.type} {\n` +
        `  var total: ${x.type} = ${zeroOf(x.type)};\n  let count = ${count};\n` +
        `  for (var n = 0; n < count${any ? " && !total" : ""}; n++) {\n    ${step}\n  }\n  return total;\n}`,
    );
    return `${fn}(${free.map(([name]) => this.print({ kind: "var", type: "i32", name }, scope)).join(", ")})`;
  }

  #search(x: Scalar & { kind: "search" }, scope: Scope): string {
    const { tensor, dims } = this.#dims(x.tensor);
    const at = this.#tensorFunction(x.tensor);
    const fn = `${identifier("fv_search", x.tensor)}_${x.side}`;
    const params = x.leading.map((_, n) => `i${n}`);
    const inside = insideOf(params, dims);
    const extent = dims[dims.length - 1] ?? "0";
    if (!this.#functions.has(fn)) {
      this.#functions.set(
        fn,
        `fn ${fn}(${[...params.map((p) => `${p}: i32`), `wanted: ${scalarTypeOf(tensor.dtype)}`].join(", ")}) -> i32 {\n` +
          `  var lo = 0;\n  var hi = ${inside ? `select(0, ${extent}, ${inside})` : extent};\n  while (lo < hi) {\n    let mid = (lo + hi) / 2;\n` +
          `    if (${at}(${[...params, "mid"].join(", ")}) ${x.side === "lower" ? "<" : "<="} wanted) { lo = mid + 1; } else { hi = mid; }\n` +
          `  }\n  return lo;\n}`,
      );
    }
    return `${fn}(${[...x.leading, x.value].map((y) => this.print(y, scope)).join(", ")})`;
  }
}

/** Are the indices those of an element? Nothing where there are none. */
const insideOf = (indices: readonly string[], dims: readonly string[]): string =>
  indices.map((index, n) => `(${index} >= 0) & (${index} < ${dims[n] ?? "1"})`).join(" & ");

/** n where the expression is the constant 2ⁿ, n >= 1. */
function powerOfTwo(x: Scalar): number | undefined {
  const exponent = isConst(x) ? Math.log2(x.value) : 0;
  return Number.isInteger(exponent) && exponent >= 1 && exponent < 31 ? exponent : undefined;
}

const isInfinite = (x: Scalar): x is Scalar & { kind: "const" } =>
  isConst(x) && Math.abs(x.value) === Number.POSITIVE_INFINITY;

/** The variables an expression does not bind itself, with their types, in order of appearance. */
export function freeVariables(x: Scalar, bound: ReadonlySet<string> = new Set()): ReadonlyMap<string, ScalarType> {
  const found = new Map<string, ScalarType>();
  const go = (y: Scalar, inside: ReadonlySet<string>): void => {
    if (y.kind === "var" && !inside.has(y.name)) found.set(y.name, y.type);
    const within = y.kind === "any" || y.kind === "sum" ? new Set([...inside, y.name]) : inside;
    for (const child of children(y)) go(child, within);
  };
  go(x, bound);
  return found;
}

/** The sizes that occur in an expression. */
export function sizesIn(x: Scalar): ReadonlySet<string> {
  const found = new Set<string>();
  const go = (y: Scalar): void => {
    if (y.kind === "size") found.add(y.name);
    for (const child of children(y)) go(child);
  };
  go(x);
  return found;
}
