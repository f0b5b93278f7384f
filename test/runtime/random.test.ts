import { describe, expect, test } from "vitest";
import { bernoulli, between, normal, offsets, segments } from "../../src/runtime/random.ts";

test("the same arguments give the same numbers, other ones do not", () => {
  expect(normal(7, "q", 100)).toEqual(normal(7, "q", 100));
  expect(normal(7, "q", 100)).not.toEqual(normal(8, "q", 100));
  expect(normal(7, "q", 100)).not.toEqual(normal(7, "k", 100));
  expect(normal(7, "q", 100)).not.toEqual(normal(7 + 2 ** 40, "q", 100));
  expect(normal(7, "q", 101).slice(0, 100)).toEqual(normal(7, "q", 100));
});

test("the numbers are these, on every machine", () => {
  expect(new Uint32Array(normal(1, "q", 4).buffer)).toMatchInlineSnapshot(`
    Uint32Array [
      3222956974,
      3207722624,
      1049712100,
      3221230941,
    ]
  `);
  expect(between(1, "w", -5, 5, 8)).toMatchInlineSnapshot(`
    Int32Array [
      -2,
      -4,
      -1,
      -4,
      -4,
      2,
      4,
      -5,
    ]
  `);
  expect(bernoulli(1, "m", 0.5, 12).join("")).toMatchInlineSnapshot(`"000010000000"`);
  expect(segments(1, "doc", 3, 12).join("")).toMatchInlineSnapshot(`"001111111112"`);
});

test("normal numbers have the moments of the normal distribution", () => {
  const n = 200_000;
  const x = normal(3, "x", n);
  const moment = (k: number): number => x.reduce((sum, value) => sum + value ** k, 0) / n;
  expect(moment(1)).toBeCloseTo(0, 2);
  expect(moment(2)).toBeCloseTo(1, 1.5);
  expect(moment(3)).toBeCloseTo(0, 1);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  expect(x.filter((value) => Math.abs(value) < 1).length / n).toBeCloseTo(0.6827, 2);
  expect(x.reduce((top, value) => Math.max(top, Math.abs(value)), 0)).toBeGreaterThan(4);
});

describe("between", () => {
  test("gives every value of the range and never its end", () => {
    const seen = new Map<number, number>();
    for (const x of between(1, "i", -2, 3, 50_000)) seen.set(x, (seen.get(x) ?? 0) + 1);
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    for (const times of seen.values()) expect(Math.abs(times - 10_000)).toBeLessThan(500);
  });

  test("takes the whole of 32 bits", () => {
    const x = between(1, "i", -(2 ** 31), 2 ** 31, 1000);
    expect(Math.min(...x)).toBeLessThan(-(2 ** 30));
    expect(Math.max(...x)).toBeGreaterThan(2 ** 30);
  });

  test.each([
    [3, 3],
    [4, 3],
    [0.5, 3],
    [0, 2 ** 32],
    [0, NaN],
  ])("refuses %f … %f", (lo, hi) => {
    expect(() => between(1, "i", lo, hi, 1)).toThrow(/^FOV4004/);
  });
});

test("bernoulli has its probability, and is certain at 0 and 1", () => {
  const mean = bernoulli(1, "m", 0.3, 100_000).reduce((sum, bit) => sum + bit, 0) / 100_000;
  expect(mean).toBeCloseTo(0.3, 2);
  expect(new Set(bernoulli(1, "m", 0, 1000))).toEqual(new Set([0]));
  expect(new Set(bernoulli(1, "m", 1, 1000))).toEqual(new Set([1]));
  for (const p of [-0.1, 1.1, NaN]) expect(() => bernoulli(1, "m", p, 1)).toThrow(/^FOV4004/);
});

describe("segments", () => {
  test("are contiguous, none empty, all there", () => {
    for (let seed = 0; seed < 50; seed++) {
      for (const [n, length] of [
        [1, 7],
        [3, 12],
        [12, 12],
        [5, 100],
      ] as const) {
        const ids = segments(seed, "doc", n, length);
        expect(ids).toHaveLength(length);
        expect(ids[0]).toBe(0);
        expect(ids[length - 1]).toBe(n - 1);
        for (let i = 1; i < length; i++) expect([0, 1]).toContain((ids[i] ?? NaN) - (ids[i - 1] ?? NaN));
      }
    }
  });

  test("have ragged ends that follow the seed", () => {
    expect(segments(1, "doc", 4, 64)).not.toEqual(segments(2, "doc", 4, 64));
  });

  test("with fewer positions than documents give one each", () => {
    expect([...segments(1, "doc", 5, 3)]).toEqual([0, 1, 2]);
    expect(segments(1, "doc", 5, 0)).toHaveLength(0);
    expect(() => segments(1, "doc", 0, 3)).toThrow(/^FOV4004/);
  });
});

describe("offsets", () => {
  test("rise from 0 to the length, one a segment and one more", () => {
    for (let seed = 0; seed < 20; seed++) {
      const found = [...offsets(seed, "cu", 100, 6)];
      expect(found[0]).toBe(0);
      expect(found[5]).toBe(100);
      for (let n = 1; n < 6; n++) expect(found[n]).toBeGreaterThan(found[n - 1] ?? NaN);
    }
    expect(offsets(1, "cu", 64, 5)).not.toEqual(offsets(2, "cu", 64, 5));
  });

  test("mark where the segments of the same seed change", () => {
    const ids = segments(3, "cu", 4, 50);
    const found = offsets(3, "cu", 50, 5);
    for (let i = 0; i < 50; i++) expect(found.findLastIndex((at) => at <= i)).toBe(ids[i]);
  });

  test("with no room are still as many", () => {
    expect([...offsets(1, "cu", 2, 5)]).toEqual([0, 1, 2, 2, 2]);
    expect([...offsets(1, "cu", 0, 3)]).toEqual([0, 0, 0]);
    expect([...offsets(1, "cu", 7, 1)]).toEqual([0]);
    expect(offsets(1, "cu", 7, 0)).toHaveLength(0);
  });
});

test("a seed is an integer and a count a size", () => {
  expect(() => normal(0.5, "q", 1)).toThrow(/^FOV4004/);
  expect(() => normal(1, "q", -1)).toThrow(/^FOV2106/);
  expect(() => normal(1, "q", 2 ** 40)).toThrow(/^FOV4005/);
});
