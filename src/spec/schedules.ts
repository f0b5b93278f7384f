/**
 * `schedule NAME for TARGET { tile: 32 by 64, superblock: 4 }`: what tiles someone wants. Takes the declarations and
 * an attention's resolver; gives the schedules of that attention as numbers, each entry checked for what it may be.
 * Whether a device can take them is not known here; no schedule changes an answer beyond rounding.
 */
import { diagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { isConst } from "../scalar/scalar.ts";
import type { Declaration, Expr, RecordEntry } from "../syntax/ast.ts";
import { lower } from "./lowering.ts";
import { places, push, report, scopeOf, suggestion, type Resolver, type Scope } from "./scope.ts";
import type { AskedSchedule } from "./spec.ts";

export type ScheduleDeclaration = Extract<Declaration, { kind: "schedule" }>;

type Part = Exclude<keyof AskedSchedule, "target" | "span">;

interface Bound {
  readonly part: Part;
  readonly least: number;
  readonly most: number;
  /** Only multiples of it; 0: reals, too. */
  readonly step: number;
}

/** Entries by name; `tile` has a second part behind `by`. */
const entries: ReadonlyMap<string, { readonly value: Bound; readonly by?: Bound }> = new Map([
  [
    "tile",
    {
      value: { part: "rows", least: 1, most: 256, step: 1 },
      // Ranges of keys are rounded to eight, and operands lie in panels of eight.
      by: { part: "keys", least: 8, most: 1024, step: 8 },
    },
  ],
  ["superblock", { value: { part: "superblock", least: 1, most: 64, step: 1 } }],
  ["lazy", { value: { part: "lazy", least: 0, most: 32, step: 0 } }],
  ["workgroup", { value: { part: "threads", least: 1, most: 1024, step: 1 } }],
]);

/** Schedules of attentions that the file does not have. */
export function checkScheduleNames(
  schedules: readonly ScheduleDeclaration[],
  attentions: ReadonlySet<string>,
  diagnostics: Diagnostic[],
): void {
  for (const { name } of schedules) {
    if (attentions.has(name.text)) continue;
    const near = suggestion(name.span, closest(name.text, attentions));
    push(diagnostics, diagnostic("FOV3001", `no attention is named \`${name.text}\``, { span: name.span, ...near }));
  }
}

export function resolveSchedules(
  resolver: Resolver,
  attention: string,
  schedules: readonly ScheduleDeclaration[],
): readonly AskedSchedule[] {
  const scope = scopeOf(resolver, places.schedule);
  const made = new Map<string, AskedSchedule>();
  for (const { name, target, record, span } of schedules) {
    if (name.text !== attention) continue;
    const first = made.get(target.text);
    if (first) {
      report(scope, "FOV3005", `\`${attention}\` has two schedules for \`${target.text}\``, target.span, {
        labels: [{ span: first.span, text: "first given here" }],
      });
      continue;
    }
    made.set(target.text, { target: target.text, span, ...partsOf(scope, record) });
  }
  return [...made.values()];
}

function partsOf(scope: Scope, record: readonly RecordEntry[]): Partial<Record<Part, number>> {
  const parts: Partial<Record<Part, number>> = {};
  const seen = new Set<string>();
  for (const { name, value, arrow, by } of record) {
    const known = entries.get(name.text);
    if (!known) {
      report(scope, "FOV3014", `\`schedule\` knows no entry \`${name.text}\``, name.span, {
        notes: [`it has ${[...entries.keys()].map((each) => `\`${each}\``).join(", ")}`],
        ...suggestion(name.span, closest(name.text, entries.keys())),
      });
      continue;
    }
    if (seen.has(name.text)) report(scope, "FOV3003", `\`${name.text}\` is given twice`, name.span);
    seen.add(name.text);
    if (arrow) report(scope, "FOV3014", `\`${name.text}\` takes no \`->\``, arrow.span);
    if (by && !known.by)
      report(scope, "FOV3014", `\`${name.text}\` takes one number`, by.span, { help: "leave out what `by` adds" });
    if (known.by && !by)
      report(scope, "FOV3014", `\`${name.text}\` takes two numbers`, value.span, {
        help: "write rows by keys: `tile: 32 by 64`",
      });
    put(scope, parts, known.value, value);
    if (known.by && by) put(scope, parts, known.by, by);
  }
  return parts;
}

function put(scope: Scope, parts: Partial<Record<Part, number>>, bound: Bound, x: Expr): void {
  const made = lower(x, scope);
  if (!made) return;
  const { part, least, most, step } = bound;
  const whole = step > 0;
  const fits =
    isConst(made) &&
    made.type !== "bool" &&
    made.value >= least &&
    made.value <= most &&
    (!whole || made.value % step === 0);
  if (fits) parts[part] = made.value;
  else {
    const kind = step > 1 ? `a multiple of ${step}` : whole ? "an integer" : "a number";
    report(
      scope,
      "FOV3014",
      `${part === "threads" ? "workgroup" : part} is not ${kind} from ${least} to ${most}`,
      x.span,
    );
  }
}

/** As `explain` shows it. */
export function scheduleText({ target, rows, keys, superblock, lazy, threads }: AskedSchedule): string {
  const said = [
    rows === undefined ? "" : `tile ${rows} by ${keys}`,
    superblock === undefined ? "" : `superblock ${superblock}`,
    lazy === undefined ? "" : `lazy ${lazy}`,
    threads === undefined ? "" : `workgroup ${threads}`,
  ];
  return `for ${target}: ${said.filter((text) => text !== "").join(", ")}`;
}
