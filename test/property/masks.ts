/** Random masks over everything the analysis knows, with tensors that fit them. */
import fc from "fast-check";
import * as s from "../../src/scalar/scalar.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import * as m from "../plan/masks.ts";

const tableEntries = 2;
const tableBlock = 4;

export const inputsOf = (key: Scalar): readonly ReturnType<typeof m.input>[] => [
  m.input("w", []),
  m.input("n", []),
  m.input("doc", [key]),
  m.input("len", [s.size("L")]),
  m.input("valid", [key], "bool"),
  m.input("cu", [s.size("N")]),
  m.input("table", [s.size("R"), tableEntries]),
];

const w = s.read("w", "i32", []);
const divisor = s.read("n", "i32", []);
const doc = (x: Scalar): Scalar => s.read("doc", "i32", [x]);
const constant = fc.integer({ min: -6, max: 12 }).map(s.int);

let bound = 0;
const name = (): string => `e${++bound}`;

const { number, condition } = fc.letrec<{ number: Scalar; condition: Scalar }>((tie) => ({
  number: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: fc.constantFrom<Scalar>(m.i, m.j, m.i, m.j, m.h, w, s.sub(m.i, m.j)) },
    constant,
    fc.constantFrom<Scalar>(doc(m.i), doc(m.j), s.read("len", "i32", [m.i])),
    fc.constantFrom(m.i, m.j).map((x) => m.segment("cu", s.size("N"), x, name())),
    fc
      .tuple(fc.constantFrom("add", "sub", "min", "max"), tie("number"), tie("number"))
      .map(([fn, a, b]) => s.call(fn as "add", a, b)),
    fc.tuple(tie("number"), fc.integer({ min: -3, max: 5 })).map(([a, c]) => s.mul(a, s.int(c))),
    fc
      .tuple(fc.constantFrom("idiv", "mod"), tie("number"), fc.integer({ min: -2, max: 8 }))
      .map(([fn, a, c]) => s.call(fn as "idiv", a, s.int(c))),
    fc
      .tuple(
        fc.constantFrom("idiv", "mod"),
        tie("number"),
        fc.constantFrom<Scalar>(divisor, s.add(m.h, s.int(1)), s.size("R")),
      )
      .map(([fn, a, c]) => s.call(fn as "idiv", a, c)),
    tie("number").map((a) => s.call("abs", a)),
    fc.tuple(tie("number"), tie("number")).map(([a, b]) => s.mod(s.call("hash", a, b), s.int(4))),
    tie("number").map((a) => s.call("int", s.mul(s.call("float", a), s.float(0.75)))),
    fc.tuple(tie("condition"), tie("number"), tie("number")).map(([c, a, b]) => s.select(c, a, b)),
  ),
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom("lt", "le", "gt", "ge", "eq", "ne"), tie("number"), tie("number"))
        .map(([fn, a, b]) => s.call(fn as "lt", a, b)),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Scalar>(
        m.causal,
        m.window(5),
        m.around(3),
        m.sinks(2),
        m.stride(3),
        m.stride(divisor),
        m.window(w),
        m.diagonal(tableBlock),
        m.eq(doc(m.i), doc(m.j)),
        s.read("valid", "bool", [m.j]),
        s.read("valid", "bool", [m.i]),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .constant(0)
        .map(() => m.member("table", [m.block(m.i, tableBlock)], tableEntries, m.block(m.j, tableBlock), name())),
    },
    {
      weight: 1,
      arbitrary: fc
        .constant(0)
        .map(() => m.eq(m.segment("cu", s.size("N"), m.i, name()), m.segment("cu", s.size("N"), m.j, name()))),
    },
    fc
      .tuple(fc.constantFrom("and", "or", "eq", "ne"), tie("condition"), tie("condition"))
      .map(([fn, a, b]) => s.call(fn as "and", a, b)),
    tie("condition").map(s.not),
    fc.tuple(tie("condition"), tie("condition"), tie("condition")).map(([c, a, b]) => s.select(c, a, b)),
  ),
}));

export { condition, number };

export interface Drawn {
  readonly mask: Scalar;
  readonly self: boolean;
  readonly start: boolean;
  readonly sizes: { readonly L: number; readonly S: number; readonly N: number; readonly R: number };
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly h: number;
  readonly rows: readonly [first: number, last: number];
  readonly keys: readonly [first: number, last: number];
}

const extremes = [-(2 ** 31), -(2 ** 31) + 5, 2 ** 31 - 1, 2 ** 31 - 40, 2 ** 30, -(2 ** 30) - 3];

/** `wide` lets scalar inputs and tensors hold anything an i32 holds. */
export const drawn = (wide: boolean): fc.Arbitrary<Drawn> => {
  const element = wide
    ? fc.oneof(fc.integer({ min: -3, max: 20 }), fc.constantFrom(...extremes))
    : fc.integer({ min: -3, max: 12 });
  const list = (length: number, of: fc.Arbitrary<number> = element): fc.Arbitrary<number[]> =>
    fc.array(of, { minLength: length, maxLength: length });
  const maybeSorted = (length: number): fc.Arbitrary<number[]> =>
    fc.tuple(list(length), fc.boolean()).map(([x, sorted]) => (sorted ? x.toSorted((p, q) => p - q) : x));
  return fc
    .record({
      mask: condition,
      self: fc.boolean(),
      start: fc.boolean(),
      L: fc.integer({ min: 1, max: 18 }),
      S: fc.integer({ min: 1, max: 24 }),
      N: fc.integer({ min: 0, max: 4 }),
      h: fc.integer({ min: 0, max: 2 }),
    })
    .chain(({ mask, self, start, L, S: other, N, h }) => {
      const S = self ? L : other;
      const R = Math.ceil(L / tableBlock);
      const range = (n: number): fc.Arbitrary<readonly [number, number]> =>
        fc.tuple(fc.nat(n - 1), fc.nat(n - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
      return fc.record({
        mask: fc.constant(mask),
        self: fc.constant(self),
        start: fc.constant(start),
        h: fc.constant(h),
        sizes: fc.constant({ L, S, N, R }),
        inputs: fc.record({
          w: list(1),
          n: list(1),
          doc: maybeSorted(S),
          len: list(L),
          valid: list(S, fc.integer({ min: 0, max: 1 })),
          cu: maybeSorted(N),
          table: list(R * tableEntries),
        }),
        rows: range(L),
        keys: range(S),
      });
    });
};
