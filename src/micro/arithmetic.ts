/**
 * What each micro operation gives for one element, as the micro interpreter computes it: f32 rounded after each
 * operation, integers of 32 bits that wrap. Comparisons give 1 or 0. Guarantees: division of integers by 0, and of the
 * least by −1, throws as a machine traps.
 */
import { scalarFns } from "../scalar/functions.ts";
import type { MicroOp } from "./micro.ts";

export type Apply = (a: number, b: number) => number;

const word = new Int32Array(1);
const real = new Float32Array(word.buffer);

function bitsOf(x: number): number {
  real[0] = x;
  return word[0];
}

function valueOf(bits: number): number {
  word[0] = bits;
  return real[0];
}

const test =
  (holds: (a: number, b: number) => boolean): Apply =>
  (a, b) =>
    holds(a, b) ? 1 : 0;

const shared: Partial<Record<MicroOp, Apply>> = {
  min: (a, b) => (a < b ? a : b),
  max: (a, b) => (a > b ? a : b),
  lt: test((a, b) => a < b),
  le: test((a, b) => a <= b),
  gt: test((a, b) => a > b),
  ge: test((a, b) => a >= b),
  eq: test((a, b) => a === b),
  ne: test((a, b) => a !== b),
};

export const reals: Partial<Record<MicroOp, Apply>> = {
  ...shared,
  add: (a, b) => Math.fround(a + b),
  sub: (a, b) => Math.fround(a - b),
  mul: (a, b) => Math.fround(a * b),
  div: (a, b) => Math.fround(a / b),
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  sqrt: (a) => Math.fround(Math.sqrt(a)),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  int: scalarFns.int.f64,
  bits: bitsOf,
};

export const integers: Partial<Record<MicroOp, Apply>> = {
  ...shared,
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  quot: (a, b) => divided(a, b, (a / b) | 0),
  // `| 0` also turns −0 into 0.
  rem: (a, b) => (b === 0 ? divided(a, b, 0) : (a % b) | 0),
  neg: (a) => -a | 0,
  abs: (a) => Math.abs(a) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => ~a,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
  float: (a) => Math.fround(a),
  value: valueOf,
};

function divided(a: number, b: number, quotient: number): number {
  if (b === 0 || (a === -0x80000000 && b === -1)) throw new Error(`micro: ${a} divided by ${b}`);
  return quotient;
}
