/**
 * The page that `bench --page` writes, in Chromium as a phone would show it: it runs the kernels, says when one is
 * wrong or cannot run, gives its results in the shape of `bench --json`, and asks for nothing but its own files.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generated } from "../../scripts/generate-page.ts";
import { failure, fovea, scratch } from "../cli/support.ts";
import { launch, serve, type Served } from "./support.ts";

const { folder, file } = scratch();
const spec = file(
  "two.attn",
  `attention near(q, k, v: f32[H, L, D], n: i32) { mask causal and (window(8) or prefix(n)) return o, lse example H = 2, L = 40, D = 16, n = 3 }`,
);
const place = join(folder, "page");
const args = ["bench", spec, "--target", "wasm,wgsl", "--page", place, "--json"];

interface Report {
  readonly ok: boolean;
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
  readonly results: readonly Readonly<Record<string, unknown>>[];
}

let browser: Browser;
let served: Served;
let here: Report;
beforeAll(async () => {
  const { out, err, code } = await fovea(...args);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  here = JSON.parse(out) as Report;
  served = await serve(place);
  browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await served.close();
});

/** Opens the page as a phone does, runs it and gives what it says and what it would save. */
async function visit(origin: string, check: (tab: Page) => Promise<void> = async () => {}): Promise<Report> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, acceptDownloads: true });
  const tab = await context.newPage();
  const asked: string[] = [];
  tab.on("request", (request) =>
    asked.push(new URL(request.url()).protocol === "data:" ? served.origin : new URL(request.url()).origin),
  );
  const mistakes: string[] = [];
  tab.on("pageerror", (error) => mistakes.push(error.message));
  try {
    await tab.goto(`${origin}/index.html`);
    await tab.click("#run");
    await tab.waitForSelector("#download:enabled", { timeout: 120_000 });
    await check(tab);
    const [download] = await Promise.all([tab.waitForEvent("download"), tab.click("#download")]);
    expect(download.suggestedFilename()).toBe("bench.json");
    expect({ mistakes, asked: [...new Set(asked)] }).toEqual({ mistakes: [], asked: [origin] });
    return JSON.parse(readFileSync(await download.path(), "utf8")) as Report;
  } finally {
    await context.close();
  }
}

test("it runs what bench ran, and saves a document of the same shape", async () => {
  const report = await visit(served.origin, async (tab) => {
    expect(await tab.textContent("#status")).toContain("2 of 2 ran here");
    expect(await tab.locator("#cases li.done .time").allTextContents()).toEqual([
      expect.stringMatching(/^[0-9.]+ ms$/),
      expect.stringMatching(/^[0-9.]+ ms$/),
    ]);
    // Nothing is wider than the screen, and what is to be touched is large enough for a thumb.
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect((await tab.locator("#run").boundingBox())?.height).toBeGreaterThanOrEqual(44);
  });
  expect(report).toMatchObject({
    version: 1,
    ok: true,
    diagnostics: [],
    machine: { cores: expect.any(Number) as number },
  });
  const same = ({ file, attention, target, dims, threads, visitedPairs }: Report["results"][number]): object => ({
    file,
    attention,
    target,
    dims,
    threads,
    visitedPairs,
  });
  expect(report.results.map(same)).toEqual(here.results.map(same));
  expect(report.results.map((result) => Object.keys(result))).toEqual(
    here.results.map((result) => Object.keys(result)),
  );
  for (const { medianMs, minMs, runs, gflops } of report.results) {
    expect(medianMs).toBeGreaterThan(0);
    expect(minMs).toBeLessThanOrEqual(Number(medianMs));
    expect(runs).toBeGreaterThanOrEqual(5);
    expect(gflops).toBeGreaterThan(0);
  }
});

test("a kernel that computes something else, or is damaged, is named and hides nothing of the others", async () => {
  const three = ["a", "b", "c"].map(
    (name) => `attention ${name}(q, k, v: f32[L, D]) { mask causal example L = 16, D = 8 }`,
  );
  const paths = three.map((text, n) => file(`${n}.attn`, text));
  const other = join(folder, "three");
  await fovea("bench", ...paths, "--page", other);
  const module = join(other, "kernels", "1-a", "a.relaxed.wasm");
  writeFileSync(
    module,
    readFileSync(module).map((byte, n, all) => (n === all.length - 1 ? byte ^ 1 : byte)),
  );
  const cases = join(other, "cases.json");
  const wrong = JSON.parse(readFileSync(cases, "utf8")) as { cases: { checks: { want: number[] }[] }[] };
  wrong.cases[1]?.checks[0]?.want.splice(5, 1, 0.5);
  writeFileSync(cases, JSON.stringify(wrong));
  const { close, origin } = await serve(other);
  const report = await visit(origin).finally(close);
  expect(report).toMatchObject({
    ok: false,
    diagnostics: [
      { code: "FOV5004", message: "a: a.relaxed.wasm is not as it was compiled: its SHA-256 differs" },
      { code: "FOV5007", message: expect.stringMatching(/^b on wasm: o\[5\] is .*, the oracle says 0.5$/) as string },
    ],
    results: [{ attention: "c" }],
  });
});

test("a folder of other files is left alone, one of such a page is written over", async () => {
  const { code, diagnostics } = await failure("", "bench", spec, "--page", folder);
  expect({ code, diagnostics }).toMatchObject({ code: 1, diagnostics: [{ code: "FOV0006" }] });
  expect((await fovea("bench", spec, "--page", place)).code).toBe(0);
});

test("a browser does not run C", async () => {
  const { code, diagnostics } = await failure("", "bench", spec, "--page", place, "--target", "wasm,c");
  expect({ code, diagnostics }).toMatchObject({
    code: 2,
    diagnostics: [{ code: "FOV0001", message: "a browser does not run c; `--page` takes wasm and wgsl" }],
  });
});

test("the generated text is that of the sources: npx tsx scripts/generate-page.ts", async () => {
  expect(await generated()).toBe(readFileSync("src/page/generated/text.ts", "utf8"));
});
