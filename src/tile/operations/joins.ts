/** Operations that join elements: reduce, dot, finite, bounds. */
import { each, place, type Machine } from "../machine.ts";
import { scalarText, viewText } from "../text.ts";
import type { View } from "../tile.ts";
import type { Of, OperationRow } from "./row.ts";

export const reduce: OperationRow<"reduce"> = {
  parts: (op, p) => ({ ...op, to: p.view(op.to, "whole", 1), from: p.view(op.from, "whole", 2) }),
  print: (op) => [`reduce ${viewText(op.to)} ${op.accumulate ? "joins" : "="} ${op.op} of ${viewText(op.from)}`],
  run: (op, machine) => reduceRows(op, op.from, machine),
};

/** to[r] = op over c of view[r, c], in the order of c. */
export function reduceRows(
  { op, to: into, accumulate }: Pick<Of<"reduce">, "op" | "to" | "accumulate">,
  view: View,
  machine: Machine,
): void {
  const [to, from] = [place(into, machine), place(view, machine)];
  const join = op === "max" ? (x: number, y: number) => (y > x ? y : x) : (x: number, y: number) => x + y;
  for (let r = 0; r < to.rows; r++) {
    let x = accumulate ? to.get(r) : op === "max" ? Number.NEGATIVE_INFINITY : 0;
    for (let c = 0; c < from.columns; c++) x = join(x, from.get(r, c));
    to.put(r, 0, x);
  }
}

export const dot: OperationRow<"dot"> = {
  parts: (op, p) => ({
    ...op,
    to: p.view(op.to, "own", 2),
    a: p.view(op.a, "operand", 2),
    b: p.view(op.b, "operand", 2),
  }),
  print: (op) => [
    `dot ${viewText(op.to)} ${op.start === "add" ? "+=" : "="} ${viewText(op.a)} @ ${viewText(op.b)} along ${op.along}${op.guard ? " guarded" : ""}`,
  ],
  run: (op, machine) => {
    const [to, a, b] = [place(op.to, machine), place(op.a, machine), place(op.b, machine)];
    const terms = op.along === "columns" ? a.columns : b.rows;
    for (let r = 0; r < to.rows; r++) {
      for (let c = 0; c < to.columns; c++) {
        let x = op.start === "add" ? to.get(r, c) : 0;
        for (let k = 0; k < terms; k++) {
          const left = a.get(r, k);
          if (!(op.guard && Object.is(left, 0))) x += left * (op.along === "columns" ? b.get(c, k) : b.get(k, c));
        }
        to.put(r, c, x);
      }
    }
  },
};

export const finite: OperationRow<"finite"> = {
  parts: (op, p) => ({ ...op, of: p.view(op.of, "scan") }),
  binds: (op) => [op.flag],
  print: (op) => [`finite ${op.flag} = ${viewText(op.of)}`],
  run: (op, machine) => {
    const of = place(op.of, machine);
    let all = 1;
    each(of, machine, (r, c) => (all &= Number.isFinite(of.get(r, c)) ? 1 : 0));
    machine.set(op.flag, all);
  },
};

export const bounds: OperationRow<"bounds"> = {
  parts: (op, p) => ({ ...op, rows: p.scalar(op.rows), value: p.element(op.value) }),
  binds: (op) => [op.min, op.max],
  print: (op) => [`bounds ${op.min}, ${op.max} of ${scalarText(op.value)} over ${scalarText(op.rows)}`],
  run: (op, machine) => {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    each({ rows: machine.value(op.rows), columns: 1 }, machine, () => {
      const x = machine.value(op.value);
      least = Math.min(least, x);
      most = Math.max(most, x);
    });
    machine.set(op.min, least);
    machine.set(op.max, most);
  },
};
