/**
 * Numbers for the inputs that steer a mask: for each name the examples use, levels of ways to fill it, plain ones and
 * ones on purpose awkward (nothing kept, all kept, unsorted, repeated, outside).
 */
import { between, bernoulli, normal, segments } from "../../src/runtime/random.ts";
import type { Sizes } from "../../src/spec/spec.ts";

export type Fill =
  "usual" | "none" | "all" | "few" | "last" | "unsorted" | "falling" | "outside" | "repeated" | "large";

/** Ways that count as the same stand in one level and take turns. */
export const fillsOf: Readonly<Record<string, readonly (readonly Fill[])[]>> = {
  n: [["usual"], ["none", "outside"], ["all", "large"]],
  is_global: [["usual", "few"], ["none"], ["all"], ["last"]],
  rand: [["usual"], ["none"], ["repeated"], ["outside"]],
  doc: [["usual", "few"], ["unsorted"], ["falling", "all"]],
  sink: [["usual"], ["large", "outside"]],
  live: [["usual"], ["none", "outside"], ["all", "large"]],
  ok: [["usual", "last"], ["none"], ["all"]],
  pick: [["usual"], ["outside", "repeated"]],
  cu: [["usual"], ["unsorted"], ["none", "outside"]],
  offsets: [["usual"], ["unsorted"], ["none", "outside"]],
  parent: [["usual"], ["outside"]],
  images: [["usual"], ["unsorted", "outside"]],
  w: [["usual"], ["none", "large"]],
  length: [["usual"], ["none", "outside"], ["all", "large"]],
  valid: [["usual", "last"], ["none"], ["all"]],
  shift: [["usual", "none"], ["outside"]],
  columns: [["usual"], ["none", "outside", "large"]],
  words: [
    ["usual", "none"],
    ["outside", "large"],
  ],
};

type Made = Float32Array | Int32Array | Uint8Array;

const ints = (count: number, at: (n: number) => number): Int32Array =>
  Int32Array.from({ length: count }, (_, n) => at(n));
const flags = (count: number, at: (n: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: count }, (_, n) => Number(at(n)));

/** Undefined where the example's own recipe is the usual one. */
export function fill(name: string, how: Fill, dims: readonly number[], sizes: Sizes, seed: number): Made | undefined {
  const count = dims.reduce((a, d) => a * d, 1);
  const last = dims.at(-1) ?? 1;
  const keys = sizes["S"] ?? sizes["L"] ?? 0;
  switch (name) {
    case "n":
      return Int32Array.of(
        { none: 0, outside: -3, all: keys, large: 2 ** 31 - 1 }[how as string] ?? Math.floor(keys / 2),
      );
    case "is_global":
    case "ok":
    case "valid":
      if (how === "none" || how === "all") return flags(count, () => how === "all");
      if (how === "last") return flags(count, (n) => n % last === last - 1);
      return bernoulli(seed, name, how === "few" ? 0.02 : 0.4, count);
    case "rand": {
      const blocks = Math.max(1, Math.ceil((sizes["L"] ?? 0) / 32));
      if (how === "none") return new Int32Array(count).fill(-1);
      if (how === "repeated") return ints(count, (n) => (Math.floor(n / 3) * 5) % blocks);
      if (how === "outside") return ints(count, (n) => [blocks, -7, 2 ** 31 - 1, -(2 ** 31), n % blocks][n % 5]);
      return between(seed, name, 0, blocks, count);
    }
    case "doc": {
      if (how === "unsorted") return between(seed, name, -2, 3, count);
      if (how === "falling") return ints(count, (n) => -Math.floor((n % last) / 5));
      if (how === "all") return new Int32Array(count).fill(7);
      const rows = last === 0 ? 0 : count / last;
      const documents = how === "few" ? 2 : 4;
      return Int32Array.from(
        Array.from({ length: rows }, (_, n) => [...segments(seed, `${name}${n}`, documents, last)]).flat(),
      );
    }
    case "sink":
      if (how === "large") return new Float32Array(count).fill(30);
      if (how === "outside") return new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
      return normal(seed, name, count);
    case "live":
    case "length":
      if (how === "none" || how === "all") return new Int32Array(count).fill(how === "all" ? keys : 0);
      if (how === "outside") return ints(count, (n) => [-4, keys + 5][n % 2]);
      if (how === "large") return new Int32Array(count).fill(keys + 1000);
      return between(seed, name, 1, Math.max(2, keys + 1), count);
    case "pick":
      if (how === "outside") return ints(count, (n) => [-1, keys, n % Math.max(1, keys)][n % 3]);
      if (how === "repeated") return new Int32Array(count).fill(Math.max(0, keys - 1));
      return between(seed, name, 0, Math.max(1, keys), count);
    case "cu":
    case "offsets":
      if (how === "none") return new Int32Array(count);
      if (how === "unsorted") return between(seed, name, -3, keys + 5, count);
      if (how === "outside") return ints(count, (n) => [-(2 ** 31), 3, keys, 2 ** 31 - 1][n % 4]);
      return undefined;
    case "parent":
      return how === "outside" ? ints(count, (n) => [-1, 100, n][n % 3]) : between(seed, name, 0, count, count);
    case "images":
      if (how === "unsorted") return between(seed, name, -1, 6, count);
      return how === "outside" ? ints(count, (n) => [-5, 1000, 1][n % 3]) : undefined;
    case "w":
      if (how === "usual") return undefined;
      return new Int32Array(count).fill(how === "none" ? 0 : 2 ** 31 - 1);
    case "shift":
    case "columns":
    case "words":
      if (how === "usual") return undefined;
      return Int32Array.of({ none: 0, outside: -7 }[how as string] ?? 1_000_000);
    default:
      return undefined;
  }
}
