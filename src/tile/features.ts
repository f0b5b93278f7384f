/**
 * The launch of a features stage: for each batch and head, SUPERBLOCK tiles of ROWS rows at a time, KEYS features at a
 * time. Takes the stage, whose feature is one Scalar; gives loops in which Σ_t W[c, t] · a(t) is a product of the tile
 * with W, a sum that does not depend on the feature is one number a row, and the rest is done element by element.
 * Exponents need the largest of a row before any is stored: where features take several pieces they are made twice, so
 * that no buffer is as wide as there are features.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { featureRow } from "../spec/spec.ts";
import { minusInfinity } from "./building.ts";
import { KEYS, ROWS, SUPERBLOCK } from "./parameters.ts";
import { loop, type Buffer, type Statement, type TensorRef, type View } from "./tile.ts";

export type Features = Extract<Stage, { kind: "features" }>;

const v = s.variable;
const [zero, one] = [s.int(0), s.int(1)];
const [r, c, first, t, row0, rows, f0, width] = ["r", "c", "first_row", "t", "row0", "rows", "f0", "width"].map((x) =>
  v(x),
);
const bind = (name: string, value: Scalar): Statement => ({ kind: "let", name, value });
const view = (buffer: string, height: Scalar, columns?: Scalar, row: Scalar = zero): View => ({
  buffer,
  row,
  rows: height,
  ...(columns ? { columns } : {}),
});

/** Is it the largest exponent of a key that stands behind its features? */
const keepsLargest = ({ exponent, side }: Features): boolean => exponent && side === "key";

export function featuresTensor(plan: Plan, stage: Features): TensorRef {
  const { batch, head, keyHead, query, key } = plan.extents;
  const own = stage.side === "query" ? { head, position: query } : { head: keyHead, position: key };
  const channel = keepsLargest(stage) ? s.add(stage.count, one) : stage.count;
  const extent = { batch, channel, ...own };
  return { name: stage.to, dtype: "f32", dims: plan.roles.map((role) => extent[role]) };
}

type Sum = Scalar & { readonly kind: "any" | "sum" };

/** A sum that is a product with a matrix: element (c, t) of the matrix and t of what it is multiplied with. */
interface Product {
  readonly sum: Sum;
  readonly matrix: Scalar;
  readonly vector: Scalar;
  readonly names: { readonly matrix: string; readonly vector: string; readonly product: string };
}

/** A sum that is one number a row, and the buffer that holds it. */
interface RowSum {
  readonly sum: Sum;
  readonly buffer: string;
}

interface Parts {
  readonly products: readonly Product[];
  readonly sums: readonly RowSum[];
  /** The buffer in which features of a tile become ready. */
  readonly tile: string;
  readonly row: string;
  readonly largest: string;
}

export type Free = (name: string) => string;

/** Innermost sums come first, so that each may use those before it. */
function partsOf(stage: Features, free: Free): Parts {
  const [products, sums]: [Product[], RowSum[]] = [[], []];
  const go = (x: Scalar): void => {
    s.children(x).forEach(go);
    if (x.kind !== "sum") return;
    if (!s.dependsOn(x, "c")) {
      if (!speaksOfRow(x) || sums.some(({ sum }) => s.sameScalar(sum, x))) return;
      sums.push({ sum: x, buffer: free(`row_sum_${sums.length + 1}`) });
      return;
    }
    const [matrix, vector] = x.body.kind === "call" && x.body.fn === "mul" ? x.body.args : [];
    if (!matrix || !vector || products.some(({ sum }) => s.sameScalar(sum, x))) return;
    const n = products.length + 1;
    const names = { matrix: free(`matrix_${n}`), vector: free(`vector_${n}`), product: free(`product_${n}`) };
    products.push({ sum: x, matrix, vector, names });
  };
  go(stage.feature);
  const row = free("row_tile");
  return { products, sums, tile: products[0]?.names.product ?? row, row, largest: free("largest_feature") };
}

const speaksOfRow = (x: Scalar): boolean => s.some(x, (n) => n.kind === "read" && n.tensor === featureRow);
const isRowAt = (x: Scalar, name: string): boolean =>
  x.kind === "read" && x.tensor === featureRow && x.indices[0]?.kind === "var" && x.indices[0].name === name;

