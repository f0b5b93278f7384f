/** The parts of statements, read and rebuilt: what every pass would otherwise write again. */
import { some, type Scalar } from "../scalar/scalar.ts";
import { mapParts } from "./operations/index.ts";
import type { Parts, ViewUse } from "./operations/row.ts";
import type { Operation, Statement, TileProgram, View } from "./tile.ts";

/** The statement lists inside a statement. */
function bodies(statement: Statement): readonly (readonly Statement[])[] {
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
      return mapParts(inner, everywhere(f));
  }
}

function everywhere(f: Change): Parts {
  const view = (v: View): View => ({
    ...v,
    row: f(v.row),
    rows: f(v.rows),
    ...(v.columns ? { columns: f(v.columns) } : {}),
  });
  return { view, scalar: f, element: f, index: (_, at) => at.map(f), list: (name) => name };
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

/** The views of an operation, with what it does to each. */
export function viewsOf(op: Operation): readonly { readonly view: View; readonly use: ViewUse }[] {
  const views: { view: View; use: ViewUse }[] = [];
  mapParts(op, {
    ...everywhere((x) => x),
    view: (view, use) => {
      views.push({ view, use });
      return view;
    },
  });
  return views;
}
