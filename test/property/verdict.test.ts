/**
 * The analysis against brute force on random masks and tiles: ranges and verdicts may be loose, never wrong. A second
 * property runs the emitted Scalars in wrapping i32 with numbers at the ends of i32.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formulaScalar, normalForm } from "../../src/plan/formula.ts";
import { linear, toScalar } from "../../src/plan/linear.ts";
import type { Plan, Range, Visit } from "../../src/plan/plan.ts";
import { rangesOfTile, verdictOfTile, type Keys } from "../../src/plan/tiles.ts";
import { verdictFor, verdictOf } from "../../src/plan/truth.ts";
import { evaluate, type Environment } from "../../src/scalar/evaluate.ts";
import { printScalar } from "../../src/scalar/print.ts";
import * as s from "../../src/scalar/scalar.ts";
import { environment, wholePlanOf, viewer } from "../plan/masks.ts";
import { wrapping } from "../plan/wrapping.ts";
import { condition, drawn, inputsOf, number, type Drawn } from "./masks.ts";

const runs = Number(process.env["FOVEA_RUNS"] ?? 500);

interface Case {
  readonly plan: Plan;
  readonly env: Environment;
  /** Positions of the tile's first and last row. */
  readonly i0: number;
  readonly i1: number;
}

function setUp({ mask, self, start, sizes, inputs, h, rows }: Drawn): Case {
  const key = s.size(self ? "L" : "S");
  const plan = wholePlanOf(mask, { self, inputs: inputsOf(key), ...(start ? { position: s.variable("row") } : {}) });
  const env = environment(plan, { ...sizes, H: 3 }, inputs, { h, hk: h });
  const at = (row: number): number => evaluate(plan.position, { ...env, variables: { row } }, "f32");
  return { plan, env, i0: at(rows[0]), i1: at(rows[1]) };
}

const within = (ranges: readonly Keys[], key: number): boolean => ranges.some(([lo, hi]) => lo <= key && key < hi);
const explain = (x: Drawn): string => printScalar(x.mask);

test("the normal form says what the mask says", () => {
  fc.assert(
    fc.property(drawn(false), (x) => {
      const { env, i0, i1 } = setUp(x);
      const [normal, sees] = [viewer(formulaScalar(normalForm(x.mask)), env), viewer(x.mask, env)];
      for (const i of [i0, i1]) for (const j of x.keys) expect(normal(i, j), explain(x)).toBe(sees(i, j));
    }),
    { numRuns: runs },
  );
});

test("a linear form has the value of the expression", () => {
  fc.assert(
    fc.property(number, drawn(false), (expression, x) => {
      const { env, i0 } = setUp(x);
      const value = (y: s.Scalar): number =>
        evaluate(y, { ...env, variables: { ...env.variables, h: x.h, i: i0, j: x.keys[0] } }, "f32");
      // + 0: an integer has no negative zero
      expect(value(toScalar(linear(expression))) + 0, printScalar(expression)).toBe(value(expression) + 0);
    }),
    { numRuns: runs },
  );
});

test("may has every key that a row sees, must only keys that all rows see", () => {
  fc.assert(
    fc.property(drawn(false), (x) => {
      const { plan, env, i0, i1 } = setUp(x);
      const { may, must } = rangesOfTile(plan, env, i0, i1);
      const sees = viewer(x.mask, env);
      for (let j = 0; j < x.sizes.S; j++) {
        let [any, all] = [false, true];
        for (let i = i0; i <= i1; i++) {
          const seen = sees(i, j);
          any ||= seen;
          all &&= seen;
        }
        if (any) expect(within(may, j), `key ${j} is missing: ${explain(x)}`).toBe(true);
        if (within(must, j)) expect(all, `key ${j} is claimed: ${explain(x)}`).toBe(true);
      }
    }),
    { numRuns: runs },
  );
});

