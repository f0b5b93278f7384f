/** The parts of statements, read and rebuilt: what every pass would otherwise write again. */
import { some, type Scalar } from "../scalar/scalar.ts";
import type { Operation, RangeTerm, Statement, TileProgram, View } from "./tile.ts";

/** The statement lists inside a statement. */
export function bodies(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.kind) {
    case "for":
    case "visit":
      return [statement.body];
    case "if":
      return [statement.then, statement.otherwise];
    default:
      return [];
  }
}

/** The same statement with each list inside it changed. */
export function mapBodies(
  statement: Statement,
  change: (list: readonly Statement[]) => readonly Statement[],
): Statement {
  switch (statement.kind) {
    case "for":
    case "visit":
      return { ...statement, body: change(statement.body) };
    case "if":
      return { ...statement, then: change(statement.then), otherwise: change(statement.otherwise) };
    default:
      return statement;
  }
}

/** Every statement of a list, outer ones first. */
export function* everyStatement(list: readonly Statement[]): Generator<Statement> {
  for (const statement of list) {
    yield statement;
    for (const body of bodies(statement)) yield* everyStatement(body);
  }
}

type Change = (x: Scalar) => Scalar;

const view = (v: View, f: Change): View => ({
  ...v,
  row: f(v.row),
  rows: f(v.rows),
  ...(v.columns ? { columns: f(v.columns) } : {}),
});

const term = (t: RangeTerm, f: Change): RangeTerm => ({
  when: f(t.when),
  lo: f(t.lo),
  hi: f(t.hi),
  over: t.over.map((o) => ({ ...o, from: f(o.from), to: f(o.to) })),
});

/** The same statement with every Scalar in it changed, those of the statements inside too. */
export function mapScalars(s: Statement, f: Change): Statement {
  const inner = mapBodies(s, (list) => list.map((x) => mapScalars(x, f)));
  switch (inner.kind) {
    case "let":
      return { ...inner, value: f(inner.value) };
    case "for":
      return { ...inner, to: f(inner.to) };
    case "if":
      return { ...inner, when: f(inner.when) };
    case "visit": {
      const within = inner.within && { within: { lo: f(inner.within.lo), hi: f(inner.within.hi) } };
      return { ...inner, slot: f(inner.slot), step: f(inner.step), ...within };
    }
    default:
      return mapOperation(inner, f);
  }
}

function mapOperation(op: Operation, f: Change): Operation {
  switch (op.kind) {
    case "load":
      return { ...op, to: view(op.to, f), at: op.at.map(f), ...(op.scale ? { scale: f(op.scale) } : {}) };
    case "store": {
      const columns = op.columns ? { columns: f(op.columns) } : {};
      return { ...op, at: op.at.map(f), rows: f(op.rows), ...columns, value: f(op.value) };
    }
    case "fill":
      return { ...op, to: view(op.to, f), value: f(op.value) };
    case "map": {
      const reduce = op.reduce ? { reduce: { ...op.reduce, to: view(op.reduce.to, f) } } : {};
      return { ...op, to: view(op.to, f), value: f(op.value), ...reduce };
    }
    case "reduce":
      return { ...op, to: view(op.to, f), from: view(op.from, f) };
    case "dot":
      return { ...op, to: view(op.to, f), a: view(op.a, f), b: view(op.b, f) };
    case "rescale":
      return { ...op, to: view(op.to, f), by: view(op.by, f) };
    case "finite":
      return { ...op, of: view(op.of, f) };
    case "bounds":
      return { ...op, rows: f(op.rows), value: f(op.value) };
    case "unite":
      return { ...op, slot: f(op.slot), terms: op.terms.map((t) => term(t, f)), extent: f(op.extent) };
    case "join":
      return { ...op, slot: f(op.slot), from: f(op.from), to: f(op.to) };
  }
}

/** The whole program with every Scalar changed: extents, buffers and lists too. */
export function mapProgram(program: TileProgram, f: Change): TileProgram {
  return {
    ...program,
    buffers: program.buffers.map((b) => ({ ...b, rows: f(b.rows), ...(b.columns ? { columns: f(b.columns) } : {}) })),
    lists: program.lists.map((l) => ({ ...l, slots: f(l.slots), capacity: f(l.capacity) })),
    body: program.body.map((s) => mapScalars(s, f)),
  };
}

/** Is a variable of that name read anywhere in the statements? */
export function mentions(list: readonly Statement[], name: string): boolean {
  let found = false;
  const look = (x: Scalar): Scalar => {
    found ||= some(x, (n) => n.kind === "var" && n.name === name);
    return x;
  };
  for (const statement of list) mapScalars(statement, look);
  return found;
}

/** The views of an operation, with what it does to each: `own` elements are made one by one by whoever holds them. */
export function viewsOf(op: Operation): readonly { readonly view: View; readonly use: ViewUse }[] {
  switch (op.kind) {
    case "load":
      return [{ view: op.to, use: "load" }];
    case "store":
    case "bounds":
    case "unite":
    case "join":
      return [];
    case "fill":
      return [{ view: op.to, use: "own" }];
    case "map":
      return [
        { view: op.to, use: "own" },
        ...(op.reduce
          ? [
              { view: op.reduce.to, use: "whole" as const },
              { view: op.to, use: "whole" as const },
            ]
          : []),
      ];
    case "reduce":
      return [
        { view: op.to, use: "whole" },
        { view: op.from, use: "whole" },
      ];
    case "dot":
      return [
        { view: op.to, use: "own" },
        { view: op.a, use: "operand" },
        { view: op.b, use: "operand" },
      ];
    case "rescale":
      return [
        { view: op.to, use: "own" },
        { view: op.by, use: "whole" },
      ];
    case "finite":
      return [{ view: op.of, use: "scan" }];
  }
}

export type ViewUse = "load" | "own" | "operand" | "scan" | "whole";
