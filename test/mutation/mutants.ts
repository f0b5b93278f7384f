/**
 * Mistakes on purpose in the code that makes kernels, as data: the file, the text that stands there once and the text in
 * its place, and the targets on which it must be noticed. `npm run mutants` plants each in a copy of the project.
 */
import type { StageName } from "../random/stages.ts";

export interface Mutant {
  readonly what: string;
  readonly file: string;
  readonly old: string;
  readonly new: string;
  readonly on: readonly StageName[];
}

type Row = readonly [what: string, old: string, made: string];

const planted = (file: string, on: readonly StageName[], rows: readonly Row[]): readonly Mutant[] =>
  rows.map(([what, old, made]) => ({ what, file, old, new: made, on }));

const tiles = ["tiles"] as const;
const vectors = ["plain"] as const;
const c = ["c"] as const;
const gpu = ["wgsl-run"] as const;

const plan: readonly Mutant[] = [
  ...planted("src/plan/solve.ts", tiles, [
    [
      "a window one key short",
      "up ? times(rest, -1) : plus(rest, constantly(1)), around.key, facts",
      "up ? times(rest, -1) : rest, around.key, facts",
    ],
    [
      "all rows claimed to see what one sees",
      "may: up ? b.lo : b.hi, must: up ? b.hi : b.lo, guard: b.safe",
      "may: up ? b.lo : b.hi, must: up ? b.lo : b.hi, guard: b.safe",
    ],
    ["a block that ends one key early", "constantly(n.value - 1)", "constantly(n.value - 2)"],
    ["the wrong side of a search", "const side = up === strict", "const side = up !== strict"],
    ["the offset after the one meant", "toScalar(plus(linear(n), constantly(-1)))", "toScalar(linear(n))"],
    ["the loose end of a quotient", "may: low(e.hi, o.hi)", "may: low(e.lo, o.lo)"],
    ["unsorted tensors searched", "conjunction,\n    isSorted(t.tensor, leading),", "conjunction,\n    truth(true),"],
  ]),
  ...planted("src/plan/ranges.ts", tiles, [
    ["the last block of a table left out", "{ name, from, to: add(to, int(1)) }", "{ name, from, to }"],
    ["an entry of a table one key short", "hi: add(lo, int(n)),", "hi: add(lo, int(n - 1)),"],
    ["`and` claims what `or` would", 'x.kind === "and" ? intersect : unite', "unite"],
    ["only the condition's good case is visited", "may: [range(bound.may), ...rest]", "may: [range(bound.may)]"],
    ["blocks of different rows taken for one", 'call("eq", from, to);', 'call("le", from, to);'],
  ]),
  ...planted("src/plan/range-sets.ts", tiles, [
    ["the lower of two lower ends", ": max(a.lo, b.lo);", ": min(a.lo, b.lo);"],
    ["the upper of two upper ends", ": min(a.hi, b.hi);", ": max(a.hi, b.hi);"],
  ]),
  ...planted("src/plan/digits.ts", tiles, [
    ["the last digit of an axis that is not full", "extent: ceilDiv(extent, by) };", "extent: idiv(extent, by) };"],
    ["keys beyond the axis", "const own = fits ? []", "const own = fits || !fits ? []"],
    [
      "quotient and remainder exchanged",
      "valuesOf(split.outer, idiv(whole, split.by))",
      "valuesOf(split.outer, mod(whole, split.by))",
    ],
  ]),
  ...planted("src/plan/box.ts", tiles, [
    [
      "the last digit of a box",
      "select(positive, min(high, extent), exists.extent)",
      "select(positive, min(high, sub(extent, int(1))), exists.extent)",
    ],
    ["a box two digits wide for one", "hi: add(lo, int(1)) };", "hi: add(lo, int(2)) };"],
    ["the highest of the low ends", "select(when, lo, extent)).reduce(min)", "select(when, lo, extent)).reduce(max)"],
    [
      "rows of a class that begin at the tile's end",
      "between(first[name], last[name])",
      "between(last[name], last[name])",
    ],
  ]),
  ...planted("src/plan/split.ts", tiles, [
    [
      "a quotient rounded up",
      "constant: Math.floor((down.constant - strict) / n)",
      "constant: Math.ceil((down.constant - strict) / n)",
    ],
    [
      "a residue shifted the wrong way",
      "constant: -others.constant } : others;",
      "constant: others.constant } : others;",
    ],
    ["a number of n taken for a digit below n", "lo >= 0 && hi < n.value ?", "lo >= 0 && hi <= n.value ?"],
  ]),
  ...planted("src/plan/strands.ts", tiles, [
    ["pairs of two strands counted twice", "const others = before.map(", "const others = before.slice(0, 0).map("],
    ["keys that there are not", "...existing(atLeastOne(digits.keys)),", ""],
  ]),
  ...planted("src/plan/interval.ts", tiles, [
    ["a remainder that never wraps round", 'const same = call("eq", idiv(lo, c), idiv(hi, c));', "const same = yes;"],
    ["the size of a negative number", "max(hi, down), { safe: x.safe }", "hi, { safe: x.safe }"],
    [
      "the tighter end of two",
      "lo: both(p.lo, q.lo, f, Number.NEGATIVE_INFINITY)",
      "lo: both(p.hi, q.hi, f, Number.NEGATIVE_INFINITY)",
    ],
  ]),
  ...planted("src/plan/weights.ts", tiles, [
    ["a sink without weight", "sum: float(sink ? 1 : 0)", "sum: float(0)"],
    ["a sigmoid of the wrong sign", 'call("exp2", call("neg", s))', 'call("exp2", s)'],
  ]),
];

