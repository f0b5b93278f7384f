/** `fovea explain`: the plan in words, what is kept and visited, and what it saves of attention and of a layer. */
import { targetOf } from "../../verify/run.ts";
import { countPlan, type Counts } from "../../plan/count.ts";
import { printPlan } from "../../plan/print.ts";
import { evaluate } from "../../scalar/evaluate.ts";
import type { Scalar } from "../../scalar/scalar.ts";
import type { Sizes, Spec } from "../../spec/spec.ts";
import { chosen } from "../../tile/tile.ts";
import { trialOf } from "../../verify/each.ts";
import { inputsOf, specsOf } from "../load.ts";
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
  const [spec] = specsOf(paths[0] ?? "-", options, terminal, true);
  if (!spec) return exit.no;
  const { backend, device } = await targetOf(options.target);
  const { sizes, inputs } = inputsOf(spec, options);
  const lowered = await lowerSeen(spec, backend, device, options, terminal, () => trialOf(spec, sizes, inputs));
  if (!lowered) return exit.yes;
  const { plan, program } = lowered;
  const [rows, keys] = [chosen(program, "ROWS"), chosen(program, "KEYS")];
  const count = countPlan(plan, sizes, Object.fromEntries([...inputs].map(([name, t]) => [name, t.data])), {
    rows,
    keys,
  });
  const work = costOf(spec, sizes, count);
  if (options.json) {
    terminal.out(
      `${JSON.stringify({ version: 1, attention: spec.name, dims: sizes, target: options.target, tile: { rows, keys }, ...count, ...work })}\n`,
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
      `  work     ${(work.flops / 1e6).toFixed(1)} MFLOP, ${(work.bytes / 1e6).toFixed(1)} MB in and out`,
      `  layer    attention is ${percent(work.layerShare.attention)} of a transformer layer's operations here; this mask saves ${percent(work.layerShare.saving)} of the layer`,
      "",
      printPlan(plan),
    ].join("\n"),
  );
  return exit.yes;
}

/** 2 · (D + Dv) operations a kept pair; a layer has 24 · (H · D)² a token beside it (four projections and a 4 × MLP). */
function costOf(
  spec: Spec,
  sizes: Sizes,
  { keptPairs }: Counts,
): { flops: number; bytes: number; layerShare: { attention: number; saving: number } } {
  const value = (x: Scalar): number => evaluate(x, { variables: {}, sizes, read: () => 0, dims: () => [] }, "f64");
  const { batch, head, keyHead, query, key, channel, valueChannel } = spec.extents;
  const [B, H, Hkv, L, S, D, Dv] = [batch, head, keyHead, query, key, channel, valueChannel].map(value) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const dense = 2 * (D + Dv) * B * H * L * S;
  const flops = dense * keptPairs;
  const rest = 24 * (H * D) ** 2 * B * L;
  const bytes = 4 * B * (H * L * (D + Dv) + Hkv * S * (D + Dv));
  const layer = Math.max(1, dense + rest);
  return { flops, bytes, layerShare: { attention: dense / layer, saving: (dense - flops) / layer } };
}
