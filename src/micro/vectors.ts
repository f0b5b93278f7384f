/**
 * Scalars as vectors over one variable. Takes a Scalar, the variable (`c`, or `r` for rank 1) and its first value;
 * gives a vf32, or a vi32 (integers, or masks for truths). What does not depend on the variable is computed once
 * in `before`; what has no vector form is computed lane by lane. Guarantees: the same bits as the scalar form.
 */
import { sameScalar, some, type Scalar } from "../scalar/scalar.ts";
import { scalarFns } from "../scalar/functions.ts";
import type { Builder } from "./builder.ts";
import * as math from "./math.ts";
import { choose, i32, load, op, splat, type Expr, type MicroStatement } from "./micro.ts";
import { direct, expansions, lowerScalar, placed } from "./scalars.ts";
import { elementAt, isVar, type Scope } from "./scope.ts";
import { dtypeOf, fetch, placeOf } from "./tensors.ts";

export interface VectorPlace {
  readonly name: string;
  /** The counter of the loop, and how far beyond it the variable of lane 0 is. */
  readonly counter: Expr;
  readonly ahead: number;
  readonly before: MicroStatement[];
  readonly known: { readonly from: Scalar; readonly as: Expr }[];
  /** Addresses of elements: `from` reads the one of counter 0. */
  readonly addresses: { readonly from: Scalar; readonly as: Expr }[];
}

const firstOf = ({ counter, ahead }: VectorPlace): Expr => op("add", counter, i32(ahead));

/** The variable's value in each lane. */
function numbered({ lanes }: Scope, { counter, ahead }: VectorPlace): Expr {
  const of = Array.from({ length: lanes }, (_, lane) => i32(ahead + lane));
  return op("add", splat(counter), { kind: "gather", type: "vi32", of });
}

export const varies = (x: Scalar, name: string): boolean => some(x, (n) => isVar(n, name));

/** Whole vectors without a branch: what can be worked on several vectors at a time. */
export function straight(scope: Scope, x: Scalar, name: string): boolean {
  if (!varies(x, name) || x.kind === "var") return true;
  if (x.kind === "read") return scope.buffers.has(x.tensor) && !scope.panels.has(x.tensor) && isConsecutive(x, name);
  if (x.kind !== "call" || !x.args.every((y) => straight(scope, y, name))) return false;
  if (x.fn === "idiv" || x.fn === "mod") return isPowerOfTwo(x.args[1]);
  if (expansions[x.fn] || ["and", "or", "not", "select", "hash"].includes(x.fn)) return true;
  return direct[x.fn] !== undefined && x.args.every((y) => y.type !== "bool");
}

const isPowerOfTwo = (x: Scalar | undefined): boolean =>
  x?.kind === "const" && x.value > 0 && (x.value & (x.value - 1)) === 0;

/** Do the variable's next values read the next elements? */
function isConsecutive(x: Scalar & { kind: "read" }, name: string): boolean {
  const last = x.indices[x.indices.length - 1];
  if (!last || x.type === "bool" || x.indices.slice(0, -1).some((y) => varies(y, name))) return false;
  if (last.kind !== "call") return isVar(last, name);
  const own = last.args.filter((y) => isVar(y, name)).length;
  return last.fn === "add" && own === 1 && last.args.every((y) => isVar(y, name) || !varies(y, name));
}

