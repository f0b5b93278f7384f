/** `fovea explain`: the plan in words, what is kept and visited, and what it saves of attention and of a layer. */
import { targetOf } from "../../verify/run.ts";
import { explanationOf, type Explanation } from "../../cost/explain.ts";
import type { Plan } from "../../plan/plan.ts";
import { printPlan } from "../../plan/print.ts";
import { printScalar } from "../../scalar/print.ts";
import type { Spec } from "../../spec/spec.ts";
import { trialOf, type Trial } from "../../verify/each.ts";
import { readsOfMask } from "../../verify/call.ts";
import { inputsOf } from "../inputs.ts";
import { specOf } from "../load.ts";
import type { Common } from "../options.ts";
import { lowerSeen, type StageOptions } from "../stages.ts";
import { exit, type Terminal } from "../terminal.ts";

interface ExplainOptions extends Common, StageOptions {
  readonly target: string;
}

export async function explainCommand(
  paths: readonly string[],
  options: ExplainOptions,
  terminal: Terminal,
): Promise<number> {
  const spec = specOf(paths, options, terminal);
  const { backend, device } = await targetOf(options.target);
  const { sizes, inputs } = inputsOf(spec, options, readsOfMask(spec));
  // A trial runs the kernel, which needs every tensor.
  const trial = (): Trial => trialOf(spec, sizes, inputsOf(spec, options).inputs);
  const lowered = lowerSeen(spec, backend, device, options, terminal, trial);
  if (!lowered) return exit.yes;
  const made = await explanationOf(spec, lowered, { backend, target: options.target }, { sizes, inputs });
  if (options.json) {
    terminal.out(`${JSON.stringify({ version: 1, ...made })}\n`);
    return exit.yes;
  }
  terminal.out(textOf(spec, lowered.plan, made));
  return exit.yes;
}

const pairsOf = ({ keptPairs, visitedPairs }: Explanation, percent: (x: number) => string): readonly string[] => [
  `  keeps    ${percent(keptPairs)} of pairs, visits ${percent(visitedPairs)}${keptPairs ? ` (${(visitedPairs / keptPairs).toFixed(2)} visited a kept pair)` : ""}`,
];

/** Keys are summed; pairs are looked at inside a chunk alone. */
const sumsOf = (
  { count, chunk }: Extract<Plan["stages"][number], { kind: "scan" }>,
  visited: string,
): readonly string[] => [
  `  sums     keys by ${printScalar(count)} features, ${chunk ? `kept before each ${chunk} keys` : "all of them once"}; ${visited} of pairs are looked at`,
];

function textOf(spec: Spec, plan: Plan, made: Explanation): string {
  const { visitedPairs, tile, tiles, planning, workspaceBytes, layerShare } = made;
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  const scan = plan.stages.find((stage) => stage.kind === "scan");
  const dims = Object.entries(made.dims).map(([name, size]) => `${name}=${size}`);
  return [
    `${spec.name}  ${dims.join(" ")}  ->  ${made.target}, tiles of ${tile.rows} rows by ${tile.keys} keys`,
    ...spec.clauses.map((c) => `  ${c.clause.padEnd(8)} ${c.text}${c.default ? "   (default)" : ""}`),
    ...(scan ? sumsOf(scan, percent(visitedPairs)) : pairsOf(made, percent)),
    ...(scan && !scan.chunk
      ? []
      : [`  tiles    ${tiles.full} full (no mask test), ${tiles.mixed} mixed, ${tiles.skipped} skipped`]),
    ...Object.entries(tiles.byClause).map(([clause, n]) => `             ${clause}: ${n} ranges`),
    `  planning ${planning.examined} ranges examined, ${planning.built} built`,
    `  work     ${(made.flops / 1e6).toFixed(1)} MFLOP, ${(made.bytes / 1e6).toFixed(1)} MB in and out, workspace ${workspaceBytes.toLocaleString("en")} bytes`,
    `  layer    ${scan ? "softmax over all pairs would be" : "attention is"} ${percent(layerShare.attention)} of a transformer layer's operations here; ${scan ? "sums save" : "this mask saves"} ${percent(layerShare.saving)} of the layer`,
    "",
    printPlan(plan),
  ].join("\n");
}
