/**
 * Scalar -> C expression. Takes the tree and the C function it stands in; gives text that is an atom or bracketed.
 * Guarantees: int32_t for integers, wrapping where numbers of a tensor are in it; reads outside give 0; `and`, `or`
 * and `select` short circuit wherever the other side could cost or fault; what needs a loop becomes a function.
 */
import { settled } from "../../src/tile/tile.ts";
import { some, type Scalar } from "../../src/scalar/scalar.ts";
import type { ScalarFn } from "../../src/scalar/functions.ts";
import { isHalf, scalarTypeOf } from "../../src/scalar/storage.ts";
import { elementTypes, widened } from "./storage.ts";
import { Context, ctypes, isWild, type Unit } from "./unit.ts";

const infix: Partial<Record<ScalarFn, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  eq: "==",
  ne: "!=",
};
const wrapping = new Set<ScalarFn>(["add", "sub", "mul"]);

export function expression(x: Scalar, cx: Context): string {
  const known = cx.hoisted.get(x);
  if (known !== undefined) return known;
  switch (x.kind) {
    case "const":
      return constant(x.value, x.type, cx.unit);
    case "var":
      return cx.variable(x.name).text;
    case "size":
      return cx.unit.size(x.name);
    case "read":
      return cx.unit.isBuffer(x.tensor) ? bufferRead(x, cx) : tensorRead(x, cx);
    case "call":
      return callOf(x, cx);
    case "any":
    case "sum":
      return loop(x, cx);
    case "sorted":
      return `${axisFunction(x.tensor, "sorted", cx)}(${["args", ...x.leading.map((y) => bare(y, cx))].join(", ")})`;
    case "search":
      return `${axisFunction(x.tensor, x.side, cx)}(${["args", ...x.leading.map((y) => bare(y, cx)), bare(x.value, cx)].join(", ")})`;
  }
}

/** The expression without the brackets around it. */
export const bare = (x: Scalar, cx: Context): string => unwrapped(expression(x, cx));

function unwrapped(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let n = 0; n < text.length - 1; n++) {
    depth += text[n] === "(" ? 1 : text[n] === ")" ? -1 : 0;
    if (depth === 0) return text;
  }
  const inner = text.slice(1, -1);
  return /^\w+( \*)?$/.test(inner) ? text : inner;
}

function constant(value: number, type: Scalar["type"], unit: Unit): string {
  if (type === "bool") return value === 0 ? "0" : "1";
  if (type === "i32") return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : String(value);
  if (Number.isNaN(value)) return `${unit.helper("nan")}()`;
  if (!Number.isFinite(Math.fround(value)))
    return value < 0 ? `(-${unit.helper("infinity")}())` : `${unit.helper("infinity")}()`;
  const rounded = Math.fround(value);
  let text = rounded.toPrecision(9);
  for (let digits = 1; digits < 9; digits++) {
    if (Math.fround(Number(rounded.toPrecision(digits))) !== rounded) continue;
    text = String(Number(rounded.toPrecision(digits)));
    break;
  }
  text = /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  return value < 0 || Object.is(value, -0) ? `(${Object.is(value, -0) ? "-0.0f" : text})` : text;
}

function callOf(x: Scalar & { kind: "call" }, cx: Context): string {
  const [a, b, c] = x.args;
  const go = (y: Scalar | undefined): string => (y ? expression(y, cx) : "0");
  const helper = (name: string): string => `${cx.unit.helper(name)}(${x.args.map((y) => bare(y, cx)).join(", ")})`;
  const wraps = x.type === "i32" && (isWild(x, cx) || cx.unit.wraps.has(x));
  const kind = a?.type === "f32" ? "f32" : "i32";
  switch (x.fn) {
    case "and":
    case "or": {
      const cheap = b !== undefined && isCheap(b, cx);
      const [one, two] = x.fn === "and" ? ["&", "&&"] : ["|", "||"];
      const right = go(b);
      // Compilers take `&` beside a call for a slip; a cast says that both sides are meant to be computed.
      return `(${go(a)} ${cheap ? one : two} ${cheap && /\w\(/.test(right) ? `(int)${right}` : right})`;
    }
    case "select":
      return `(${go(a)} ? ${go(b)} : ${go(c)})`;
    case "not":
      return `(!${go(a)})`;
    case "neg":
      return wraps ? `${cx.unit.helper("sub_i32")}(0, ${bareOr(a, cx)})` : `(-${go(a)})`;
    case "float":
      return a?.type === "f32" ? go(a) : `((float)${go(a)})`;
    case "min":
    case "max":
    case "abs":
      return helper(`${x.fn}_${kind}`);
    case "idiv":
      if (b?.kind === "const" && b.value > 0 && notNegative(a)) return `(${go(a)} / ${go(b)})`;
      return helper("idiv");
    case "mod":
      if (b?.kind === "const" && b.value > 0 && notNegative(a)) return `(${go(a)} % ${go(b)})`;
      return helper("mod");
    case "div": {
      const real = (y: Scalar | undefined): string => (y?.type === "f32" ? go(y) : `(float)${go(y)}`);
      return `(${real(a)} / ${real(b)})`;
    }
    default: {
      if (wraps && wrapping.has(x.fn)) return helper(`${x.fn}_i32`);
      const operator = infix[x.fn];
      if (operator === undefined) return helper(x.fn);
      return `(${go(a)} ${operator} ${go(b)})`;
    }
  }
}

