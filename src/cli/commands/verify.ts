/** `fovea verify`: every attention on every target against the oracle, at the limits of verify/compare.ts. */
import { diagnostic, FoveaError, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { sizeValue } from "../../scalar/evaluate.ts";
import { oracle } from "../../oracle/oracle.ts";
import type { Sizes, Spec } from "../../spec/spec.ts";
import { compare, limitFor } from "../../verify/compare.ts";
import { runSpec, targets } from "../../verify/run.ts";
import type { Loaded } from "../../verify/call.ts";
import { inputsOf } from "../inputs.ts";
import { filesOf, specsOf } from "../load.ts";
import { targetsOf, type Common } from "../options.ts";
import { needOf } from "../targets.ts";
import { report, type Terminal } from "../terminal.ts";

interface VerifyOptions extends Common {
  readonly target: string;
  readonly strict?: boolean;
}

interface Outcome {
  readonly status: "ok" | "fail" | "skipped";
  readonly reason?: string;
  /** Null where nothing was compared. */
  readonly maxError: number | null;
  readonly limit: number;
}

interface Result extends Outcome {
  readonly file: string;
  readonly attention: string;
  readonly target: string;
  readonly dims: Sizes;
  readonly seed: number;
}

export async function verifyCommand(
  paths: readonly string[],
  options: VerifyOptions,
  terminal: Terminal,
): Promise<number> {
  const wanted = options.target === "all" ? targets : targetsOf(options.target);
  for (const target of wanted) await needOf(target);
  const results: Result[] = [];
  const problems: Diagnostic[] = [];
  for (const file of filesOf(paths)) {
    // A file that cannot be verified hides nothing of the others.
    for (const spec of (await collected(problems, async () => specsOf(file, options, terminal))) ?? []) {
      await collected(problems, async () => {
        const loaded = inputsOf(spec, options);
        const right = oracle(spec, loaded.sizes, loaded.inputs);
        for (const target of wanted) {
          const outcome = await outcomeOf(spec, target, loaded, right);
          const result = { file, attention: spec.name, target, dims: loaded.sizes, seed: options.seed, ...outcome };
          results.push(result);
          if (!options.json) terminal.out(`${line(result)}\n`);
        }
      });
    }
  }
  problems.push(...faultsOf(results, options.strict ?? false, problems.length > 0));
  return report(terminal, problems, options.json ?? false, { results });
}

async function collected<T>(problems: Diagnostic[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    problems.push(...error.diagnostics);
    return undefined;
  }
}

/** What makes the answer no: a wrong result, none at all, and with --strict one that is missing. */
function faultsOf(results: readonly Result[], strict: boolean, refused: boolean): readonly Diagnostic[] {
  const of = ({ file, attention, target }: Result): string => `${file}: ${attention} on ${target}`;
  const faults = results
    .filter((r) => r.status === "fail")
    .map((r) => diagnostic("FOV5007", `${of(r)} differs from the oracle: ${r.reason ?? "the error is too large"}`));
  const skipped = results.filter((r) => r.status === "skipped");
  if (strict) faults.push(...skipped.map((r) => diagnostic("FOV5002", `${of(r)} was skipped: ${r.reason ?? ""}`)));
  else if (skipped.length === results.length && !refused) {
    faults.push(
      diagnostic("FOV5002", "no target ran", {
        notes: [...new Set(skipped.map((r) => `${r.target}: ${r.reason ?? "skipped"}`))],
        help: "`fovea doctor` says what is missing",
      }),
    );
  }
  return faults;
}

async function outcomeOf(
  spec: Spec,
  target: string,
  { sizes, inputs }: Loaded,
  right: ReturnType<typeof oracle>,
): Promise<Outcome> {
  const limit = limitFor(target === "wgsl" ? "gpu" : "f32", right, sizeValue(spec.extents.channel, sizes));
  try {
    const found = compare(spec, right, await runSpec(spec, target, sizes, inputs), limit);
    const { ok, maxError, reason } = found;
    return {
      status: ok ? "ok" : "fail",
      maxError: Number.isFinite(maxError) ? maxError : null,
      limit: found.limit,
      ...(reason ? { reason } : {}),
    };
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    const missing = error.diagnostics.every((d) => d.code === "FOV5002");
    return { status: missing ? "skipped" : "fail", reason: error.message, maxError: null, limit };
  }
}

function line({ file, attention, target, status, reason, maxError, limit }: Result): string {
  const error = maxError === null ? "" : `max error ${maxError.toExponential(1)} (limit ${limit})`;
  return `${target.padEnd(6)} ${status.padEnd(8)} ${`${file} ${attention}`.padEnd(40)} ${[error, reason].filter(Boolean).join("  ")}`.trimEnd();
}
