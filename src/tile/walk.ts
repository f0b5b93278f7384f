/** The parts of statements, read and rebuilt: what every pass would otherwise write again. */
import { some, type Scalar } from "../scalar/scalar.ts";
import { mapParts } from "./operations/index.ts";
import type { Parts, ViewUse } from "./operations/row.ts";
import { isOperation, type Operation, type Statement, type TileProgram, type View } from "./tile.ts";

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

/**
 * The same statement with each expression changed that is of the whole of it: of no element, view or statement inside.
 * `own` names what the statement binds for that expression alone.
 */
export function mapWhole(s: Statement, f: (x: Scalar, own?: readonly string[]) => Scalar): Statement {
  switch (s.kind) {
    case "let":
      return { ...s, value: f(s.value) };
    case "for":
      return { ...s, to: f(s.to) };
    case "if":
      return { ...s, when: f(s.when) };
    case "visit": {
      const within = s.within && { within: { lo: f(s.within.lo), hi: f(s.within.hi) } };
      return { ...s, slot: f(s.slot), step: f(s.step), ...within };
    }
    default:
      return mapParts(s, { view: same, scalar: f, element: same, index: (_, at) => at, list: same });
  }
}

const same = <T>(x: T): T => x;

/** The same statement with every Scalar in it changed, those of the statements inside too. */
export function mapScalars(s: Statement, f: Change): Statement {
  const inner = mapBodies(s, (list) => list.map((x) => mapScalars(x, f)));
  return isOperation(inner) ? mapParts(inner, everywhere(f)) : mapWhole(inner, (x) => f(x));
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
    ...everywhere(same),
    view: (view, use) => {
      views.push({ view, use });
      return view;
    },
  });
  return views;
}

/** Does any statement work on the buffer of that name? */
export function uses(list: readonly Statement[], buffer: string): boolean {
  let found = false;
  const look = (x: Scalar): Scalar => {
    found ||= some(x, (n) => n.kind === "read" && n.tensor === buffer);
    return x;
  };
  for (const x of everyStatement(list)) {
    if (isOperation(x)) found ||= viewsOf(x).some(({ view }) => view.buffer === buffer);
  }
  for (const statement of list) mapScalars(statement, look);
  return found;
}
