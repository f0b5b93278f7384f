/**
 * The launch of a transform stage: a tensor like an operand, written once, element by element, in tiles of ROWS rows.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import { ROWS } from "./parameters.ts";
import { loop, type Statement, type TensorRef } from "./tile.ts";

export type Transform = Extract<Stage, { kind: "transform" }>;

const v = s.variable;

const extentsOf = ({ extents }: Plan, { operand, rows }: Transform) => ({
  batch: extents.batch,
  head: operand === "q" ? extents.head : extents.keyHead,
  position: rows,
  channel: extents.channel,
});

export function transformedTensor(plan: Plan, stage: Transform): TensorRef {
  const extent = extentsOf(plan, stage);
  return { name: stage.to, dtype: "f32", dims: plan.roles.map((role) => extent[role]) };
}

export function transformLaunch(plan: Plan, stage: Transform): Statement {
  const { batch, head, position, channel } = extentsOf(plan, stage);
  const row = s.add(v("row0"), v("r"));
  const places = { batch: v("b"), head: v("head"), position: row, channel: v("c") };
  const bind =
    stage.operand === "q" ? { h: v("head"), row, i: s.substitute(plan.position, { row }) } : { hk: v("head"), j: row };
  return loop("b", batch, "parallel", [
    loop("head", head, "parallel", [
      loop("block", s.ceilDiv(position, ROWS), "parallel", [
        { kind: "let", name: "row0", value: s.mul(v("block"), ROWS) },
        { kind: "let", name: "rows", value: s.min(ROWS, s.sub(position, v("row0"))) },
        {
          kind: "store",
          tensor: stage.to,
          at: plan.roles.map((role) => places[role]),
          rows: v("rows"),
          columns: channel,
          value: s.substitute(stage.value, bind),
        },
      ]),
    ]),
  ]);
}
