/**
 * Builds the body of one micro function. Takes statements in order; gives the function. Guarantees: every name
 * has one type, fresh names never meet names of the tile program (they hold a `$`), and variables that the body
 * uses without declaring them become the parameters, so an operation can be moved into a function of its own.
 */
import { inlined } from "./inline.ts";
import { mapExpr, mapStatement, operands, parts } from "./walk.ts";
import { local, type Expr, type Local, type MicroFunction, type MicroStatement, type MicroType } from "./micro.ts";

export class Builder {
  readonly locals = new Map<string, MicroType>();
  #current: MicroStatement[] = [];
  #fresh = 0;

  emit(statement: MicroStatement): void {
    this.#current.push(statement);
  }

  /** The statements that `build` emits, kept apart. */
  collect(build: () => void, into: MicroStatement[] = []): MicroStatement[] {
    const before = this.#current;
    this.#current = into;
    build();
    this.#current = before;
    return into;
  }

  declare(name: string, type: MicroType): Expr {
    const known = this.locals.get(name);
    if (known !== undefined && known !== type) throw new Error(`micro: ${name} is ${known} and ${type}`);
    this.locals.set(name, type);
    return local(name, type);
  }

  fresh(type: MicroType, hint = "t"): Expr & { kind: "var" } {
    const name = `${hint}$${this.#fresh++}`;
    this.locals.set(name, type);
    return { kind: "var", type, name };
  }

  set(target: Expr, value: Expr): void {
    if (target.kind !== "var") throw new Error("micro: only a variable is set");
    this.emit({ kind: "set", name: target.name, value });
  }

  /** A new variable with this value; constants and variables of the program stay what they are. */
  let(value: Expr, hint?: string): Expr {
    if (value.kind === "const") return value;
    const made = this.fresh(value.type, hint);
    this.set(made, value);
    return made;
  }

  store(at: Expr, value: Expr, offset = 0): void {
    this.emit({ kind: "store", at, offset, value });
  }

  /** `body` for a counter from … to − 1; the counter keeps its last value. */
  for(counter: Expr, from: Expr, to: Expr, step: number, body: () => void): void {
    if (counter.kind !== "var") throw new Error("micro: only a variable counts");
    const bound = to.kind === "const" || to.kind === "var" ? to : this.let(to, "to");
    this.emit({ kind: "for", name: counter.name, from, to: bound, step, body: this.collect(body) });
  }

  if(when: Expr, then: () => void, otherwise: () => void = () => undefined): void {
    if (when.kind === "const") return when.value !== 0 ? then() : otherwise();
    this.emit({ kind: "if", when, then: this.collect(then), otherwise: this.collect(otherwise) });
  }

  while(when: Expr, body: () => void): void {
    this.emit({ kind: "while", when, body: this.collect(body) });
  }

  /** The function of all statements so far; what it uses undeclared are its parameters unless these are given. */
  finish(name: string, result?: MicroType, params?: readonly Local[], exported = false): MicroFunction {
    const body = inlined(constantsFirst(this.#current, this.locals));
    const free = params ?? freeVariables(body, this.locals);
    const taken = new Set(free.map((p) => p.name));
    const used = namesOf(body);
    const locals = [...this.locals]
      .filter(([n]) => used.has(n) && !taken.has(n))
      .map(([n, type]) => ({ name: n, type }));
    return { name, params: free, ...(result ? { result } : {}), locals, body, exported };
  }
}

/** Vector constants inside loops become variables: engines build them anew at each use. */
function constantsFirst(body: readonly MicroStatement[], locals: Map<string, MicroType>): MicroStatement[] {
  const made = new Map<string, MicroStatement>();
  const hold = (x: Expr): Expr => {
    const wide =
      (x.kind === "const" && (x.type === "vf32" || x.type === "vi32")) ||
      (x.kind === "gather" && x.of.every((y) => y.kind === "const"));
    if (!wide || (x.kind === "const" && Object.is(x.value, 0))) return mapExpr(x, hold);
    const values = (x.kind === "gather" ? x.of : [x]).map((y) => (y.kind === "const" ? y.value : Number.NaN));
    const name = `k$${x.type}_${values.map((value) => (Object.is(value, -0) ? "-0" : value)).join("_")}`;
    locals.set(name, x.type);
    made.set(name, { kind: "set", name, value: x });
    return local(name, x.type);
  };
  const walk = (list: readonly MicroStatement[], inside: boolean): MicroStatement[] =>
    list.map((s): MicroStatement => {
      const held = inside ? mapStatement(s, hold) : s;
      if (held.kind === "for" || held.kind === "while") return { ...held, body: walk(held.body, true) };
      if (held.kind === "if")
        return { ...held, then: walk(held.then, inside), otherwise: walk(held.otherwise, inside) };
      return held;
    });
  const done = walk(body, false);
  return [...made.values(), ...done];
}

function freeVariables(body: readonly MicroStatement[], own: ReadonlyMap<string, MicroType>): Local[] {
  const found = new Map<string, MicroType>();
  eachStatement(body, (s) => operands(s).forEach((x) => eachVariable(x, (name, type) => found.set(name, type))));
  return [...found].filter(([name]) => !own.has(name)).map(([name, type]) => ({ name, type }));
}

/** What is set or read. */
function namesOf(body: readonly MicroStatement[]): ReadonlySet<string> {
  const names = new Set<string>();
  eachStatement(body, (s) => {
    if (s.kind === "set" || s.kind === "for") names.add(s.name);
    operands(s).forEach((x) => eachVariable(x, (name) => names.add(name)));
  });
  return names;
}

function eachVariable(x: Expr, visit: (name: string, type: MicroType) => void): void {
  if (x.kind === "var") return visit(x.name, x.type);
  for (const part of parts(x)) eachVariable(part, visit);
}

function eachStatement(list: readonly MicroStatement[], visit: (s: MicroStatement) => void): void {
  for (const s of list) {
    visit(s);
    if (s.kind === "for" || s.kind === "while") eachStatement(s.body, visit);
    if (s.kind === "if") {
      eachStatement(s.then, visit);
      eachStatement(s.otherwise, visit);
    }
  }
}
