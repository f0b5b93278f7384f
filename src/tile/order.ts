/**
 * How rows make tiles. Takes a Plan's order of rows and, for an attend that regroups them, the residues it wants; gives
 * the loops over tiles and, for row `r` of the tile at hand, its query row, its head and where its state lies.
 * Bound inside the loops: `rows` of the tile (at least 1), i0 and i1, and DIGIT.min and DIGIT.max where tiles are patches.
 *
 * A superblock has ROWS · SUPERBLOCK places. A run of rows, or of rows of one class, fills them in order, heads of a group
 * next to each other: place = row · GROUP + head. Regrouped, places of one residue stand together. Patches have one head.
 */
import { digitsOf, type Digit } from "../plan/digits.ts";
import type { Plan, RowOrder } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { GROUP, patchOf, ROWS, SUPERBLOCK } from "./parameters.ts";
import { loop, type Statement } from "./tile.ts";

const v = s.variable;
const zero = s.int(0);
const one = s.int(1);

export interface Order {
  /** Does it regroup the rows of a superblock, so that their state lies elsewhere? */
  readonly regroups: boolean;
  readonly row: Scalar;
  readonly head: Scalar;
  /** The first place of the tile in the order's own buffers, and where its row `r` stands in the plan's order. */
  readonly place: Scalar;
  readonly before: Scalar;
  /** Once for each set of tiles whose rows see the same inner digits of keys; binds set_i, the position of one of them. */
  readonly sets: (body: readonly Statement[]) => readonly Statement[];
  /** How many tiles the set has at most: `tiles` goes through as many, and no list of another is anything yet. */
  readonly most: Scalar;
  /** Once for each tile of the set, numbered by `t`, that has rows. */
  readonly tiles: (body: readonly Statement[], empty?: readonly Statement[]) => Statement;
}

const bind = (name: string, value: Scalar): Statement => ({ kind: "let", name, value });

/** The parallel loops over superblocks, outermost first. */
export function superblocks(plan: Plan, body: readonly Statement[]): Statement {
  const { rows } = plan;
  const lines = run(plan);
  if (!rows || !isPatch(rows)) {
    const flat = s.mul(lines.most, GROUP);
    const blocks = loop("block", s.ceilDiv(flat, s.mul(ROWS, SUPERBLOCK)), "parallel", body);
    return rows ? loop("class", lines.step, "parallel", [blocks]) : blocks;
  }
  const { classes, spans } = partition(rows);
  const patches = spans.map((d, n) => s.ceilDiv(d.extent, patchOf(n, spans.length))).reduce(s.mul);
  const blocks = loop("block", s.ceilDiv(patches, SUPERBLOCK), "parallel", body);
  return classes.length > 0 ? loop("class", classes.map((d) => d.extent).reduce(s.mul), "parallel", [blocks]) : blocks;
}

const isPatch = (rows: RowOrder | undefined): boolean => rows !== undefined && partition(rows).spans.length > 1;

/** How many digits a patch spans; 1 where tiles are runs. */
export const spansOf = ({ rows }: Plan): number => (rows ? partition(rows).spans.length : 1);

function partition({ axis, classes }: RowOrder): {
  readonly classes: readonly Digit[];
  readonly spans: readonly Digit[];
} {
  const digits = digitsOf(axis);
  return {
    classes: digits.filter((d) => classes.includes(d.name)),
    spans: digits.filter((d) => !classes.includes(d.name)),
  };
}

/** Rows first, first + step, …: how many at most, and how many there are of the class at hand. */
function run({ rows, extents }: Plan): { first: Scalar; step: Scalar; most: Scalar; count: Scalar } {
  if (!rows) return { first: zero, step: one, most: extents.query, count: extents.query };
  const step = digitsOf(rows.axis)[0]?.weight ?? one;
  const first = v("class");
  const count = s.ceilDiv(s.max(zero, s.sub(extents.query, first)), step);
  return { first, step, most: s.ceilDiv(extents.query, step), count };
}

const positionOf = (plan: Plan, row: Scalar): Scalar => s.substitute(plan.position, { row });

