/**
 * What metamorphic tests share: kernels that are compiled once for a whole file, random calls from a fixed seed, and
 * answers as flat numbers. A relation says how the answers of two calls hang together; no oracle is asked.
 */
import fc from "fast-check";
import { afterAll, test } from "vitest";
import { normal } from "../../src/runtime/random.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import type { Stored } from "../../src/scalar/storage.ts";
import type { SampleTensor } from "../../src/verify/sample.ts";
import { specFrom } from "./examples.ts";
import { kernelOf, type Inputs, type Kernel, type Target } from "./kernels.ts";

export type Drawn = {
  readonly seed: number;
  readonly B: number;
  readonly H: number;
  readonly L: number;
  readonly S: number;
  readonly D: number;
};

/** Small, with edges of tiles in reach. */
const drawn: fc.Arbitrary<Drawn> = fc.record({
  seed: fc.nat(1000),
  B: fc.integer({ min: 1, max: 2 }),
  H: fc.integer({ min: 1, max: 3 }),
  L: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 60, max: 140 })),
  S: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 60, max: 140 })),
  D: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(32, 40, 64)),
});

export const tensor = (seed: number, name: string, dims: readonly number[]): SampleTensor => ({
  dims,
  data: normal(
    seed,
    name,
    dims.reduce((a, d) => a * d, 1),
  ),
});

export const scalar = (x: number): SampleTensor => ({ dims: [], data: Int32Array.of(x) });

/** Attention over [B, H, L, D] by one line of clauses. */
export const attention = (clauses: string, inputs = ""): Spec =>
  specFrom(`attention a(q: f32[B, H, L, D], k, v: f32[B, H, S, D]${inputs}) { ${clauses} }`);

/** The same with as many keys as queries. */
export const selfAttention = (clauses: string, inputs = ""): Spec =>
  specFrom(`attention a(q, k, v: f32[B, H, L, D]${inputs}) { ${clauses} }`);

export const operands = ({ seed, B, H, D }: Drawn, L: number, S: number): Map<string, SampleTensor> =>
  new Map([
    ["q", tensor(seed, "q", [B, H, L, D])],
    ["k", tensor(seed, "k", [B, H, S, D])],
    ["v", tensor(seed, "v", [B, H, S, D])],
  ]);

const compiled = new Map<string, Promise<Kernel>>();

/** Called by each test file that runs kernels, so that they end with it. */
export const closeKernels = (): void =>
  afterAll(async () => {
    for (const kernel of compiled.values()) await (await kernel).close();
    compiled.clear();
  });

export async function answers(
  spec: Spec,
  target: Target,
  sizes: Sizes,
  inputs: Inputs,
): Promise<(name: string) => Float32Array> {
  const key = `${target}\n${spec.text}`;
  const kernel = compiled.get(key) ?? kernelOf(spec, target);
  compiled.set(key, kernel);
  const own = Object.fromEntries(spec.sizes.map((name) => [name, sizes[name] ?? 1]));
  const outputs = await (await kernel).call(own, inputs);
  return (name) => Float32Array.from(outputs.get(name)?.data ?? []);
}

export const answer = async (spec: Spec, target: Target, sizes: Sizes, inputs: Inputs): Promise<Float32Array> =>
  (await answers(spec, target, sizes, inputs))("o");

/**
 * One test a target: the relation on random calls. C starts a process a call and the interpreter is slow, so there are
 * fewer; WGSL makes a pipeline for each head size, which a software GPU takes seconds for, so there it is one size.
 */
export function relation(
  title: string,
  holds: (target: Target, x: Drawn) => Promise<void>,
  targets: readonly Target[] = ["tiles", "wasm plain", "wasm relaxed"],
): void {
  const runs: Readonly<Record<Target, number>> = { tiles: 3, "wasm plain": 8, "wasm relaxed": 8, c: 3, wgsl: 3 };
  for (const target of targets)
    test(`${title}, on ${target}`, () =>
      fc.assert(
        fc.asyncProperty(drawn, (x) => holds(target, target === "wgsl" ? { ...x, D: 16 } : x)),
        { seed: 1, numRuns: runs[target] },
      ));
}

/** Rows 0 … count − 1 of a tensor [outer, rows, D]. */
export function firstRows(data: Float32Array, outer: number, rows: number, D: number, count: number): Float32Array {
  const out = new Float32Array(outer * count * D);
  for (let n = 0; n < outer; n++) out.set(data.subarray(n * rows * D, (n * rows + count) * D), n * count * D);
  return out;
}

/** The tensor with blocks of `size` numbers in another order: block n of the result is block order[n]. */
export function reordered<Data extends Stored>(data: Data, order: readonly number[], size: number): Data {
  const out = data.slice() as Data;
  for (const [n, from] of order.entries()) out.set(data.subarray(from * size, (from + 1) * size), n * size);
  return out;
}

/** A permutation of 0 … count − 1. */
export function shuffled(count: number, seed: number): number[] {
  const keys = normal(seed, "order", count);
  return Array.from({ length: count }, (_, n) => n).sort((a, b) => keys[a] - keys[b]);
}
