/**
 * How the keys of an attend are numbered. Takes the attend; gives the ranges of numbers that a tile visits, the key
 * behind a number, and when a piece of numbers is seen whole. Keys that are not split are their own numbers. Split ones
 * make a box: its outermost digit is absolute, so that tiles share numbers, each further digit starts at its side's lo:
 *
 *     number = ((outermost · width_1 + digit_1 − lo_1) · width_2 + digit_2 − lo_2) · …
 */
import { digitsOf, wholeOf } from "../plan/digits.ts";
import type { Plan, Range, Split } from "../plan/plan.ts";
import { linear, toScalar } from "../plan/linear.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Attend } from "./building.ts";
import type { RangeTerm, Statement } from "./tile.ts";

const v = s.variable;

export interface Keys {
  /** Bound once a tile, or once for tiles whose rows see the same inner digits. */
  readonly lets: readonly Statement[];
  /** Does each tile have a box of its own? */
  readonly own: boolean;
  readonly terms: readonly RangeTerm[];
  readonly extent: Scalar;
  /** The key of a number, and its digits by name. */
  readonly at: (number: Scalar) => Scalar;
  readonly digits: (number: Scalar) => Readonly<Record<string, Scalar>>;
  /** Is the key of a number plainly one step from that of the next? */
  readonly even: boolean;
  /** Do all rows of the tile see all of lo … hi − 1? */
  readonly contained: Scalar;
}

export function keysOf(plan: Plan, { visit, split }: Attend): Keys {
  const { key } = plan.extents;
  if (!split) {
    return {
      lets: [],
      own: false,
      terms: visit.may.map(({ when, lo, hi, over }) => ({ when, lo, hi, over })),
      extent: key,
      at: (number) => number,
      digits: () => ({}),
      even: true,
      contained: visit.must.map((range) => holds(range, v("lo"), v("hi"))).reduce(s.or, s.truth(false)),
    };
  }
  return boxed(plan, visit, split);
}

function boxed(plan: Plan, visit: Attend["visit"], split: Split): Keys {
  const [outermost, ...inner] = digitsOf(split.keys);
  const own = ownBox(plan, split);
  const here = (x: Scalar): Scalar => (own ? x : s.substitute(x, { i0: v("set_i"), i1: v("set_i") }));
  const sides = inner.map((digit, n) => {
    const { lo, hi } = split.inner[n];
    const width = toScalar(linear(s.sub(hi, lo)));
    return {
      digit,
      lo: v(`${digit.name}.lo`),
      width: s.isConst(width) ? width : v(`${digit.name}.width`),
      lets: [
        { kind: "let" as const, name: `${digit.name}.lo`, value: here(lo) },
        ...(s.isConst(width)
          ? []
          : [{ kind: "let" as const, name: `${digit.name}.width`, value: s.max(s.int(0), here(width)) }]),
      ],
    };
  });
  const all = sides.map((x) => x.width).reduce(s.mul, s.int(1));
  const stride = s.isConst(all) ? all : v("box");
  const extent = outermost?.extent ?? s.int(1);
  const digits = (number: Scalar): Readonly<Record<string, Scalar>> => ({
    [outermost?.name ?? ""]: s.idiv(number, stride),
    ...Object.fromEntries(
      sides.map(({ digit, lo, width }, n) => {
        const after = sides
          .slice(n + 1)
          .map((x) => x.width)
          .reduce(s.mul, s.int(1));
        return [digit.name, s.add(lo, s.mod(s.idiv(number, after), width))];
      }),
    ),
  });
  const one = s.isConst(stride, 1);
  const first = s.idiv(v("lo"), stride);
  const last = s.add(s.idiv(s.sub(v("hi"), s.int(1)), stride), s.int(1));
  return {
    lets: [
      ...sides.flatMap((x) => x.lets),
      ...(s.isConst(all) ? [] : [{ kind: "let" as const, name: "box", value: all }]),
    ],
    own,
    terms: visit.may.map(({ when, lo, hi, over }) => ({
      when,
      lo: one ? lo : s.mul(s.max(s.int(0), lo), stride),
      hi: one ? hi : s.mul(s.min(hi, extent), stride),
      over,
    })),
    extent: s.mul(extent, stride),
    at: (number) => {
      const own = digits(number);
      return wholeOf(split.keys, (name) => own[name] ?? s.int(0));
    },
    digits,
    even: one,
    contained: [
      visit.must.map((range) => holds(range, one ? v("lo") : first, one ? v("hi") : last)).reduce(s.or, s.truth(false)),
      ...sides.map(({ lo, width }, n) =>
        split.inner[n].must.map((range) => holds(range, lo, s.add(lo, width))).reduce(s.or, s.truth(false)),
      ),
    ].reduce(s.and),
  };
}

/** Do the inner digits depend on more of a tile than the residues that all tiles of its set share? */
function ownBox(plan: Plan, { inner, residues }: Split): boolean {
  const uses = (name: RegExp): boolean =>
    inner.some(({ lo, hi }) => [lo, hi].some((x) => s.some(x, (n) => n.kind === "var" && name.test(n.name))));
  return uses(/\.(min|max)$|^i1$/) || (uses(/^i0$/) && !plan.rows && !residues);
}

/** Is from … to − 1 inside the range, for some value of what it is repeated over? */
function holds({ when, lo, hi, over }: Range, from: Scalar, to: Scalar): Scalar {
  const inside = s.and(when, s.and(s.call("le", lo, from), s.call("le", to, hi)));
  return over.reduceRight<Scalar>(
    (body, { name, from: first, to: end }) => ({
      kind: "any",
      type: "bool",
      name,
      count: s.sub(end, first),
      body: s.substitute(body, { [name]: s.add(first, v(name)) }),
    }),
    inside,
  );
}
