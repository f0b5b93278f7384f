/** `fovea explain`: the plan in words, what is kept and visited, and what it saves of attention and of a layer. */
import { targetOf } from "../../verify/run.ts";
import { explanationOf, type Explanation } from "../../cost/explain.ts";
import type { Plan } from "../../plan/plan.ts";
import { printPlan } from "../../plan/print.ts";
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

function textOf(spec: Spec, plan: Plan, made: Explanation): string {
  const { keptPairs, visitedPairs, tile, tiles, planning, workspaceBytes, layerShare } = made;
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  const dims = Object.entries(made.dims).map(([name, size]) => `${name}=${size}`);
  return [
    `${spec.name}  ${dims.join(" ")}  ->  ${made.target}, tiles of ${tile.rows} rows by ${tile.keys} keys`,
    ...spec.clauses.map((c) => `  ${c.clause.padEnd(8)} ${c.text}${c.default ? "   (default)" : ""}`),
    `  keeps    ${percent(keptPairs)} of pairs, visits ${percent(visitedPairs)}${keptPairs ? ` (${(visitedPairs / keptPairs).toFixed(2)} visited a kept pair)` : ""}`,
    `  tiles    ${tiles.full} full (no mask test), ${tiles.mixed} mixed, ${tiles.skipped} skipped`,
    ...Object.entries(tiles.byClause).map(([clause, n]) => `             ${clause}: ${n} ranges`),
    `  planning ${planning.examined} ranges examined, ${planning.built} built`,
    `  work     ${(made.flops / 1e6).toFixed(1)} MFLOP, ${(made.bytes / 1e6).toFixed(1)} MB in and out, workspace ${workspaceBytes.toLocaleString("en")} bytes`,
    `  layer    attention is ${percent(layerShare.attention)} of a transformer layer's operations here; this mask saves ${percent(layerShare.saving)} of the layer`,
    "",
    printPlan(plan),
  ].join("\n");
}
