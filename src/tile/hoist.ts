/**
 * hoist: takes out of element expressions what does not depend on the element. In `map`, `store` and `bounds`, the
 * largest parts that name neither `r` nor `c` nor a buffer and cost more than an addition become a `let` just
 * before the operation: ALiBi's slope 2^(−8 (h + 1) / H) is computed once a tile, not once a score. Whether an axis of
 * an input is sorted, which takes a walk over all of it, is found out once for all that the innermost parallel loop does.
 */
import { children, mapChildren, rewrite, sameScalar, some, type Scalar } from "../scalar/scalar.ts";
import { bindsOf } from "./operations/index.ts";
import type { Statement, TileProgram } from "./tile.ts";
import { everyStatement, mapBodies, mapScalars } from "./walk.ts";

type Let = Extract<Statement, { kind: "let" }>;

export function hoist(program: TileProgram): TileProgram {
  const buffers = new Set(program.buffers.map((b) => b.name));
  let made = 0;
  const fixed = (x: Scalar): boolean =>
    !some(x, (n) => (n.kind === "var" && !free.has(n.name)) || (n.kind === "read" && buffers.has(n.tensor)));
  /** Names bound outside the operation; `r`, `c` and the names of `any` and `sum` are not. */
  let free: ReadonlySet<string> = new Set();

  const lift = (x: Scalar, lets: Let[]): Scalar => {
    const wanted = new Map<Scalar, Scalar>();
    const find = (y: Scalar): void => {
      if (costly(y) && fixed(y)) {
        const known = lets.find((each) => sameScalar(each.value, y));
        const name = known?.name ?? `fixed_${made++}`;
        if (!known) lets.push({ kind: "let", name, value: y });
        wanted.set(y, { kind: "var", type: y.type, name });
        return;
      }
      children(y).forEach(find);
    };
    find(x);
    return wanted.size ? replace(x, wanted) : x;
  };

  const block = (statements: readonly Statement[], outer: ReadonlySet<string>): readonly Statement[] => {
    const bound = new Set(outer);
    return statements.flatMap((statement): readonly Statement[] => {
      const lets: Let[] = [];
      free = bound;
      switch (statement.kind) {
        case "let":
          bound.add(statement.name);
          return [statement];
        case "for":
          return [{ ...statement, body: block(statement.body, new Set([...bound, statement.name])) }];
        case "if":
          return [{ ...statement, then: block(statement.then, bound), otherwise: block(statement.otherwise, bound) }];
        case "visit":
          return [{ ...statement, body: block(statement.body, new Set([...bound, statement.lo, statement.hi])) }];
        case "map":
        case "store":
        case "bounds": {
          const value = lift(statement.value, lets);
          bindsOf(statement).forEach((name) => bound.add(name));
          return [...lets, { ...statement, value }];
        }
        default:
          bindsOf(statement).forEach((name) => bound.add(name));
          return [statement];
      }
    });
  };
  const hoisted = block(program.body, new Set());
  return { ...program, body: walksFirst(hoisted, new Set(), () => `fixed_${made++}`) };
}

/** Every `sorted` of an innermost parallel loop that rests on nothing bound in it, as a `let` at its head. */
function walksFirst(list: readonly Statement[], outer: ReadonlySet<string>, name: () => string): readonly Statement[] {
  return list.map((statement): Statement => {
    if (statement.kind !== "for" || statement.mode !== "parallel") return statement;
    const bound = new Set([...outer, statement.name]);
    if ([...everyStatement(statement.body)].some((x) => x.kind === "for" && x.mode === "parallel"))
      return mapBodies(statement, (body) => walksFirst(body, bound, name));
    const lets: Let[] = [];
    const change = (x: Scalar): Scalar =>
      rewrite(x, (y) => {
        if (y.kind !== "sorted" || some(y, (n) => n.kind === "var" && !bound.has(n.name))) return undefined;
        const known = lets.find((each) => sameScalar(each.value, y)) ?? { kind: "let", name: name(), value: y };
        if (!lets.includes(known)) lets.push(known);
        return { kind: "var", type: y.type, name: known.name };
      });
    const body = statement.body.map((x) => mapScalars(x, change));
    return { ...statement, body: [...lets, ...body] };
  });
}

const cheap: ReadonlySet<string> = new Set([
  "add",
  "sub",
  "mul",
  "neg",
  "min",
  "max",
  "float",
  "select",
  "lt",
  "le",
  "gt",
  "ge",
  "eq",
  "ne",
  "and",
  "or",
  "not",
]);

/** Reads of inputs and costly functions, or anything that holds one. */
export const costly = (x: Scalar): boolean =>
  some(
    x,
    (n) =>
      n.kind === "read" ||
      n.kind === "sum" ||
      n.kind === "any" ||
      n.kind === "search" ||
      n.kind === "sorted" ||
      (n.kind === "call" && !cheap.has(n.fn)),
  );

/** Replaces by identity, before children are rebuilt. */
const replace = (x: Scalar, wanted: ReadonlyMap<Scalar, Scalar>): Scalar =>
  wanted.get(x) ?? mapChildren(x, (y) => replace(y, wanted));
