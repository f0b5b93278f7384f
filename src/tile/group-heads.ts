/**
 * group-heads: settles GROUP. Query heads that share their keys (H div Hkv of them) become rows of one tile, so that
 * a chunk of keys is loaded once for the whole group. Legal where nothing that is decided for a whole tile (which
 * keys it visits, which pieces need their mask) depends on the head; element expressions may, each row knows its
 * head. Where it is not legal, or every head has keys of its own, GROUP is 1.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Statement, TileProgram } from "./tile.ts";
import { settle } from "./simplify.ts";
import { everyStatement, mapProgram, mentions } from "./walk.ts";

export function groupHeads(program: TileProgram): TileProgram {
  // A patch is rows of one head.
  const patches = program.parameters.some((p) => p.name.startsWith("PATCH"));
  const group = patches ? undefined : sharing(program);
  if (!group) return settle(program, { GROUP: s.int(1) });
  return settle(whole(settle(program, { GROUP: group }), group), {});
}

/** Heads that read the same keys, where they may be visited together. */
function sharing(program: TileProgram): Scalar | undefined {
  for (const statement of everyStatement(program.body)) {
    if (statement.kind !== "for" || statement.name !== "head") continue;
    const keyHead = statement.body.find((x) => x.kind === "let" && x.name === "hk");
    const value = keyHead?.kind === "let" ? keyHead.value : undefined;
    // hk = h when every head has keys of its own, otherwise h div (H div Hkv).
    const ratio = value?.kind === "call" && value.fn === "idiv" ? value.args[1] : undefined;
    const rest: readonly Statement[] = statement.body.filter((x) => x !== keyHead);
    return ratio && !mentions(rest, "h") ? ratio : undefined;
  }
  return undefined;
}

/**
 * H div (H div Hkv) is Hkv and (x · g) div g is x: H is a multiple of Hkv, and where it is 0 no loop runs. Only here
 * are these identities known to hold.
 */
function whole(program: TileProgram, group: Scalar): TileProgram {
  return mapProgram(program, (x) =>
    s.rewrite(x, (n) => {
      if (n.kind !== "call" || n.fn !== "idiv" || group.kind !== "call") return undefined;
      const [a, by] = n.args;
      if (!a || !by || !s.sameScalar(by, group)) return undefined;
      if (a.kind === "call" && a.fn === "mul" && a.args[1] && s.sameScalar(a.args[1], group)) return a.args[0];
      return group.args[0] && s.sameScalar(a, group.args[0]) ? group.args[1] : undefined;
    }),
  );
}
