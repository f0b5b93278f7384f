/**
 * --verify-each: is what a pass made still right? Takes the program after a pass and a trial (sizes, inputs, what
 * the oracle says), runs it in its level's interpreter and fails with FOV9001, naming the pass, where it is not.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import type { OracleResult } from "../oracle/oracle.ts";
import { oracle } from "../oracle/oracle.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { interpret } from "../tile/interpret.ts";
import type { TileProgram } from "../tile/tile.ts";
import { compare, limitFor } from "./compare.ts";
import type { SampleTensor } from "./sample.ts";

export interface Trial {
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, SampleTensor>;
  readonly right: OracleResult;
}

/** A level below the TileProgram that can run itself. */
export interface Runnable {
  readonly run: (call: Pick<Trial, "sizes" | "inputs">) => ReadonlyMap<string, { readonly data: ArrayLike<number> }>;
}

export const trialOf = (spec: Spec, sizes: Sizes, inputs: Trial["inputs"]): Trial => ({
  sizes,
  inputs,
  right: oracle(spec, sizes, inputs),
});

export function verifyStage(spec: Spec, pass: string, made: TileProgram | Runnable, trial: Trial): void {
  const outputs = "run" in made ? made.run(trial) : interpret(made, trial.sizes, trial.inputs).outputs;
  const limit = limitFor("f32", trial.right, sizeValue(spec.extents.channel, trial.sizes));
  const { ok, reason } = compare(spec, trial.right, outputs, limit);
  if (!ok) fail("FOV9001", `${pass} changed the answer of ${spec.name}: ${reason ?? "it is wrong"}`);
}
