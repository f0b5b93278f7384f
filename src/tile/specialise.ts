/**
 * specialise: two versions of what follows a truth, one for each value. Takes a program and a device that wants
 * versions; wherever a `let` of a bool is tested by branches further on in a visit, the rest of the block is written
 * once for true (a full piece: no mask, no guard) and once for false. Elsewhere the branches stay where they are.
 */
import * as s from "../scalar/scalar.ts";
import type { Device } from "../targets/device.ts";
import { simplifyBlock } from "./simplify.ts";
import type { Statement, TileProgram } from "./tile.ts";
import { everyStatement, mapBodies, mapScalars } from "./walk.ts";

export function specialise(program: TileProgram, { versions }: Device): TileProgram {
  return versions ? { ...program, body: program.body.map((x) => inVisits(x)) } : program;
}

function inVisits(statement: Statement): Statement {
  return mapBodies(statement, (list) => (statement.kind === "visit" ? split(list) : list.map(inVisits)));
}

function split(list: readonly Statement[]): readonly Statement[] {
  for (const [n, statement] of list.entries()) {
    const rest = list.slice(n + 1);
    if (statement.kind !== "let" || statement.value.type !== "bool" || !branchesOn(rest, statement.name)) continue;
    const version = (value: boolean): readonly Statement[] =>
      simplifyBlock(rest.map((x) => mapScalars(x, (y) => s.substitute(y, { [statement.name]: s.truth(value) }))));
    return [...list.slice(0, n), { kind: "if", when: statement.value, then: version(true), otherwise: version(false) }];
  }
  return list.map((x) => (x.kind === "if" ? mapBodies(x, split) : inVisits(x)));
}

const branchesOn = (list: readonly Statement[], name: string): boolean =>
  [...everyStatement(list)].some((x) => x.kind === "if" && s.dependsOn(x.when, name));
