/**
 * Puts temporaries where they are used. Takes the body of a function, gives one without the variables that are set
 * once, read once, and read by the statement that follows. Guarantees: the same operations in the same order of
 * statements, so the same bits; what a loop reads again each turn, and what a call gives, stays a variable.
 */
import { mapExpr, mapStatement, operands, parts } from "./walk.ts";
import type { Expr, MicroStatement } from "./micro.ts";

export function inlined(body: readonly MicroStatement[]): MicroStatement[] {
  const counts = countsOf(body);
  const walk = (list: readonly MicroStatement[]): MicroStatement[] => {
    const done: MicroStatement[] = [];
    for (const statement of list) {
      let s = within(statement, walk);
      for (let last = done.at(-1); last && fits(last, s, counts); last = done.at(-1)) {
        s = substituted(s, last.name, last.value);
        done.pop();
      }
      done.push(s);
    }
    return done;
  };
  return walk(body);
}

interface Counts {
  readonly set: Map<string, number>;
  readonly read: Map<string, number>;
}

function countsOf(body: readonly MicroStatement[]): Counts {
  const counts: Counts = { set: new Map(), read: new Map() };
  const add = (to: Map<string, number>, name: string): void => void to.set(name, (to.get(name) ?? 0) + 1);
  const expr = (x: Expr): void => {
    if (x.kind === "var") add(counts.read, x.name);
    for (const part of parts(x)) expr(part);
  };
  const walk = (s: MicroStatement): void => {
    for (const x of operands(s)) expr(x);
    if (s.kind === "set" || s.kind === "for") add(counts.set, s.name);
    within(s, (list) => {
      list.forEach(walk);
      return list;
    });
  };
  body.forEach(walk);
  return counts;
}

type SetStatement = Extract<MicroStatement, { kind: "set" }>;

/** A loop evaluates its own expressions each turn. */
function fits(last: MicroStatement, next: MicroStatement, { set, read }: Counts): last is SetStatement {
  if (last.kind !== "set" || next.kind === "for" || next.kind === "while") return false;
  if (set.get(last.name) !== 1 || read.get(last.name) !== 1) return false;
  return !has(last.value, (x) => x.kind === "call") && operands(next).some((x) => has(x, (y) => isRead(y, last.name)));
}

const isRead = (x: Expr, name: string): boolean => x.kind === "var" && x.name === name;
const has = (x: Expr, test: (y: Expr) => boolean): boolean => test(x) || parts(x).some((y) => has(y, test));

function substituted(s: MicroStatement, name: string, value: Expr): MicroStatement {
  const change = (x: Expr): Expr => (isRead(x, name) ? value : mapExpr(x, change));
  return mapStatement(s, change);
}

/** The same statement with the lists inside it changed. */
function within(
  s: MicroStatement,
  change: (list: readonly MicroStatement[]) => readonly MicroStatement[],
): MicroStatement {
  if (s.kind === "for" || s.kind === "while") return { ...s, body: change(s.body) };
  if (s.kind === "if") return { ...s, then: change(s.then), otherwise: change(s.otherwise) };
  return s;
}