test("verdicts are sound, and agree with the ranges", () => {
  fc.assert(
    fc.property(drawn(false), (x) => {
      const { plan, env, i0, i1 } = setUp(x);
      const [j0, j1] = x.keys;
      const sees = viewer(x.mask, env);
      let [any, all] = [false, true];
      for (let i = i0; i <= i1; i++) {
        for (let j = j0; j <= j1; j++) {
          const seen = sees(i, j);
          any ||= seen;
          all &&= seen;
        }
      }
      const row = s.sub(s.variable("i"), s.substitute(plan.position, { row: s.int(0) }));
      const mask = s.substitute(x.mask, { row });
      const engine = verdictOf(mask, { b: 0, h: x.h, hk: x.h, i0, i1, j0, j1 }, env);
      const emitted = verdictFor(mask);
      const forced = emitted && withVerdict(plan, emitted);
      const atRunTime = forced ? verdictOfTile(forced, env, i0, i1, j0, j1) : { may: true, must: false };
      for (const verdict of [engine, atRunTime, verdictOfTile(plan, env, i0, i1, j0, j1)]) {
        if (any) expect(verdict.may, `not even one: ${explain(x)}`).toBe(true);
        if (verdict.must) expect(all, `not all: ${explain(x)}`).toBe(true);
      }
      const { may, must } = rangesOfTile(plan, env, i0, i1);
      for (let j = j0; j <= j1; j++) {
        if (!engine.may) expect(within(must, j)).toBe(false);
        if (engine.must) expect(within(may, j)).toBe(true);
      }
    }),
    { numRuns: runs },
  );
});

function withVerdict(plan: Plan, verdict: NonNullable<Visit["verdict"]>): Plan {
  return {
    ...plan,
    stages: plan.stages.map((stage) =>
      stage.kind === "attend" ? { ...stage, visit: { ...stage.visit, verdict } } : stage,
    ),
  };
}

test("nothing wraps that the mask itself does not", () => {
  let met = 0;
  fc.assert(
    fc.property(drawn(true), (x) => {
      const { plan, env, i0, i1 } = setUp(x);
      const exact = wrapping(env);
      const fixed = { b: 0, h: x.h, hk: x.h };
      const seen: boolean[][] = [];
      for (let i = i0; i <= i1; i++) {
        seen.push(Array.from({ length: x.sizes.S }, (_, j) => exact.value(x.mask, { ...fixed, i, j }) !== 0));
      }
      // A launch refuses a mask that leaves i32; what it means then is nobody's business.
      if (exact.overflowed()) return;
      met++;
      const kernel = wrapping(env);
      const stage = plan.stages.find((each) => each.kind === "attend");
      const runsOf = (ranges: readonly Range[]): Keys[] =>
        ranges.flatMap((range) => each(range, 0, { ...fixed, i0, i1 }, kernel.value));
      const [may, must] = [runsOf(stage?.visit.may ?? []), runsOf(stage?.visit.must ?? [])];
      for (let j = 0; j < x.sizes.S; j++) {
        if (seen.some((row) => row[j])) expect(within(may, j), `key ${j} is missing: ${explain(x)}`).toBe(true);
        if (within(must, j))
          expect(
            seen.every((row) => row[j]),
            `key ${j} is claimed: ${explain(x)}`,
          ).toBe(true);
      }
      const verdict = verdictFor(x.mask);
      if (!verdict) return;
      const [j0, j1] = x.keys;
      const bounds: Record<string, number> = { ...fixed, i0, i1, j0, j1 };
      for (const { side, value, min, max } of verdict.summaries) {
        const [from, to] = side === "query" ? [i0, i1] : [j0, j1];
        const values = Array.from({ length: to - from + 1 }, (_, n) =>
          kernel.value(value, { ...fixed, i: from + n, j: from + n }),
        );
        bounds[min] = Math.min(...values);
        bounds[max] = Math.max(...values);
      }
      const inTile = seen.flatMap((row) => row.slice(j0, j1 + 1));
      if (inTile.some(Boolean)) expect(kernel.value(verdict.may, bounds), `not even one: ${explain(x)}`).toBe(1);
      if (kernel.value(verdict.must, bounds) !== 0) expect(inTile.every(Boolean), `not all: ${explain(x)}`).toBe(true);
    }),
    { numRuns: runs },
  );
  expect(met).toBeGreaterThan(runs / 4);
});

function each(
  range: Range,
  depth: number,
  at: Readonly<Record<string, number>>,
  value: (x: s.Scalar, at: Readonly<Record<string, number>>) => number,
): Keys[] {
  const over = range.over[depth];
  if (!over) return value(range.when, at) === 0 ? [] : [[value(range.lo, at), value(range.hi, at)]];
  const found: Keys[] = [];
  const to = value(over.to, at);
  for (let n = value(over.from, at); n < to; n++)
    found.push(...each(range, depth + 1, { ...at, [over.name]: n }, value));
  return found;
}

test("the generator draws masks of every kind", () => {
  const texts = fc
    .sample(condition, 400)
    .map((x) => printScalar(x))
    .join("\n");
  for (const part of ["doc[", "table", " mod ", " div ", "not ", "abs(", "if ", "sum(", "hash(", "int("])
    expect(texts).toContain(part);
});
