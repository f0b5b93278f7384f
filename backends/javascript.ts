/**
 * Scalars over sizes as JavaScript, for the shapes and conditions that stand in a loader. Takes a Scalar and the
 * name of the object of sizes; gives an expression with the values of `src/scalar`: floored division, x div 0 = 0.
 */
import type { Scalar } from "../src/scalar/scalar.ts";
import type { ScalarFn } from "../src/scalar/functions.ts";

const infix: Partial<Record<ScalarFn, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  eq: "===",
  ne: "!==",
  and: "&&",
  or: "||",
};
const calls: Partial<Record<ScalarFn, string>> = {
  min: "Math.min",
  max: "Math.max",
  abs: "Math.abs",
  sqrt: "Math.sqrt",
  floor: "Math.floor",
  ceil: "Math.ceil",
  exp: "Math.exp",
  log: "Math.log",
  log2: "Math.log2",
  tanh: "Math.tanh",
  sin: "Math.sin",
  cos: "Math.cos",
};

/** The row `hash` of the scalar functions, where it is called. */
const hash =
  "((a, b) => { let h = Math.imul(a ^ b, 0x85ebca6b) + 0x9e3779b9; " +
  "h = Math.imul(h ^ (h >>> 16), 0x85ebca6b); h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35); " +
  "return (h ^ (h >>> 16)) & 0x7fffffff; })";

const property = (of: string, name: string): string =>
  /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? `${of}.${name}` : `${of}[${JSON.stringify(name)}]`;

/** The expression, without parentheses around the whole. */
export function javascript(x: Scalar, sizes = "s"): string {
  const text = operand(x, sizes);
  return text.startsWith("(") && closes(text) ? text.slice(1, -1) : text;
}

/** Does the first parenthesis close with the last character? */
function closes(text: string): boolean {
  let depth = 0;
  for (const [n, char] of [...text].entries()) {
    if (char === "(") depth++;
    if (char === ")" && --depth === 0) return n === text.length - 1;
  }
  return false;
}

/** `bound` names what the sums around it count with. */
function operand(x: Scalar, sizes: string, bound: readonly string[] = []): string {
  if (x.kind === "const") return x.type === "bool" ? String(x.value !== 0) : String(x.value);
  if (x.kind === "size") return property(sizes, x.name);
  if (x.kind === "var" && bound.includes(x.name)) return `n${bound.indexOf(x.name)}`;
  if (x.kind === "sum") {
    const count = operand(x.count, sizes, bound);
    const body = operand(x.body, sizes, [...bound, x.name]);
    return `Array.from({ length: Math.max(0, ${count}) }, (_, n${bound.length}) => ${body}).reduce((a, b) => a + b, 0)`;
  }
  if (x.kind !== "call") throw new Error(`javascript: ${x.kind} in an expression of sizes`);
  const args = x.args.map((arg) => operand(arg, sizes, bound));
  const [a = "0", b = "0", c = "0"] = args;
  const divisor = x.args[1];
  const safe = divisor?.kind === "const" && divisor.value !== 0;
  const sign = infix[x.fn];
  if (sign) return `(${a} ${sign} ${b})`;
  const call = calls[x.fn];
  if (call) return `${call}(${args.join(", ")})`;
  switch (x.fn) {
    case "idiv":
      return safe ? `Math.floor(${a} / ${b})` : `(${b} === 0 ? 0 : Math.floor(${a} / ${b}))`;
    case "mod":
      return safe
        ? `(${a} - ${b} * Math.floor(${a} / ${b}))`
        : `(${b} === 0 ? ${a} : ${a} - ${b} * Math.floor(${a} / ${b}))`;
    case "neg":
      return `(-${a})`;
    case "not":
      return `(!${a})`;
    case "select":
      return `(${a} ? ${b} : ${c})`;
    case "float":
      return a;
    case "exp2":
      return `(2 ** ${a})`;
    case "int":
      return `(Math.max(-2147483648, Math.min(2147483647, Math.trunc(${a}))) || 0)`;
    case "hash":
      return `${hash}(${a}, ${b})`;
    case "bit":
      return `(${b} >= 0 && ${b} < 32 && ((${a} >> ${b}) & 1) === 1)`;
    default:
      throw new Error(`javascript: ${x.fn} in an expression of sizes`);
  }
}
