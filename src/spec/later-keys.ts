/**
 * The warning about masks that name `sinks`, `stride` or `global` and let a query see later keys, which is
 * seldom meant. Takes the lowered mask and the patterns it is made of; finds out by evaluating a few rows of
 * one small shape, with numbers read as 0 and truth values as true. `both_ways` says that it is meant.
 */
import { diagnostic } from "../diagnostics/diagnostic.ts";
import { cell, prepare, type Frame } from "../scalar/evaluate.ts";
import { children, mapChildren, type Scalar } from "../scalar/scalar.ts";
import type { Expr } from "../syntax/ast.ts";
import { push, type Resolver } from "./scope.ts";
import { nodes } from "./typing.ts";

const suspects = ["sinks", "stride", "global"];
const rows = 4;
const mostKeys = 4096;
/** Evaluations times nodes; a mask that is larger is looked at on fewer keys. */
const work = 2_000_000;

export function warnLaterKeys(resolver: Resolver, mask: Scalar, met: ReadonlySet<string>, x: Expr): void {
  if (met.has("both_ways")) return;
  const named = suspects.filter((name) => met.has(name));
  if (named.length === 0) return;
  const seen = laterKey(resolver, mask);
  if (!seen) return;
  const { span } = x;
  push(
    resolver.diagnostics,
    diagnostic("FOV3011", `the mask lets row ${seen.row} see key ${seen.key}, a later one`, {
      severity: "warning",
      span,
      notes: [`it names ${named.map((name) => `\`${name}\``).join(" and ")}, and nothing in it keeps later keys out`],
      help: "add `causal and`, or `both_ways and` to say it is meant",
      fixes: ["causal", "both_ways"].map((name) => ({
        title: `add \`${name} and\``,
        edits: [
          { span: { ...span, end: span.start }, text: `${name} and (` },
          { span: { ...span, start: span.end }, text: ")" },
        ],
      })),
    }),
  );
}

function laterKey(resolver: Resolver, mask: Scalar): { row: number; key: number } | undefined {
  const keys = Math.max(16, Math.min(mostKeys, 2 * largest(mask) + 2, Math.floor(work / (rows * nodes(mask)))));
  const sizes: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const [name, value] of resolver.sizes) if (value.kind === "size") sizes[name] = keys;
  const frame: Frame = new Map();
  for (const name of ["b", "h"]) cell(frame, name).value = 0;
  const [row, i, j] = ["row", "i", "j"].map((name) => cell(frame, name));
  // Loops over an axis are short here: what a table holds is not known anyway.
  const source = {
    sizes,
    read: (tensor: string): number => (resolver.inputs.get(tensor)?.dtype === "bool" ? 1 : 0),
    dims: (tensor: string): readonly number[] => (resolver.inputs.get(tensor)?.dims ?? []).map(() => keys),
  };
  const sees = prepare(shortLoops(mask), frame, source, "f32");
  for (let at = 0; at < rows; at++) {
    row.value = at;
    i.value = at;
    for (let key = at + 1; key < keys; key++) {
      j.value = key;
      if (sees() !== 0) return { row: at, key };
    }
  }
  return undefined;
}

function largest(x: Scalar): number {
  const own = x.kind === "const" && x.type === "i32" ? Math.abs(x.value) : 0;
  return Math.max(own, ...children(x).map(largest));
}

function shortLoops(x: Scalar): Scalar {
  const short = mapChildren(x, shortLoops);
  return short.kind === "any" || short.kind === "sum"
    ? { ...short, count: { kind: "const", type: "i32", value: 2 } }
    : short;
}