const tile: readonly Mutant[] = [
  ...planted("src/tile/attend.ts", tiles, [
    ["the rescale of the output", '    { kind: "rescale", to: output, by: vector(names.factor) },\n', ""],
    [
      "the rescale of the sum",
      '    { kind: "rescale", to: tileRows(building, names.rowSum), by: vector(names.factor) },\n',
      "",
    ],
    ["a rescale by the inverse", 's.call("exp2", s.sub(reference, piece))', 's.call("exp2", s.sub(piece, reference))'],
    ["the guard of masked NaN", "building, scores), product(true)],", "building, scores), product(false)],"],
    ["the mark of a kept key that weighs nothing", "float(-0), weight)", "float(0), weight)"],
    [
      "a masked score of 0",
      "value: s.select(keep, scored, minusInfinity)",
      "value: s.select(keep, scored, s.float(0))",
    ],
    [
      "rows that have seen no key yet",
      's.select(s.call("eq", reference, minusInfinity), s.float(0), reference)',
      "reference",
    ],
    [
      "mixed pieces without their mask",
      "value: full }, ...weigh(building)",
      "value: s.truth(true) }, ...weigh(building)",
    ],
  ]),
  ...planted("src/tile/build.ts", tiles, [
    ["the wrong head of a group", 'value: s.idiv(v("h"), ratio)', 'value: s.mod(v("h"), ratio)'],
    [
      "lse in base 2",
      's.mul(s.add(tileElement(building, names.rowMax), s.call("log2", sum)), ln2)',
      's.add(tileElement(building, names.rowMax), s.call("log2", sum))',
    ],
    ["rows without any key", 's.select(noKey, s.float(0), s.call("div", output, sum))', 's.call("div", output, sum)'],
    ["the sums of regrouped rows", ', copied("rowSum")', ""],
    [
      "values of the wrong head",
      'const roles = { batch: v("b"), head: v("hk"), position',
      'const roles = { batch: v("b"), head: v("h"), position',
    ],
    [
      "the natural logit for the one of base 2",
      "scoreIsPlain ? s.mul(attend.scale, log2e) : attend.scale",
      "attend.scale",
    ],
  ]),
  ...planted("src/tile/keys.ts", tiles, [
    ["a digit without its stride", "s.mod(s.idiv(number, after), width)", "s.mod(number, width)"],
    [
      "the last digit of a piece not looked at",
      's.add(s.idiv(s.sub(v("hi"), s.int(1)), stride), s.int(1))',
      's.idiv(s.sub(v("hi"), s.int(1)), stride)',
    ],
    ["inner digits claimed", "holds(range, lo, s.add(lo, width))", "holds(range, lo, lo)"],
    ["half of a full piece looked at", 'holds(range, v("lo"), v("hi"))', 'holds(range, v("lo"), v("lo"))'],
  ]),
  ...planted("src/tile/order.ts", tiles, [
    [
      "patches beyond the edge",
      "s.max(zero, s.min(size, s.sub(extentIn(rows, d, classes), v(`${d.name}.first`))))",
      "size",
    ],
    ["the places of regrouped rows", "s.min(residue, s.mod(held, apart))", "zero"],
    [
      "the last row of a residue",
      "const count = s.ceilDiv(s.max(zero, s.sub(extents.query, first)), step);",
      "const count = s.idiv(s.max(zero, s.sub(extents.query, first)), step);",
    ],
    [
      "one head for a group",
      'head: s.add(s.mul(v("head"), GROUP), s.mod(flat, GROUP)),\n    place,',
      'head: s.mul(v("head"), GROUP),\n    place,',
    ],
    [
      "the rows of a patch that is cut",
      "s.add(s.idiv(s.sub(s.sub(left, one), reach), first.weight), one)",
      "s.idiv(s.sub(s.sub(left, one), reach), first.weight)",
    ],
    ["the end of a patch", "s.sub(s.add(starts[n] ?? zero, sizes[n] ?? zero), one)", "(starts[n] ?? zero)"],
  ]),
  ...planted("src/tile/group-heads.ts", tiles, [
    ["heads that differ in one tile", 'return ratio && !mentions(rest, "h") ? ratio : undefined;', "return ratio;"],
  ]),
];

