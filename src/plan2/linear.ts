/**
 * Linear normal form of integer Scalars: Σ coefficient · term + constant, where a term is a variable, a size, a
 * read or anything that is not a sum. `i − j + i` is one form with two terms, so its bounds are exact where three
 * nested intervals would be loose.
 */
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";

export interface Linear {
  readonly terms: readonly { readonly coefficient: number; readonly term: Scalar }[];
  readonly constant: number;
}

export function linear(x: Scalar): Linear {
  if (x.kind === "const") return { terms: [], constant: x.value };
  if (x.kind === "call") {
    const [a, b] = x.args;
    if (a && b && x.fn === "add") return plus(linear(a), linear(b), 1);
    if (a && b && x.fn === "sub") return plus(linear(a), linear(b), -1);
    if (a && x.fn === "neg") return times(linear(a), -1);
    if (a && b && x.fn === "mul") {
      if (b.kind === "const") return times(linear(a), b.value);
      if (a.kind === "const") return times(linear(b), a.value);
    }
  }
  return { terms: [{ coefficient: 1, term: x }], constant: 0 };
}

function plus(a: Linear, b: Linear, sign: number): Linear {
  const terms = [...a.terms];
  for (const { coefficient, term } of b.terms) {
    const at = terms.findIndex((t) => s.sameScalar(t.term, term));
    const known = terms[at];
    if (known) terms[at] = { coefficient: known.coefficient + sign * coefficient, term };
    else terms.push({ coefficient: sign * coefficient, term });
  }
  return { terms: terms.filter((t) => t.coefficient !== 0), constant: a.constant + sign * b.constant };
}

export const times = (a: Linear, by: number): Linear => ({
  terms: by === 0 ? [] : a.terms.map((t) => ({ ...t, coefficient: t.coefficient * by })),
  constant: a.constant * by,
});

export const difference = (a: Scalar, b: Scalar): Linear => plus(linear(a), linear(b), -1);

/** Back to a Scalar; the terms in order, so that equal forms print alike. */
export function fromLinear({ terms, constant }: Linear): Scalar {
  const positive = terms
    .filter((t) => t.coefficient > 0)
    .map(({ coefficient, term }) => s.mul(s.int(coefficient), term));
  const negative = terms
    .filter((t) => t.coefficient < 0)
    .map(({ coefficient, term }) => s.mul(s.int(-coefficient), term));
  const start = positive[0] ?? s.int(constant);
  const sum = negative.reduce(s.sub, positive.slice(1).reduce(s.add, start));
  if (!positive[0] || constant === 0) return sum;
  return constant > 0 ? s.add(sum, s.int(constant)) : s.sub(sum, s.int(-constant));
}
