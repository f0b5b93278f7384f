/**
 * The table of scalar functions: one row a function, with its arity, its result type, its value and the
 * relative error that every target must keep. A backend either has an instruction for a row or an expansion;
 * `value` is what the oracle (in f64) and the folding constructors (rounded to f32) use.
 */
export interface ScalarFnRow {
  readonly arity: number;
  /** "same": the type of the last argument. */
  readonly result: "same" | "bool" | "f32" | "i32";
  /** How it prints: an infix operator of the language or a call. */
  readonly infix?: string;
  /** Exact value in double precision for i32, unrounded for f32. */
  readonly f64: (...args: readonly number[]) => number;
  /** Value as the kernels compute it: i32 wraps are refused elsewhere, f32 results are rounded. */
  readonly value: (args: readonly number[], type: "i32" | "f32") => number;
  /** Largest relative error of an expansion, in units of 2^-24; 0.5 is correctly rounded. */
  readonly ulp: number;
}

/** Floored division and modulo with the decided values at zero: x div 0 = 0, x mod 0 = x. */
export const floorDiv = (a: number, b: number): number => (b === 0 ? 0 : Math.floor(a / b));
export const floorMod = (a: number, b: number): number => (b === 0 ? a : a - b * Math.floor(a / b));

/** Multiplied and folded as murmur3 ends, so that every bit of both reaches every bit; no sign. */
function mixed(a: number, b: number): number {
  let h = (Math.imul(a ^ b, 0x85ebca6b) + 0x9e3779b9) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) & 0x7fffffff;
}

function row(
  arity: number,
  result: ScalarFnRow["result"],
  f64: (...a: readonly number[]) => number,
  more: { infix?: string; ulp?: number } = {},
): ScalarFnRow {
  return {
    arity,
    result,
    f64,
    value: (args, type) => {
      const v = f64(...args);
      // Integers have no −0; `v + 0` makes it 0.
      return type === "f32" && result !== "bool" && result !== "i32" ? Math.fround(v) : v + 0;
    },
    ulp: more.ulp ?? 0.5,
    ...(more.infix ? { infix: more.infix } : {}),
  };
}

const n = (x: number | undefined): number => x ?? Number.NaN;
const two =
  (f: (a: number, b: number) => number) =>
  (...a: readonly number[]) =>
    f(n(a[0]), n(a[1]));
const one =
  (f: (a: number) => number) =>
  (...a: readonly number[]) =>
    f(n(a[0]));
const test = (f: (a: number, b: number) => boolean) => two((a, b) => (f(a, b) ? 1 : 0));

export const scalarFns = {
  add: row(
    2,
    "same",
    two((a, b) => a + b),
    { infix: "+" },
  ),
  sub: row(
    2,
    "same",
    two((a, b) => a - b),
    { infix: "-" },
  ),
  mul: row(
    2,
    "same",
    two((a, b) => a * b),
    { infix: "*" },
  ),
  div: row(
    2,
    "f32",
    two((a, b) => a / b),
    { infix: "/" },
  ),
  idiv: row(2, "i32", two(floorDiv), { infix: "div" }),
  mod: row(2, "i32", two(floorMod), { infix: "mod" }),
  neg: row(
    1,
    "same",
    one((a) => -a),
  ),
  min: row(
    2,
    "same",
    two((a, b) => (a < b ? a : b)),
  ),
  max: row(
    2,
    "same",
    two((a, b) => (a > b ? a : b)),
  ),
  abs: row(1, "same", one(Math.abs)),
  lt: row(
    2,
    "bool",
    test((a, b) => a < b),
    { infix: "<" },
  ),
  le: row(
    2,
    "bool",
    test((a, b) => a <= b),
    { infix: "<=" },
  ),
  gt: row(
    2,
    "bool",
    test((a, b) => a > b),
    { infix: ">" },
  ),
  ge: row(
    2,
    "bool",
    test((a, b) => a >= b),
    { infix: ">=" },
  ),
  eq: row(
    2,
    "bool",
    test((a, b) => a === b),
    { infix: "==" },
  ),
  ne: row(
    2,
    "bool",
    test((a, b) => a !== b),
    { infix: "!=" },
  ),
  and: row(
    2,
    "bool",
    test((a, b) => a !== 0 && b !== 0),
    { infix: "and" },
  ),
  or: row(
    2,
    "bool",
    test((a, b) => a !== 0 || b !== 0),
    { infix: "or" },
  ),
  not: row(
    1,
    "bool",
    one((a) => (a === 0 ? 1 : 0)),
  ),
  select: row(3, "same", (...a) => (n(a[0]) !== 0 ? n(a[1]) : n(a[2]))),
  /** i32 → f32, nearest even. */
  float: row(
    1,
    "f32",
    one((a) => Math.fround(a)),
  ),
  exp: row(1, "f32", one(Math.exp), { ulp: 4 }),
  exp2: row(
    1,
    "f32",
    one((a) => 2 ** a),
    { ulp: 4 },
  ),
  log: row(1, "f32", one(Math.log), { ulp: 4 }),
  log2: row(1, "f32", one(Math.log2), { ulp: 4 }),
  tanh: row(1, "f32", one(Math.tanh), { ulp: 8 }),
  sin: row(1, "f32", one(Math.sin), { ulp: 8 }),
  cos: row(1, "f32", one(Math.cos), { ulp: 8 }),
  sqrt: row(1, "f32", one(Math.sqrt)),
  floor: row(1, "f32", one(Math.floor)),
  ceil: row(1, "f32", one(Math.ceil)),
  /** f32 → i32 towards zero; the nearest i32 beyond them, 0 for NaN. */
  int: row(
    1,
    "i32",
    one((a) => (Number.isNaN(a) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(a))) + 0)),
  ),
  /** A number 0 … 2^31 − 1 that looks drawn, from the number so far and a further one. */
  hash: row(2, "i32", two(mixed)),
  /** Bit `b` of the integer `a` (arithmetic shift; false outside 0 … 31). */
  bit: row(
    2,
    "bool",
    two((a, b) => (b >= 0 && b < 32 ? (a >> b) & 1 : 0)),
  ),
} satisfies Record<string, ScalarFnRow>;

export type ScalarFn = keyof typeof scalarFns;
