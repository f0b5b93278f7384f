/**
 * An axis that is split is a number written in digits: x = Σ weight · digit, the outermost digit first. Takes an Axis;
 * gives its digits, the value of each in terms of the whole, and the whole in terms of them. Canvases, dilations,
 * strides and pages are all such numbers; they differ in what the digits are called.
 */
import { add, ceilDiv, idiv, int, isConst, max, min, mod, mul, variable, type Scalar } from "../scalar/scalar.ts";
import type { Axis } from "./plan.ts";

/** Positions are less. */
const largest = 2 ** 26;

export interface Digit {
  readonly name: string;
  readonly weight: Scalar;
  readonly extent: Scalar;
}

/** The digits of an axis; one that is not split is its own only digit. */
export const digitsOf = (axis: Axis): readonly Digit[] => weighed(axis, int(1));

function weighed({ name, extent, split }: Axis, weight: Scalar): readonly Digit[] {
  if (!split) return [{ name, weight, extent }];
  return [...weighed(split.outer, mul(split.by, weight)), ...weighed(split.inner, weight)];
}

/** Σ weight · digit, where `digit` gives the value of a name. */
export const wholeOf = (axis: Axis, digit: (name: string) => Scalar): Scalar =>
  axis.split
    ? add(mul(axis.split.by, wholeOf(axis.split.outer, digit)), wholeOf(axis.split.inner, digit))
    : digit(axis.name);

/** Each digit's value in terms of the whole. */
export function valuesOf({ name, split }: Axis, whole: Scalar): Readonly<Record<string, Scalar>> {
  if (!split) return { [name]: whole };
  return { ...valuesOf(split.outer, idiv(whole, split.by)), ...valuesOf(split.inner, mod(whole, split.by)) };
}

/** The axis with the leaf of that name split by `by`. */
export function splitLeaf(axis: Axis, leaf: string, by: Scalar): Axis {
  const { name, extent, split } = axis;
  if (split) {
    return {
      name,
      extent,
      split: { by: split.by, outer: splitLeaf(split.outer, leaf, by), inner: splitLeaf(split.inner, leaf, by) },
    };
  }
  if (name !== leaf) return axis;
  const outer: Axis = { name: `${name}.outer`, extent: ceilDiv(extent, by) };
  return { name, extent, split: { by, outer, inner: { name: `${name}.inner`, extent: by } } };
}

/**
 * The same axis with every divisor between 1 and what no position exceeds: what is enumerated whatever a run-time
 * divisor is. Below 1 there is one digit, and above all positions one is as good as the other.
 */
export function atLeastOne(axis: Axis): Axis {
  if (!axis.split) return axis;
  const by = isConst(axis.split.by) ? axis.split.by : min(max(axis.split.by, int(1)), int(largest));
  const outer = atLeastOne({ ...axis.split.outer, extent: ceilDiv(axis.extent, by) });
  return { ...axis, split: { by, outer, inner: atLeastOne({ ...axis.split.inner, extent: by }) } };
}

export interface Overfull {
  readonly value: Scalar;
  readonly extent: Scalar;
  /** The first of its digits, weighed within the number. */
  readonly outermost: Digit;
}

/** Numbers whose digits may name more than there is: value, extent and first digit. */
export function overfull(axis: Axis): readonly Overfull[] {
  const { split, extent } = axis;
  const [outermost] = digitsOf(axis);
  if (!split || !outermost) return [];
  const fits = isConst(extent) && isConst(split.by) && extent.value % split.by.value === 0;
  const own = fits ? [] : [{ value: wholeOf(axis, (name) => variable(name)), extent, outermost }];
  return [...own, ...overfull(split.outer), ...overfull(split.inner)];
}

/** Is it the name of a digit of the query's or the key's axis? */
export const isDigit = (name: string): boolean => /^[ij]\./.test(name);
