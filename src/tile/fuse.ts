/**
 * fuse: a map and the reduction of its result right after it become one operation, so that a tile of scores is gone
 * through once and not twice. Takes any program; the answer keeps every bit where a backend adds in the same order.
 */
import { sameScalar } from "../scalar/scalar.ts";
import type { Statement, TileProgram, View } from "./tile.ts";
import { mapBodies } from "./walk.ts";

export const fuse = (program: TileProgram): TileProgram => ({ ...program, body: fuseBlock(program.body) });

function fuseBlock(list: readonly Statement[]): readonly Statement[] {
  const made: Statement[] = [];
  for (const statement of list) {
    const last = made.at(-1);
    if (statement.kind === "reduce" && last?.kind === "map" && !last.reduce && same(last.to, statement.from)) {
      const { op, to, accumulate } = statement;
      made[made.length - 1] = { ...last, reduce: { op, to, accumulate } };
    } else made.push(mapBodies(statement, fuseBlock));
  }
  return made;
}

const same = (a: View, b: View): boolean =>
  a.buffer === b.buffer &&
  sameScalar(a.row, b.row) &&
  sameScalar(a.rows, b.rows) &&
  a.columns !== undefined &&
  b.columns !== undefined &&
  sameScalar(a.columns, b.columns);