const micro: readonly Mutant[] = [
  ...planted("src/micro/dot.ts", vectors, [
    ["the guard of masked NaN", "const term = shape.guard\n", "const term = shape.guard && shape.lanes === 0\n"],
    ["steps beyond the end of a sum", "steps * 4 - 4", "steps * 4 - 8"],
    [
      "the stride of another operand",
      'if (r > 0) b.set(row, op("add", row, int("c_stride")))',
      'if (r > 0) b.set(row, op("add", row, int("a_stride")))',
    ],
    ["one row fewer where blocks differ", 'op("add", i32(0), op("lt", block, larger))', "i32(0)"],
  ]),
  ...planted("src/micro/loops.ts", vectors, [
    ["the tail of a row", "b.for(counter, vectors, extent, 1,", "b.for(counter, extent, extent, 1,"],
    ["a tail that joins every lane", 'join(choose(op("eq", numbers, lane), splat(x), nothing))', "join(splat(x))"],
    ["pieces before this one", "!accumulate ? total :", "!accumulate || true ? total :"],
  ]),
  ...planted("src/micro/rows.ts", vectors, [
    [
      "every other vector looked at for NaN",
      "b.for(c, i32(0), columns, 2 * scope.lanes, () => {",
      "b.for(c, i32(0), columns, 4 * scope.lanes, () => {",
    ],
  ]),
  ...planted("src/micro/math.ts", vectors, [
    ["a coefficient of 2^x", "fma(vf32(c5), r, vf32(c4))", "fma(vf32(c4), r, vf32(c4))"],
    [
      "NaN lost in 2^x",
      'op("min", vf32(128), op("max", vf32(-127), x))',
      'op("min", op("max", x, vf32(-127)), vf32(128))',
    ],
  ]),
  ...planted("src/micro/halves.ts", vectors, [
    ["f16 cut instead of rounded", "k(0xfff - (112 << 23))), odd)", "k(0 - (112 << 23))), k(0))"],
    ["bf16 cut instead of rounded", 'op("add", op("add", bits, k(0x7fff)), odd)', "bits"],
  ]),
  ...planted("src/micro/transfers.ts", vectors, [
    ["queries without their scale", 'op("mul", read, vector ? splat(factor) : factor) : read', "read : read"],
  ]),
  ...planted("src/micro/elements.ts", vectors, [
    ["a rescale that rescales nothing", 'op("mul", x, vector ? splat(factor) : factor), 4 * ahead)', "x, 4 * ahead)"],
  ]),
  ...planted("src/micro/ranges.ts", vectors, [
    ["a last piece as long as the others", 'choose(op("lt", next, end), next, end)', "next"],
    ["keys of the chunk before", 'op("max", lo(at, q), within.lo)', "lo(at, q)"],
  ]),
  ...planted("src/micro/block-registers.ts", vectors, [
    ["buffers that overlap", 'aligned(op("shl", elements, i32(2)))', 'aligned(op("shl", elements, i32(1)))'],
  ]),
  ...planted("src/micro/scalars.ts", vectors, [
    ["quotients rounded towards zero", "choose(wrong, i32(1), i32(0))", "i32(0)"],
  ]),
  ...planted("src/micro/vectors.ts", vectors, [
    ["a mask of n for n − 1", "splat(i32(q.value - 1))", "splat(i32(q.value))"],
  ]),
];

