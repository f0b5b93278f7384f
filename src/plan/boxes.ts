/**
 * The keys that a tile visits in an attend with split keys, on concrete numbers: takes the attend and an
 * environment (sizes, tensors, `b h hk`); gives, for what a tile binds, the runs of numbers that kernels visit, the key
 * behind a number, and what of a run every row sees. What src/tile/keys.ts builds as expressions.
 */
import { cell, prepare, type Environment, type Frame } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { digitsOf, valuesOf, wholeOf } from "./digits.ts";
import type { Range } from "./plan.ts";
import { prepareRange, united, type Attend, type Keys, type PreparedRange } from "./tiles.ts";

export interface BoxVisit {
  readonly runs: readonly Keys[];
  /** The key of a number; it may be beyond the keys there are. */
  readonly keyOf: (number: number) => number;
  readonly full: (lo: number, hi: number) => boolean;
  /** Does the row at that position see the key of that number? */
  readonly keeps: (position: number, row: number, number: number) => boolean;
  readonly examined: number;
}

export function prepareBoxes(
  { visit, split, mask }: Attend,
  env: Environment,
): (variables: Readonly<Record<string, number>>) => BoxVisit {
  if (!split) throw new Error("boxes: keys that are not split have ranges");
  const frame: Frame = new Map();
  const set = (values: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(values)) cell(frame, name).value = value;
  };
  const [outermost, ...inner] = digitsOf(split.keys);
  const rowDigits = Object.entries(valuesOf(split.query, { kind: "var", type: "i32", name: "i" }));
  const names = [
    ...(outermost ? [outermost.name] : []),
    ...inner.map((d) => d.name),
    ...rowDigits.map(([name]) => name),
  ];
  const bounds = digitsOf(split.query).flatMap(({ name }) => [`${name}.min`, `${name}.max`]);
  const given = env.variables instanceof Map ? Object.fromEntries(env.variables) : env.variables;
  const zero = ["b", "h", "hk", "i", "j", "i0", "i1", "row", ...names, ...bounds];
  set({ s: Number.NaN, ...Object.fromEntries(zero.map((name) => [name, 0])), ...given });
  const ready = (x: Scalar): (() => number) => prepare(x, frame, env, "f32");
  const rangeOf = (r: Range): PreparedRange => prepareRange(r, frame, env);
  const may = visit.may.map(rangeOf);
  const must = visit.must.map(rangeOf);
  const sides = split.inner.map((side) => ({ lo: ready(side.lo), hi: ready(side.hi), must: side.must.map(rangeOf) }));
  const extent = outermost ? ready(outermost.extent) : () => 0;
  const whole = ready(wholeOf(split.keys, (name) => ({ kind: "var", type: "i32", name })));
  const keeps = ready(mask);
  const ofRow = rowDigits.map(([name, x]) => [cell(frame, name), ready(x)] as const);
  const [i, j, row] = ["i", "j", "row"].map((name) => cell(frame, name));

  return (variables) => {
    set(variables);
    const box = sides.map(({ lo, hi }) => ({ lo: lo(), width: Math.max(0, hi() - lo()) }));
    const stride = box.reduce((all, { width }) => all * width, 1);
    const first = extent();
    let examined = sides.length;
    const standing = (ranges: readonly PreparedRange[]): readonly Keys[] => {
      const found: Keys[] = [];
      for (const range of ranges) examined += range.each((lo, hi) => found.push([lo, hi]));
      return found;
    };
    const runs = united(
      standing(may).map(([lo, hi]): Keys => [Math.max(0, lo) * stride, Math.min(first, hi) * stride]),
      visit.granule,
      first * stride,
    );
    const wholly = standing(must);
    // Each side's ranges are looked at, as a kernel does, whatever the others say.
    const seen = sides
      .map(({ must: ranges }, n) => {
        const { lo, width } = box[n] ?? { lo: 0, width: 0 };
        return standing(ranges).some(([from, to]) => from <= lo && lo + width <= to);
      })
      .every((side) => side);
    const place = (number: number): void => {
      let left = number;
      for (let n = inner.length - 1; n >= 0; n--) {
        const { lo, width } = box[n] ?? { lo: 0, width: 1 };
        cell(frame, inner[n]?.name ?? "").value = lo + (left % width);
        left = Math.floor(left / width);
      }
      if (outermost) cell(frame, outermost.name).value = left;
      j.value = whole();
    };
    return {
      runs,
      keyOf: (number) => {
        place(number);
        return j.value;
      },
      full: (lo, hi) =>
        seen && wholly.some(([from, to]) => from <= Math.floor(lo / stride) && Math.floor((hi - 1) / stride) < to),
      keeps: (position, query, number) => {
        place(number);
        i.value = position;
        row.value = query;
        for (const [digit, value] of ofRow) digit.value = value();
        return keeps() !== 0;
      },
      examined,
    };
  };
}