export function featuresBuffers(stage: Features, free: Free): readonly Buffer[] {
  const { products, sums, row, largest } = partsOf(stage, free);
  const held = s.mul(SUPERBLOCK, ROWS);
  const tile = (name: string, height: Scalar, columns: Scalar): Buffer => ({
    name,
    type: "f32",
    rows: height,
    columns,
  });
  return [
    tile(row, ROWS, KEYS),
    ...products.flatMap(({ sum, names }) => [
      tile(names.vector, ROWS, sum.count),
      tile(names.matrix, KEYS, sum.count),
      tile(names.product, ROWS, KEYS),
    ]),
    ...sums.map(({ buffer }): Buffer => ({ name: buffer, type: "f32", rows: held })),
    { name: largest, type: "f32", rows: held },
  ];
}

export function featuresLaunch(plan: Plan, stage: Features, free: Free): Statement {
  const { extents } = plan;
  const query = stage.side === "query";
  const extent = query ? extents.query : extents.key;
  const parts = partsOf(stage, free);
  const held = s.mul(SUPERBLOCK, ROWS);
  const { tile, largest } = parts;
  const at = (channel: Scalar): readonly Scalar[] => {
    const own = { batch: v("b"), head: v(query ? "h" : "hk"), position: s.add(row0, r), channel };
    return plan.roles.map((role) => own[role]);
  };
  const making: Making = { stage, parts, at };
  const place = s.add(s.mul(t, ROWS), r);
  const tiles = (body: readonly Statement[]): Statement =>
    loop("t", SUPERBLOCK, "serial", [
      bind("row0", s.add(first, s.mul(t, ROWS))),
      bind("rows", s.max(zero, s.min(ROWS, s.sub(extent, row0)))),
      { kind: "if", when: s.call("gt", rows, zero), then: body, otherwise: [] },
    ]);
  const pieces = (body: readonly Statement[]): Statement =>
    loop("piece", s.ceilDiv(stage.count, KEYS), "serial", [
      bind("f0", s.mul(v("piece"), KEYS)),
      bind("width", s.min(KEYS, s.sub(stage.count, f0))),
      ...matrices(making),
      tiles([...tileOf(making), ...body]),
    ]);
  const store = (value: Scalar): Statement => ({
    kind: "store",
    tensor: stage.to,
    at: at(s.add(f0, c)),
    rows,
    columns: width,
    value,
  });
  const exponents = (): readonly Statement[] => {
    const power = s.read(tile, "f32", [r, c]);
    const reference = s.read(largest, "f32", [place]);
    const safe = s.select(s.call("eq", reference, minusInfinity), s.float(0), reference);
    const when = (truth: Scalar, body: Statement): Statement => ({
      kind: "if",
      when: truth,
      then: [body],
      otherwise: [],
    });
    return [
      { kind: "fill", to: view(largest, held), value: minusInfinity },
      bind("passes", s.select(s.call("le", stage.count, KEYS), one, s.int(2))),
      loop("pass", v("passes"), "serial", [
        pieces([
          { kind: "map", to: view(tile, rows, width), value: featureOf(making) },
          when(s.call("eq", v("pass"), zero), {
            kind: "reduce",
            op: "max",
            to: view(largest, rows, undefined, s.mul(t, ROWS)),
            from: view(tile, rows, width),
            accumulate: true,
          }),
          when(s.call("eq", v("pass"), s.sub(v("passes"), one)), store(s.call("exp", s.sub(power, safe)))),
        ]),
      ]),
      ...(keepsLargest(stage)
        ? [tiles([{ kind: "store", tensor: stage.to, at: at(stage.count), rows, value: reference }])]
        : []),
    ];
  };
  const body = [
    bind("first_row", s.mul(v("block"), held)),
    ...(parts.sums.length > 0 ? [tiles(parts.sums.flatMap((each, n) => rowSum(making, each, n)))] : []),
    ...(stage.exponent ? exponents() : [pieces([store(featureOf(making))])]),
  ];
  const blocks = loop("block", s.ceilDiv(extent, held), "parallel", body);
  const heads = query
    ? loop("h", extents.head, "parallel", [blocks])
    : loop("hk", extents.keyHead, "parallel", [bind("h", v("hk")), blocks]);
  return loop("b", extents.batch, "parallel", [heads]);
}

interface Making {
  readonly stage: Features;
  readonly parts: Parts;
  /** The element of row `r` of the tile in a tensor that lies as the operand does. */
  readonly at: (channel: Scalar) => readonly Scalar[];
}

