/**
 * Neighbourhoods, windows and tiles of the examples against definitions written down another way: sets built key by
 * key, images that are rolled and cut. Pair by pair, over settings that an example leaves at their default.
 */
import { describe, expect, test } from "vitest";
import { differences, evaluator, example, upTo } from "./examples.ts";

/** One axis of NATTEN, by its own words: x among the positions of its residue, the window pushed back at the ends. */
function neighbours(n: number, w: number, s: number, d: number, causal: boolean): readonly ReadonlySet<number>[] {
  return upTo(n).map((x) => {
    const lane = upTo(n).filter((y) => y % d === x % d);
    const at = lane.indexOf(x);
    const first = Math.floor(at / s) * s;
    if (causal) {
      const leader = Math.min(first + s - 1, lane.length - 1);
      return new Set(lane.slice(Math.max(leader - (w - 1), 0), at + 1));
    }
    const leader = Math.min(first + Math.floor(s / 2), lane.length - 1);
    const [left, right] = [Math.floor(w / 2), Math.floor(w / 2) + (w % 2) - 1];
    let start = Math.max(leader - left, 0);
    if (leader + right >= lane.length) start += lane.length - right - leader - 1;
    return new Set(lane.slice(start, start + w));
  });
}

describe("neighbourhoods", () => {
  const settings = [1, 4, 5].flatMap((w) =>
    [1, 2, 3].flatMap((s) => [1, 3].flatMap((d) => [7, 19].map((L) => ({ w, s, d, L })))),
  );
  // What NATTEN takes: a window that fits its residues, a stride within the window.
  const taken = settings.filter(({ w, s, d, L }) => w * d <= L && s <= w);

  test.each([false, true])("in one dimension, causal %s", (causal) => {
    for (const { w, s, d, L } of taken) {
      const spec = example(causal ? "neighbourhood_causal" : "neighbourhood", { w, group: s, dilation: d });
      const wanted = neighbours(L, w, s, d, causal);
      expect(
        differences(spec, { sizes: { L } }, [L, L], (i, j) => wanted[i].has(j)),
        JSON.stringify({ w, s, d }),
      ).toEqual([]);
      if (!causal) for (const keys of wanted) expect(keys.size).toBe(w);
    }
  });

  test("in one dimension, wider than the axis: all keys", () => {
    const spec = example("neighbourhood", { w: 31 });
    expect(differences(spec, { sizes: { L: 9 } }, [9, 9], () => true)).toEqual([]);
  });

  const axes = [
    { height: 6, width: 9, wy: 3, wx: 5, sy: 1, sx: 1, dy: 1, dx: 1 },
    { height: 9, width: 6, wy: 4, wx: 3, sy: 2, sx: 3, dy: 2, dx: 1 },
    { height: 5, width: 12, wy: 2, wx: 4, sy: 1, sx: 2, dy: 2, dx: 3 },
  ];
  test.each(axes)("in two dimensions, $height × $width", ({ height, ...set }) => {
    const { width } = set;
    const L = height * width;
    const rows = neighbours(height, set.wy, set.sy, set.dy, false);
    const columns = neighbours(width, set.wx, set.sx, set.dx, false);
    const wanted = (i: number, j: number): boolean =>
      rows[Math.floor(i / width)].has(Math.floor(j / width)) && columns[i % width].has(j % width);
    expect(differences(example("neighbourhood_2d", set), { sizes: { L } }, [L, L], wanted)).toEqual([]);
    const sized = { sizes: { L }, tensors: { columns: [width] } };
    expect(differences(example("neighbourhood_sized", set), sized, [L, L], wanted)).toEqual([]);
  });

  test.each([
    { frames: 4, height: 3, width: 5, wt: 2, st: 1, dt: 1, wy: 3, sy: 1, dy: 1, wx: 4, sx: 2, dx: 1 },
    { frames: 5, height: 4, width: 4, wt: 2, st: 2, dt: 2, wy: 2, sy: 2, dy: 2, wx: 3, sx: 1, dx: 1 },
  ])("in three dimensions, $frames × $height × $width", ({ frames, ...set }) => {
    const { height, width } = set;
    const L = frames * height * width;
    const times = neighbours(frames, set.wt, set.st, set.dt, true);
    const rows = neighbours(height, set.wy, set.sy, set.dy, false);
    const columns = neighbours(width, set.wx, set.sx, set.dx, false);
    const at = (x: number) => [Math.floor(x / (height * width)), Math.floor(x / width) % height, x % width];
    const wanted = (i: number, j: number): boolean => {
      const [p, q] = [at(i), at(j)];
      return times[p[0]].has(q[0]) && rows[p[1]].has(q[1]) && columns[p[2]].has(q[2]);
    };
    expect(differences(example("neighbourhood_3d", set), { sizes: { L } }, [L, L], wanted)).toEqual([]);
  });
});

