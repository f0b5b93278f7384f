/**
 * examples/apps/denoise, built by Vite with its types checked, in Chromium and from a folder of a server: the combined
 * loader finds its modules among the bundler's files, and the picture comes out cleaner, the same on both targets.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, serve, type Served } from "../browser/support.ts";
import { apps, npmRun } from "./support.ts";

const folder = join(apps, "denoise");
let browser: Browser;
let served: Served;
let said: string;
beforeAll(async () => {
  said = npmRun("denoise", "build");
  served = await serve(folder);
  browser = await launch();
}, 240_000);
afterAll(async () => {
  await browser.close();
  await served.close();
});

async function visit(query: string, check: (tab: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const tab = await context.newPage();
  const mistakes: string[] = [];
  tab.on("pageerror", (error) => mistakes.push(error.message));
  try {
    await tab.goto(`${served.origin}/dist/index.html${query}`);
    await tab.waitForFunction(() => document.querySelector("#status")?.textContent !== "Loading …", undefined, {
      timeout: 180_000,
    });
    await check(tab);
    expect(mistakes).toEqual([]);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  } finally {
    await context.close();
  }
}

const decibels = async (tab: Page): Promise<readonly number[]> =>
  Promise.all(["#before-text", "#after-text"].map(async (id) => parseFloat((await tab.textContent(id)) ?? "")));

test("the bundler needs no word about the loader and gives each module a file", () => {
  expect(said).not.toMatch(/warn(?!.*npm)|externalized/i);
  const kinds = readdirSync(join(folder, "dist/assets")).map((name) => name.replace(/-[\w-]{8}\./, "."));
  expect(kinds).toEqual(expect.arrayContaining(["denoise.wasm", "denoise.relaxed.wasm", "denoise.wgsl"]));
});

test("the picture is cleaner after attention, and WebGPU and WebAssembly agree", async () => {
  const seen: (readonly number[])[] = [];
  for (const [query, place] of [
    ["?target=wasm", "WebAssembly"],
    ["", "WebGPU"],
  ] as const) {
    await visit(query, async (tab) => {
      expect(await tab.textContent("#status")).toMatch(new RegExp(`^96 × 64 pixels, .* on ${place}\\.$`));
      seen.push(await decibels(tab));
    });
  }
  const [[before = 0, after = 0] = [], gpu] = seen;
  expect(after).toBeGreaterThan(before + 6);
  expect(gpu).toEqual([before, after]);
});

/** A picture file by hand: a .bmp of 24 bits a pixel, left half black, right half white. */
function bmp(width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + row * height);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) file.fill(255, 54 + y * row + 3 * (width / 2), 54 + y * row + 3 * width);
  return file;
}

test("a picture of one's own keeps its edge and loses its noise; what is no picture is said", async () => {
  await visit("?target=wasm", async (tab) => {
    const give = (name: string, buffer: Buffer): Promise<void> =>
      tab.setInputFiles("#picture", { name, mimeType: "image/bmp", buffer });
    await give("half.bmp", bmp(96, 24));
    await expect.poll(() => tab.textContent("#status"), { timeout: 60_000 }).toMatch(/^96 × 24 pixels/);
    const [before = 0, after = 0] = await decibels(tab);
    expect(after).toBeGreaterThan(before + 4);
    const row = await tab.locator("#after").evaluate((canvas) => {
      const context = (canvas as HTMLCanvasElement).getContext("2d");
      return [...(context?.getImageData(0, 12, 96, 1).data ?? [])].filter((_, n) => n % 4 === 0);
    });
    expect(Math.max(...row.slice(0, 46))).toBeLessThan(64);
    expect(Math.min(...row.slice(50))).toBeGreaterThan(192);
    await give("no.bmp", Buffer.from("no picture"));
    await expect.poll(() => tab.textContent("#status")).toBe("no.bmp is no picture that this browser can read");
  });
});
