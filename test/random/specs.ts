/**
 * Random specs that are valid: takes fast-check's randomness; gives the text of one attention with the declarations
 * that it uses, and calls of it (sizes, a seed). Dimensions come in any order, some not at all; heads may be grouped,
 * keys be others than queries, values be wider; storage is f32, f16 or bf16. Sizes are small, edges of tiles in reach.
 */
import fc from "fast-check";
import type { Sizes } from "../../src/spec/spec.ts";
import { expressions } from "./expressions.ts";

export interface RandomSpec {
  readonly text: string;
  readonly calls: readonly RandomCall[];
  /** Which of the dear stages it is taken through; stays while a failure is shrunk. */
  readonly turn: number;
}

/** Turns that there are. */
const turns = 400;

export interface RandomCall {
  /** More names than the spec may have. */
  readonly sizes: Sizes;
  readonly seed: number;
  /** How integers and truth values are drawn. */
  readonly fill: "example" | "extreme";
  /** Is it called once more with NaN and infinities in keys and values, or in the last channel of the values alone? */
  readonly poisoned: boolean | "last channel";
}

const dtype = fc.constantFrom("f32", "f32", "f32", "f16", "bf16");

interface Shape {
  readonly order: readonly string[];
  readonly axes: boolean;
  readonly keyHeads: "H" | "Hkv" | "1";
  readonly keys: "L" | "S";
  readonly values: "D" | "Dv";
  readonly fixedD: boolean;
  readonly oneRow: boolean;
  readonly dtypes: readonly [string, string, string];
}

const shape: fc.Arbitrary<Shape> = fc.record({
  order: fc.constantFrom(
    ..."BHLD BHLD BHLD BLHD BLHD LBHD BHDL HLD HLD LHD LD LD BLD DL HBLD".split(" ").map((x) => x.split("")),
  ),
  axes: fc.constantFrom(false, false, false, true),
  keyHeads: fc.constantFrom("H", "Hkv", "Hkv", "1"),
  keys: fc.constantFrom("L", "S"),
  values: fc.constantFrom("D", "D", "Dv"),
  fixedD: fc.constantFrom(false, false, false, true),
  oneRow: fc.constantFrom(false, false, false, false, false, true),
  dtypes: fc.tuple(dtype, dtype, dtype),
});

/** What `axes` calls the dimensions. */
const renamed: Readonly<Record<string, string>> = { B: "N", H: "A", L: "T", D: "C" };

function dimensions({
  order,
  axes,
  keyHeads,
  keys,
  values,
  fixedD,
  oneRow,
}: Shape): Readonly<Record<"q" | "k" | "v", string>> {
  const dims = (of: (role: string) => string): string =>
    order
      .map(of)
      .map((name) => (axes ? (renamed[name] ?? name) : name))
      .join(", ");
  const channel = fixedD ? "6" : "D";
  const key = oneRow ? "S" : keys;
  const side = (role: string): string => (role === "H" ? keyHeads : role === "L" ? key : role);
  return {
    q: dims((role) => (role === "D" ? channel : role === "L" && oneRow ? "1" : role)),
    k: dims((role) => (role === "D" ? channel : side(role))),
    v: dims((role) => (role === "D" ? (values === "Dv" ? "Dv" : channel) : side(role))),
  };
}

/** A clause, or none. */
const maybe = (weight: number, of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant("") }, { weight, arbitrary: of });

interface Body {
  readonly blocks: string;
  readonly align: string;
  readonly mask: string;
  readonly score: string;
  readonly scale: string;
  readonly weights: string;
  readonly output: string;
  readonly lse: boolean;
  readonly storage: string;
  readonly let: string;
  readonly fn: string;
  readonly pattern: string;
  readonly w: number;
}

const sentences = (blocks: string): fc.Arbitrary<Body> => {
  const { condition, integer, real } = expressions({ blocks: blocks !== "" });
  return fc.record({
    blocks: fc.constant(blocks),
    align: fc.constantFrom("", "", "", "", "align start", "align at n", "align at live[b] - 1", "align end"),
    mask: maybe(
      9,
      condition.map((x) => `mask ${x}`),
    ),
    score: maybe(
      1,
      real.map((x) => `score ${x}`),
    ),
    scale: fc.constantFrom("", "", "", "", "scale 0.5", "scale 1 / sqrt(D + 1.0)", "scale 0.25 + 1.0 / (h + 4)"),
    weights: fc.constantFrom(
      "",
      "",
      "",
      "weights softmax",
      "weights softmax(sink: gate[h])",
      "weights softmax(sink: 0.5)",
      "weights sigmoid",
      "weights relu",
    ),
    output: fc.constantFrom(
      "",
      "",
      "",
      "",
      "output o * 0.5",
      "output o * gate[h] + 0.25",
      "output o / (1 + exp(-o))",
      "output if row mod 2 == 0 then o else 0.0",
      "output o + c * 0.125",
    ),
    lse: fc.boolean(),
    storage: fc.constantFrom("", "", "", ": f32", ": f16", ": bf16"),
    let: fc.constantFrom("i - j", "doc[b, i]", "n + 2", "i div 3"),
    fn: fc.constantFrom("x div 3 * 3", "x + 1", "max(x, h)", "x mod (h + 2)"),
    pattern: integer.map((x) => `y <= ${x}`),
    w: fc.integer({ min: 1, max: 20 }),
  });
};

