/**
 * Prints level 2. Takes a Spec, gives its canonical dump: one line a part, every pattern expanded. Equal specs
 * print equal texts.
 */
import { printConstant, printScalar } from "../scalar/print.ts";
import { inputText, outputText, type ExampleValue, type Spec, type Weights } from "./spec.ts";

function printValue(value: ExampleValue): string {
  switch (value.kind) {
    case "number":
      return String(value.value);
    case "segments":
      return `segments(${printScalar(value.count)})`;
    case "offsets":
      return `offsets(${printScalar(value.length)})`;
    case "between":
      return `between(${printScalar(value.lo)}, ${printScalar(value.hi)})`;
    case "bernoulli":
      return `bernoulli(${printConstant(value.p, "f32")})`;
    case "file":
      return `file(${JSON.stringify(value.path)})`;
  }
}

function printWeights(weights: Weights): string {
  if (weights.kind === "softmax" && weights.sink) return `softmax(sink: ${printScalar(weights.sink)})`;
  if (weights.kind !== "linear") return weights.kind;
  const { feature, exponent, count } = weights;
  return `linear of ${printScalar(count)} features: ${exponent ? "e to the " : ""}${printScalar(feature)}`;
}

export function printSpec(spec: Spec): string {
  const { extents, weights, blocks, example } = spec;
  const fixed = Object.entries(spec.fixed).map(([name, value]) => `${name} = ${value}`);
  const examples = [
    ...Object.entries(example.sizes).map(([name, value]) => `${name} = ${value}`),
    ...Object.entries(example.values).map(([name, value]) => `${name} = ${printValue(value)}`),
  ];
  const lines: readonly (readonly [string, string])[] = [
    ["sizes", spec.sizes.join(", ")],
    ["fixed", fixed.join(", ")],
    ["roles", spec.roles.join(", ")],
    [
      "extents",
      Object.entries(extents)
        .map(([role, extent]) => `${role} = ${printScalar(extent)}`)
        .join(", "),
    ],
    ["where", spec.where.map(({ condition }) => printScalar(condition)).join(", ")],
    ["position", `i = ${printScalar(spec.position)}`],
    ["blocks", blocks ? `${blocks.rows} by ${blocks.columns}` : ""],
    ["scale", printScalar(spec.scale)],
    ["score", printScalar(spec.score)],
    ["mask", printScalar(spec.mask)],
    ["weights", printWeights(weights)],
    ["output", spec.output ? printScalar(spec.output) : ""],
    ["return", spec.outputs.map(outputText).join(", ")],
    ["example", examples.join(", ")],
  ];
  return [
    `spec ${spec.name}`,
    ...spec.inputs.map((input) => `  input ${inputText(input)}`),
    ...lines.filter(([, text]) => text !== "").map(([part, text]) => `  ${part.padEnd(8)} ${text}`),
    "",
  ].join("\n");
}
