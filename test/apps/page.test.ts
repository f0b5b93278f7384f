/**
 * examples/apps/page in Chromium: its figures are those of plain loops over the same tensors, on both targets, and a
 * build that is not whole is said in words.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTensors } from "../../src/runtime/load.ts";
import { launch, serve, type Served } from "../browser/support.ts";
import { scratch } from "../cli/support.ts";
import { apps, npmRun } from "./support.ts";

const folder = join(apps, "page");
const copies = scratch().folder;
let browser: Browser;
let served: Served;
beforeAll(async () => {
  npmRun("page", "build");
  served = await serve(folder);
  browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await served.close();
});

/** Opens the page as a phone does; it must ask nothing of others, fit the screen and throw nothing. */
async function visit(query: string, check: (tab: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const tab = await context.newPage();
  const mistakes: string[] = [];
  const asked = new Set<string>();
  tab.on("pageerror", (error) => mistakes.push(error.message));
  tab.on("request", (request) => asked.add(new URL(request.url()).origin));
  try {
    await tab.goto(`${served.origin}/index.html${query}`);
    await tab.waitForFunction(() => document.querySelector("#window:enabled") !== null, undefined, {
      timeout: 120_000,
    });
    await check(tab);
    expect(mistakes).toEqual([]);
    expect([...asked].filter((origin) => origin !== "null")).toEqual([served.origin]);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  } finally {
    await context.close();
  }
}

const tensors = readTensors("examples/real/encoder-layer0.safetensors");
const [, , L = 0, D = 0] = tensors.get("q")?.dims ?? [];
const value = (name: string, at: number): number => Number(tensors.get(name)?.data[at]);

/** One head's rows with keys up to w away, in float64: weights and outputs. */
function plain(head: number, w: number): { readonly weights: number[][]; readonly rows: number[][] } {
  const at = (n: number, d: number): number => (head * L + n) * D + d;
  const channels = [...Array(D).keys()];
  const weights = [...Array(L).keys()].map((i) => {
    const scores = [...Array(L).keys()].map((j) =>
      Math.abs(i - j) <= w
        ? channels.reduce((sum, d) => sum + value("q", at(i, d)) * value("k", at(j, d)), 0) / 8
        : -Infinity,
    );
    const most = Math.max(...scores);
    const all = scores.reduce((sum, s) => sum + Math.exp(s - most), 0);
    return scores.map((s) => Math.exp(s - most) / all);
  });
  const rows = weights.map((row) => channels.map((d) => row.reduce((sum, x, j) => sum + x * value("v", at(j, d)), 0)));
  return { weights, rows };
}

const percent = (x: number): string => `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;

/** What the page should say of a head and a window. */
function figuresOf(head: number, w: number): readonly string[] {
  const [near, full] = [plain(head, w), plain(head, L)];
  const inside = full.weights.flatMap((row, i) => row.filter((_, j) => Math.abs(i - j) <= w));
  const pairs = inside.length / L ** 2;
  const [a, b] = [near.rows.flat(), full.rows.flat()];
  const off = a.reduce((sum, x, n) => sum + (x - (b[n] ?? 0)) ** 2, 0) / b.reduce((sum, x) => sum + x * x, 0);
  return [pairs, inside.reduce((sum, x) => sum + x, 0) / L, Math.sqrt(off)].map(percent);
}

const figures = (tab: Page): Promise<readonly string[]> => tab.locator(".figures dd").allTextContents();
const slide = (tab: Page, w: number): Promise<void> =>
  tab.locator("#window").evaluate((slider, at) => {
    Reflect.set(slider, "value", String(at));
    slider.dispatchEvent(new Event("input"));
  }, w);

test.each([
  ["?target=wasm", "Runs on WebAssembly here.", [0, 5, 125]],
  ["", "Runs on WebGPU here.", [5]],
])("what it says of windows and heads is so (%s)", async (query, place, windows) => {
  await visit(query, async (tab) => {
    expect(await tab.textContent("#status")).toContain(place);
    expect(await figures(tab)).toEqual(figuresOf(0, 16));
    await tab.click("#heads button:nth-of-type(3)");
    expect(await figures(tab)).toEqual(figuresOf(2, 16));
    for (const w of windows) {
      await slide(tab, w);
      await expect.poll(() => figures(tab), { timeout: 30_000 }).toEqual(figuresOf(2, w));
    }
  });
});

test("a word that is tapped, in text or map, shows its own row", async () => {
  await visit("?target=wasm", async (tab) => {
    const row = plain(0, L).weights[100] ?? [];
    await tab.click("#near-text button[value='100']");
    expect(await tab.locator("#full-text button[aria-pressed=true]").textContent()).toBe("we");
    const titles = await tab
      .locator("#full-text button")
      .evaluateAll((all) => all.map((word) => word.getAttribute("title")));
    expect(titles).toEqual(row.map((x) => `${percent(x)} of the attention`));
    expect(await tab.locator("#near-text button.outside").count()).toBe(126 - 33);
    const { height = 0 } = (await tab.locator("#full-map").boundingBox()) ?? {};
    await tab.click("#full-map", { position: { x: 20, y: (height * 30.5) / 126 } });
    expect(await tab.locator("#near-text button[aria-pressed=true]").getAttribute("value")).toBe("30");
  });
});

test("it measures both kernels at the same lengths and draws them", async () => {
  await visit("?target=wasm", async (tab) => {
    await tab.click("#measure");
    await tab.waitForSelector("#measure:enabled", { timeout: 120_000 });
    const lines = await tab
      .locator("#chart polyline")
      .evaluateAll((all) => all.map((line) => line.getAttribute("points")));
    const across = lines.map((points) => points?.split(" ").map((point) => point.split(",")[0]));
    expect(across[0]?.length).toBeGreaterThanOrEqual(1);
    expect(across[1]).toEqual(across[0]);
    expect(await tab.textContent("#verdict")).toMatch(/^\d+ tokens: [\d.]+ ms for everything, [\d.]+ ms within ±16: /);
  });
});

test.each([
  ["kernels/layer.safetensors", undefined, "status 404; npm run build puts it there"],
  ["kernels/near.relaxed.wasm", "damaged", "FOV5004 near: near.relaxed.wasm is not as it was compiled"],
])("%s that is missing or damaged is named", async (file, content, message) => {
  const copy = join(copies, file.replaceAll("/", "-"));
  cpSync(folder, copy, { recursive: true });
  if (content === undefined) rmSync(join(copy, file));
  else writeFileSync(join(copy, file), Buffer.concat([readFileSync(join(copy, file)), Buffer.from(content)]));
  const { origin, close } = await serve(copy);
  const tab = await browser.newPage();
  try {
    await tab.goto(`${origin}/index.html?target=wasm`);
    await tab.waitForSelector("#status.wrong", { timeout: 60_000 });
    expect(await tab.textContent("#status")).toContain(message);
  } finally {
    await tab.close();
    await close();
  }
});
