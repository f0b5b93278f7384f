/** Masks, as the prelude expands them, and plans made of them by hand. */
import { plan, visitOf } from "../../src/plan/build.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { cell, prepare, type Environment, type Frame } from "../../src/scalar/evaluate.ts";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { Spec, SpecInput } from "../../src/spec/spec.ts";
import type { Dtype } from "../../src/scalar/storage.ts";
import { sourceOf, type Inputs } from "../../src/plan/source.ts";

export const i = s.variable("i");
export const j = s.variable("j");
export const h = s.variable("h");
export const b = s.variable("b");
const span = { file: "masks", start: 0, end: 0 };

const named = (origin: string, x: Scalar): Scalar => ({ ...x, origin });
export const n = (x: number | Scalar): Scalar => (typeof x === "number" ? s.int(x) : x);
export const le = (x: number | Scalar, y: number | Scalar): Scalar => s.call("le", n(x), n(y));
export const lt = (x: number | Scalar, y: number | Scalar): Scalar => s.call("lt", n(x), n(y));
export const eq = (x: number | Scalar, y: number | Scalar): Scalar => s.call("eq", n(x), n(y));
export const block = (x: Scalar, by: number): Scalar => s.idiv(x, s.int(by));

export const causal = named("causal", le(j, i));
export const window = (w: number | Scalar): Scalar =>
  named(`window(${typeof w === "number" ? w : "w"})`, s.and(le(0, s.sub(i, j)), lt(s.sub(i, j), w)));
export const around = (w: number | Scalar): Scalar => named("around", le(s.call("abs", s.sub(i, j)), w));
export const stride = (by: number | Scalar): Scalar =>
  named(`stride(${typeof by === "number" ? by : "n"})`, eq(s.mod(s.sub(i, j), n(by)), 0));
export const sinks = (count: number | Scalar): Scalar =>
  named(`sinks(${typeof count === "number" ? count : "n"})`, lt(j, count));
export const global = (count: number): Scalar => named(`global(${count})`, s.or(lt(i, count), lt(j, count)));
export const diagonal = (by: number): Scalar => named("diagonal", eq(block(i, by), block(j, by)));
export const member = (
  tensor: string,
  leading: readonly Scalar[],
  count: number | Scalar,
  value: Scalar,
  name = "e",
): Scalar => ({
  kind: "any",
  type: "bool",
  name,
  count: n(count),
  body: s.call("eq", s.read(tensor, "i32", [...leading, s.variable(name)]), value),
});
export const segment = (tensor: string, count: Scalar, x: Scalar, name: string): Scalar =>
  s.sub(
    {
      kind: "sum",
      type: "i32",
      name,
      count,
      body: s.select(le(s.read(tensor, "i32", [s.variable(name)]), x), s.int(1), s.int(0)),
    },
    s.int(1),
  );

export const input = (name: string, dims: readonly (number | Scalar)[], dtype: Dtype = "i32"): SpecInput => ({
  name,
  dtype,
  dims: dims.map(n),
  span,
});

export interface Made {
  readonly inputs?: readonly SpecInput[];
  readonly position?: Scalar;
  /** Keys are as many as queries, so that `row` is the position. */
  readonly self?: boolean;
  readonly blocks?: number;
  readonly weights?: Spec["weights"];
}

function specOf(mask: Scalar, { inputs = [], position, self = true, blocks, weights }: Made = {}): Spec {
  const key = s.size(self ? "L" : "S");
  const tensor = (length: Scalar): readonly Scalar[] => [s.size("B"), s.size("H"), length, s.size("D")];
  return {
    name: "test",
    path: "test.attn",
    span,
    text: "",
    inputs: [
      input("q", tensor(s.size("L")), "f32"),
      input("k", tensor(key), "f32"),
      input("v", tensor(key), "f32"),
      ...inputs,
    ],
    sizes: ["B", "H", "L", ...(self ? [] : ["S"]), "D"],
    fixed: {},
    roles: ["batch", "head", "position", "channel"],
    extents: {
      batch: s.size("B"),
      head: s.size("H"),
      keyHead: s.size("H"),
      query: s.size("L"),
      key,
      channel: s.size("D"),
      valueChannel: s.size("D"),
    },
    position: position ?? s.add(s.variable("row"), s.sub(key, s.size("L"))),
    ...(blocks === undefined ? {} : { blocks: { rows: blocks, columns: blocks } }),
    scale: s.float(1),
    score: s.variable("s", "f32"),
    mask,
    weights: weights ?? { kind: "softmax" },
    outputs: [{ name: "o", value: "o", dtype: "f32" }],
    where: [],
    example: { sizes: {}, values: {} },
    clauses: [],
  };
}

export const planOf = (mask: Scalar, made: Made = {}): Plan => plan(specOf(mask, made));

/** The plan without axis splits: ranges of whole positions, and a verdict for what they leave open. */
export function wholePlanOf(mask: Scalar, made: Made = {}): Plan {
  const spec = specOf(mask, made);
  const { stages, mask: _mask, rows: _rows, ...rest } = plan(spec);
  const attend = stages.find((stage) => stage.kind === "attend");
  if (!attend) throw new Error("a plan attends");
  const { split: _split, ...own } = attend;
  return { ...rest, stages: [{ ...own, visit: visitOf(spec), mask }, ...stages.filter((x) => x.kind === "fold")] };
}

export function environment(
  made: Plan,
  sizes: Readonly<Record<string, number>>,
  inputs: Inputs = {},
  variables: Readonly<Record<string, number>> = {},
): Environment {
  return { ...sourceOf(made, { B: 1, H: 1, D: 8, ...sizes }, inputs), variables: { b: 0, h: 0, hk: 0, ...variables } };
}

/** Does the row at position `i` see key `j`? Made ready once for many pairs. */
export function viewer(mask: Scalar, env: Environment): (i: number, j: number) => boolean {
  const frame: Frame = new Map();
  const given: readonly (readonly [string, number])[] =
    env.variables instanceof Map ? [...env.variables] : Object.entries(env.variables);
  for (const [name, value] of [["row", 0] as const, ...given]) cell(frame, name).value = value;
  const [at, key] = [cell(frame, "i"), cell(frame, "j")];
  const keeps = prepare(mask, frame, env, "f32");
  return (x, y) => {
    [at.value, key.value] = [x, y];
    return keeps() !== 0;
  };
}
