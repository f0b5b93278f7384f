/**
 * Masks and biases over positions in a row, of the examples, against definitions written down another way: sets built
 * key by key, trees that are climbed, buckets as the model's own code has them.
 */
import { describe, expect, test } from "vitest";
import { differences, evaluator, example, upTo } from "./examples.ts";

describe("sequences", () => {
  const L = 45;
  const square = [L, L] as const;

  test("dilated: w keys, d apart, from the query backwards", () => {
    const keys = upTo(L).map((i) => new Set(upTo(5).map((n) => i - 3 * n)));
    expect(
      differences(example("dilated_attention", { w: 5, d: 3 }), { sizes: { L } }, square, (i, j) => keys[i].has(j)),
    ).toEqual([]);
  });

  test("sparse transformer, fixed: one's own chunk, and the last c of every chunk", () => {
    const [l, c] = [7, 2];
    const chunk = (x: number): number => Math.floor(x / l);
    const own = (i: number, j: number): boolean => j <= i && chunk(i) === chunk(j);
    // t, t + 1 … l for t = l − c, counted from 0
    const summary = (i: number, j: number): boolean =>
      j <= i &&
      upTo(l)
        .slice(l - c)
        .includes(j % l);
    const [both, heads] = ["sparse_fixed", "sparse_fixed_heads"].map((name) => example(name, { l, c }));
    expect(differences(both, { sizes: { L } }, square, (i, j) => own(i, j) || summary(i, j))).toEqual([]);
    expect(differences(heads, { sizes: { L }, h: 2 }, square, own)).toEqual([]);
    expect(differences(heads, { sizes: { L }, h: 1 }, square, summary)).toEqual([]);
  });

  test("sparse transformer, strided: max(0, i − l) … i, and every l-th", () => {
    const l = 6;
    const near = (i: number, j: number): boolean => Math.max(0, i - l) <= j && j <= i;
    const far = (i: number, j: number): boolean => upTo(L).some((n) => j === i - n * l);
    const [both, heads] = ["sparse_strided", "sparse_strided_heads"].map((name) => example(name, { l }));
    expect(differences(both, { sizes: { L } }, square, (i, j) => near(i, j) || far(i, j))).toEqual([]);
    expect(differences(heads, { sizes: { L }, h: 0 }, square, near)).toEqual([]);
    expect(differences(heads, { sizes: { L }, h: 3 }, square, far)).toEqual([]);
  });

  const offsets = [0, 5, 17, 18, 30, 45];
  const documentOf = (x: number): number => offsets.findLastIndex((at) => at <= x);

  test("packed documents with a window", () => {
    const call = { sizes: { L, N: 6 }, tensors: { cu: offsets } };
    const wanted = (i: number, j: number): boolean => j <= i && i - j < 64 && documentOf(i) === documentOf(j);
    expect(differences(example("packed_window"), call, square, wanted)).toEqual([]);
    // Positions behind the last offset are a segment of their own.
    const short = { sizes: { L: 50, N: 6 }, tensors: { cu: offsets } };
    expect(differences(example("packed_window"), short, [50, 50], wanted)).toEqual([]);
  });

  test("shared prefix: one's own segment so far, and all of its parent", () => {
    const parent = [0, 0, 0, 3, 3];
    const wanted = (i: number, j: number): boolean => {
      const own = documentOf(i);
      if (documentOf(j) === own) return j <= i;
      return parent[own] !== own && documentOf(j) === parent[own];
    };
    const call = { sizes: { L, N: 5 }, tensors: { offsets, parent } };
    expect(differences(example("shared_prefix"), call, square, wanted)).toEqual([]);
  });

  test.each([40, 42])("block diffusion over %i positions", (both) => {
    const [n, size] = [both / 2, 5];
    const wanted = (i: number, j: number): boolean => {
      const [noisyQuery, noisyKey] = [i < n, j < n];
      const [query, key] = [Math.floor((i % n) / size), Math.floor((j % n) / size)];
      const own = query === key && noisyQuery === noisyKey;
      const before = query > key && noisyQuery && !noisyKey;
      const clean = query >= key && !noisyQuery && !noisyKey;
      return own || before || clean;
    };
    expect(differences(example("block_diffusion", { size }), { sizes: { L: both } }, [both, both], wanted)).toEqual([]);
  });

  test("flamingo: text looks at the last image before it", () => {
    const marks = [false, true, false, false, true, true, false, false];
    let seen = 0;
    const images = marks.map((mark) => (seen += Number(mark)));
    const size = 3;
    const wanted = (i: number, j: number): boolean => {
      const image = marks.slice(0, i + 1).filter(Boolean).length - 1;
      return image >= 0 && Math.floor(j / size) === image;
    };
    const call = { sizes: { L: 8, S: 10 }, tensors: { images } };
    expect(differences(example("flamingo", { size }), call, [8, 10], wanted)).toEqual([]);
  });

  test("padding: neither queries nor keys beyond the length", () => {
    const call = { sizes: { B: 2, L }, tensors: { length: [9, 30] }, b: 1 };
    expect(differences(example("padded"), call, square, (i, j) => Math.max(i, j) < 30)).toEqual([]);
  });

  test("tree: a node sees the context, its ancestors and itself", () => {
    const [N, P] = [70, 11];
    const parents = upTo(N).map((n) => (n === 0 ? -1 : (n * 7 + 3) % n));
    const path = (n: number): readonly number[] => (n < 0 ? [] : [n, ...path(parents[n])]);
    const words = Math.ceil(N / 32);
    const ancestors = new Int32Array(N * words);
    for (const n of upTo(N)) for (const a of path(n)) ancestors[n * words + (a >> 5)] |= 1 << (a & 31);
    const call = { sizes: { N, S: P + N }, tensors: { ancestors } };
    const wanted = (n: number, j: number): boolean => j < P || path(n).includes(j - P);
    expect(differences(example("tree"), call, [N, P + N], wanted)).toEqual([]);
  });

  test("windows and dilations of heads", () => {
    const w = [1, 7, 100];
    for (const h of upTo(3)) {
      const windows = { sizes: { L, H: 3 }, tensors: { w }, h };
      expect(differences(example("head_windows"), windows, square, (i, j) => j <= i && j > i - w[h])).toEqual([]);
      const keys = upTo(L).map((i) => new Set(upTo(33).map((n) => i + (n - 16) * (h + 1))));
      const dilated = { sizes: { L, H: 3 }, h };
      expect(differences(example("head_dilation"), dilated, square, (i, j) => keys[i].has(j))).toEqual([]);
    }
  });

  test("random blocks: whole blocks, about one in eight, other ones for another seed", () => {
    const spec = example("random_blocks");
    const blocks = 40;
    const kept = (seed: number): readonly boolean[] => {
      const sees = evaluator(spec, spec.mask, { sizes: { L: blocks * 64 }, tensors: { seed: [seed] } });
      return upTo(blocks * blocks).map((n) => {
        const [bi, bj] = [Math.floor(n / blocks), n % blocks];
        const corners = [0, 63].flatMap((r) => [0, 63].map((c) => sees(bi * 64 + r, bj * 64 + c) !== 0));
        expect(new Set(corners).size).toBe(1);
        if (bi === bj || bj === 0) expect(corners[0]).toBe(true);
        return corners[0];
      });
    };
    const [one, other] = [kept(7), kept(8)];
    const share = (one.filter(Boolean).length - (2 * blocks - 1)) / (blocks * blocks - (2 * blocks - 1));
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.15);
    expect(one).not.toEqual(other);
  });
});

