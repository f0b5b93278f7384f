/**
 * Could an integer of a spec leave 32 bits for the sizes and inputs of a call? Intervals over every expression,
 * in exact arithmetic; a tensor's bounds are those of its data. Over-approximates: what it lets through is safe.
 */
import { printScalar } from "../scalar/print.ts";
import { children, type Scalar } from "../scalar/scalar.ts";
import type { Sizes, Spec } from "./spec.ts";

export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

const least = -(2 ** 31);
const most = 2 ** 31 - 1;
const whole: Interval = { lo: least, hi: most };

const union = (a: Interval, b: Interval): Interval => ({ lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) });
const around = (...xs: readonly number[]): Interval => ({ lo: Math.min(...xs), hi: Math.max(...xs) });
const magnitude = (a: Interval): number => Math.max(Math.abs(a.lo), Math.abs(a.hi));

interface Known {
  readonly variables: ReadonlyMap<string, Interval>;
  readonly sizes: Sizes;
  /** Bounds of an integer input's elements, where its data are at hand. */
  readonly elements: (tensor: string) => Interval;
  readonly report: (x: Scalar) => void;
}

function intervalOf(x: Scalar, known: Known): Interval {
  const found = bounds(x, known);
  if (x.type !== "i32" || (found.lo >= least && found.hi <= most)) return found;
  known.report(x);
  return { lo: Math.max(found.lo, least), hi: Math.min(found.hi, most) };
}

function bounds(x: Scalar, known: Known): Interval {
  const go = (y: Scalar): Interval => intervalOf(y, known);
  switch (x.kind) {
    case "const":
      return { lo: x.value, hi: x.value };
    case "var":
      return known.variables.get(x.name) ?? whole;
    case "size": {
      const size = Object.hasOwn(known.sizes, x.name) ? known.sizes[x.name] : most;
      return { lo: size, hi: size };
    }
    case "read":
      x.indices.forEach(go);
      return union({ lo: 0, hi: 0 }, known.elements(x.tensor));
    case "any":
    case "sum": {
      const count = Math.max(0, go(x.count).hi);
      const inner = new Map([...known.variables, [x.name, { lo: 0, hi: Math.max(0, count - 1) }] as const]);
      const body = intervalOf(x.body, { ...known, variables: inner });
      return x.kind === "any" ? { lo: 0, hi: 1 } : around(0, count * body.lo, count * body.hi);
    }
    case "sorted":
    case "search":
      children(x).forEach(go);
      return { lo: 0, hi: most };
    case "call":
      return ofCall(x, x.args.map(go));
  }
}

function ofCall(x: Scalar & { kind: "call" }, args: readonly Interval[]): Interval {
  const [a, b, c] = args;
  switch (x.fn) {
    case "add":
      return { lo: a.lo + b.lo, hi: a.hi + b.hi };
    case "sub":
      return { lo: a.lo - b.hi, hi: a.hi - b.lo };
    case "mul":
      return around(a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi);
    case "neg":
      return { lo: -a.hi, hi: -a.lo };
    case "abs":
      return { lo: 0, hi: magnitude(a) };
    case "min":
      return { lo: Math.min(a.lo, b.lo), hi: Math.min(a.hi, b.hi) };
    case "max":
      return { lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
    case "idiv":
      return a.lo >= 0 && b.lo >= 0 ? { lo: 0, hi: a.hi } : { lo: -magnitude(a), hi: magnitude(a) };
    case "mod":
      if (b.lo > 0) return { lo: 0, hi: b.hi - 1 };
      return { lo: -Math.max(magnitude(a), magnitude(b)), hi: Math.max(magnitude(a), magnitude(b)) };
    case "select":
      return union(b, c);
    case "hash":
      return { lo: 0, hi: most };
    default:
      // Truth values and reals: neither can leave 32 bits.
      return whole;
  }
}

/** Positions at which the bounds that the planner makes of a mask could themselves leave 32 bits. */
const farthest = 2 ** 26;

/** The first integer expression that could leave 32 bits (for a position: 26), as text; undefined where none could. */
export function leaves32Bits(spec: Spec, sizes: Sizes, elements: (tensor: string) => Interval): string | undefined {
  let first: string | undefined;
  const report = (x: Scalar): void => {
    first ??= printScalar(x);
  };
  const none: Known = { variables: new Map(), sizes, elements, report };
  const below = (extent: Scalar): Interval => ({ lo: 0, hi: Math.max(0, intervalOf(extent, none).hi - 1) });
  const { extents } = spec;
  const places = new Map([
    ["b", below(extents.batch)],
    ["h", below(extents.head)],
    ["row", below(extents.query)],
    ["j", below(extents.key)],
  ]);
  const position = intervalOf(spec.position, { ...none, variables: places });
  if (magnitude(position) >= farthest) report(spec.position);
  const variables = new Map([...places, ["i", position]]);
  const sink = spec.weights.kind === "softmax" && spec.weights.sink ? [spec.weights.sink] : [];
  if (spec.weights.kind === "linear")
    intervalOf(spec.weights.feature, { ...none, variables: new Map([...places, ["c", below(spec.weights.count)]]) });
  for (const x of [spec.mask, spec.score, spec.scale, ...sink]) intervalOf(x, { ...none, variables });
  return first;
}
