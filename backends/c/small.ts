/**
 * A row of small integers as f32. Takes what they are, where the row lies and how an element is stored; writes the loop over
 * its columns, in runs of those that share a step and a zero, so that the innermost loop is one that compilers
 * vectorise. Guarantees: the numbers of the granules are read only where the row lies inside its tensor, and then theirs
 * lie inside too, for their dimensions are the tensor's.
 */
import { alongRow, type Along } from "../../src/tile/granules.ts";
import type { Small } from "../../src/tile/tile.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { bare, expression, flat } from "./scalar.ts";
import { elementTypes, widened } from "./storage.ts";
import type { Context } from "./unit.ts";
import { elementContext, hoistRow, local, type Writer } from "./writer.ts";

export function smallRow(
  { dtype, step, zero }: Small,
  { pointer, valid }: { readonly pointer: string; readonly valid: string },
  store: (value: string) => string,
  cx: Context,
  out: Writer,
): void {
  const parts = zero ? [step, zero] : [step];
  const along = parts.map(alongRow);
  const runs = new Set(along.flatMap((each) => (each.kind === "runs" ? [each.by] : [])));
  const [run] = runs;
  const inner = elementContext(cx);
  const integer = dtype === "i4" ? `${cx.unit.helper("nibble")}(${pointer}, c)` : `(float)${pointer}[c]`;
  const loop = (from: string, to: string, numbers: readonly string[]): void => {
    const [by = "", less] = numbers;
    const shifted = less === undefined ? integer : `(${integer} - ${less})`;
    out.line(`for (int32_t c = ${from}; c < ${to}; c++) ${store(`${shifted} * ${by}`)}`);
  };
  const written = (at: Context): readonly string[] => parts.map((x, n) => numberOf(x, along[n], valid, at, out));
  if (run === undefined || runs.size > 1) return loop("0", valid, written(hoistRow(parts, inner, out)));
  const [first, end] = ["first", "end"].map((x) => cx.unit.names.fresh(x));
  const once = hoistRow(parts, inner, out);
  out.block(`for (int32_t ${first} = 0; ${first} < ${valid}; ${first} += ${run})`, () => {
    out.line(`const int32_t ${end} = ${valid} - ${first} < ${run} ? ${valid} : ${first} + ${run};`);
    const at = once.with(new Map([["c", { text: first, type: "i32", wild: false }]]));
    const numbers = parts.map((x, n) =>
      along[n].kind === "runs" ? local(x, "shared", at, out) : numberOf(x, along[n], valid, once, out),
    );
    loop(first, end, numbers);
  });
}

/** The number that belongs to column c, as text. */
function numberOf(x: Scalar, along: Along, valid: string, cx: Context, out: Writer): string {
  if (along.kind !== "line") return along.kind === "row" ? local(x, "shared", cx, out) : expression(x, cx);
  const { unit } = cx;
  const { dtype, dims } = unit.tensor(along.tensor);
  const extents = dims.map((d) => expression(d, cx));
  const places = along.leading.map((y) => bare(y, cx));
  const base = unit.pointer(along.tensor);
  const line = unit.names.fresh("numbers");
  const offset = places.length > 0 ? ` + (${flat(places, extents)}) * (size_t)(${extents.at(-1)})` : "";
  out.line(`const ${elementTypes[dtype]} *restrict const ${line} = ${valid} > 0 ? ${base}${offset} : ${base};`);
  return widened(dtype, `${line}[c]`, unit);
}
