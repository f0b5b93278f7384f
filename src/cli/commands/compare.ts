/**
 * `fovea compare`: attentions side by side on the same sizes and tensors, those of the first. What each keeps, what it
 * costs by the textbook, how long it takes here, and how far its output is from the first's. A result that differs
 * from the oracle's is refused, however fast.
 */
import { lower } from "../../compile.ts";
import { fail, FoveaError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { countPlan } from "../../plan/count.ts";
import type { Sizes } from "../../spec/spec.ts";
import { tileOf } from "../../tile/tile.ts";
import { referenceOf, type Reference } from "../../verify/likeness.ts";
import { compareRows } from "../../verify/rows.ts";
import { emitOptionsOf, targetOf } from "../../verify/run.ts";
import type { Loaded, Need } from "../../verify/call.ts";
import { inputsOf } from "../inputs.ts";
import { short, table } from "../table.ts";
import { needOf } from "../targets.ts";
import { report, type Terminal } from "../terminal.ts";
import { timesOf, type Budget } from "../timing.ts";
import { variantsOf, type Variant, type Wanted } from "../variants.ts";
import { workOf, type Work } from "../../cost/work.ts";

interface CompareOptions extends Wanted {
  readonly target: string;
}

/** One attention beside the others; null: not to be had, and the diagnostics or the legend say why. */
interface Result extends Work {
  readonly file: string;
  readonly attention: string;
  readonly set: Readonly<Record<string, number>>;
  readonly dims: Sizes;
  readonly keptPairs: number;
  readonly visitedPairs: number;
  readonly workspaceBytes: number;
  readonly medianMs: number | null;
  readonly minMs: number | null;
  readonly runs: number;
  /** Relative error of the output against the first's. */
  readonly error: number | null;
  /** Share of the first's attention weight on keys that this one keeps. */
  readonly massKept: number | null;
}

/** Less than `bench` takes: a comparison has many rows. */
const budget: Budget = { warmMs: 200, timedMs: 300, leastRuns: 3 };

export async function compareCommand(
  paths: readonly string[],
  options: CompareOptions,
  terminal: Terminal,
): Promise<number> {
  const need = await needOf(options.target);
  await targetOf(options.target);
  const variants = variantsOf(paths, options, terminal);
  const problems: Diagnostic[] = [];
  const results: Result[] = [];
  let reference: Reference | undefined;
  let sizes: Sizes = options.dim;
  for (const variant of variants) {
    const loaded = loadedFor(variant, options, sizes, need);
    const subject = { spec: variant.spec, ...loaded };
    if (!reference) sizes = { ...loaded.sizes, ...options.dim };
    reference ??= referenceOf(subject);
    if (!options.json) terminal.err(`${variant.label} …\n`);
    results.push(await resultOf(variant, loaded, reference, options.target, problems));
  }
  const said = {
    target: options.target,
    rows: { compared: reference?.rows ?? 0, all: reference?.allRows ?? 0 },
    results,
  };
  if (!options.json) terminal.out(textOf(variants, results, reference, options));
  return report(terminal, problems, options.json ?? false, said);
}

/** Where a variant has a size of the first's, it is the same here. */
function loadedFor({ spec }: Variant, options: CompareOptions, sizes: Sizes, need: Need): Loaded {
  const { name: _, set: __, ...common } = options;
  return inputsOf(spec, { ...common, set: {}, dim: sizes }, need);
}

async function resultOf(
  { file, spec, set }: Variant,
  { sizes, inputs }: Loaded,
  reference: Reference,
  target: string,
  problems: Diagnostic[],
): Promise<Result> {
  const { backend, device } = await targetOf(target);
  const { plan, program } = lower(spec, device);
  const tile = tileOf(program);
  const data = Object.fromEntries([...inputs].map(([name, tensor]) => [name, tensor.data]));
  const { keptPairs, visitedPairs } = countPlan(plan, sizes, data, tile);
  const like = reference.like({ spec, sizes, inputs });
  let times: readonly number[] = [];
  try {
    const prepared = await backend.prepare(program, emitOptionsOf(spec, device), { sizes, inputs });
    try {
      times = await timesOf(prepared, budget);
      const accuracy = backend.id === "wgsl" ? "gpu" : "f32";
      const { ok, reason } = compareRows(spec, sizes, inputs, await prepared.outputs(), accuracy);
      if (!ok) fail("FOV5007", `${file}: ${spec.name} on ${target} differs from the oracle: ${reason ?? ""}`);
    } finally {
      await prepared.dispose();
    }
  } catch (error) {
    // One that cannot run here hides nothing of the others.
    if (!(error instanceof FoveaError)) throw error;
    problems.push(...error.diagnostics);
    times = [];
  }
  return {
    file,
    attention: spec.name,
    set,
    dims: sizes,
    keptPairs,
    visitedPairs,
    ...workOf(spec, sizes, keptPairs),
    workspaceBytes: await backend.workspaceBytes(program, sizes),
    medianMs: times[times.length >> 1] ?? null,
    minMs: times[0] ?? null,
    runs: times.length,
    error: like && Number.isFinite(like.error) ? like.error : null,
    massKept: like && Number.isFinite(like.massKept) ? like.massKept : null,
  };
}

const milliseconds = (ms: number): string =>
  ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;

const percent = (x: number): string => `${(100 * x || 0).toFixed(1)} %`;

const head = [
  "attention",
  "kept",
  "looked at",
  "operations",
  "in + out",
  "workspace",
  "time",
  "speed",
  "error",
  "weight",
  "layer",
];

function rowOf({ label }: Variant, result: Result, first: Result | undefined): readonly string[] {
  const { minMs, error, massKept } = result;
  const speed = minMs && first?.minMs ? `${(first.minMs / minMs).toPrecision(2)} x` : "-";
  return [
    label,
    percent(result.keptPairs),
    percent(result.visitedPairs),
    short(result.flops),
    `${short(result.bytes)}B`,
    `${short(result.workspaceBytes)}B`,
    minMs === null ? "-" : milliseconds(minMs),
    speed,
    error === null ? "-" : percent(error),
    massKept === null ? "-" : percent(massKept),
    percent(-result.layerShare.saving),
  ];
}

function textOf(
  variants: readonly Variant[],
  results: readonly Result[],
  reference: Reference | undefined,
  { inputs, target, seed }: CompareOptions,
): string {
  const [first] = results;
  const dims = Object.entries(first?.dims ?? {})
    .map(([name, size]) => `${name}=${size}`)
    .join(" ");
  const of = inputs === undefined ? `sampled tensors (seed ${seed})` : inputs;
  const name = variants[0]?.label ?? "";
  const { rows = 0, allRows = 0 } = reference ?? {};
  const rowsSaid = rows === allRows ? `all ${rows} rows` : `${rows} of ${allRows} rows, spread evenly`;
  return [
    `${dims}, ${of}, on ${target}; each is measured against ${name}\n`,
    table(
      head,
      results.flatMap((result, n) => {
        const variant = variants[n];
        return variant ? [rowOf(variant, result, first)] : [];
      }),
    ),
    "kept        pairs of a query and a key that the attention keeps, of all there are; looked at: those that a kernel",
    "            computes to find them, and then masks or keeps",
    "operations  multiplications and additions that the kept pairs need",
    "in + out    bytes of the tensors, each once; workspace: what a kernel needs beside them",
    "time        of one call here, the fastest of many; speed: how many times as fast as the first",
    `error       how far the output is from that of ${name}, relative (${rowsSaid})`,
    `weight      of ${name}'s attention that lies on keys this one keeps`,
    "layer       operations of a whole transformer layer that the mask saves, against keeping every pair",
    ...(inputs === undefined ? [sampledNote] : []),
    "",
  ].join("\n");
}

const sampledNote = `
Sampled queries and keys agree on nothing, so that attention is nearly even and every pattern loses about what it
leaves out. What a pattern loses on a model, only tensors of the model can say: \`--inputs FILE\`.`;
