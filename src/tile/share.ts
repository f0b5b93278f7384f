/**
 * share: binds once what the statements of a block compute more than once. Takes a program whose maps are hoisted; gives
 * the same one in which the largest repeated parts of what steers it (`let`, `for`, `if`, `visit`, `bounds`, `unite`) are
 * a `let` just before the first statement that needs them. Scalars have no effects and no errors, so a part may be
 * computed where a guard would have skipped it. What depends on `r` and `c` stays where it is.
 */
import { children, mapChildren, some, type Scalar } from "../scalar/scalar.ts";
import { worth } from "./hoist.ts";
import { bindsOf } from "./operations/index.ts";
import { simplifyBlock } from "./simplify.ts";
import { isOperation, type RangeTerm, type Statement, type TileProgram } from "./tile.ts";
import { mapBodies } from "./walk.ts";

type Variable = Scalar & { readonly kind: "var" };
/** A steering expression, with the names that its statement binds for it alone. */
type Change = (x: Scalar, own: readonly string[]) => Scalar;

export function share(program: TileProgram): TileProgram {
  const buffers = new Set(program.buffers.map((b) => b.name));
  const identity = identities();
  /** May a `let` before the statement hold it? All its names are bound there, and no buffer changes it. */
  const holds = (x: Scalar, bound: ReadonlySet<string>, own: readonly string[]): boolean =>
    large(x) &&
    !some(
      x,
      (n) =>
        (n.kind === "var" && (!bound.has(n.name) || own.includes(n.name))) ||
        (n.kind === "read" && buffers.has(n.tensor)),
    );
  let made = 0;

  /** How often each part that a `let` may hold is needed by something else than the same larger part. */
  const needs = (list: readonly Statement[], outer: ReadonlySet<string>): ReadonlyMap<number, number> => {
    const uses = new Map<number, number>();
    const bound = new Set(outer);
    for (const statement of list) {
      steering(statement, (x, own) => {
        const count = (y: Scalar): void => {
          if (holds(y, bound, own)) {
            const id = identity(y);
            const before = uses.get(id) ?? 0;
            uses.set(id, before + 1);
            if (before > 0) return;
          }
          children(y).forEach(count);
        };
        count(x);
        return x;
      });
      binds(statement).forEach((name) => bound.add(name));
    }
    return uses;
  };

  const block = (
    list: readonly Statement[],
    outer: ReadonlySet<string>,
    known: ReadonlyMap<number, Variable>,
  ): readonly Statement[] => {
    const uses = needs(list, outer);
    const names = new Map(known);
    const bound = new Set(outer);
    return list.flatMap((statement): readonly Statement[] => {
      const lets: Statement[] = [];
      /** The name of what is bound, or what stands for it; a `let` of the program keeps its own name for its value. */
      const go = (y: Scalar, own: readonly string[], named = false): Scalar => {
        const parts = (): Scalar => mapChildren(y, (part) => go(part, own));
        if (!holds(y, bound, own)) return parts();
        const id = identity(y);
        const name = names.get(id);
        if (name) return name;
        if (named || (uses.get(id) ?? 0) < 2) return parts();
        const value = parts();
        const fresh = { kind: "var", type: y.type, name: `shared_${made++}` } as const;
        names.set(id, fresh);
        bound.add(fresh.name);
        lets.push({ kind: "let", name: fresh.name, value });
        return fresh;
      };
      const changed = steering(statement, (x, own) => go(x, own, statement.kind === "let"));
      const inside = bindsInside(statement);
      // A name that is bound anew means something else from here on.
      const still = inside.some((name) => bound.has(name)) ? new Map<number, Variable>() : names;
      const whole = mapBodies(changed, (body) => block(body, new Set([...bound, ...inside]), still));
      const renewed = binds(statement).some((name) => bound.has(name));
      if (renewed) names.clear();
      else if (statement.kind === "let" && holds(statement.value, bound, [])) {
        const { name, value } = statement;
        const id = identity(value);
        if (!names.has(id)) names.set(id, { kind: "var", type: value.type, name });
      }
      binds(statement).forEach((name) => bound.add(name));
      return [...lets, whole];
    });
  };
  return { ...program, body: simplifyBlock(block(program.body, new Set(), new Map())) };
}

/** What the statement binds for those after it in its block. */
const binds = (statement: Statement): readonly string[] =>
  statement.kind === "let" ? [statement.name] : isOperation(statement) ? bindsOf(statement) : [];

/** What it binds for the statements inside it. */
const bindsInside = (statement: Statement): readonly string[] =>
  statement.kind === "for" ? [statement.name] : statement.kind === "visit" ? [statement.lo, statement.hi] : [];

/** The statement with each expression changed that it evaluates once, or once a range that it asks for. */
function steering(statement: Statement, change: Change): Statement {
  const once = (x: Scalar): Scalar => change(x, []);
  switch (statement.kind) {
    case "let":
      return { ...statement, value: once(statement.value) };
    case "for":
      return { ...statement, to: once(statement.to) };
    case "if":
      return { ...statement, when: once(statement.when) };
    case "visit": {
      const { slot, within, step } = statement;
      return {
        ...statement,
        slot: once(slot),
        step: once(step),
        ...(within ? { within: { lo: once(within.lo), hi: once(within.hi) } } : {}),
      };
    }
    case "unite":
      return {
        ...statement,
        slot: once(statement.slot),
        extent: once(statement.extent),
        terms: statement.terms.map((term) => termOf(term, change)),
      };
    case "bounds":
      return { ...statement, rows: once(statement.rows) };
    default:
      return statement;
  }
}

function termOf(term: RangeTerm, change: Change): RangeTerm {
  const own = term.over.map(({ name }) => name);
  return {
    when: change(term.when, own),
    lo: change(term.lo, own),
    hi: change(term.hi, own),
    over: term.over.map((o) => ({ ...o, from: change(o.from, own), to: change(o.to, own) })),
  };
}

/** Worth a name: a read or a costly function is in it, or three operations. */
const large = (x: Scalar): boolean => worth(x) || operations(x) >= 3;
const operations = (x: Scalar): number =>
  children(x).reduce((sum, y) => sum + operations(y), x.kind === "call" ? 1 : 0);

/** A number for each expression, the same for those that `sameScalar` holds for. */
function identities(): (x: Scalar) => number {
  const numbers = new Map<string, number>();
  const known = new WeakMap<Scalar, number>();
  return function identity(x: Scalar): number {
    const before = known.get(x);
    if (before !== undefined) return before;
    const key = [x.kind, x.type, ...label(x), ...children(x).map(identity)].join(" ");
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    known.set(x, number);
    return number;
  };
}

/** What an expression is besides its kind, type and parts. */
function label(x: Scalar): readonly string[] {
  switch (x.kind) {
    case "const":
      return [Object.is(x.value, -0) ? "-0" : String(x.value)];
    case "var":
    case "size":
    case "any":
    case "sum":
      return [x.name];
    case "call":
      return [x.fn];
    case "read":
    case "sorted":
      return [x.tensor];
    case "search":
      return [x.tensor, x.side];
  }
}
