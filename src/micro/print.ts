/**
 * The text of a MicroProgram, for `--dump=block-registers`: one statement a line, bodies indented, the variables of a
 * function named with their types before its body. Guarantees: same program, same text; constants read back exactly.
 */
import { isVector, type Expr, type Local, type MicroFunction, type MicroOp, type MicroProgram } from "./micro.ts";
import type { MicroStatement, MicroType, Part } from "./micro.ts";

export function printMicroProgram(program: MicroProgram): string {
  const tensors = [...program.inputs, ...program.outputs].map((t) => `${t.name}: ${t.dtype}`);
  return [
    `micro ${program.name}, ${program.lanes} lanes, tensors ${tensors.join(", ")}, sizes ${program.sizes.join(", ")}`,
    ...program.functions.flatMap(printFunction),
    "",
  ].join("\n");
}

function printFunction(f: MicroFunction): readonly string[] {
  const head = `${f.exported ? "export " : ""}fn ${f.name}(${f.params.map(declared).join(", ")})`;
  return ["", `${head}${f.result ? ` -> ${f.result}` : ""}`, ...variables(f.locals), ...block(f.body, "  ")];
}

const declared = ({ name, type }: Local): string => `${name}: ${type}`;

/** One line a type, in the order in which the types appear. */
function variables(locals: readonly Local[]): readonly string[] {
  const byType = new Map<MicroType, string[]>();
  for (const { name, type } of locals) byType.set(type, [...(byType.get(type) ?? []), name]);
  return [...byType].map(([type, names]) => `  var ${type} ${names.join(" ")}`);
}

const block = (body: readonly MicroStatement[], indent: string): readonly string[] =>
  body.flatMap((s) => lines(s).map((line) => indent + line));

const inner = (body: readonly MicroStatement[]): readonly string[] => block(body, "  ");

const partText = (part: Part | undefined, type: MicroType): string =>
  part === undefined ? type : isVector(type) ? `${part}s` : part;

function lines(s: MicroStatement): readonly string[] {
  switch (s.kind) {
    case "set":
      return [`${s.name} = ${text(s.value)}`];
    case "store":
      return [`${partText(s.part, s.value.type)}[${address(s.at, s.offset)}] = ${text(s.value)}`];
    case "for":
      return [
        `for ${s.name} = ${text(s.from)} .. ${text(s.to)}${s.step === 1 ? "" : ` by ${s.step}`}`,
        ...inner(s.body),
      ];
    case "while":
      return [`while ${text(s.when)}`, ...inner(s.body)];
    case "if":
      return [`if ${text(s.when)}`, ...inner(s.then), ...(s.otherwise.length ? ["else", ...inner(s.otherwise)] : [])];
    case "call":
      return [`${s.fn}(${list(s.args)})`];
    case "return":
      return [`return ${text(s.value)}`];
  }
  s satisfies never;
  return [];
}

const list = (all: readonly Expr[]): string => all.map(text).join(", ");
const address = (at: Expr, offset: number): string => `${text(at)}${offset === 0 ? "" : ` + ${offset}`}`;

const infix: Partial<Record<MicroOp, string>> = {
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
  and: "&",
  or: "|",
  xor: "^",
  shl: "<<",
  shr: ">>",
};

function text(x: Expr): string {
  switch (x.kind) {
    case "const":
      return constant(x.type, x.value);
    case "var":
      return x.name;
    case "load":
      return `${partText(x.part, x.type)}[${address(x.at, x.offset)}]`;
    case "loadsplat":
      return `splat f32[${address(x.at, x.offset)}]`;
    case "splat":
      return `splat(${text(x.of)})`;
    case "gather":
      return `${x.type}{${list(x.of)}}`;
    case "lane":
      return `${operand(x.of)}.${x.lane}`;
    case "fma":
      return `fma(${list([x.a, x.b, x.c])})`;
    case "select":
      return `select(${list([x.when, x.a, x.b])})`;
    case "vreduce":
      return `${x.op} of lanes ${operand(x.of)}`;
    case "call":
      return `${x.fn}(${list(x.args)})`;
    case "op": {
      const sign = infix[x.op];
      const [a, b] = x.args;
      return sign && a && b ? `${operand(a)} ${sign} ${operand(b)}` : `${x.op}(${list(x.args)})`;
    }
  }
  x satisfies never;
  return "";
}

/** Inside another expression: in parentheses where it would read otherwise. */
const operand = (x: Expr): string =>
  (x.kind === "op" && infix[x.op]) || x.kind === "vreduce" || x.kind === "loadsplat" ? `(${text(x)})` : text(x);

function constant(type: MicroType, value: number): string {
  if (type === "bool") return value ? "true" : "false";
  const number = Object.is(value, -0) ? "-0" : String(value);
  const real = type === "f32" || type === "vf32";
  const shown = real && /^-?\d+$/.test(number) ? `${number}.0` : number;
  return isVector(type) ? `splat(${shown})` : shown;
}
