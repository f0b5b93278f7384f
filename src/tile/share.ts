/**
 * share: binds once what the statements of a block compute more than once. Takes a program whose elements are hoisted;
 * gives the same one in which the largest repeated parts of expressions that are of a whole statement (not of an element
 * or a view) are a `let` just before the first statement that needs them. Scalars have no effects and no errors, so a
 * part may be computed where a guard would have skipped it.
 */
import { children, mapChildren, some, type Scalar } from "../scalar/scalar.ts";
import { costly } from "./hoist.ts";
import { bindsOf } from "./operations/index.ts";
import { simplifyBlock } from "./simplify.ts";
import { isOperation, type Statement, type TileProgram } from "./tile.ts";
import { mapBodies, mapWhole } from "./walk.ts";

type Variable = Scalar & { readonly kind: "var" };

/** What the whole pass knows. */
interface Sharing {
  readonly buffers: ReadonlySet<string>;
  readonly identity: (x: Scalar) => number;
  readonly fresh: () => string;
}

export function share(program: TileProgram): TileProgram {
  let made = 0;
  const sharing: Sharing = {
    buffers: new Set(program.buffers.map((b) => b.name)),
    identity: identities(),
    fresh: () => `shared_${made++}`,
  };
  return { ...program, body: simplifyBlock(shareBlock(sharing, program.body, new Set(), new Map())) };
}

/** May a `let` before the statement hold it? It is worth one, all its names are bound there, and no buffer changes it. */
const holds = ({ buffers }: Sharing, x: Scalar, bound: ReadonlySet<string>, own: readonly string[]): boolean =>
  large(x) &&
  !some(
    x,
    (n) =>
      (n.kind === "var" && (!bound.has(n.name) || own.includes(n.name))) ||
      (n.kind === "read" && buffers.has(n.tensor)),
  );

/** How often each part that a `let` may hold is needed by something else than the same larger part. */
function needs(sharing: Sharing, list: readonly Statement[], outer: ReadonlySet<string>): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  const bound = new Set(outer);
  for (const statement of list) {
    const count = (x: Scalar, own: readonly string[] = []): Scalar => {
      const id = holds(sharing, x, bound, own) ? sharing.identity(x) : undefined;
      const before = id === undefined ? 0 : (uses.get(id) ?? 0);
      if (id !== undefined) uses.set(id, before + 1);
      if (before === 0) children(x).forEach((part) => count(part, own));
      return x;
    };
    mapWhole(statement, count);
    binds(statement).forEach((name) => bound.add(name));
  }
  return uses;
}

function shareBlock(
  sharing: Sharing,
  list: readonly Statement[],
  outer: ReadonlySet<string>,
  known: ReadonlyMap<number, Variable>,
): readonly Statement[] {
  const uses = needs(sharing, list, outer);
  const names = new Map(known);
  const bound = new Set(outer);
  return list.flatMap((statement): readonly Statement[] => {
    const lets: Statement[] = [];
    /** The name of what is bound, or what stands for it; a `let` of the program keeps its own name for its value. */
    const go = (x: Scalar, own: readonly string[] = [], named = false): Scalar => {
      const parts = (): Scalar => mapChildren(x, (part) => go(part, own));
      if (!holds(sharing, x, bound, own)) return parts();
      const id = sharing.identity(x);
      const name = names.get(id);
      if (name) return name;
      if (named || (uses.get(id) ?? 0) < 2) return parts();
      const value = parts();
      const fresh = { kind: "var", type: x.type, name: sharing.fresh() } as const;
      names.set(id, fresh);
      bound.add(fresh.name);
      lets.push({ kind: "let", name: fresh.name, value });
      return fresh;
    };
    const changed = mapWhole(statement, (x, own) => go(x, own, statement.kind === "let"));
    const inside = bindsInside(statement);
    // A name that is bound anew means something else from here on.
    const still = inside.some((name) => bound.has(name)) ? new Map<number, Variable>() : names;
    const whole = mapBodies(changed, (body) => shareBlock(sharing, body, new Set([...bound, ...inside]), still));
    if (binds(statement).some((name) => bound.has(name))) names.clear();
    else if (statement.kind === "let" && holds(sharing, statement.value, bound, [])) {
      const { name, value } = statement;
      const id = sharing.identity(value);
      if (!names.has(id)) names.set(id, { kind: "var", type: value.type, name });
    }
    binds(statement).forEach((name) => bound.add(name));
    return [...lets, whole];
  });
}

/** What the statement binds for those after it in its block. */
const binds = (statement: Statement): readonly string[] =>
  statement.kind === "let" ? [statement.name] : isOperation(statement) ? bindsOf(statement) : [];

/** What it binds for the statements inside it. */
const bindsInside = (statement: Statement): readonly string[] =>
  statement.kind === "for" ? [statement.name] : statement.kind === "visit" ? [statement.lo, statement.hi] : [];

/** Worth a name: a read or a costly function is in it, or three operations. */
const large = (x: Scalar): boolean => costly(x) || operations(x) >= 3;
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
