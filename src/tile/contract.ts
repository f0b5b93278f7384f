/**
 * The launch of a contract stage: to[…, m, c] = Σ_j by[…, m, j] · from[…, j, c] for each batch and key head. Takes the
 * stage; gives loops over tiles of ROWS mixtures that stream the operand KEYS rows at a time, so that it is read once a
 * tile and no copy of it is kept.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { KEYS, ROWS } from "./parameters.ts";
import { loop, type Buffer, type Statement, type TensorRef, type View } from "./tile.ts";

export type Contract = Extract<Stage, { kind: "contract" }>;

const v = s.variable;

const widthOf = (plan: Plan, { operand }: Contract): Scalar =>
  operand === "k" ? plan.extents.channel : plan.extents.valueChannel;

export function intermediateOf(plan: Plan, stage: Contract): TensorRef {
  const { batch, keyHead } = plan.extents;
  const extent = { batch, head: keyHead, position: stage.rows, channel: widthOf(plan, stage) };
  return { name: stage.to, dtype: "f32", dims: plan.roles.map((role) => extent[role]) };
}

const names = ({ to }: Contract): Readonly<Record<"mixed" | "weights" | "rows", string>> => ({
  mixed: `${to}_tile`,
  weights: `${to}_weights`,
  rows: `${to}_rows`,
});

export function contractBuffers(plan: Plan, stage: Contract): readonly Buffer[] {
  const { mixed, weights, rows } = names(stage);
  const width = widthOf(plan, stage);
  return [
    { name: mixed, type: "f32", rows: ROWS, columns: width },
    { name: weights, type: "f32", rows: ROWS, columns: KEYS },
    { name: rows, type: "f32", rows: KEYS, columns: width },
  ];
}

export function contractLaunch(plan: Plan, stage: Contract): Statement {
  const { batch, keyHead } = plan.extents;
  const { mixed, weights, rows } = names(stage);
  const width = widthOf(plan, stage);
  const zero = s.int(0);
  const view = (buffer: string, height: Scalar, columns: Scalar): View => ({
    buffer,
    row: zero,
    rows: height,
    columns,
  });
  const at = (position: Scalar): readonly Scalar[] =>
    plan.roles.map((role) => ({ batch: v("b"), head: v("hk"), position, channel: v("c") })[role]);
  const first = v("first");
  const weightOf = { batch: v("b"), head: v("hk"), mixture: s.add(v("row0"), v("r")), key: s.add(first, v("c")) };
  const height = v("rows");
  const depth = v("depth");
  const value = s.read(mixed, "f32", [v("r"), v("c")]);
  return loop("b", batch, "parallel", [
    loop("hk", keyHead, "parallel", [
      loop("block", s.ceilDiv(stage.rows, ROWS), "parallel", [
        { kind: "let", name: "row0", value: s.mul(v("block"), ROWS) },
        { kind: "let", name: "rows", value: s.min(ROWS, s.sub(stage.rows, v("row0"))) },
        { kind: "fill", to: view(mixed, height, width), value: s.float(0) },
        loop("chunk", s.ceilDiv(stage.keys, KEYS), "serial", [
          { kind: "let", name: "first", value: s.mul(v("chunk"), KEYS) },
          { kind: "let", name: "depth", value: s.min(KEYS, s.sub(stage.keys, first)) },
          {
            kind: "load",
            to: view(weights, height, depth),
            tensor: stage.by,
            at: stage.at.map((name) => weightOf[name]),
          },
          { kind: "load", to: view(rows, depth, width), tensor: stage.from, at: at(s.add(first, v("r"))) },
          {
            kind: "dot",
            to: view(mixed, height, width),
            a: view(weights, height, depth),
            b: view(rows, depth, width),
            along: "rows",
            start: "add",
            guard: false,
          },
        ]),
        { kind: "store", tensor: stage.to, at: at(s.add(v("row0"), v("r"))), rows: height, columns: width, value },
      ]),
    ]),
  ]);
}
