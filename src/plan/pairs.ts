/**
 * Which pairs a plan's mask keeps, on concrete numbers: takes the Plan and where its Scalars read; gives counts of
 * pairs, one by one, or by distance where the mask says the same for all pairs of one distance.
 */
import { cell, prepare, type Frame, type Source } from "../scalar/evaluate.ts";
import { call, dependsOn, rewrite, sub, substitute, variable, type Scalar } from "../scalar/scalar.ts";
import { normal } from "./linear.ts";
import type { Plan } from "./plan.ts";
import { attendOf } from "./tiles.ts";

/** Allowed pairs of rows first … last and keys lo … hi − 1, one by one. */
export type Kept = (first: number, last: number, lo: number, hi: number) => number;

export interface PairCounter {
  readonly set: (variables: Readonly<Record<string, number>>) => void;
  readonly position: (row: number) => number;
  readonly kept: Kept;
  /** The same for another mask in i and j. */
  readonly within: (mask: Scalar) => Kept;
  readonly pair: (mask: Scalar) => (row: number, key: number) => boolean;
  readonly byDistance: ((rows: number, keys: number) => number) | undefined;
}

export function pairCounter(plan: Plan, source: Source): PairCounter {
  const frame: Frame = new Map();
  const [i, j, row] = ["i", "j", "row"].map((name) => cell(frame, name));
  const distance = cell(frame, "distance");
  const set = (variables: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(variables)) cell(frame, name).value = value;
  };
  set({ b: 0, h: 0, hk: 0, s: Number.NaN });
  const mask = plan.mask ?? attendOf(plan).mask;
  const at = prepare(plan.position, frame, source, "f32");
  const position = (n: number): number => {
    row.value = n;
    return at();
  };
  const relative = ofDistance(mask);
  const keepsDistance = relative && prepare(relative, frame, source, "f32");
  const pair = (allowed: Scalar): ((row: number, key: number) => boolean) => {
    const keeps = prepare(allowed, frame, source, "f32");
    return (n, key) => {
      i.value = position(n);
      j.value = key;
      return keeps() !== 0;
    };
  };
  const within = (allowed: Scalar): Kept => {
    const keeps = prepare(allowed, frame, source, "f32");
    return (first, last, lo, hi) => {
      let kept = 0;
      for (let n = first; n <= last; n++) {
        i.value = position(n);
        for (let key = lo; key < hi; key++) {
          j.value = key;
          if (keeps() !== 0) kept++;
        }
      }
      return kept;
    };
  };
  return {
    set,
    position,
    kept: within(mask),
    within,
    pair,
    byDistance:
      keepsDistance &&
      ((rows, keys) => {
        // i − j = d + position(0) for row − j = d, which min(rows, d + keys) − max(0, d) pairs have
        const origin = position(0);
        let kept = 0;
        for (let d = 1 - keys; d < rows; d++) {
          distance.value = d + origin;
          if (keepsDistance() !== 0) kept += Math.min(rows, d + keys) - Math.max(0, d);
        }
        return kept;
      }),
  };
}

/** The mask in terms of `distance` = i − j, if it says the same for all pairs of one distance. */
function ofDistance(mask: Scalar): Scalar | undefined {
  const shifted = substitute(mask, { j: sub(variable("i"), variable("distance")) });
  const sides = new Set(["lt", "le", "gt", "ge", "eq", "ne"]);
  const cancelled = rewrite(shifted, (x) => {
    if (x.kind !== "call") return undefined;
    if (!sides.has(x.fn) || x.args.some((arg) => arg.type !== "i32")) return undefined;
    // Both on one side, so that i − (i − distance) and i <= i − distance lose their i.
    return call(x.fn, normal(sub(x.args[0], x.args[1])), { kind: "const", type: "i32", value: 0 });
  });
  return ["i", "row"].some((name) => dependsOn(cancelled, name)) ? undefined : cancelled;
}
