/** `fovea explain`: the plan in words, what is kept and visited, and what it saves of attention and of a layer. */
import { targetOf } from "../../verify/run.ts";
import { countPlan } from "../../plan/count.ts";
import { printPlan } from "../../plan/print.ts";
import { tileOf } from "../../tile/tile.ts";
import { trialOf, type Trial } from "../../verify/each.ts";
import { readsOfMask } from "../../verify/call.ts";
import { inputsOf } from "../inputs.ts";
import { specOf } from "../load.ts";
import type { Common } from "../options.ts";
import { lowerSeen, type StageOptions } from "../stages.ts";
import { exit, type Terminal } from "../terminal.ts";
import { workOf } from "../../cost/work.ts";

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
  const { plan, program } = lowered;
  const tile = tileOf(program);
  const { rows, keys } = tile;
  const count = countPlan(plan, sizes, Object.fromEntries([...inputs].map(([name, t]) => [name, t.data])), tile);
  const work = workOf(spec, sizes, count.keptPairs);
  const workspaceBytes = await backend.workspaceBytes(program, sizes);
  if (options.json) {
    const { keptPairs, visitedPairs, planning, tiles } = count;
    const said = { version: 1, attention: spec.name, dims: sizes, target: options.target, tile: { rows, keys } };
    const { flops, bytes, layerShare } = work;
    terminal.out(
      `${JSON.stringify({ ...said, keptPairs, visitedPairs, planning, tiles, flops, bytes, workspaceBytes, layerShare })}\n`,
    );
    return exit.yes;
  }
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  terminal.out(
    [
      `${spec.name}  ${Object.entries(sizes)
        .map(([n, x]) => `${n}=${x}`)
        .join(" ")}  ->  ${options.target}, tiles of ${rows} rows by ${keys} keys`,
      ...spec.clauses.map((c) => `  ${c.clause.padEnd(8)} ${c.text}${c.default ? "   (default)" : ""}`),
      `  keeps    ${percent(count.keptPairs)} of pairs, visits ${percent(count.visitedPairs)}${count.keptPairs ? ` (${(count.visitedPairs / count.keptPairs).toFixed(2)} visited a kept pair)` : ""}`,
      `  tiles    ${count.tiles.full} full (no mask test), ${count.tiles.mixed} mixed, ${count.tiles.skipped} skipped`,
      ...Object.entries(count.tiles.byClause).map(([clause, n]) => `             ${clause}: ${n} ranges`),
      `  planning ${count.planning.examined} ranges examined, ${count.planning.built} built`,
      `  work     ${(work.flops / 1e6).toFixed(1)} MFLOP, ${(work.bytes / 1e6).toFixed(1)} MB in and out, workspace ${workspaceBytes.toLocaleString("en")} bytes`,
      `  layer    attention is ${percent(work.layerShare.attention)} of a transformer layer's operations here; this mask saves ${percent(work.layerShare.saving)} of the layer`,
      "",
      printPlan(plan),
    ].join("\n"),
  );
  return exit.yes;
}