describe("images and videos in windows", () => {
  /** Rolls an image, cuts it into windows, and numbers the parts that were apart before, as Swin's own masks do. */
  function swin(height: number, width: number, w: number, shift: number): (i: number, j: number) => boolean {
    const region = (x: number, n: number): number => (x < n - w ? 0 : x < n - shift ? 1 : 2);
    const place = upTo(height * width).map((i) => {
      const y = (Math.floor(i / width) - shift + height) % height;
      const x = ((i % width) - shift + width) % width;
      const window = Math.floor(y / w) * Math.ceil(width / w) + Math.floor(x / w);
      return `${window} ${shift === 0 ? "" : `${region(y, height)} ${region(x, width)}`}`;
    });
    return (i, j) => place[i] === place[j];
  }

  test.each([0, 1, 2])("swin, shifted by %i", (shift) => {
    for (const [height, width, w] of [
      [8, 8, 4],
      [12, 6, 3],
      [4, 12, 4],
    ]) {
      const call = { sizes: { L: height * width }, tensors: { shift: [shift] } };
      const wanted = swin(height, width, w, shift);
      expect(differences(example("swin", { width, w }), call, [height * width, height * width], wanted)).toEqual([]);
    }
  });

  test("swin's bias has an entry for each offset within a window", () => {
    const [width, w] = [12, 4];
    const spec = example("swin", { width, w });
    const call = { sizes: { L: 96 }, tensors: { shift: [2] } };
    const entry = evaluator(spec, spec.score, call, (tensor, at) => (tensor === "shift" ? 2 : at[1] * 100 + at[2]));
    const sees = evaluator(spec, spec.mask, call);
    let met = 0;
    for (const i of upTo(96))
      for (const j of upTo(96)) {
        if (sees(i, j) === 0) continue;
        met++;
        const [dy, dx] = [Math.floor(i / width) - Math.floor(j / width), (i % width) - (j % width)];
        expect(entry(i, j)).toBe((dy + w - 1) * 100 + dx + w - 1);
      }
    expect(met).toBeGreaterThan(96);
  });

  test("sliding tiles: the window moves by tiles, the prompt sees and is seen", () => {
    const [tile, frames, rows, columns, words, room] = [4, 2, 4, 5, 3, 6];
    const spec = example("sliding_tile", { tile, frames, rows, columns });
    const video = tile * frames * rows * columns;
    const at = (x: number): readonly number[] => {
      const t = Math.floor(x / tile);
      return [Math.floor(t / (rows * columns)), Math.floor(t / columns) % rows, t % columns];
    };
    const kernel = [1, 3, 3];
    const canvas = [frames, rows, columns];
    const wanted = (i: number, j: number): boolean => {
      if (i >= video || j >= video) return j < video + words;
      const [p, q] = [at(i), at(j)];
      return kernel.every((k, axis) => {
        const [left, right] = [Math.floor(k / 2), Math.floor(k / 2) + (k % 2) - 1];
        const centre = Math.max(left, Math.min(p[axis], canvas[axis] - 1 - right));
        return centre - left <= q[axis] && q[axis] <= centre + right;
      });
    };
    const L = video + room;
    expect(differences(spec, { sizes: { L }, tensors: { words: [words] } }, [L, L], wanted)).toEqual([]);
  });
});
