/**
 * How a number of a granule changes along a row: takes the `step` or `zero` of a load's small integers, an expression of
 * `r` and `c`; says whether it is the same for the whole row, for runs of columns, or one a column.
 */
import { dependsOn, isConst, type Scalar } from "../scalar/scalar.ts";

/** `runs`: the same for columns n · by … n · by + by − 1. `line`: element c of a row of the tensor, at `leading`. */
export type Along =
  | { readonly kind: "row" }
  | { readonly kind: "runs"; readonly by: number }
  | { readonly kind: "line"; readonly tensor: string; readonly leading: readonly Scalar[] }
  | { readonly kind: "any" };

export function alongRow(x: Scalar): Along {
  if (!dependsOn(x, "c")) return { kind: "row" };
  if (x.kind !== "read") return { kind: "any" };
  const last = x.indices.at(-1);
  const leading = x.indices.slice(0, -1);
  if (!last || leading.some((y) => dependsOn(y, "c"))) return { kind: "any" };
  if (isColumn(last)) return { kind: "line", tensor: x.tensor, leading };
  const by = runOf(last);
  return by === undefined ? { kind: "any" } : { kind: "runs", by };
}

const isColumn = (x: Scalar): boolean => x.kind === "var" && x.name === "c";

function runOf(x: Scalar): number | undefined {
  if (x.kind !== "call" || x.fn !== "idiv") return undefined;
  const [of, by] = x.args;
  return of && by && isColumn(of) && isConst(by) ? by.value : undefined;
}
