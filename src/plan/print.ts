/**
 * A Plan as text: what golden tests hold and `--dump plan` shows. Takes a Plan, gives lines; the same plan, the same
 * text.
 */
import { printScalar } from "../scalar/print.ts";
import { isConst } from "../scalar/scalar.ts";
import { inputText, outputText } from "../spec/spec.ts";
import { digitsOf } from "./digits.ts";
import type { Axis, Plan, Range, Split, Stage, State, Verdict, Visit } from "./plan.ts";

export function printPlan(plan: Plan): string {
  const { query, key } = plan.axes;
  const inputs = plan.inputs.map(inputText);
  const lines = [
    `plan ${plan.name}`,
    `  inputs ${inputs.join("  ")}`,
    `  axis ${printAxis(query)}, at ${printScalar(plan.position)}`,
    `  axis ${printAxis(key)}`,
    ...(plan.rows
      ? [`  rows ${printAxis(plan.rows.axis)}, tiles of one ${plan.rows.classes.join(", ") || "patch"}`]
      : []),
    ...plan.stages.flatMap(printStage).map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

function printAxis({ name, extent, split }: Axis): string {
  const whole = `${name} < ${printScalar(extent)}`;
  return split
    ? `${whole} = ${printScalar(split.by)} · (${printAxis(split.outer)}) + (${printAxis(split.inner)})`
    : whole;
}

function printStage(stage: Stage): readonly string[] {
  switch (stage.kind) {
    case "transform":
      return [`transform ${stage.to} = ${printScalar(stage.value)}`];
    case "contract": {
      const { to, by, from, rows, keys } = stage;
      return [`contract ${to} = ${by} · ${from}: ${printScalar(rows)} mixtures of ${printScalar(keys)} keys`];
    }
    case "features": {
      const { to, operand, feature, exponent, count, scale } = stage;
      return [
        `features ${to} of ${operand} times ${printScalar(scale)}: ${printScalar(count)} a row`,
        `  ${exponent ? "e to the " : ""}${printScalar(feature)}${exponent ? ", relative to the row's largest" : ""}`,
      ];
    }
    case "scan": {
      const { to, features, values, chunk } = stage;
      return [
        `scan ${to} = sums of ${features} · (${values}, 1) ${chunk ? `before each ${chunk} keys` : "over all keys"}`,
      ];
    }
    case "attend":
      return [
        stage.operands ? `attend from ${stage.operands.q} to ${stage.operands.k}, ${stage.operands.v}` : "attend",
        ...(stage.initial
          ? [`  beginning with ${stage.initial.state} of chunk ${printScalar(stage.initial.chunk)}`]
          : []),
        ...(stage.split ? printSplit(stage.split).map((line) => `  ${line}`) : []),
        ...printVisit(stage.visit).map((line) => `  ${line}`),
        `  mask ${printScalar(stage.mask)}`,
        `  score ${printScalar(stage.score)} of scale ${printScalar(stage.scale)}`,
        ...printState(stage.state).map((line) => `  ${line}`),
        ...(stage.entropy ? ["  and the sum of w log2 w of its weights w"] : []),
      ];
    case "merge":
      return [`merge ${stage.parts} parts`];
    case "fold":
      return [
        `fold ${stage.outputs.map(outputText).join(", ")}`,
        ...(stage.output ? [`  output ${printScalar(stage.output)}`] : []),
      ];
  }
}

function printSplit({ keys, inner, residues }: Split): readonly string[] {
  const digits = digitsOf(keys);
  return [
    `keys ${printAxis(keys)}`,
    ...(residues ? [`rows regrouped by their residue modulo ${printScalar(residues)}`] : []),
    ...inner.flatMap(({ lo, hi, must }, n) => [
      `${digits[n + 1].name} in [${printScalar(lo)}, ${printScalar(hi)})`,
      ...must.map((range) => `  must ${printRange(range)}`),
    ]),
    `${digits[0].name}:`,
  ];
}

function printVisit({ may, must, verdict, granule, perHead }: Visit): readonly string[] {
  return [
    `visit in runs of ${granule}, ${perHead ? "a head" : "the same for all heads"}`,
    ...(may.length === 0 ? ["  may  nothing"] : may.map((range) => `  may  ${printRange(range)}`)),
    ...(must.length === 0 ? ["  must nothing"] : must.map((range) => `  must ${printRange(range)}`)),
    ...(verdict ? printVerdict(verdict).map((line) => `  ${line}`) : []),
  ];
}

export function printRange({ when, lo, hi, over, origin }: Range): string {
  const keys = `[${printScalar(lo)}, ${printScalar(hi)})`;
  const each = over.map(({ name, from, to }) => ` for ${name} in [${printScalar(from)}, ${printScalar(to)})`).join("");
  const condition = isConst(when, 1) ? "" : ` when ${printScalar(when)}`;
  return `${keys}${each}${condition}  # ${origin}`;
}

function printVerdict({ may, must, summaries }: Verdict): readonly string[] {
  return [
    "verdict",
    ...summaries.map(
      ({ side, value, min, max }) =>
        `  ${min}, ${max} = least and greatest ${printScalar(value)} of the ${side === "query" ? "rows" : "keys"}`,
    ),
    `  may  ${printScalar(may)}`,
    `  must ${printScalar(must)}`,
  ];
}

function printState({ kind, reference, init, weight, normalised, strategy }: State): readonly string[] {
  const from = reference === "max" ? `reference max from ${printScalar(init.reference)}` : "no reference";
  return [
    `state ${kind}: ${from}, sum from ${printScalar(init.sum)}, ${strategy}`,
    `  weight ${printScalar(weight)}${normalised ? ", divided by the sum" : ""}`,
  ];
}
