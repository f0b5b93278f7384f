/**
 * Range lists in memory: a count, then pairs lo, hi. Gives the functions that build them and the statement that
 * walks them. Guarantees: a list stays sorted and disjoint, ranges that touch are joined; a full list widens the
 * nearest range rather than writing past its end.
 */
import { settled, type Operation, type RangeTerm, type Statement } from "../tile/tile.ts";
import { Builder } from "./builder.ts";
import { choose, i32, load, local, op, type Expr, type MicroFunction } from "./micro.ts";
import { floored, lowerScalar } from "./scalars.ts";
import { found, listAt, listStride, variableName, type Scope } from "./scope.ts";

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

const insertName = "range_insert";
const entry = (list: Expr, n: Expr): Expr => op("add", list, op("shl", n, i32(3)));
const lo = (list: Expr, n: Expr): Expr => load("i32", entry(list, n), 4);
const hi = (list: Expr, n: Expr): Expr => load("i32", entry(list, n), 8);

function insertFunction(): MicroFunction {
  const b = new Builder();
  const list = local("list", "ptr");
  const capacity = local("capacity", "i32");
  const from = b.fresh("i32", "from");
  const to = b.fresh("i32", "to");
  const [first, end, n, q] = [b.fresh("i32", "first"), b.fresh("i32", "end"), b.fresh("i32", "n"), b.fresh("i32", "q")];
  b.set(from, local("lo", "i32"));
  b.set(to, local("hi", "i32"));
  b.set(n, load("i32", list));
  b.set(first, i32(0));
  b.while(op("and", op("lt", first, n), op("lt", hi(list, first), from)), () => b.set(first, op("add", first, i32(1))));
  b.set(end, first);
  const widen = (at: Expr): void => {
    b.set(from, op("min", from, lo(list, at)));
    b.set(to, op("max", to, hi(list, at)));
  };
  b.while(op("and", op("lt", end, n), op("le", lo(list, end), to)), () => {
    widen(end);
    b.set(end, op("add", end, i32(1)));
  });
  const move = (a: Expr, z: Expr): void => {
    b.store(entry(list, z), lo(list, a), 4);
    b.store(entry(list, z), hi(list, a), 8);
  };
  const grow = (): void =>
    b.if(
      op("lt", n, capacity),
      () => {
        b.set(q, n);
        b.while(op("gt", q, first), () => {
          move(op("sub", q, i32(1)), q);
          b.set(q, op("sub", q, i32(1)));
        });
        b.set(n, op("add", n, i32(1)));
      },
      () => {
        b.set(first, op("min", first, op("sub", n, i32(1))));
        widen(first);
      },
    );
  b.if(op("eq", end, first), grow, () => {
    const gone = b.let(op("sub", op("sub", end, first), i32(1)));
    b.set(q, end);
    b.while(op("lt", q, n), () => {
      move(q, op("sub", q, gone));
      b.set(q, op("add", q, i32(1)));
    });
    b.set(n, op("sub", n, gone));
  });
  b.store(entry(list, first), from, 4);
  b.store(entry(list, first), to, 8);
  b.store(list, n);
  const params = [
    { name: "list", type: "ptr" as const },
    ...["capacity", "lo", "hi"].map((name) => ({ name, type: "i32" as const })),
  ];
  return b.finish(insertName, undefined, params);
}

const slotAt = (list: string, slot: Expr): Expr => op("add", listAt(list), op("mul", slot, listStride(list)));

function insert(scope: Scope, b: Builder, list: string, at: Expr, from: Expr, to: Expr): void {
  if (!scope.functions.has(insertName)) scope.functions.set(insertName, insertFunction());
  const capacity = lowerScalar(scope, b, found(scope.lists, list).capacity);
  b.emit({ kind: "call", fn: insertName, args: [at, capacity, from, to] });
}

export function emitUnite(scope: Scope, b: Builder, { list, slot, terms, granule, extent }: Of<"unite">): void {
  const at = b.let(slotAt(list, lowerScalar(scope, b, slot)), "slot");
  const end = b.let(lowerScalar(scope, b, extent), "extent");
  b.store(at, i32(0));
  const rounded = (x: Expr): Expr => op("mul", floored(b, "idiv", x, i32(granule)), i32(granule));
  const add = (term: RangeTerm, depth: number): void => {
    const over = term.over[depth];
    if (over) {
      const name = b.declare(over.name, "i32");
      const to = b.let(lowerScalar(scope, b, over.to));
      b.for(name, lowerScalar(scope, b, over.from), to, 1, () => add(term, depth + 1));
      return;
    }
    b.if(lowerScalar(scope, b, term.when), () => {
      const from = b.let(op("max", lowerScalar(scope, b, term.lo), i32(0)));
      const to = b.let(op("min", lowerScalar(scope, b, term.hi), end));
      b.if(op("lt", from, to), () => {
        const low = b.let(rounded(from));
        const high = b.let(op("min", rounded(op("add", to, i32(granule - 1))), end));
        insert(scope, b, list, at, low, high);
      });
    });
  };
  for (const term of terms) add(term, 0);
}

export function emitJoin(scope: Scope, b: Builder, { list, slot, from, to }: Of<"join">): void {
  const at = b.let(slotAt(list, lowerScalar(scope, b, slot)), "slot");
  b.store(at, i32(0));
  const n = b.fresh("i32", "n");
  const q = b.fresh("i32", "q");
  b.for(n, lowerScalar(scope, b, from), lowerScalar(scope, b, to), 1, () => {
    const source = b.let(slotAt(list, n), "source");
    b.for(q, i32(0), load("i32", source), 1, () => insert(scope, b, list, at, lo(source, q), hi(source, q)));
  });
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