/** Inputs that expressions may name: their dimensions by role, and a value for the example where they need one. */
const extras = (s: Shape): readonly (readonly [name: string, type: string, value: string])[] => {
  const key = s.oneRow ? "S" : s.keys;
  const b = s.order.includes("B") ? ["B"] : [];
  const h = s.order.includes("H") ? ["H"] : [];
  const typed = (name: string, dims: readonly string[]): string =>
    dims.length === 0 ? name : `${name}[${dims.join(", ")}]`;
  return [
    ["n", "i32", "5"],
    ["doc", typed("i32", [...b, key]), "segments(3)"],
    ["ok", typed("bool", [...b, key]), "bernoulli(0.6)"],
    ["live", typed("i32", b), `between(0, ${key} + 2)`],
    ["word", typed("i32", [...b, key]), "between(0, 100000)"],
    ["cu", "i32[4]", `offsets(${key})`],
    ["table", typed("i32", [...h, `${key}/4`, "2"]), `between(-1, ceil(${key} / 4))`],
    ["bias", typed("f32", [...h, "12"]), ""],
    ["gate", typed("f32", h), ""],
  ];
};

function write(s: Shape, body: Body): string {
  const absent = (role: string): boolean => !s.order.includes(role);
  const plain = body.weights === "weights sigmoid" || body.weights === "weights relu";
  const returned = [`o${body.storage}`, ...(body.lse && !plain ? ["lse"] : [])].join(", ");
  const uses = (name: string, ...where: readonly string[]): boolean =>
    where.some((x) => new RegExp(`\\b${name}\\b`).test(x));
  const clauses = [body.align, body.mask, body.score, body.scale, body.weights, body.output];
  const near = uses("near_by", ...clauses);
  const parts = [
    body.blocks,
    near ? `let near_by = ${body.let}` : "",
    ...clauses,
    body.lse || body.storage !== "" ? `return ${returned}` : "",
  ];
  const has = { p: uses("p", ...clauses), f: uses("f", ...clauses, body.pattern) };
  const before = [
    ...(uses("w", ...clauses, body.pattern) ? [`param w = ${body.w}`] : []),
    ...(has.f ? [`fn f(x) = ${body.fn}`] : []),
    ...(has.p ? [`pattern p(y) = ${body.pattern}`] : []),
  ];
  const all = [...parts, ...before].join("\n");
  const used = extras(s).filter(([name]) => uses(name, all));
  const dims = dimensions(s);
  const operand = (name: "q" | "k" | "v", n: number): string => `${name}: ${s.dtypes[n]}[${dims[name]}]`;
  const inputs = [operand("q", 0), operand("k", 1), operand("v", 2), ...used.map(([name, type]) => `${name}: ${type}`)];
  const values = used.filter(([, , value]) => value !== "").map(([name, , value]) => `${name} = ${value}`);
  const called = [
    ["batch", "B"],
    ["head", "H"],
    ["query", "L"],
    ["channel", "D"],
  ]
    .filter(([, role]) => !absent(role) && !(role === "D" && s.fixedD) && !(role === "L" && s.oneRow))
    .map(([name, role]) => `${name} = ${renamed[role]}`);
  const axes = s.axes && called.length > 0 ? `axes ${called.join(", ")}` : "";
  const example = values.length > 0 ? `example ${values.join(", ")}` : "";
  const text = `${before.join("\n")}\nattention a(${inputs.join(", ")}) {\n  ${[axes, ...parts, example].filter((x) => x !== "").join("\n  ")}\n}\n`;
  return named(text, s);
}

/** Without a batch or heads their index falls away; what `axes` renames is called so everywhere. */
function named(text: string, s: Shape): string {
  const absent = (role: string): boolean => !s.order.includes(role);
  let out = text;
  if (absent("B")) out = out.replaceAll("live[b]", "live").replaceAll("[b, ", "[");
  if (absent("H")) out = out.replaceAll("gate[h]", "gate").replaceAll("[h, ", "[").replaceAll(", H)", ", 1)");
  if (s.oneRow) out = out.replaceAll(/\bL\b/g, "1");
  if (s.fixedD) out = out.replaceAll(/\bD\b/g, "6");
  if (s.axes) out = out.replaceAll(/\b[BHLD]\b/g, (name) => renamed[name] ?? name);
  return out;
}

const length = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2) },
  { weight: 4, arbitrary: fc.integer({ min: 3, max: 30 }) },
  { weight: 2, arbitrary: fc.constantFrom(31, 32, 33, 48, 63, 64, 65, 70, 97) },
);

const call: fc.Arbitrary<RandomCall> = fc
  .record({
    B: fc.constantFrom(1, 1, 2),
    heads: fc.constantFrom(1, 2, 3),
    group: fc.constantFrom(1, 1, 2, 3),
    L: length,
    S: length,
    D: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(16, 17, 33)),
    Dv: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 20)),
    seed: fc.nat(1000),
    fill: fc.constantFrom("example", "example", "extreme"),
    poisoned: fc.constantFrom(false, false, true),
  })
  .map(({ B, heads, group, L, S, D, Dv, seed, fill, poisoned }) => {
    const H = heads * group;
    return { sizes: { B, N: B, H, A: H, Hkv: heads, L, T: L, S, D, C: D, Dv }, seed, fill, poisoned };
  });

export const randomSpec = (calls: number): fc.Arbitrary<RandomSpec> =>
  fc.tuple(shape, fc.constantFrom("", "", "blocks 4", "blocks 3", "blocks 8 by 4")).chain(([s, blocks]) =>
    fc.record({
      text: sentences(blocks).map((body) => write(s, body)),
      calls: fc.array(call, { minLength: calls, maxLength: calls }),
      turn: fc.noShrink(fc.noBias(fc.nat(turns - 1))),
    }),
  );