export function lowerVector(scope: Scope, b: Builder, x: Scalar, place: VectorPlace): Expr {
  const go = (y: Scalar): Expr => lowerVector(scope, b, y, place);
  if (!varies(x, place.name)) return hoisted(scope, b, x, place);
  if (x.kind === "var") return b.let(numbered(scope, place));
  if (x.kind === "read") return lowerVectorRead(scope, b, x, place);
  if (x.kind !== "call") return laneByLane(scope, b, x, place);
  const [p, q, s] = x.args;
  if (!p) throw new Error(`micro: ${x.fn} without arguments`);
  const costly = x.args.some((y) => some(y, (n) => n.kind === "any" || n.kind === "sum" || n.kind === "search"));
  if (costly) return laneByLane(scope, b, x, place);
  const expansion = expansions[x.fn];
  if (expansion) return expansion(b, go(p));
  switch (x.fn) {
    case "and":
    case "or":
      return op(x.fn, go(p), go(q ?? p));
    case "not":
      return op("not", go(p));
    case "hash":
      return math.hash(b, go(p), go(q ?? p));
    case "select":
      return choose(go(p), go(q ?? p), go(s ?? p));
    case "idiv":
    case "mod": {
      if (q?.kind !== "const" || !isPowerOfTwo(q)) return laneByLane(scope, b, x, place);
      return x.fn === "idiv"
        ? op("shr", go(p), i32(31 - Math.clz32(q.value)))
        : op("and", go(p), splat(i32(q.value - 1)));
    }
    default: {
      const plain = direct[x.fn];
      if (!plain || (scalarFns[x.fn].result === "same" && x.type === "bool")) return laneByLane(scope, b, x, place);
      // A truth is 0 or 1 in scalars, 0 or −1 in lanes.
      if (x.args.some((y) => y.type === "bool")) return laneByLane(scope, b, x, place);
      return op(plain, ...x.args.map(go));
    }
  }
}

function hoisted(scope: Scope, b: Builder, x: Scalar, place: VectorPlace): Expr {
  if (x.kind === "const") return splat(lowerScalar(scope, b, x));
  const known = place.known.find((entry) => sameScalar(entry.from, x));
  if (known) return known.as;
  let as: Expr = place.counter;
  b.collect(() => (as = b.let(splat(lowerScalar(scope, b, x)))), place.before);
  place.known.push({ from: x, as });
  return as;
}

function laneByLane(scope: Scope, b: Builder, x: Scalar, place: VectorPlace): Expr {
  const of = Array.from({ length: scope.lanes }, (_, lane) => {
    const value = lowerScalar(scope, b, x, new Map([[place.name, op("add", place.counter, i32(place.ahead + lane))]]));
    return b.let(value.type === "bool" ? op("sub", i32(0), value) : value);
  });
  return b.let({ kind: "gather", type: x.type === "f32" ? "vf32" : "vi32", of });
}

function lowerVectorRead(scope: Scope, b: Builder, x: Scalar & { kind: "read" }, place: VectorPlace): Expr {
  const type = x.type === "f32" ? "vf32" : "vi32";
  if (!isConsecutive(x, place.name)) return laneByLane(scope, b, x, place);
  if (scope.buffers.has(x.tensor)) {
    if (scope.panels.has(x.tensor)) return laneByLane(scope, b, x, place);
    const at = op("add", addressOf(scope, b, x, place), op("shl", place.counter, i32(2)));
    return b.let(load(type, at, 4 * place.ahead));
  }
  const first: ReadonlyMap<string, Expr> = new Map([[place.name, firstOf(place)]]);
  const indices = x.indices.map((y) => b.let(lowerScalar(scope, b, y, first)));
  const end = [...indices.slice(0, -1), b.let(op("add", indices[indices.length - 1] ?? i32(0), i32(scope.lanes - 1)))];
  const here = placed(scope, b, x.tensor, indices);
  const there = placed(scope, b, x.tensor, end);
  const out = b.fresh(type, "read");
  b.if(
    op("and", here.inside, there.inside),
    () => {
      b.set(out, fetch(b, dtypeOf(scope, x.tensor), placeOf(scope, x.tensor, here.flat), 0, true));
    },
    () => b.set(out, laneByLane(scope, b, x, place)),
  );
  return out;
}

/** Where the element of a buffer lies that is read at counter 0, computed once. */
function addressOf(scope: Scope, b: Builder, x: Scalar & { kind: "read" }, place: VectorPlace): Expr {
  const known = place.addresses.find((entry) => sameScalar(entry.from, x));
  if (known) return known.as;
  let as: Expr = place.counter;
  b.collect(() => {
    const [row, column] = x.indices.map((y) => lowerScalar(scope, b, y, new Map([[place.name, i32(0)]])));
    as = b.let(elementAt(scope, x.tensor, row ?? i32(0), column), "row_at");
  }, place.before);
  place.addresses.push({ from: x, as });
  return as;
}
