/**
 * Loops over the elements of a row. Take what is done with one vector and with one element; emit vectors first, then
 * the elements that are left. Guarantees: elements are worked on once each; those of vectors that are worked on
 * together are all read before the first is written.
 */
import type { Scalar } from "../scalar/scalar.ts";
import type { Builder } from "./builder.ts";
import { choose, i32, load, op, splat, vf32, type Expr, type MicroStatement } from "./micro.ts";
import type { Scope } from "./scope.ts";
import { lowerVector, type VectorPlace } from "./vectors.ts";

/** Vectors that are worked on together: an expansion is one long chain, and engines keep the order they are given. */
export const together = 4;

export const word = (at: Expr, index: Expr): Expr => op("add", at, op("shl", index, i32(2)));
const whole = (extent: Expr, step: number): Expr => op("and", extent, i32(-step));

export interface Row {
  readonly name: "r" | "c";
  readonly extent: Expr;
  /** Takes what is the same for the whole row. */
  readonly before: MicroStatement[];
  /** How many vectors alternate. */
  readonly turns: number;
}

/** The element at the counter, or the vector of those from `ahead` beyond it on. */
export interface Spot {
  readonly counter: Expr;
  readonly ahead: number;
  readonly vector: ((x: Scalar) => Expr) | undefined;
}

export function along(
  scope: Scope,
  b: Builder,
  { name, extent, before, turns }: Row,
  emit: (spot: Spot) => void,
): MicroStatement[] {
  const { lanes } = scope;
  const counter = b.declare(name, "i32");
  const shared = { name, counter, before, known: [], addresses: [] };
  const vector = (turn: number): void => {
    const place: VectorPlace = { ...shared, ahead: turn * lanes };
    emit({ counter, ahead: turn * lanes, vector: (x) => lowerVector(scope, b, x, place) });
  };
  const several = b.let(whole(extent, turns * lanes), "several");
  const vectors = turns > 1 ? b.let(whole(extent, lanes), "vectors") : several;
  return b.collect(() => {
    b.for(counter, i32(0), several, turns * lanes, () => {
      const apart = Array.from({ length: turns }, (_, turn) => b.collect(() => vector(turn)));
      for (const s of alternate(apart)) b.emit(s);
    });
    if (turns > 1) b.for(counter, several, vectors, lanes, () => vector(0));
    b.for(counter, vectors, extent, 1, () => emit({ counter, ahead: 0, vector: undefined }));
  });
}

/** The first statement of each list, then the second of each, and so on. */
function alternate(lists: readonly (readonly MicroStatement[])[]): readonly MicroStatement[] {
  const length = Math.max(...lists.map((list) => list.length));
  return Array.from({ length }, (_, n) => lists.flatMap((list) => list.slice(n, n + 1))).flat();
}

/** Joins the elements of a row: `begin`, then `take` at each spot, then `finish` gives the value. */
export interface Join {
  readonly begin: () => void;
  readonly take: (x: Expr, counter: Expr) => void;
  readonly finish: () => Expr;
}

/**
 * Element c joins lane c mod lanes, in ascending order, whatever the extent is and however many vectors alternate:
 * an element more that weighs nothing changes no bit. The greater of a number and NaN is the number.
 */
export function joinOf({ lanes }: Scope, b: Builder, kind: "max" | "sum"): Join {
  const nothing = vf32(kind === "max" ? Number.NEGATIVE_INFINITY : 0);
  const numbers: Expr = { kind: "gather", type: "vi32", of: Array.from({ length: lanes }, (_, lane) => i32(lane)) };
  const part = b.declare("part", "vf32");
  const join = (x: Expr): void => b.set(part, kind === "max" ? op("max", x, part) : op("add", part, x));
  return {
    begin: () => b.set(part, nothing),
    take: (x, counter) => {
      if (x.type === "vf32") return join(x);
      const lane = splat(op("and", counter, i32(lanes - 1)));
      join(choose(op("eq", numbers, lane), splat(x), nothing));
    },
    finish: () => b.let({ kind: "vreduce", type: "f32", op: kind === "max" ? "max" : "add", of: part }, "total"),
  };
}

/** Stores the joined row at `place`, joined with what is there where `accumulate`. */
export function storeJoined(b: Builder, join: Join, kind: "max" | "sum", place: Expr, accumulate: boolean): void {
  const total = join.finish();
  const before = load("f32", place);
  b.store(place, !accumulate ? total : kind === "max" ? op("max", total, before) : op("add", before, total));
}
