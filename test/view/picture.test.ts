/** Pictures of masks: that a cell says what its pairs are, however many, and that both formats say the same. */
import { crc32, inflateSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { check, lower } from "../../src/compile.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { host } from "../../src/targets/index.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { gridOf } from "../../src/view/grid.ts";
import type { Grid } from "../../src/view/mask.ts";
import { pictureOf } from "../../src/view/picture.ts";
import { pngOf } from "../../src/view/png.ts";
import { failure, fovea, foveaOf, scratch } from "../cli/support.ts";
import { visible } from "../support/visible.ts";

const { folder } = scratch();

function specOf(clauses: string, inputs = "", values = ""): Spec {
  const [spec] = check(
    `attention a(q, k, v: f32[L, D]${inputs}) { ${clauses} example L = 8, D = 4${values} }`,
    "-",
  ).specs;
  if (!spec) throw new Error("the spec of this test has a mistake");
  return spec;
}

function gridFor(spec: Spec, L: number, limit: number): Grid {
  const sizes = { L, D: 4 };
  const { plan } = lower(spec, host);
  const inputs = Object.fromEntries([...sampleInputs(spec, sizes)].map(([name, { data }]) => [name, data]));
  return gridOf({ spec, plan, sizes, inputs, tile: { rows: 32, keys: 64 } }, limit);
}

describe("a cell of many pairs", () => {
  test.each([
    ["causal", specOf("mask causal")],
    ["a window and sinks", specOf("mask causal and (window(20) or sinks(2))")],
    ["a thin band", specOf("mask around(1)")],
    ["blocks", specOf("blocks 16 mask abs(bi - bj) <= 1 or bj == 0")],
    ["what two attends see", specOf("mask causal and (i div 16 == j div 16 or j mod 16 >= 12)")],
    ["documents", specOf("mask causal and doc[i] == doc[j]", ", doc: i32[L]", ", doc = segments(5)")],
  ])("says what share of them is kept: %s", (_, spec) => {
    const [L, limit] = [430, 40];
    const sizes = { L, D: 4 };
    const all = visible(spec, sizes, sampleInputs(spec, sizes));
    const grid = gridFor(spec, L, limit);
    let [off, cells] = [0, 0];
    for (let r = 0; r < limit; r++) {
      for (let c = 0; c < limit; c++) {
        const [rows, keys] = [r, c].map((n) => [Math.floor((n * L) / limit), Math.floor(((n + 1) * L) / limit)]);
        let kept = 0;
        for (let i = rows?.[0] ?? 0; i < (rows?.[1] ?? 0); i++)
          for (let j = keys?.[0] ?? 0; j < (keys?.[1] ?? 0); j++) kept += all.sees(0, 0, i, j) ? 1 : 0;
        const share = kept / (((rows?.[1] ?? 0) - (rows?.[0] ?? 0)) * ((keys?.[1] ?? 0) - (keys?.[0] ?? 0)));
        const cell = grid.cell(r, c);
        expect(Math.abs(cell.kept - share)).toBeLessThan(0.16);
        // What no pair of a cell is, the cell is not; what all are, it is.
        if (share === 0) expect(cell.kept).toBe(0);
        if (share === 1) expect(cell.kept).toBeCloseTo(1, 9);
        expect(cell.visited).toBeGreaterThanOrEqual(cell.kept - 1e-9);
        expect(cell.visited).toBeLessThanOrEqual(1 + 1e-9);
        off += cell.kept - share;
        cells++;
      }
    }
    expect(Math.abs(off / cells)).toBeLessThan(0.002);
  });

  test("nothing thin is lost at a length of 16384", () => {
    const grid = gridFor(specOf("mask causal and (window(64) or sinks(4))"), 16384, 64);
    for (let r = 0; r < 64; r++) {
      expect(grid.cell(r, r).kept).toBeGreaterThan(0);
      expect(grid.cell(r, 0).kept).toBeGreaterThan(0);
      for (let c = 1; c < r - 1; c++) expect(grid.cell(r, c)).toEqual({ kept: 0, visited: 0 });
    }
  });
});

/** The pixels of a PNG as we write them: three bytes each, rows not filtered. */
function decoded(png: Uint8Array): { width: number; height: number; at: (x: number, y: number) => readonly number[] } {
  const bytes = Buffer.from(png);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const end = at + 8 + bytes.readUInt32BE(at);
    expect(bytes.readUInt32BE(end)).toBe(crc32(bytes.subarray(at + 4, end)));
    chunks.set(bytes.toString("latin1", at + 4, at + 8), bytes.subarray(at + 8, end));
  }
  expect([...chunks.keys()]).toEqual(["IHDR", "IDAT", "IEND"]);
  const head = chunks.get("IHDR") ?? Buffer.alloc(13);
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  expect([...head.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const pixels = inflateSync(chunks.get("IDAT") ?? Buffer.alloc(0));
  expect(pixels).toHaveLength(height * (1 + 3 * width));
  return { width, height, at: (x, y) => [...pixels.subarray(y * (1 + 3 * width) + 1 + 3 * x).subarray(0, 3)] };
}

describe("formats", () => {
  const text = "attention a(q, k, v: f32[L, D]) { mask causal and window(2) example L = 4, D = 2 }";

  test("a PNG has each cell in its colour, where the SVG has it", async () => {
    const path = join(folder, "mask.png");
    expect(await foveaOf(text, "view", "-", "-o", path)).toMatchObject({ code: 0, out: "", err: "" });
    const { width, height, at } = decoded(readFileSync(path));
    const svg = (await foveaOf(text, "view", "-", "-o", "-")).out;
    expect(svg).toContain(`width="${width / 2}" height="${height / 2}"`);
    // 24 pixels a cell, twice as many in the PNG, from (64, 74) on.
    const centre = (r: number, c: number): string =>
      `#${at(2 * (64 + 24 * c + 12), 2 * (74 + 24 * r + 12))
        .map((x) => x.toString(16).padStart(2, "0"))
        .join("")}`;
    const cells = [0, 1, 2, 3].map((r) => [0, 1, 2, 3].map((c) => centre(r, c)));
    const [kept, visited] = [centre(0, 0), centre(0, 1)];
    expect(cells).toEqual([
      [kept, visited, visited, visited],
      [kept, kept, visited, visited],
      [visited, kept, kept, visited],
      [visited, visited, kept, kept],
    ]);
    expect(kept).not.toBe(visited);
    for (const colour of [kept, visited]) expect(svg).toContain(`fill="${colour}"`);
  });

  test("a picture is wide enough for its words, and has a size even where there is no pair", () => {
    const grid = {
      title: "a".repeat(90),
      rows: 0,
      columns: 0,
      queries: 0,
      keys: 0,
      cell: () => ({ kept: 0, visited: 0 }),
    };
    const { width } = decoded(pngOf(pictureOf(grid)));
    expect(width).toBeGreaterThan(2 * 9 * 90);
  });

  test("another ending is refused before any work", async () => {
    const { code, diagnostics } = await failure(text, "view", "-", "-o", join(folder, "mask.jpg"));
    expect({ code, diagnostics }).toMatchObject({ code: 1, diagnostics: [{ code: "FOV0003" }] });
  });

  test("in the terminal the legend says what the signs are", async () => {
    expect((await foveaOf(text, "view", "-")).out).toMatchInlineSnapshot(`
      "a, 4 queries by 4 keys, one cell a pair
      █▒▒▒
      ██▒▒
      ▒██▒
      ▒▒██
      █ kept  ▒ looked at, not kept  · never looked at
      "
    `);
    const { out } = await fovea("view", "examples/04-sinks.attn");
    expect(out.split("\n").slice(0, 12).join("\n")).toMatchInlineSnapshot(`
      "streaming, 1024 queries by 1024 keys, one cell is 16 queries by 16 keys
      ▓▒······························································
      █▓······························································
      ██▓▒····························································
      ███▓····························································
      ▓███▓▒··························································
      ▓▓███▓··························································
      ▓·▓███▓▒························································
      ▓·▒▓███▓························································
      ▓···▓███▓▒······················································
      ▓···▒▓███▓······················································
      ▓·····▓███▓▒····················································"
    `);
    expect(out.trimEnd().split("\n").at(-1)).toBe("█ kept  ▓ kept in part  ▒ looked at, not kept  · never looked at");
  });
});