/** Sums that are at hand, and elements of the row wherever else they are read, by what holds them. */
function atHand({ stage, parts, at }: Making, x: Scalar, own: (y: Scalar) => Scalar | undefined): Scalar {
  const found = own(x);
  if (found) return found;
  const sum = parts.sums.find((each) => s.sameScalar(each.sum, x));
  if (sum) return s.read(sum.buffer, "f32", [s.add(s.mul(t, ROWS), r)]);
  const inner = s.mapChildren(x, (y) => atHand({ stage, parts, at }, y, own));
  if (inner.kind !== "read" || inner.tensor !== featureRow) return inner;
  return s.mul(s.read(stage.operand, "f32", at(inner.indices[0] ?? zero)), stage.scale);
}

/** A piece of the operand's row, into the row tile. */
const loadRow = ({ stage, parts, at }: Making, from: Scalar, columns: Scalar): Statement => ({
  kind: "load",
  to: view(parts.row, rows, columns),
  tensor: stage.operand,
  at: at(s.add(from, c)),
  scale: stage.scale,
});

/** Σ_t f(x_t), KEYS terms at a time. */
function rowSum(making: Making, { sum, buffer }: RowSum, n: number): readonly Statement[] {
  const [from, columns] = [v(`from_${n}`), v(`columns_${n}`)];
  const { row } = making.parts;
  const value = s.substitute(
    atHand(making, sum.body, (x) => (isRowAt(x, sum.name) ? s.read(row, "f32", [r, c]) : undefined)),
    { [sum.name]: s.add(from, c) },
  );
  const to = view(buffer, rows, undefined, s.mul(t, ROWS));
  return [
    { kind: "fill", to, value: s.float(0) },
    loop(`terms_${n}`, s.ceilDiv(sum.count, KEYS), "serial", [
      bind(`from_${n}`, s.mul(v(`terms_${n}`), KEYS)),
      bind(`columns_${n}`, s.min(KEYS, s.sub(sum.count, from))),
      loadRow(making, from, columns),
      { kind: "map", to: view(row, rows, columns), value },
      { kind: "reduce", op: "sum", to, from: view(row, rows, columns), accumulate: true },
    ]),
  ];
}

/** The rows of each matrix that make the piece's features. */
const matrices = ({ parts }: Making): readonly Statement[] =>
  parts.products.map(({ sum, matrix, names }): Statement => {
    const to = view(names.matrix, width, sum.count);
    const at = { c: s.add(f0, r), [sum.name]: c };
    const element = s.substitute(matrix, at);
    return element.kind === "read" && element.type === "f32"
      ? { kind: "load", to, tensor: element.tensor, at: element.indices }
      : { kind: "map", to, value: element };
  });

/** What the features of a tile are made of: products, and the row's own elements where they are asked for. */
function tileOf(making: Making): readonly Statement[] {
  const { stage, parts } = making;
  const products = parts.products.flatMap(({ sum, vector, names }): readonly Statement[] => {
    const to = view(names.vector, rows, sum.count);
    const plain = isRowAt(vector, sum.name);
    const own = (x: Scalar): Scalar | undefined =>
      isRowAt(x, sum.name) ? s.read(names.vector, "f32", [r, c]) : undefined;
    const made = s.substitute(atHand(making, vector, own), { [sum.name]: c });
    return [
      ...(speaksOfRow(vector)
        ? [{ kind: "load", to, tensor: stage.operand, at: making.at(c), scale: stage.scale } as const]
        : []),
      ...(plain ? [] : [{ kind: "map", to, value: made } as const]),
      {
        kind: "dot",
        to: view(names.product, rows, width),
        a: to,
        b: view(names.matrix, width, sum.count),
        along: "columns",
        start: "zero",
        guard: false,
      },
    ];
  });
  // Inside a sum `c` is not the feature.
  const asks = (x: Scalar): boolean => isRowAt(x, "c") || (x.kind !== "sum" && s.children(x).some(asks));
  return [...products, ...(asks(stage.feature) ? [loadRow(making, f0, width)] : [])];
}

/** Feature f0 + c of row `r`, of what the tile is made of. */
function featureOf(making: Making): Scalar {
  const { stage, parts } = making;
  const own = (x: Scalar): Scalar | undefined => {
    const product = parts.products.find((each) => s.sameScalar(each.sum, x));
    if (product) return s.read(product.names.product, "f32", [r, v("column")]);
    return isRowAt(x, "c") ? s.read(parts.row, "f32", [r, v("column")]) : undefined;
  };
  return s.substitute(s.substitute(atHand(making, stage.feature, own), { c: s.add(f0, c) }), { column: c });
}
