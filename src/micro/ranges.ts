/**
 * Range lists in memory: a count, then pairs lo, hi. Gives the calls of the support functions that build them and the
 * statement that walks them. Guarantees: after `unite` and `join` a list is sorted and disjoint, ranges that touch are
 * joined; a list that is full widens a range rather than writing past its end.
 */
import { settled, type Operation, type RangeTerm, type Statement } from "../tile/tile.ts";
import type { Builder } from "./builder.ts";
import { choose, i32, load, op, type Expr } from "./micro.ts";
import { lowerScalar } from "./scalars.ts";
import { found, listAt, listStride, variableName, type Scope } from "./scope.ts";
import type { SupportName } from "./support.ts";

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

const entry = (list: Expr, n: Expr): Expr => op("add", list, op("shl", n, i32(3)));
const lo = (list: Expr, n: Expr): Expr => load("i32", entry(list, n), 4);
const hi = (list: Expr, n: Expr): Expr => load("i32", entry(list, n), 8);

const slotAt = (list: string, slot: Expr): Expr => op("add", listAt(list), op("mul", slot, listStride(list)));

function support(b: Builder, fn: SupportName, ...args: readonly Expr[]): void {
  b.emit({ kind: "call", fn, args });
}

const capacityOf = (scope: Scope, b: Builder, list: string): Expr =>
  b.let(lowerScalar(scope, b, found(scope.lists, list).capacity), "capacity");

export function emitUnite(scope: Scope, b: Builder, { list, slot, terms, granule, extent }: Of<"unite">): void {
  const at = b.let(slotAt(list, lowerScalar(scope, b, slot)), "slot");
  b.store(at, i32(0));
  if (terms.length === 0) return;
  const capacity = capacityOf(scope, b, list);
  const add = (term: RangeTerm, depth: number): void => {
    const over = term.over[depth];
    if (over) {
      const name = b.declare(over.name, "i32");
      const to = b.let(lowerScalar(scope, b, over.to));
      b.for(name, lowerScalar(scope, b, over.from), to, 1, () => add(term, depth + 1));
      return;
    }
    b.if(lowerScalar(scope, b, term.when), () => {
      const from = lowerScalar(scope, b, term.lo);
      const to = lowerScalar(scope, b, term.hi);
      support(b, "range_add", at, capacity, from, to);
    });
  };
  for (const term of terms) add(term, 0);
  support(b, "range_unite", at, i32(granule), lowerScalar(scope, b, extent));
}

export function emitJoin(scope: Scope, b: Builder, { list, slot, from, to }: Of<"join">): void {
  const [into, first, end] = [slot, from, to].map((x) => lowerScalar(scope, b, x));
  const capacity = capacityOf(scope, b, list);
  if (into && first && end) support(b, "range_join", listAt(list), listStride(list), capacity, into, first, end);
}

export function emitVisit(
  scope: Scope,
  b: Builder,
  visit: Extract<Statement, { kind: "visit" }>,
  body: () => void,
): void {
  const at = b.let(slotAt(visit.list, lowerScalar(scope, b, visit.slot)), "slot");
  const within = visit.within && {
    lo: b.let(lowerScalar(scope, b, visit.within.lo)),
    hi: b.let(lowerScalar(scope, b, visit.within.hi)),
  };
  const q = b.fresh("i32", "range");
  b.for(q, i32(0), load("i32", at), 1, () => {
    const from = b.let(within ? op("max", lo(at, q), within.lo) : lo(at, q));
    const end = b.let(within ? op("min", hi(at, q), within.hi) : hi(at, q));
    const low = b.declare(variableName(visit.lo, "i32"), "i32");
    const high = b.declare(variableName(visit.hi, "i32"), "i32");
    b.for(low, from, end, settled(visit.step), () => {
      const next = op("add", low, i32(settled(visit.step)));
      b.set(high, choose(op("lt", next, end), next, end));
      body();
    });
  });
}