/** Tiles of consecutive places. */
export function orderOf(plan: Plan): Order {
  if (plan.rows && isPatch(plan.rows)) return patches(plan, plan.rows);
  const { first, step, count } = run(plan);
  const flat = s.add(v("row0"), v("r"));
  const rowAt = (place: Scalar): Scalar => s.add(first, s.mul(step, s.idiv(place, GROUP)));
  const tiles = (body: readonly Statement[], empty: readonly Statement[] = []): Statement =>
    loop("t", SUPERBLOCK, "serial", [
      ...empty,
      bind("row0", s.mul(s.add(v("first_tile"), v("t")), ROWS)),
      bind("rows", s.max(zero, s.min(ROWS, s.sub(s.mul(count, GROUP), v("row0"))))),
      whereRows([
        bind("i0", positionOf(plan, rowAt(v("row0")))),
        bind("i1", positionOf(plan, rowAt(s.sub(s.add(v("row0"), v("rows")), one)))),
        ...body,
      ]),
    ]);
  const place = s.mul(v("t"), ROWS);
  return {
    regroups: false,
    row: rowAt(flat),
    head: s.add(s.mul(v("head"), GROUP), s.mod(flat, GROUP)),
    place,
    before: s.add(place, v("r")),
    sets: (body) => {
      const start = positionOf(plan, rowAt(s.mul(v("first_tile"), ROWS)));
      return [bind("set_i", start), ...body];
    },
    most: SUPERBLOCK,
    tiles,
  };
}

const whereRows = (body: readonly Statement[]): Statement => ({
  kind: "if",
  when: s.call("gt", v("rows"), zero),
  then: body,
  otherwise: [],
});

/**
 * Places of one residue modulo by · GROUP together: residue c of a superblock with n places has ⌈(n − c) / by · GROUP⌉,
 * and those before it have start(c) = c · ⌊n / by · GROUP⌋ + min(c, n mod by · GROUP).
 */
export function regrouped(plan: Plan, by: Scalar): Order {
  const apart = v("apart");
  const first = s.mul(v("first_tile"), ROWS);
  const total = s.mul(plan.extents.query, GROUP);
  const held = v("held");
  const residue = v("residue");
  const before = s.add(residue, s.mul(apart, s.add(s.mul(v("t"), ROWS), v("r"))));
  const flat = s.add(first, before);
  const rowAt = (place: Scalar): Scalar => s.idiv(s.add(first, place), GROUP);
  const countOf = s.ceilDiv(s.sub(held, residue), apart);
  const most = s.ceilDiv(countOf, ROWS);
  const start = s.add(s.mul(residue, s.idiv(held, apart)), s.min(residue, s.mod(held, apart)));
  const inTile = (r: Scalar): Scalar => s.add(residue, s.mul(apart, s.add(s.mul(v("t"), ROWS), r)));
  return {
    regroups: true,
    row: s.idiv(flat, GROUP),
    head: s.add(s.mul(v("head"), GROUP), s.mod(flat, GROUP)),
    place: s.add(v("start"), s.mul(v("t"), ROWS)),
    before,
    sets: (body) => [
      bind("held", s.max(zero, s.min(s.mul(ROWS, SUPERBLOCK), s.sub(total, first)))),
      bind("apart", s.mul(by, GROUP)),
      loop("residue", s.min(apart, held), "serial", [
        bind("start", start),
        bind("set_i", positionOf(plan, rowAt(residue))),
        ...body,
      ]),
    ],
    most,
    tiles: (body, empty = []) =>
      loop("t", most, "serial", [
        ...empty,
        bind("rows", s.max(zero, s.min(ROWS, s.sub(countOf, s.mul(v("t"), ROWS))))),
        whereRows([
          bind("i0", positionOf(plan, rowAt(inTile(zero)))),
          bind("i1", positionOf(plan, rowAt(inTile(s.sub(v("rows"), one))))),
          ...body,
        ]),
      ]),
  };
}