describe("biases", () => {
  test.each([
    [32, 128],
    [64, 128],
    [32, 256],
    [16, 100],
  ])("T5 with %i buckets to distance %i", (buckets, far) => {
    const spec = example("t5", { buckets, far });
    const L = 300;
    const found = evaluator(spec, spec.score, { sizes: { L } }, (_, at) => at[0]);
    // As it is computed in float32 where the model comes from: a logarithm, a quotient, a product, cut off.
    const bucketOf = (relative: number): number => {
      const half = buckets / 2;
      const exact = Math.floor(half / 2);
      const n = Math.abs(relative);
      const ratio = Math.fround(Math.fround(Math.log(Math.fround(n / exact))) / Math.fround(Math.log(far / exact)));
      const large = exact + Math.trunc(Math.fround(ratio * (half - exact)));
      return (relative > 0 ? half : 0) + (n < exact ? n : Math.min(large, half - 1));
    };
    for (const i of [0, 150, 299]) expect(upTo(L).map((j) => found(i, j))).toEqual(upTo(L).map((j) => bucketOf(j - i)));
    expect(spec.scale).toMatchObject({ kind: "const", value: 1 });
  });

  test("relative bias: one entry a distance, the ends for all beyond", () => {
    const spec = example("relative_bias", { far: 4 });
    const found = evaluator(spec, spec.score, { sizes: { L: 20 } }, (_, at) => at[1]);
    const distances = [-9, -5, -4, -3, 0, 1, 4, 5, 9];
    expect(distances.map((d) => found(10, 10 + d))).toEqual([0, 0, 0, 1, 4, 5, 8, 8, 8]);
  });

  test("sandwich: the inner product of sinusoids, weighed by head", () => {
    const spec = example("sandwich");
    const embedding = (x: number): readonly number[] =>
      upTo(64).flatMap((t) => [Math.sin(x / 10000 ** (t / 64)), Math.cos(x / 10000 ** (t / 64))]);
    for (const h of [0, 1, 3]) {
      const found = evaluator(spec, spec.score, { sizes: { H: 4, L: 200 }, h });
      for (const [i, j] of [
        [0, 0],
        [50, 3],
        [199, 0],
        [120, 119],
      ]) {
        const product = embedding(i).reduce((sum, x, n) => sum + x * embedding(j)[n], 0);
        expect(found(i, j)).toBeCloseTo((4 / (8 * (h + 1))) * product, 4);
      }
    }
  });

  test("graphormer: an entry a path length, one for all that are too long", () => {
    const spec = example("graphormer", { far: 3 });
    const lengths = [0, 1, 2, 3, 4, 50];
    const read = (tensor: string, at: readonly number[]): number => (tensor === "distance" ? lengths[at[2]] : at[1]);
    const found = evaluator(spec, spec.score, { sizes: { L: 6 } }, read);
    expect(upTo(6).map((j) => found(0, j))).toEqual([0, 1, 2, 3, 4, 4]);
  });
});