const bareOr = (x: Scalar | undefined, cx: Context): string => (x ? bare(x, cx) : "0");
const notNegative = (x: Scalar | undefined): boolean =>
  x !== undefined &&
  (x.kind === "size" ||
    (x.kind === "const" && x.value >= 0) ||
    (x.kind === "call" && x.fn === "add" && x.args.every(notNegative)));

/** Free of reads, loops and costly functions: cheaper to evaluate than to branch around. */
const isCheap = (x: Scalar, cx: Context): boolean =>
  !some(
    x,
    (n) =>
      !cx.hoisted.has(n) &&
      (["read", "any", "sum", "sorted", "search"].includes(n.kind) ||
        (n.kind === "call" &&
          ["idiv", "mod", "exp", "exp2", "log", "log2", "tanh", "sin", "cos", "sqrt"].includes(n.fn))),
  );

/** Row `r` of a view is inside by the program's extents; any other index is checked. */
const trusted = (x: Scalar): boolean =>
  (x.kind === "var" && (x.name === "r" || x.name === "c")) ||
  (x.kind === "call" && x.fn === "add" && x.args.some((y) => y.kind === "var" && y.name === "r"));

function bufferRead(x: Scalar & { kind: "read" }, cx: Context): string {
  const lay = cx.unit.lay(x.tensor);
  const [row, column] = x.indices;
  if (!row) return "0";
  const indices = [bare(row, cx), ...(column ? [bare(column, cx)] : [])];
  const element = `${cx.pointer(x.tensor)}[${address(x.tensor, indices[0] ?? "0", indices[1], cx)}]`;
  if (x.indices.every(trusted)) return element;
  const inside = [`(${indices[0]}) >= 0 && (${indices[0]}) < ${settled(lay.buffer.rows)}`];
  if (column && !trusted(column) && lay.buffer.columns)
    inside.push(`(${indices[1]}) >= 0 && (${indices[1]}) < ${expression(lay.buffer.columns, cx)}`);
  return `((${inside.join(" && ")}) ? ${element} : ${lay.ctype === "float" ? "0.0f" : "0"})`;
}

/** Where element [row, column] of a buffer lies. */
export function address(buffer: string, row: string, column: string | undefined, cx: Context): string {
  if (column === undefined) return row;
  const stride = cx.stride(buffer);
  const [far, near] = cx.unit.lay(buffer).transposed ? [column, row] : [row, column];
  return far === "0" ? near : `${product(far, stride)} + ${near === "0" ? "0" : group(near)}`.replace(/ \+ 0$/, "");
}
const group = (text: string): string => (/^\w+$/.test(text) ? text : `(${text})`);
const product = (a: string, b: string): string => (a === "0" ? "0" : `${group(a)} * ${b}`);

function tensorRead(x: Scalar & { kind: "read" }, cx: Context): string {
  const { dtype, dims } = cx.unit.tensor(x.tensor);
  const field = cx.unit.pointer(x.tensor);
  if (dims.length === 0) {
    const value = widened(dtype, field, cx.unit);
    return dtype === "bool" ? `(${value})` : value;
  }
  return `${accessor(x.tensor, cx)}(${[...cx.unit.taken(x.tensor).pass, ...x.indices.map((y) => bare(y, cx))].join(", ")})`;
}

/** A function that reads one element of an input, 0 outside. */
function accessor(tensor: string, cx: Context): string {
  const { unit } = cx;
  const known = unit.made.get(`read ${tensor}`);
  if (known !== undefined) return known;
  const name = unit.names.fresh(`read_${tensor}`);
  unit.made.set(`read ${tensor}`, name);
  const { dtype, dims } = unit.tensor(tensor);
  const type = scalarTypeOf(dtype);
  const inner = new Context(unit, new Map(), cx);
  const extents = dims.map((d) => expression(d, inner));
  const places = dims.map((_, n) => `i${n}`);
  const outside = places.map((i, n) => `${i} < 0 || ${i} >= ${extents[n]}`).join(" || ");
  const element = `${unit.pointer(tensor)}[${flat(places, extents)}]`;
  unit.functions.push(
    `static inline ${ctypes[type]} ${name}(${[...unit.taken(tensor).declare, ...places.map((i) => `int32_t ${i}`)].join(", ")}) {
  if (${outside}) return ${type === "f32" ? "0.0f" : "0"};
  return ${widened(dtype, element, unit)};
}`,
  );
  return name;
}

