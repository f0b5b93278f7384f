/**
 * Lists of ranges, kept by each thread for itself: all compute the same, so loops over them are uniform. A list that
 * is full joins a range with its neighbour, which asks for more keys than needed and changes no result.
 */
import { isConst } from "../../src/scalar/scalar.ts";
import { settled, type Operation, type RangeList } from "../../src/tile/tile.ts";
import type { Context } from "./context.ts";
import { identifier } from "./scalar.ts";

export const listName = (name: string): string => identifier("l", name);

/** Ranges of a list whose capacity depends on sizes: no pipeline for each length. */
const usualCapacity = 128;
/** Of all slots together: private memory is 8,192 bytes. */
const mostRanges = 400;

export function declareList(list: RangeList): { name: string; module: string; local: readonly string[] } {
  const asked = isConst(list.capacity) ? list.capacity.value : usualCapacity;
  const capacity = Math.max(1, Math.min(asked, Math.floor(mostRanges / settled(list.slots))));
  const name = listName(list.name);
  const array = `array<vec2<i32>, ${name}_capacity * ${settled(list.slots)}>`;
  return {
    name,
    module: `const ${name}_capacity: i32 = ${capacity};
/* Adds lo … hi to the sorted, disjoint ranges base … base + count - 1; gives the new count. */
fn ${name}_add(list: ptr<function, ${array}>, base: i32, count: i32, lo: i32, hi: i32) -> i32 {
  if (lo >= hi) { return count; }
  var first = 0;
  while (first < count && (*list)[base + first].y < lo) { first++; }
  var last = first;
  while (last < count && (*list)[base + last].x <= hi) { last++; }
  if (first == last) {
    if (count == ${name}_capacity) {
      if (first == count) { (*list)[base + first - 1].y = hi; } else { (*list)[base + first].x = lo; }
      return count;
    }
    for (var n = count; n > first; n--) { (*list)[base + n] = (*list)[base + n - 1]; }
    (*list)[base + first] = vec2<i32>(lo, hi);
    return count + 1;
  }
  (*list)[base + first] = vec2<i32>(min(lo, (*list)[base + first].x), max(hi, (*list)[base + last - 1].y));
  let closed = last - first - 1;
  for (var n = first + 1; n + closed < count; n++) { (*list)[base + n] = (*list)[base + n + closed]; }
  return count - closed;
}`,
    local: [`var ${name}: ${array};`, `var ${name}_count: array<i32, ${settled(list.slots)}>;`],
  };
}

export function emitUnite(op: Extract<Operation, { kind: "unite" }>, cx: Context): void {
  const list = listName(op.list);
  cx.line(`let slot = ${cx.print(op.slot)};`);
  cx.line(`let extent = ${cx.print(op.extent)};`);
  cx.line("var count = 0;");
  for (const term of op.terms) {
    const nest = (depth: number): void => {
      const over = term.over[depth];
      if (over) {
        const to = cx.fresh("to");
        cx.line(`let ${to} = ${cx.print(over.to)};`);
        const from = cx.print(over.from);
        const name = cx.bind(over.name);
        cx.block(`for (var ${name} = ${from}; ${name} < ${to}; ${name}++)`, () => nest(depth + 1));
        return;
      }
      cx.block(`if (${cx.print(term.when)})`, () => {
        const g = op.granule;
        cx.line(`let lo = ${cx.print(term.lo)};`);
        cx.line(`let hi = ${cx.print(term.hi)};`);
        cx.block("if (lo < hi)", () => {
          cx.line(`let begin = max(0, fv_div(lo, ${g}) * ${g});`);
          cx.line(`let end = min(extent, fv_div(min(hi, extent) + ${g - 1}, ${g}) * ${g});`);
          cx.line(`count = ${list}_add(&${list}, slot * ${list}_capacity, count, begin, end);`);
        });
      });
    };
    cx.block("", () => nest(0));
  }
  cx.line(`${list}_count[slot] = count;`);
}

export function emitJoin(op: Extract<Operation, { kind: "join" }>, cx: Context): void {
  const list = listName(op.list);
  cx.line(`let slot = ${cx.print(op.slot)};`);
  cx.line("var count = 0;");
  cx.block(`for (var source = ${cx.print(op.from)}; source < ${cx.print(op.to)}; source++)`, () => {
    cx.block(`for (var n = 0; n < ${list}_count[source]; n++)`, () => {
      cx.line(`let range = ${list}[source * ${list}_capacity + n];`);
      cx.line(`count = ${list}_add(&${list}, slot * ${list}_capacity, count, range.x, range.y);`);
    });
  });
  cx.line(`${list}_count[slot] = count;`);
}