const backends: readonly Mutant[] = [
  ...planted("backends/c/kernels.ts", c, [
    ["a row twice", "const float *restrict a3 = a2 + a_ld;", "const float *restrict a3 = a2;"],
    [
      "the last terms of a product",
      "for (; k < depth; k++) {\n      const float *restrict b0",
      "for (; k + 1 < depth; k++) {\n      const float *restrict b0",
    ],
    ["the guard of masked NaN", "      if (fovea_bits(x) == 0) continue;\n", ""],
    ["the tail of a maximum", "  for (; c < count; c++) most = x[c] > most ? x[c] : most;\n", ""],
    ["the tail of a sum", "  for (int32_t n = 0; c + n < count; n++) s[n] += x[c + n];\n", ""],
    ["NaN not looked for", "odd |= !(row[c] - row[c] == 0.0f);", "odd |= 0;"],
    ["the end of a joined range", "    if (at[2 * last - 1] > hi) hi = at[2 * last - 1];\n", ""],
    ["the stride of a rescale", "to[r * to_ld + c] *= x;", "to[r * columns + c] *= x;"],
  ]),
  ...planted("backends/wasm/emit.ts", vectors, [
    ["a loop that does not look first", "m.if(more(), m.loop(label,", "m.if(m.i32.const(1), m.loop(label,"],
    ["lanes folded once", "const one = this.#folded(this.#expr(x.of), x.op, 4);", "const one = this.#expr(x.of);"],
  ]),
  ...planted("backends/wgsl/ranges.ts", gpu, [
    ["keys of a granule's end", "fv_div(min(hi, extent) + ${g - 1}, ${g})", "fv_div(min(hi, extent), ${g})"],
  ]),
  ...planted("backends/wgsl/dot.ts", gpu, [
    [
      "the last terms of a product",
      "let steps = min(${chunk}, depth - k0);",
      "let steps = min(${chunk}, depth - k0 - 1);",
    ],
  ]),
  ...planted("backends/wgsl/scalar.ts", gpu, [
    [
      "the other branch",
      "select: (a, b, c) => `select(${c}, ${b}, ${a})`",
      "select: (a, b, c) => `select(${b}, ${c}, ${a})`",
    ],
  ]),
  ...planted("backends/wgsl/library.ts", gpu, [
    [
      "quotients rounded towards zero",
      "return select(q - select(0, 1, (q * d != a) & ((a < 0) != (d < 0))), 0, b == 0);",
      "return select(q, 0, b == 0);",
    ],
  ]),
];

export const mutants: readonly Mutant[] = [...plan, ...tile, ...micro, ...backends];
