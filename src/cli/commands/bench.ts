/**
 * `fovea bench`: the time of one call on this machine, its tensors already in place. The kernel is warmed up,
 * then run until the budget is spent; the median and the least of the runs are printed, never an average, which one
 * interruption can move. A result whose rows differ from the oracle's is refused, however fast.
 */
import { cpus } from "node:os";
import { lower } from "../../compile.ts";
import { fail, FoveaError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { countPlan } from "../../plan/count.ts";
import type { Sizes, Spec } from "../../spec/spec.ts";
import { chosen } from "../../tile/tile.ts";
import { compareRows } from "../../verify/rows.ts";
import { emitOptionsOf, targetOf, targets } from "../../verify/run.ts";
import { inputsOf } from "../inputs.ts";
import { filesOf, specsOf } from "../load.ts";
import { targetsOf, type Common } from "../options.ts";
import { report, type Terminal } from "../terminal.ts";
import { timesOf } from "../timing.ts";
import { flopsOf } from "../work.ts";

interface BenchOptions extends Common {
  readonly target: string;
  readonly threads: string;
  readonly page?: string;
}

interface Result {
  readonly file: string;
  readonly attention: string;
  readonly target: string;
  readonly dims: Sizes;
  readonly threads: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly runs: number;
  /** Of the pairs that the mask keeps, by the median. */
  readonly gflops: number;
  readonly visitedPairs: number;
}

export async function benchCommand(
  paths: readonly string[],
  options: BenchOptions,
  terminal: Terminal,
): Promise<number> {
  refuse(options);
  const wanted = options.target === "all" ? targets : targetsOf(options.target);
  for (const target of wanted) await targetOf(target);
  const specs = filesOf(paths).flatMap((file) =>
    specsOf(file, options, terminal, true).map((spec) => ({ file, spec })),
  );
  const results: Result[] = [];
  const problems: Diagnostic[] = [];
  for (const { file, spec } of specs) {
    for (const target of wanted) {
      try {
        const result = await measure(file, spec, target, options);
        results.push(result);
        if (!options.json) terminal.out(`${line(result)}\n`);
      } catch (error) {
        // A target that this machine lacks hides nothing of the others.
        if (!(error instanceof FoveaError)) throw error;
        problems.push(...error.diagnostics);
      }
    }
  }
  const machine = {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    arch: process.arch,
    os: process.platform,
    node: process.version,
    v8: process.versions.v8,
  };
  return report(terminal, problems, options.json ?? false, { machine, results });
}

function refuse({ threads, page }: BenchOptions): void {
  if (page !== undefined)
    fail("FOV5008", "`bench --page` is not available yet", { help: "leave out `--page`; `--json` gives the numbers" });
  if (!/^[1-9][0-9]*$/.test(threads))
    fail("FOV0001", `--threads needs a number from 1 on, not \`${threads}\``, { help: "such as `--threads 1`" });
  if (threads !== "1")
    fail("FOV5008", `kernels run on one thread; ${threads} are asked for`, { help: "leave out `--threads`" });
}

async function measure(file: string, spec: Spec, target: string, options: BenchOptions): Promise<Result> {
  const { backend, device } = await targetOf(target);
  const need = { reads: () => true, mostBytes: backend.mostBytes };
  const { sizes, inputs } = inputsOf(spec, options, need);
  const { plan, program } = lower(spec, device);
  const tile = { rows: chosen(program, "ROWS"), keys: chosen(program, "KEYS") };
  const data = Object.fromEntries([...inputs].map(([name, t]) => [name, t.data]));
  const { keptPairs, visitedPairs } = countPlan(plan, sizes, data, tile);
  const call = { sizes, inputs };
  const prepared = await backend.prepare(program, emitOptionsOf(spec, device), call);
  try {
    const times = await timesOf(prepared);
    const accuracy = target === "wgsl" ? "gpu" : "f32";
    const { ok, reason } = compareRows(spec, sizes, inputs, await prepared.outputs(), accuracy);
    if (!ok) fail("FOV5007", `${file}: ${spec.name} on ${target} differs from the oracle: ${reason ?? ""}`);
    const medianMs = times[times.length >> 1] ?? 0;
    const gflops = medianMs === 0 ? 0 : flopsOf(spec, sizes, keptPairs) / medianMs / 1e6;
    return {
      file,
      attention: spec.name,
      target,
      dims: sizes,
      threads: 1,
      medianMs,
      minMs: times[0] ?? 0,
      runs: times.length,
      gflops,
      visitedPairs,
    };
  } finally {
    await prepared.dispose();
  }
}

function line({ file, attention, target, dims, medianMs, minMs, runs, gflops, visitedPairs }: Result): string {
  const sizes = Object.entries(dims)
    .map(([name, size]) => `${name}=${size}`)
    .join(" ");
  const numbers = `median ${medianMs.toFixed(3)} ms, least ${minMs.toFixed(3)} ms of ${runs} runs, ${gflops.toFixed(1)} GFLOP/s, visits ${(100 * visitedPairs).toFixed(1)} % of pairs`;
  return `${target.padEnd(6)} ${file} ${attention} ${sizes}: ${numbers}`;
}
