/** `fovea verify`: every attention on every target against the oracle, at the limits of verify/compare.ts. */
import { FoveaError } from "../../diagnostics/diagnostic.ts";
import { oracle } from "../../oracle/oracle.ts";
import { evaluate } from "../../scalar/evaluate.ts";
import type { Sizes, Spec } from "../../spec/spec.ts";
import { compare, limitOf } from "../../verify/compare.ts";
import { runSpec, targetOf, targets } from "../../verify/run.ts";
import { filesOf, inputsOf, specsOf, type Loaded } from "../load.ts";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface VerifyOptions extends Common {
  readonly target: string;
  readonly strict?: boolean;
}

interface Result {
  readonly file: string;
  readonly attention: string;
  readonly target: string;
  readonly dims: Sizes;
  readonly seed: number;
  readonly status: "ok" | "fail" | "skipped";
  readonly reason?: string;
  readonly maxError: number;
  readonly limit: number;
}

export async function verifyCommand(
  paths: readonly string[],
  options: VerifyOptions,
  terminal: Terminal,
): Promise<number> {
  const wanted = options.target === "all" ? targets : options.target.split(",");
  for (const target of wanted) if (target !== "tiles") await targetOf(target);
  const results: Result[] = [];
  for (const file of filesOf(paths)) {
    for (const spec of specsOf(file, options, terminal)) {
      const loaded = inputsOf(spec, options);
      const right = oracle(spec, loaded.sizes, loaded.inputs);
      for (const target of wanted) {
        const outcome = await outcomeOf(spec, target, loaded, right);
        const result: Result = {
          file,
          attention: spec.name,
          target,
          dims: loaded.sizes,
          seed: options.seed,
          ...outcome,
        };
        results.push(result);
        if (!options.json) terminal.out(`${line(result)}\n`);
      }
    }
  }
  if (options.json) terminal.out(`${JSON.stringify({ version: 1, results })}\n`);
  const ran = results.filter((r) => r.status !== "skipped");
  const good =
    ran.length > 0 && ran.every((r) => r.status === "ok") && !(options.strict && ran.length < results.length);
  return good ? exit.yes : exit.no;
}

async function outcomeOf(
  spec: Spec,
  target: string,
  { sizes, inputs }: Loaded,
  right: ReturnType<typeof oracle>,
): Promise<Pick<Result, "status" | "reason" | "maxError" | "limit">> {
  const headSize = evaluate(spec.extents.channel, { variables: {}, sizes, read: () => 0, dims: () => [] }, "f64");
  const limit = limitOf(target === "wgsl" ? "gpu" : "f32", false, headSize);
  try {
    const { ok, maxError, reason } = compare(spec, right, await runSpec(spec, target, sizes, inputs), limit);
    return { status: ok ? "ok" : "fail", maxError, limit, ...(reason ? { reason } : {}) };
  } catch (error) {
    if (error instanceof FoveaError && error.diagnostics.every((d) => d.code === "FOV5002")) {
      return { status: "skipped", reason: error.message, maxError: 0, limit };
    }
    if (error instanceof FoveaError) return { status: "fail", reason: error.message, maxError: 0, limit };
    throw error;
  }
}

const line = ({ file, attention, target, status, reason, maxError, limit }: Result): string =>
  `${target.padEnd(6)} ${status.padEnd(8)} ${`${file} ${attention}`.padEnd(40)} ${status === "skipped" ? "" : `max error ${maxError.toExponential(1)} (limit ${limit})`}${reason ? `  ${reason}` : ""}`;