/** Row-major offset as a size_t; indices are known to be inside. */
export function flat(places: readonly string[], extents: readonly string[]): string {
  return places.reduce(
    (offset, place, n) =>
      n === 0 ? `(size_t)(${place})` : `(${offset}) * (size_t)(${extents[n]}) + (size_t)(${place})`,
    "0",
  );
}

function loop(x: Scalar & { kind: "any" | "sum" }, cx: Context): string {
  const { unit } = cx;
  const name = unit.names.fresh(x.kind === "any" ? "any_of" : "sum_of");
  const index = unit.names.fresh(x.name);
  const inner = new Context(unit, new Map([[x.name, { text: index, type: "i32", wild: false }]]), cx);
  const count = bare(x.count, inner);
  const body = bare(x.body, inner);
  const step =
    x.kind === "any"
      ? `if (${body}) return 1;`
      : x.type === "f32"
        ? `total = total + (${body});`
        : `total = ${unit.helper("add_i32")}(total, ${body});`;
  const type = x.kind === "any" ? "int" : ctypes[x.type];
  const zero = x.type === "f32" ? "0.0f" : "0";
  const parameters = [...inner.parameters.values()];
  unit.functions.push(
    `static ${type} ${name}(${[`const ${unit.prefix}_args *args`, ...parameters.map((p) => p.declare)].join(", ")}) {
  const int32_t count = ${count};
${x.kind === "sum" ? `  ${type} total = ${zero};\n` : ""}  for (int32_t ${index} = 0; ${index} < count; ${index}++) ${step}
  (void)args;
  return ${x.kind === "any" ? "0" : "total"};
}`,
  );
  return `${name}(${["args", ...parameters.map((p) => p.pass)].join(", ")})`;
}

/** sorted, lower and upper over the last axis of a tensor. */
function axisFunction(tensor: string, what: "sorted" | "lower" | "upper", cx: Context): string {
  const { unit } = cx;
  const known = unit.made.get(`${what} ${tensor}`);
  if (known !== undefined) return known;
  const name = unit.names.fresh(`${what}_${tensor}`);
  unit.made.set(`${what} ${tensor}`, name);
  const { dtype, dims } = unit.tensor(tensor);
  const inner = new Context(unit, new Map(), cx);
  const extents = dims.map((d) => expression(d, inner));
  const places = dims.slice(0, -1).map((_, n) => `i${n}`);
  const [here, before] = ["row[n]", "row[n - 1]"].map((x) => (isHalf(dtype) ? widened(dtype, x, unit) : x));
  const value = what === "sorted" ? [] : [`${ctypes[scalarTypeOf(dtype)]} value`];
  const outside = places.map((i, n) => `${i} < 0 || ${i} >= ${extents[n]}`).join(" || ");
  const compare = { sorted: `n > 0 && ${here} < ${before}`, lower: `${here} >= value`, upper: `${here} > value` }[what];
  unit.functions.push(
    `static int32_t ${name}(${[`const ${unit.prefix}_args *args`, ...places.map((i) => `int32_t ${i}`), ...value].join(", ")}) {
  const int32_t count = ${extents.at(-1) ?? "0"};
  const ${elementTypes[dtype]} *row = ${unit.pointer(tensor)};
${outside ? `  if (${outside}) return ${what === "sorted" ? 1 : 0};\n` : ""}${places.length > 0 ? `  row += (${flat(places, extents)}) * (size_t)count;\n` : ""}  for (int32_t n = 0; n < count; n++) {
    if (${compare}) return ${what === "sorted" ? "0" : "n"};
  }
  return ${what === "sorted" ? "1" : "count"};
}`,
  );
  return name;
}

/** A truth over sizes alone, its integers in 64 bits. */
export function truth(x: Scalar, cx: Context): string {
  if (x.kind !== "call" || x.type !== "bool") return expression(x, cx);
  const integers = x.args.every((y) => y.type === "i32");
  const go = (y: Scalar): string => (y.type === "i32" && integers ? wide(y, cx) : truth(y, cx));
  const operator = x.fn === "and" ? "&&" : x.fn === "or" ? "||" : integers ? infix[x.fn] : undefined;
  if (x.fn === "not" && x.args[0]) return `(!${go(x.args[0])})`;
  return operator ? `(${x.args.map(go).join(` ${operator} `)})` : expression(x, cx);
}

/** An expression over sizes alone in 64 bits that hold instead of overflowing. */
export function wide(x: Scalar, cx: Context): string {
  if (x.kind === "const") return `INT64_C(${x.value})`;
  if (x.kind !== "call" || x.type !== "i32") return `(int64_t)${expression(x, cx)}`;
  const names: Partial<Record<ScalarFn, string>> = {
    add: "add",
    sub: "sub",
    mul: "mul",
    idiv: "idiv",
    mod: "mod",
    min: "min",
    max: "max",
  };
  const name = names[x.fn];
  if (name === undefined) return `(int64_t)${expression(x, cx)}`;
  return `${cx.unit.helper(`wide_${name}`)}(${x.args.map((y) => wide(y, cx)).join(", ")})`;
}