/** One patch a tile: a box of rows, clipped at the edges of the canvas. */
function patches(plan: Plan, rows: RowOrder): Order {
  const { classes, spans } = partition(rows);
  const sizes = spans.map((d) => v(`${d.name}.size`));
  const starts = spans.map((d) => v(`${d.name}.first`));
  const base = classes.map((d) => s.mul(v(`${d.name}.first`), d.weight)).reduce(s.add, zero);
  const row = spans
    .map((d, n) => s.mul(d.weight, s.add(starts[n] ?? zero, digitAt(v("r"), n, sizes))))
    .reduce(s.add, base);
  const origin = spans.map((d, n) => s.mul(d.weight, starts[n] ?? zero)).reduce(s.add, base);
  const named = (name: string, end: string): string => `${name.replace(/^row/, "i")}.${end}`;
  const where: readonly Statement[] = [
    bind("patch", s.add(v("first_tile"), v("t"))),
    ...digitsFrom("class", classes),
    ...spans.flatMap((d, n) => {
      const size = patchOf(n, spans.length);
      const across = spans.map((x, m) => s.ceilDiv(x.extent, patchOf(m, spans.length)));
      const at = digitAt(v("patch"), n, across);
      return [
        bind(`${d.name}.first`, s.mul(at, size)),
        bind(`${d.name}.size`, s.max(zero, s.min(size, s.sub(extentIn(rows, d, classes), v(`${d.name}.first`))))),
      ];
    }),
    bind("rows", below(s.sub(plan.extents.query, origin), spans, sizes)),
  ];
  const ends: readonly Statement[] = [
    ...classes.flatMap((d) => [
      bind(named(d.name, "min"), v(`${d.name}.first`)),
      bind(named(d.name, "max"), v(`${d.name}.first`)),
    ]),
    ...spans.flatMap((d, n) => [
      bind(named(d.name, "min"), starts[n] ?? zero),
      bind(named(d.name, "max"), s.sub(s.add(starts[n] ?? zero, sizes[n] ?? zero), one)),
    ]),
    bind("i0", origin),
    bind("i1", s.substitute(row, { r: s.sub(v("rows"), one) })),
  ];
  const place = s.mul(v("t"), ROWS);
  return {
    regroups: false,
    row,
    head: v("head"),
    place,
    before: s.add(place, v("r")),
    sets: (body) => body,
    most: SUPERBLOCK,
    tiles: (body, empty = []) => loop("t", SUPERBLOCK, "serial", [...empty, ...where, whereRows([...ends, ...body])]),
  };
}

/** Digit n of x, counted through all numbers below the product of `sizes`, the last fastest. */
function digitAt(x: Scalar, n: number, sizes: readonly Scalar[]): Scalar {
  const inner = sizes.slice(n + 1).reduce(s.mul, one);
  const quotient = s.idiv(x, inner);
  return n === 0 ? quotient : s.mod(quotient, sizes[n] ?? one);
}

const digitsFrom = (whole: string, digits: readonly Digit[]): readonly Statement[] =>
  digits.map((d, n) =>
    bind(
      `${d.name}.first`,
      digitAt(
        v(whole),
        n,
        digits.map((x) => x.extent),
      ),
    ),
  );

/** How many values a digit has beside the class digits at hand: a number that its axis has no room for is none. */
function extentIn({ axis }: RowOrder, digit: Digit, classes: readonly Digit[]): Scalar {
  const own = ownerOf(axis, digit.name);
  if (!own) return digit.extent;
  const [first, ...rest] = digitsOf(own);
  const tied = rest.every((d) => classes.some((c) => c.name === d.name));
  if (!first || !tied) return digit.extent;
  const low = rest.map((d) => s.mul(v(`${d.name}.first`), d.weight)).reduce(s.add, zero);
  return s.ceilDiv(s.max(zero, s.sub(own.extent, low)), first.weight);
}

/** The largest number inside the axis, not the whole of it, whose first digit that is. */
function ownerOf(axis: RowOrder["axis"], name: string): RowOrder["axis"] | undefined {
  const { split } = axis;
  if (!split) return undefined;
  for (const half of [split.outer, split.inner]) {
    if (half.split && digitsOf(half)[0]?.name === name) return half;
    const deeper = ownerOf(half, name);
    if (deeper) return deeper;
  }
  return undefined;
}

/**
 * How many numbers of a patch, in ascending order, are less than `left`: those whose first digit leaves room for all
 * others, and of the next value of it as many as the others say.
 */
function below(left: Scalar, spans: readonly Digit[], sizes: readonly Scalar[]): Scalar {
  const [first, ...rest] = spans;
  const [size = zero, ...others] = sizes;
  if (!first) return s.select(s.call("gt", left, zero), one, zero);
  const reach = rest.map((d, n) => s.mul(d.weight, s.sub(others[n] ?? one, one))).reduce(s.add, zero);
  const whole = s.max(zero, s.min(size, s.add(s.idiv(s.sub(s.sub(left, one), reach), first.weight), one)));
  const each = others.reduce(s.mul, one);
  const more = below(s.sub(left, s.mul(whole, first.weight)), rest, others);
  if (rest.length === 0) return whole;
  return s.add(s.mul(whole, each), s.select(s.call("lt", whole, size), more, zero));
}
