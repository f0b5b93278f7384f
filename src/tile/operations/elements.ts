/** Operations that make one element at a time: load, store, fill, map, rescale. */
import type { Scalar } from "../../scalar/scalar.ts";
import { elementOf } from "../loaded.ts";
import { each, missing, place } from "../machine.ts";
import { listText, scalarText, viewText } from "../text.ts";
import type { Operation, Small } from "../tile.ts";
import { reduceRows } from "./joins.ts";
import type { OperationRow } from "./row.ts";

/** The element of a tensor that a load reads: the same object each time, so that it is prepared once. */
const loaded = new WeakMap<Operation, Scalar>();

const numbersOf = ({ step, zero }: Small, f: (x: Scalar) => Scalar): Pick<Small, "step" | "zero"> => ({
  step: f(step),
  ...(zero ? { zero: f(zero) } : {}),
});

export const load: OperationRow<"load"> = {
  parts: (op, p) => ({
    ...op,
    to: p.view(op.to, "load"),
    at: p.index(op.tensor, op.at),
    ...(op.small ? { small: { ...op.small, ...numbersOf(op.small, p.element) } } : {}),
    ...(op.scale ? { scale: p.scalar(op.scale) } : {}),
  }),
  print: (op) => {
    const scale = op.scale ? `${scalarText(op.scale)} * ` : "";
    const element = `${op.tensor}[${listText(op.at)}]`;
    if (!op.small) return [`load ${viewText(op.to)} = ${scale}${element}`];
    const { dtype, step, zero } = op.small;
    const integer = zero ? `(${element} - ${scalarText(zero)})` : element;
    return [`load ${viewText(op.to)} = ${scale}${integer} * ${scalarText(step)} from ${dtype}`];
  },
  run: (op, machine) => {
    const to = place(op.to, machine);
    const element = loaded.get(op) ?? elementOf(op, undefined);
    loaded.set(op, element);
    const scale = op.scale ? machine.value(op.scale) : 1;
    each(to, machine, (r, c) => to.put(r, c, machine.value(element) * scale));
  },
};

export const store: OperationRow<"store"> = {
  parts: (op, p) => ({
    ...op,
    at: p.index(op.tensor, op.at),
    rows: p.scalar(op.rows),
    ...(op.columns ? { columns: p.scalar(op.columns) } : {}),
    value: p.element(op.value),
  }),
  print: (op) => [
    `store ${op.tensor}[${listText(op.at)}] = ${scalarText(op.value)} over ${scalarText(op.rows)}${op.columns ? ` x ${scalarText(op.columns)}` : ""}`,
  ],
  run: (op, machine) => {
    const { value, outputs } = machine;
    const { dims, data, round } = outputs.get(op.tensor) ?? missing(op.tensor);
    each({ rows: value(op.rows), columns: op.columns ? value(op.columns) : 1 }, machine, () => {
      data[op.at.reduce((flat, index, n) => flat * (dims[n] ?? 1) + value(index), 0)] = round(value(op.value));
    });
  },
};

export const fill: OperationRow<"fill"> = {
  parts: (op, p) => ({ ...op, to: p.view(op.to, "own"), value: p.element(op.value) }),
  print: (op) => [`fill ${viewText(op.to)} = ${scalarText(op.value)}`],
  run: (op, machine) => {
    const to = place(op.to, machine);
    each(to, machine, (r, c) => to.put(r, c, machine.value(op.value)));
  },
};

export const map: OperationRow<"map"> = {
  parts: (op, p) => {
    const made = { ...op, to: p.view(op.to, "own"), value: p.element(op.value) };
    if (!op.reduce) return made;
    p.view(op.to, "whole", 2);
    return { ...made, reduce: { ...op.reduce, to: p.view(op.reduce.to, "whole", 1) } };
  },
  print: (op) => [
    `map ${viewText(op.to)} = ${scalarText(op.value)}`,
    ...(op.reduce
      ? [`  ${viewText(op.reduce.to)} ${op.reduce.accumulate ? "joins" : "="} its ${op.reduce.op} over each row`]
      : []),
  ],
  run: (op, machine) => {
    const to = place(op.to, machine);
    each(to, machine, (r, c) => to.put(r, c, machine.value(op.value)));
    if (op.reduce) reduceRows(op.reduce, op.to, machine);
  },
};

export const rescale: OperationRow<"rescale"> = {
  parts: (op, p) => ({ ...op, to: p.view(op.to, "own"), by: p.view(op.by, "whole", 1) }),
  print: (op) => [`rescale ${viewText(op.to)} by ${viewText(op.by)}`],
  run: (op, machine) => {
    const [to, by] = [place(op.to, machine), place(op.by, machine)];
    each(to, machine, (r, c) => {
      if (by.get(r) !== 1) to.put(r, c, to.get(r, c) * by.get(r));
    });
  },
};
