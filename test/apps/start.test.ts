/**
 * docs/start.md typed as it is printed, but into a folder of this test: each command ends well, the page runs in
 * Chromium, the comparison has its rows, and the C program says what the text says of it.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launch, serve } from "../browser/support.ts";
import { fovea, scratch, type Said } from "../cli/support.ts";

const { folder } = scratch();
const text = readFileSync("docs/start.md", "utf8");
const put = (printed: string): string => printed.replaceAll("out/", `${folder}/`);

/** The blocks of one kind in the section of a title. */
function blocks(title: string, kind: string): readonly string[] {
  const section = text.split("\n## ").find((part) => part.startsWith(title)) ?? "";
  return [...section.matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, "gms"))].map(([, block = ""]) => put(block));
}
const words = (block: string): readonly string[] => block.replaceAll("\\\n", " ").trim().split(/\s+/);

async function typed(block: string | undefined): Promise<Said> {
  const [npx, name, ...args] = words(block ?? "");
  expect([npx, name]).toEqual(["npx", "fovea"]);
  const said = await fovea(...args);
  expect(said).toMatchObject({ code: 0 });
  return said;
}

test("local attention in a web page", async () => {
  const title = "Local attention in a web page";
  const [compile, server] = blocks(title, "sh");
  await typed(compile);
  const place = join(folder, "page");
  expect(words(server ?? "")).toContain(place);
  writeFileSync(join(place, "index.html"), blocks(title, "html")[0] ?? "");
  const [{ origin, close }, browser] = await Promise.all([serve(place), launch()]);
  try {
    const tab = await browser.newPage();
    await tab.goto(`${origin}/index.html`);
    await tab.waitForFunction(() => !document.querySelector("#said")?.textContent?.startsWith("Running"), undefined, {
      timeout: 120_000,
    });
    expect(await tab.textContent("#said")).toMatch(/^524288 numbers on wgsl in [\d.]+ ms$/);
  } finally {
    await browser.close();
    await close();
  }
});

test("five patterns side by side", async () => {
  const [long, real] = blocks("Five patterns side by side", "sh");
  expect(long).toContain("--dim L=4096");
  // Shorter here, for a comparison is timed and sampled in proportion.
  const { out } = await typed(long?.replace("L=4096", "L=256"));
  for (const name of ["causal_attention", "local", "streaming", "dilated_attention", "strided"])
    expect(out).toMatch(new RegExp(`^${name} .* %$`, "m"));
  expect((await typed(real)).out).toMatch(/^local w=16 /m);
});

test("a kernel in a C program", async () => {
  const title = "A kernel in a C program";
  const [compile, build = ""] = blocks(title, "sh");
  await typed(compile);
  writeFileSync(join(folder, "c/main.c"), blocks(title, "c")[0] ?? "");
  const lines = build.trim().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["gcc", join(folder, "c/main")]);
  const said = lines.map((line) => execFileSync("sh", ["-c", `${line} 2>&1`], { encoding: "utf8" }));
  expect(said[0]).toBe("");
  expect(said[1]).toMatch(/^\d+ bytes of workspace\nrow 0 sees position 0, row 999 about 96[78] on average\n$/);
});
