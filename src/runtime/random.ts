/**
 * Numbers from a seed, for inputs nobody supplied.
 * Takes a seed, the name of the input and how many; gives typed arrays.
 * Guarantees: the same arguments give the same bits on every engine and machine, because only 32-bit integer
 * operations and the correctly rounded + - * / and square root are used (Math.log and Math.cos may differ);
 * streams of different names or kinds are independent.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { elementCount } from "./tensor.ts";

/** Standard normal numbers, by Marsaglia's polar method. */
export function normal(seed: number, name: string, count: number): Float32Array {
  const next = stream(seed, "normal", name);
  const out = new Float32Array(elementCount([count]));
  for (let i = 0; i < out.length; i += 2) {
    let u: number;
    let v: number;
    let s: number;
    do {
      // The half keeps both off zero and centres the grid on it.
      u = (next() + 0.5) / 0x80000000 - 1;
      v = (next() + 0.5) / 0x80000000 - 1;
      s = u * u + v * v;
    } while (s >= 1);
    const radius = Math.sqrt((-2 * ln(s)) / s);
    out[i] = u * radius;
    if (i + 1 < out.length) out[i + 1] = v * radius;
  }
  return out;
}

/** Integers lo, lo + 1 … hi - 1, each as likely; never `hi`. */
export function between(seed: number, name: string, lo: number, hi: number, count: number): Int32Array {
  if (!Number.isInteger(lo) || !Number.isInteger(hi) || lo < -0x80000000 || hi > 0x80000000) {
    fail("FOV4004", `between(${lo}, ${hi}) is not a range of 32-bit integers`);
  }
  if (lo >= hi) fail("FOV4004", `between(${lo}, ${hi}) has no numbers: the upper end is excluded`);
  const next = stream(seed, "between", name);
  return new Int32Array(elementCount([count])).map(() => lo + below(next, hi - lo));
}

/** 1 with probability p, else 0. */
export function bernoulli(seed: number, name: string, p: number, count: number): Uint8Array {
  if (!(p >= 0 && p <= 1)) fail("FOV4004", `bernoulli(${p}) is not a probability: it lies outside 0 … 1`);
  const next = stream(seed, "bernoulli", name);
  return new Uint8Array(elementCount([count])).map(() => (next() < p * 0x100000000 ? 1 : 0));
}

/**
 * The document every position belongs to: n documents side by side, ids 0 … n - 1, none of them empty, ends
 * drawn from the seed. Fewer positions than documents give one document a position.
 */
export function segments(seed: number, name: string, n: number, length: number): Int32Array {
  if (!Number.isSafeInteger(n) || n < 1) fail("FOV4004", `segments(${n}) is not a number of documents`);
  const next = stream(seed, "segments", name);
  const out = new Int32Array(elementCount([length]));
  let wanted = Math.min(n, length) - 1;
  let id = 0;
  for (let i = 1; i < length; i++) {
    // Knuth's selection sampling: every set of `wanted` boundaries among the positions left is as likely.
    if (below(next, length - i) < wanted) {
      wanted--;
      id++;
    }
    out[i] = id;
  }
  return out;
}

/**
 * Where segments of a row of `length` positions begin, and where the last one ends: `count` numbers from 0 to
 * `length` that never fall, no segment empty where there are positions for all.
 */
export function offsets(seed: number, name: string, length: number, count: number): Int32Array {
  const out = new Int32Array(elementCount([count])).fill(length);
  if (count > 0) out[0] = 0;
  if (count < 2) return out;
  const ids = segments(seed, name, count - 1, length);
  for (let i = 1; i < length; i++) if (ids[i] !== ids[i - 1]) out[ids[i]] = i;
  return out;
}

/** An integer 0 … span - 1 without bias: draws in the last incomplete span are thrown away. */
function below(next: () => number, span: number): number {
  const limit = 0x100000000 - (0x100000000 % span);
  let draw = next();
  while (draw >= limit) draw = next();
  return draw % span;
}

/** xoshiro128** (Blackman and Vigna), its state filled from a hash of the seed, the kind and the name. */
function stream(seed: number, kind: string, name: string): () => number {
  if (!Number.isSafeInteger(seed)) fail("FOV4004", `the seed ${seed} is not an integer of at most 53 bits`);
  let hash = mix(mix(0x9e3779b9, seed | 0), Math.floor(seed / 0x100000000) | 0);
  const label = `${kind}:${name}`;
  for (let i = 0; i < label.length; i++) hash = mix(hash, label.charCodeAt(i));
  const fill = (): number => (hash = mix(hash, 0x6d2b79f5));
  let a = fill();
  let b = fill();
  let c = fill();
  // All four words zero is the one state that xoshiro never leaves.
  let d = fill() | 1;
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
}

/** One step of a 32-bit hash, finished as murmur3 does so that every input bit reaches every output bit. */
function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x85ebca6b) + 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Natural logarithm of a number in (0, 1) from exact operations only: ln(m 2^e) = e ln 2 + 2 atanh((m-1)/(m+1)). */
function ln(x: number): number {
  let m = x;
  let e = 0;
  while (m < Math.SQRT1_2) {
    m *= 2;
    e--;
  }
  const t = (m - 1) / (m + 1);
  const square = t * t;
  let sum = 0;
  for (let k = 25; k >= 1; k -= 2) sum = sum * square + 1 / k;
  return e * Math.LN2 + 2 * t * sum;
}
