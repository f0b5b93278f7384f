/**
 * The whole pipeline on one screen:
 *
 *     .attn ─parse▶ Ast ─resolve▶ Spec ─plan▶ Plan ─build-tiles, hoist▶ TileProgram ─backend▶ Artifact
 *
 * Text in, artifacts out; nothing here reads a file or loads a backend. Problems of the user's text come back as
 * diagnostics; a program that breaks the rules of `validate` is a mistake of the compiler and throws.
 */
import { preludeSource } from "../grammar/generated/prelude.ts";
import { fail, type Diagnostic } from "./diagnostics/diagnostic.ts";
import { plan as planOf } from "./plan/build.ts";
import type { Plan } from "./plan/plan.ts";
import { resolve, type ResolveOptions } from "./spec/resolve.ts";
import type { Spec } from "./spec/spec.ts";
import { parse } from "./syntax/parse.ts";
import { buildTiles } from "./tile/build.ts";
import { hoist } from "./tile/hoist.ts";
import type { Schedule } from "./tile/schedule.ts";
import type { TileProgram } from "./tile/tile.ts";
import { validate } from "./tile/validate.ts";

export interface Checked {
  readonly specs: readonly Spec[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Every attention of a file, lowered to its Spec; the specs of a file with errors are not to be used. */
export function check(source: string, path: string, options: ResolveOptions = {}): Checked {
  const { file, diagnostics } = parse(source, path);
  if (diagnostics.some((d) => d.severity === "error")) return { specs: [], diagnostics };
  const resolved = resolve(file, parse(preludeSource, "prelude.attn").file, options);
  return { specs: resolved.specs, diagnostics: [...diagnostics, ...resolved.diagnostics] };
}

export interface Pass {
  readonly name: string;
  readonly run: (program: TileProgram) => TileProgram;
}

/** In order. hoist comes last: it looks at the element expressions that the passes before it have settled. */
export const passes: readonly Pass[] = [{ name: "hoist", run: hoist }];

export interface Lowered {
  readonly plan: Plan;
  readonly program: TileProgram;
}

/** `seen` is told of the program after build-tiles and after each pass. */
export function lower(
  spec: Spec,
  schedule: Schedule,
  seen: (pass: string, program: TileProgram) => void = () => {},
): Lowered {
  const plan = planOf(spec);
  let program = checked("build-tiles", buildTiles(plan, schedule));
  seen("build-tiles", program);
  for (const pass of passes) {
    program = checked(pass.name, pass.run(program));
    seen(pass.name, program);
  }
  return { plan, program };
}

function checked(pass: string, program: TileProgram): TileProgram {
  const problems = validate(program);
  if (problems.length)
    fail("FOV9001", `after ${pass} the program of ${program.name} is not valid: ${problems.join("; ")}`);
  return program;
}
