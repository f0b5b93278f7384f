/** Operations on lists of key ranges: unite, join. */
import { united, type Keys } from "../../plan/tiles.ts";
import { missing, slotOf, type Machine } from "../machine.ts";
import { scalarText } from "../text.ts";
import type { RangeTerm } from "../tile.ts";
import type { OperationRow } from "./row.ts";

export const unite: OperationRow<"unite"> = {
  parts: (op, p) => {
    p.list(op.list);
    const terms = op.terms.map((term): RangeTerm => {
      const names = term.over.map((o) => o.name);
      const over = term.over.map((o, n) => {
        const outer = names.slice(0, n);
        return { ...o, from: p.scalar(o.from, outer), to: p.scalar(o.to, outer) };
      });
      const [when, lo, hi] = [p.scalar(term.when, names), p.scalar(term.lo, names), p.scalar(term.hi, names)];
      return { when, lo, hi, over };
    });
    return { ...op, slot: p.scalar(op.slot), terms, extent: p.scalar(op.extent) };
  },
  print: (op) => [
    `unite ${op.list}[${scalarText(op.slot)}] in granules of ${op.granule} below ${scalarText(op.extent)}`,
    ...op.terms.map((each) => `  ${termText(each)}`),
  ],
  run: (op, machine) => {
    const asked = op.terms.flatMap((term) => rangesOf(term, machine));
    assign(machine, op.list, machine.value(op.slot), united(asked, op.granule, machine.value(op.extent)));
  },
};

export const join: OperationRow<"join"> = {
  parts: (op, p) => ({
    ...op,
    list: p.list(op.list),
    slot: p.scalar(op.slot),
    from: p.scalar(op.from),
    to: p.scalar(op.to),
  }),
  print: (op) => [`join ${op.list}[${scalarText(op.slot)}] = slots ${scalarText(op.from)} .. ${scalarText(op.to)}`],
  run: (op, machine) => {
    const parts: Keys[] = [];
    for (let n = machine.value(op.from); n < machine.value(op.to); n++) parts.push(...slotOf(machine, op.list, n));
    assign(machine, op.list, machine.value(op.slot), united(parts, 1, Number.POSITIVE_INFINITY));
  },
};

function rangesOf(term: RangeTerm, machine: Machine, depth = 0): Keys[] {
  const { value, set } = machine;
  const over = term.over[depth];
  if (!over) return value(term.when) ? [[value(term.lo), value(term.hi)]] : [];
  const found: Keys[] = [];
  const to = value(over.to);
  for (let n = value(over.from); n < to; n++) {
    set(over.name, n);
    found.push(...rangesOf(term, machine, depth + 1));
  }
  return found;
}

function assign({ lists }: Machine, list: string, slot: number, ranges: readonly Keys[]): void {
  (lists.get(list) ?? missing(list))[slot] = ranges;
}

function termText({ when, lo, hi, over }: RangeTerm): string {
  const loops = over.map((o) => ` for ${o.name} in ${scalarText(o.from)} .. ${scalarText(o.to)}`).join("");
  const guard = when.kind === "const" && when.value ? "" : ` when ${scalarText(when)}`;
  return `${scalarText(lo)} .. ${scalarText(hi)}${loops}${guard}`;
}
