/**
 * Scalars as vectors over one variable. Takes a Scalar, the variable (`c`, or `r` for rank 1) and its first value;
 * gives a vf32, or a vi32 (integers, or masks for truths). What does not depend on the variable is computed once
 * in `before`; what has no vector form is computed lane by lane. Guarantees: the same bits as the scalar form.
 */
import { sameScalar, some, type Scalar } from "../scalar/scalar.ts";
import { scalarFns } from "../scalar/functions.ts";
import type { Builder } from "./builder.ts";
import { choose, i32, load, op, splat, type Expr, type MicroStatement } from "./micro.ts";
import { direct, element, expansions, lowerScalar, placed } from "./scalars.ts";
import { elementAt, isVar, type Scope } from "./scope.ts";

export interface VectorPlace {
  readonly name: string;
  /** Value of the variable in lane 0. */
  readonly first: Expr;
  /** Its values in all lanes. */
  readonly lanes: Expr;
  readonly before: MicroStatement[];
  readonly known: { readonly from: Scalar; readonly as: Expr }[];
}

export const varies = (x: Scalar, name: string): boolean => some(x, (n) => isVar(n, name));

export function lowerVector(scope: Scope, b: Builder, x: Scalar, place: VectorPlace): Expr {
  const go = (y: Scalar): Expr => lowerVector(scope, b, y, place);
  if (!varies(x, place.name)) return hoisted(scope, b, x, place);
  if (x.kind === "var") return place.lanes;
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
    case "select":
      return choose(go(p), go(q ?? p), go(s ?? p));
    case "idiv":
    case "mod": {
      if (q?.kind !== "const" || q.value <= 0 || (q.value & (q.value - 1)) !== 0) return laneByLane(scope, b, x, place);
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
  let as: Expr = place.lanes;
  b.collect(() => (as = b.let(splat(lowerScalar(scope, b, x)))), place.before);
  place.known.push({ from: x, as });
  return as;
}

function laneByLane(scope: Scope, b: Builder, x: Scalar, place: VectorPlace): Expr {
  const of = Array.from({ length: scope.lanes }, (_, lane) => {
    const value = lowerScalar(scope, b, x, new Map([[place.name, op("add", place.first, i32(lane))]]));
    return b.let(value.type === "bool" ? op("sub", i32(0), value) : value);
  });
  return b.let({ kind: "gather", type: x.type === "f32" ? "vf32" : "vi32", of });
}

function lowerVectorRead(scope: Scope, b: Builder, x: Scalar & { kind: "read" }, place: VectorPlace): Expr {
  const last = x.indices[x.indices.length - 1];
  const type = x.type === "f32" ? "vf32" : "vi32";
  if (!last || x.type === "bool" || x.indices.slice(0, -1).some((y) => varies(y, place.name)))
    return laneByLane(scope, b, x, place);
  const first: ReadonlyMap<string, Expr> = new Map([[place.name, place.first]]);
  const consecutive =
    isVar(last, place.name) ||
    (last.kind === "call" &&
      last.fn === "add" &&
      last.args.every((y) => isVar(y, place.name) || !varies(y, place.name)) &&
      last.args.filter((y) => isVar(y, place.name)).length === 1);
  if (!consecutive) return laneByLane(scope, b, x, place);
  if (scope.buffers.has(x.tensor)) {
    if (scope.panels.has(x.tensor)) return laneByLane(scope, b, x, place);
    const [row, column] = x.indices.map((y) => lowerScalar(scope, b, y, first));
    return b.let(load(type, elementAt(scope, x.tensor, row ?? place.first, column)));
  }
  const indices = x.indices.map((y) => b.let(lowerScalar(scope, b, y, first)));
  const end = [...indices.slice(0, -1), b.let(op("add", indices[indices.length - 1] ?? i32(0), i32(scope.lanes - 1)))];
  const here = placed(scope, b, x.tensor, indices);
  const there = placed(scope, b, x.tensor, end);
  const out = b.fresh(type, "read");
  b.if(
    op("and", here.inside, there.inside),
    () => {
      const at = element(scope, x.tensor, here.flat);
      if (at.kind === "load") b.set(out, { ...at, type });
    },
    () => b.set(out, laneByLane(scope, b, x, place)),
  );
  return out;
}
