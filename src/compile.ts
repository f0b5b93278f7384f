/**
 * The whole pipeline on one screen:
 *
 *     .attn ─parse▶ Ast ─resolve▶ Spec ─plan▶ Plan ─build-tiles▶ TileProgram ─passes▶ TileProgram ─backend▶ Artifact
 *
 * Text in, artifacts out; nothing here reads a file or loads a backend. Problems of the user's text come back as
 * diagnostics; a program that breaks the rules of `validate` is a mistake of the compiler and throws.
 */
import { preludeSource } from "../grammar/generated/prelude.ts";
import { diagnostic, fail, type Diagnostic } from "./diagnostics/diagnostic.ts";
import { closest } from "./diagnostics/suggest.ts";
import { plan as planOf } from "./plan/build.ts";
import type { Plan } from "./plan/plan.ts";
import { resolve, type ResolveOptions } from "./spec/resolve.ts";
import type { Spec } from "./spec/spec.ts";
import { foremost } from "./syntax/limits.ts";
import { parse } from "./syntax/parse.ts";
import type { File } from "./syntax/ast.ts";
import type { Device } from "./targets/device.ts";
import { devices } from "./targets/index.ts";
import { assignSpacesAndLayouts } from "./tile/assign-spaces-and-layouts.ts";
import { buildTiles } from "./tile/build.ts";
import { chooseSchedule } from "./tile/choose-schedule.ts";
import { fuse } from "./tile/fuse.ts";
import { groupHeads } from "./tile/group-heads.ts";
import { hoist } from "./tile/hoist.ts";
import { legalise } from "./tile/legalise.ts";
import { share } from "./tile/share.ts";
import { specialise } from "./tile/specialise.ts";
import type { TileProgram } from "./tile/tile.ts";
import { validate } from "./tile/validate.ts";

export interface Checked {
  readonly specs: readonly Spec[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Parsed once, when it is first needed: nothing changes a tree. */
let prelude: File | undefined;

/** Every attention of a file, lowered to its Spec; the specs of a file with errors are not to be used. */
export function check(source: string, path: string, options: ResolveOptions = {}): Checked {
  const { file, diagnostics } = parse(source, path);
  if (diagnostics.some((d) => d.severity === "error")) return { specs: [], diagnostics };
  prelude ??= parse(preludeSource, "prelude.attn").file;
  const resolved = resolve(file, prelude, options);
  const unknown = unknownTargets(file);
  const specs = unknown.length > 0 ? [] : resolved.specs;
  return { specs, diagnostics: foremost([...diagnostics, ...resolved.diagnostics, ...unknown]) };
}

/** Targets that a `schedule` names and no device is called. */
function unknownTargets({ declarations }: File): readonly Diagnostic[] {
  const known = new Set(devices.flatMap(({ backend, name }) => [backend, name.replaceAll("-", "_")]));
  return declarations.flatMap((each) => {
    if (each.kind !== "schedule" || known.has(each.target.text)) return [];
    const { text, span } = each.target;
    const near = closest(text, known);
    const help = near ? `did you mean \`${near}\`?` : `there are ${[...known].join(", ")}`;
    return [diagnostic("FOV5001", `there is no target ${text}`, { span, help })];
  });
}

export interface Pass {
  readonly name: string;
  readonly run: (program: TileProgram, device: Device) => TileProgram;
}

/**
 * In order. Parameters are settled first: only then can hoist tell what is the same for every row of a tile.
 * fuse comes after specialise, which brings operations together; layouts come last, where every use is known.
 */
export const passes: readonly Pass[] = [
  { name: "group-heads", run: groupHeads },
  { name: "choose-schedule", run: chooseSchedule },
  { name: "hoist", run: hoist },
  { name: "specialise", run: specialise },
  { name: "fuse", run: fuse },
  { name: "share", run: share },
  { name: "assign-spaces-and-layouts", run: assignSpacesAndLayouts },
  { name: "legalise", run: legalise },
];

/** What a step of the pipeline made, and how long it took. */
export type Stage = { readonly name: string; readonly milliseconds: number } & (
  { readonly level: "plan"; readonly made: Plan } | { readonly level: "tile"; readonly made: TileProgram }
);

/** Every step below the Spec, one at a time: whoever asks may look at each, and stop. */
export function* stages(spec: Spec, device: Device): Generator<Stage, void> {
  const begun = performance.now();
  const plan = planOf(spec);
  yield { name: "plan", level: "plan", made: plan, milliseconds: performance.now() - begun };
  yield* tileStages(plan, device);
}

function* tileStages(plan: Plan, device: Device): Generator<Extract<Stage, { level: "tile" }>, void> {
  let begun = performance.now();
  let made = checked("build-tiles", buildTiles(plan));
  yield { name: "build-tiles", level: "tile", made, milliseconds: performance.now() - begun };
  for (const { name, run } of passes) {
    begun = performance.now();
    made = checked(name, run(made, device));
    yield { name, level: "tile", made, milliseconds: performance.now() - begun };
  }
}

export interface Lowered {
  readonly plan: Plan;
  readonly program: TileProgram;
}

export function lower(spec: Spec, device: Device): Lowered {
  const plan = planOf(spec);
  return { plan, program: lowerPlan(plan, device) };
}

/** From a Plan on: build-tiles and every pass, each program checked by `validate`. */
export function lowerPlan(plan: Plan, device: Device): TileProgram {
  return passes.reduce(
    (program, { name, run }) => checked(name, run(program, device)),
    checked("build-tiles", buildTiles(plan)),
  );
}

function checked(pass: string, program: TileProgram): TileProgram {
  const problems = validate(program);
  if (problems.length)
    fail("FOV9001", `after ${pass} the program of ${program.name} is not valid: ${problems.join("; ")}`);
  return program;
}
