/**
 * `fovea bench`: the time of one call on this machine, its tensors already in place. The kernel is warmed up,
 * then run until the budget is spent; the median and the least of the runs are printed, never an average, which one
 * interruption can move. A result whose rows differ from the oracle's is refused, however fast.
 */
import { cpus } from "node:os";
import { lower } from "../../compile.ts";
import { fail, FoveaError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { countPlan } from "../../plan/count.ts";
import type { Spec } from "../../spec/spec.ts";
import { chosen } from "../../tile/tile.ts";
import { compareRows } from "../../verify/rows.ts";
import { emitOptionsOf, targetOf, targets } from "../../verify/run.ts";
import { inputsOf } from "../inputs.ts";
import { filesOf, specsOf } from "../load.ts";
import { targetsOf, type Common } from "../options.ts";
import { refusePage, targetsOfPage, writePage, type Benched, type Machine, type Result } from "../page.ts";
import { report, type Terminal } from "../terminal.ts";
import { timesOf } from "../timing.ts";
import { flopsOf } from "../../cost/work.ts";

export interface BenchOptions extends Common {
  readonly target: string;
  readonly threads: string;
  readonly page?: string;
}

export async function benchCommand(
  paths: readonly string[],
  options: BenchOptions,
  terminal: Terminal,
): Promise<number> {
  const wanted = wantedOf(options);
  for (const target of wanted) await targetOf(target);
  const specs = filesOf(paths).flatMap((file) =>
    specsOf(file, options, terminal, true).map((spec) => ({ file, spec })),
  );
  if (options.page !== undefined) refusePage(options.page);
  const results: Result[] = [];
  const problems: Diagnostic[] = [];
  const cases: Benched[] = [];
  for (const { file, spec } of specs) {
    for (const target of wanted) {
      try {
        const benched = await benchedOf(file, spec, target, options);
        cases.push(benched);
        const result = await measure(benched);
        results.push(result);
        if (!options.json) terminal.out(`${line(result)}\n`);
      } catch (error) {
        // A target that this machine lacks hides nothing of the others, and a page may run where it is not lacking.
        if (!(error instanceof FoveaError)) throw error;
        const lacking = options.page !== undefined && error.diagnostics.every((d) => d.code === "FOV5002");
        problems.push(...error.diagnostics.map((d) => (lacking ? { ...d, severity: "warning" as const } : d)));
      }
    }
  }
  const machine = machineHere();
  if (options.page === undefined) return report(terminal, problems, options.json ?? false, { machine, results });
  const page = await writePage(options.page, cases, results, machine);
  if (!options.json) terminal.out(`${page}\n`);
  return report(terminal, problems, options.json ?? false, { machine, results, page });
}

function wantedOf({ target, threads, page }: BenchOptions): readonly string[] {
  if (!/^[1-9][0-9]*$/.test(threads))
    fail("FOV0001", `--threads needs a number from 1 on, not \`${threads}\``, { help: "such as `--threads 1`" });
  if (threads !== "1")
    fail("FOV5008", `kernels run on one thread; ${threads} are asked for`, { help: "leave out `--threads`" });
  if (page === undefined) return target === "all" ? targets : targetsOf(target);
  const wanted = target === "all" ? targetsOfPage : targetsOf(target);
  const other = wanted.find((each) => !targetsOfPage.includes(each));
  if (other !== undefined)
    fail("FOV0001", `a browser does not run ${other}; \`--page\` takes ${targetsOfPage.join(" and ")}`, {
      help: `such as \`--target ${targetsOfPage.join()}\``,
    });
  return wanted;
}

function machineHere(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    arch: process.arch,
    os: process.platform,
    node: process.version,
    v8: process.versions.v8,
  };
}

/** An attention on a target with the call that is timed. */
async function benchedOf(file: string, spec: Spec, target: string, options: BenchOptions): Promise<Benched> {
  const { backend, device } = await targetOf(target);
  const { sizes, inputs } = inputsOf(spec, options, { reads: () => true, mostBytes: backend.mostBytes });
  const { plan, program } = lower(spec, device);
  const tile = { rows: chosen(program, "ROWS"), keys: chosen(program, "KEYS") };
  const data = Object.fromEntries([...inputs].map(([name, t]) => [name, t.data]));
  const { keptPairs, visitedPairs } = countPlan(plan, sizes, data, tile);
  const accuracy = target === "wgsl" ? "gpu" : "f32";
  const flops = flopsOf(spec, sizes, keptPairs);
  return { file, spec, target, backend, device, program, sizes, inputs, flops, visitedPairs, accuracy };
}

async function measure(benched: Benched): Promise<Result> {
  const { file, spec, target, backend, device, program, sizes, inputs, flops, visitedPairs } = benched;
  const prepared = await backend.prepare(program, emitOptionsOf(spec, device), { sizes, inputs });
  try {
    const times = await timesOf(prepared);
    const { ok, reason } = compareRows(spec, sizes, inputs, await prepared.outputs(), benched.accuracy);
    if (!ok) fail("FOV5007", `${file}: ${spec.name} on ${target} differs from the oracle: ${reason ?? ""}`);
    const medianMs = times[times.length >> 1] ?? 0;
    return {
      file,
      attention: spec.name,
      target,
      dims: sizes,
      threads: 1,
      medianMs,
      minMs: times[0] ?? 0,
      runs: times.length,
      gflops: medianMs === 0 ? 0 : flops / medianMs / 1e6,
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
