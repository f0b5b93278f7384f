/**
 * Looking into the pipeline: --dump, --stop-after, --time-passes and --verify-each, for every command that lowers.
 * Takes a Spec, a backend and the options; gives the lowered program, or undefined where it was to stop. Dumps and
 * times go to stderr, what --stop-after asks for is the command's result and goes to stdout.
 */
import type { Backend } from "../../backends/backend.ts";
import { passes, stages, type Stage } from "../compile.ts";
import { fail } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { printPlan } from "../plan/print.ts";
import type { Plan } from "../plan/plan.ts";
import type { Device } from "../targets/device.ts";
import { printSpec } from "../spec/print.ts";
import type { Spec } from "../spec/spec.ts";
import { printTileProgram } from "../tile/print.ts";
import type { TileProgram } from "../tile/tile.ts";
import { verifyStage, type Trial } from "../verify/each.ts";
import type { Terminal } from "./terminal.ts";

export interface StageOptions {
  readonly dump?: string;
  readonly stopAfter?: string;
  readonly timePasses?: boolean;
  readonly verifyEach?: boolean;
}

/** In the order in which they run; a backend may add levels of its own. */
const stageNames = (backend: Backend): readonly string[] => [
  "spec",
  "plan",
  "build-tiles",
  ...passes.map((p) => p.name),
  ...(backend.levels ?? []).map((l) => l.name),
];

/** `trial` gives the inputs for --verify-each; it is only called where that is asked. */
export function lowerSeen(
  spec: Spec,
  backend: Backend,
  device: Device,
  options: StageOptions,
  terminal: Terminal,
  trial: () => Trial,
): { readonly plan: Plan; readonly program: TileProgram } | undefined {
  const names = stageNames(backend);
  for (const asked of [options.dump, options.stopAfter])
    if (asked !== undefined && asked !== "all") known(asked, names);
  const see = (name: string, text: () => string): boolean => {
    if (options.dump === name || options.dump === "all") terminal.err(`; ${spec.name} after ${name}\n${text()}\n`);
    if (options.stopAfter === name) terminal.out(`${text().trimEnd()}\n`);
    return options.stopAfter === name;
  };
  if (see("spec", () => printSpec(spec))) return undefined;
  const inputs = options.verifyEach ? trial() : undefined;
  const times: (readonly [string, number])[] = [];
  let plan: Plan | undefined;
  let program: TileProgram | undefined;
  for (const stage of stages(spec, device)) {
    times.push([stage.name, stage.milliseconds]);
    if (see(stage.name, () => textOf(stage))) return undefined;
    if (stage.level === "plan") plan = stage.made;
    else {
      program = stage.made;
      if (inputs) verifyStage(spec, stage.name, stage.made, inputs);
    }
  }
  if (!plan || !program) return undefined;
  for (const level of backend.levels ?? []) {
    const begun = performance.now();
    const made = level.make(program);
    times.push([level.name, performance.now() - begun]);
    if (see(level.name, made.text)) return undefined;
    if (inputs) verifyStage(spec, level.name, made, inputs);
  }
  if (options.timePasses)
    for (const [name, milliseconds] of times) terminal.err(`${milliseconds.toFixed(2).padStart(9)} ms  ${name}\n`);
  return { plan, program };
}

const textOf = (stage: Stage): string =>
  stage.level === "plan" ? printPlan(stage.made) : printTileProgram(stage.made);

function known(asked: string, names: readonly string[]): void {
  if (names.includes(asked)) return;
  const near = closest(asked, names);
  fail("FOV0001", `there is no pass ${asked}`, {
    help: near ? `did you mean \`${near}\`?` : `passes: ${names.join(", ")}`,
  });
}
