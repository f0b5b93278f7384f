/** `--watch`: the command again on each change, one that replaces the file and one of a new file in a folder too. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compileCommand } from "../../src/cli/commands/compile.ts";
import { defaults } from "../../src/cli/options.ts";
import { watching } from "../../src/cli/watch.ts";
import { failure, fovea, scratch } from "./support.ts";

const { folder, file } = scratch();
const terminal = { out: () => {}, err: () => {}, input: () => new Uint8Array(), color: false, sources: new Map() };

/** Runs `steps`, each after a run of the command; gives how often it ran. */
async function runsOf(paths: readonly string[], steps: readonly (() => void)[]): Promise<number> {
  const end = new AbortController();
  let runs = 0;
  const run = async (): Promise<number> => {
    const step = steps[runs++];
    if (step) setTimeout(step, 100);
    else end.abort();
    return 0;
  };
  await watching(paths, terminal, run, end.signal);
  return runs;
}

test("a file that is written, and one that is replaced as editors do it", async () => {
  const path = file("one.attn", "a");
  const write = (): void => writeFileSync(path, "b");
  const replace = (): void => {
    writeFileSync(`${path}.new`, "c");
    renameSync(`${path}.new`, path);
  };
  expect(await runsOf([path], [write, replace])).toBe(3);
});

test("a spec that is new in a folder, and nothing that is no spec", async () => {
  const specs = join(folder, "specs");
  mkdirSync(specs);
  const other = (): void => {
    writeFileSync(join(specs, "out.wasm"), "");
    setTimeout(() => writeFileSync(join(specs, "new.attn"), ""), 200);
  };
  expect(await runsOf([specs], [other])).toBe(2);
});

test("several changes within a moment are one, and one while the command runs is not missed", async () => {
  const path = file("two.attn", "a");
  const end = new AbortController();
  let runs = 0;
  const run = async (): Promise<number> => {
    runs++;
    if (runs === 3) end.abort();
    if (runs === 1) {
      writeFileSync(path, "b");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    if (runs === 2) setTimeout(() => ["c", "d", "e"].forEach((text) => writeFileSync(path, text)), 100);
    return 0;
  };
  await watching([path], terminal, run, end.signal);
  expect(runs).toBe(3);
});

test("the code is that of the last run", async () => {
  const end = new AbortController();
  const run = async (): Promise<number> => {
    end.abort();
    return 1;
  };
  expect(await watching([file("three.attn", "")], terminal, run, end.signal)).toBe(1);
});

test("compile writes the changed spec over what it has written itself", async () => {
  const spec = (mask: string): string => `attention a(q, k, v: f32[L, D]) { ${mask} example L = 8, D = 4 }`;
  const path = file("four.attn", spec(""));
  const out = join(folder, "kernels");
  const options = { ...defaults, target: "wgsl", out, simd: "both", std: "c99", written: new Set<string>() };
  const end = new AbortController();
  const texts: string[] = [];
  const run = async (): Promise<number> => {
    const code = await compileCommand([path], options, terminal);
    texts.push(readFileSync(join(out, "a.wgsl"), "utf8"));
    if (texts.length === 1) setTimeout(() => writeFileSync(path, spec("mask causal")), 100);
    else end.abort();
    return code;
  };
  expect(await watching([path], terminal, run, end.signal)).toBe(0);
  expect(texts[1]).not.toBe(texts[0]);
  // Another process's run would be written over silently.
  await expect(
    compileCommand([file("five.attn", spec(""))], { ...options, written: new Set() }, terminal),
  ).rejects.toThrow("made from another spec");
});

test("standard input and a folder that is not there are refused", async () => {
  const { code, diagnostics } = await failure("", "check", "-", "--watch");
  expect({ code, diagnostics }).toMatchObject({ code: 2, diagnostics: [{ code: "FOV0001" }] });
  expect(await fovea("compile", "nowhere/a.attn", "--target", "c", "--watch")).toMatchObject({
    code: 1,
    err: expect.stringContaining("error[FOV0002]: `nowhere/a.attn` cannot be watched") as string,
  });
});
