/**
 * What happens to queries, keys and values before they meet: takes a Spec, gives the stages that rotate and project
 * them, in order, and the tensors that the attends then read.
 */
import {
  add,
  call,
  float,
  idiv,
  int,
  mod,
  mul,
  read,
  select,
  sub,
  substitute,
  variable,
  type Scalar,
} from "../scalar/scalar.ts";
import type { Rotation, Spec } from "../spec/spec.ts";
import type { FreeName } from "./names.ts";
import type { Operands, Stage } from "./plan.ts";

export interface Prepared {
  readonly stages: readonly Stage[];
  readonly operands: Operands;
}

export function operandStages(spec: Spec, free: FreeName): Prepared {
  const { rotations = [], projections = [] } = spec;
  const at: Record<keyof Operands, string> = { q: "q", k: "k", v: "v" };
  const stages: Stage[] = [];
  const keys = projections[0]?.keys ?? spec.extents.key;
  for (const rotation of rotations) {
    const { operand } = rotation;
    const [from, to] = [at[operand], free(`${operand}_rotated`)];
    const rows = operand === "q" ? spec.extents.query : keys;
    stages.push({ kind: "transform", to, from, operand, rows, value: turned(spec, rotation, from) });
    at[operand] = to;
  }
  for (const { operand, by, at: dims, rows, keys } of projections) {
    const [from, to] = [at[operand], free(`${operand}_projected`)];
    stages.push({ kind: "contract", to, operand, from, by, at: dims, rows, keys });
    at[operand] = to;
  }
  return { stages, operands: at };
}

/** x cos a ∓ y sin a, where y is the other channel of the pair (Su et al. 2021, equation 34). */
function turned(spec: Spec, { operand, angle, pairs, first, pairing }: Rotation, from: string): Scalar {
  const c = variable("c");
  const within = sub(c, first);
  const halves = pairing === "halves";
  const early = halves ? call("lt", within, pairs) : call("eq", mod(within, int(2)), int(0));
  const step = halves ? pairs : int(1);
  const t = halves ? sub(within, select(early, int(0), pairs)) : idiv(within, int(2));
  const position = variable(operand === "q" ? "row" : "j");
  const heads = variable(operand === "q" ? "h" : "hk");
  const element = (channel: Scalar): Scalar =>
    read(
      from,
      "f32",
      spec.roles.map((role) => ({ batch: variable("b"), head: heads, position, channel })[role]),
    );
  const other = element(add(c, select(early, step, sub(int(0), step))));
  const a = substitute(angle, { t });
  const value = add(
    mul(element(c), call("cos", a)),
    mul(mul(select(early, float(-1), float(1)), other), call("sin", a)),
  );
  const turns = call("and", call("le", int(0), within), call("lt", within, mul(int(2), pairs)));
  return select(turns, value, element(c));
}
