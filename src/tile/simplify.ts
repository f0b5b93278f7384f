/**
 * What passes leave behind when they settle something: takes a program, gives the same one with branches on
 * constants taken, names of plain values replaced, maps that change nothing and bindings that nobody reads gone.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Statement, TileProgram } from "./tile.ts";
import { mapBodies, mapProgram, mapScalars, mentions } from "./walk.ts";

/** Puts values in place of variables, in every expression of the program. */
export function settle(program: TileProgram, values: Readonly<Record<string, Scalar>>): TileProgram {
  const parameters = program.parameters.map((p) => {
    const value = values[p.name];
    return value ? { ...p, value } : p;
  });
  return simplify({ ...mapProgram(program, (x) => s.substitute(x, values)), parameters });
}

const simplify = (program: TileProgram): TileProgram => ({ ...program, body: simplifyBlock(program.body) });

export function simplifyBlock(list: readonly Statement[]): readonly Statement[] {
  const taken = list.flatMap(branches);
  const named = taken.reduceRight<readonly Statement[]>((rest, statement) => {
    if (statement.kind !== "let") return [statement, ...rest];
    const { name, value } = statement;
    const plain = value.kind === "const" || value.kind === "size" || value.kind === "var";
    if (plain && ![name, value.kind === "var" ? value.name : name].some((n) => rebinds(rest, n)))
      return rest.map((x) => mapScalars(x, (y) => s.substitute(y, { [name]: value })));
    return mentions(rest, name) ? [statement, ...rest] : rest;
  }, []);
  return named.filter((x) => !idle(x)).map((x) => mapBodies(x, simplifyBlock));
}

function branches(statement: Statement): readonly Statement[] {
  if (statement.kind !== "if" || statement.when.kind !== "const") return [statement];
  return (statement.when.value ? statement.then : statement.otherwise).flatMap(branches);
}

/** Does a statement of the list give the name another value? */
function rebinds(list: readonly Statement[], name: string): boolean {
  return list.some((x) => {
    switch (x.kind) {
      case "let":
      case "for":
        if (x.name === name) return true;
        return x.kind === "for" && rebinds(x.body, name);
      case "visit":
        return x.lo === name || x.hi === name || rebinds(x.body, name);
      case "if":
        return rebinds(x.then, name) || rebinds(x.otherwise, name);
      default:
        return false;
    }
  });
}

/** to[r, c] = to[r, c], or a branch with nothing in it. */
function idle(x: Statement): boolean {
  if (x.kind === "if") return x.then.length === 0 && x.otherwise.length === 0;
  if (x.kind !== "map" || x.reduce) return false;
  const { to, value } = x;
  const at = to.columns ? [s.add(to.row, s.variable("r")), s.variable("c")] : [s.add(to.row, s.variable("r"))];
  return s.sameScalar(value, s.read(to.buffer, value.type, at));
}
