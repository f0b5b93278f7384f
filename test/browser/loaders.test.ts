/**
 * The generated loaders in a page of Chromium, as a user's page has them: a module script imports the loader, runs the
 * kernel and shows what came out. Results are held to the oracle with the limits of their targets.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { caseOf, emitted, specOf, written, type Result } from "../loaders/support.ts";
import { launch, serve, type Served } from "./support.ts";

const spec = specOf(`attention t(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D], n: i32) where H mod Hkv == 0 {
  mask causal and window(24) or prefix(n)
  return o, lse
  example n = 5
}`);
const sizes = { B: 1, H: 4, Hkv: 2, L: 70, D: 20 };
const accuracies = { wasm: "f32", wgsl: "gpu" } as const;

/** What the page says: the outputs as numbers, or the error as code and text. */
interface Said {
  readonly target?: string;
  readonly outputs?: Readonly<Record<string, readonly number[]>>;
  readonly room?: Readonly<Record<string, readonly number[]>>;
  readonly error?: { readonly code: string; readonly message: string };
}

const page = `<!doctype html>
<meta charset="utf-8">
<title>running</title>
<script type="module" src="page.mjs"></script>
`;
const script = `
const numbers = (outputs) => Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));
const say = (said) => {
  globalThis.said = JSON.stringify(said, (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x));
  document.title = "done";
};
try {
  const loader = new URLSearchParams(location.search).get("loader");
  const { create } = await import("./" + loader);
  const { sizes, inputs } = await (await fetch("case.json")).json();
  const arrays = Object.fromEntries(Object.entries(inputs).map(([n, x]) => [n, Array.isArray(x) ? new Float32Array(x) : x]));
  const kernel = await create();
  const outputs = numbers(await kernel.run(arrays, sizes));
  let room;
  if (loader === "t.wasm.mjs") {
    const allocation = kernel.allocate(sizes);
    for (const [name, view] of Object.entries(allocation.inputs)) view.set([arrays[name]].flatMap((x) => x.length ? [...x] : [x]));
    room = numbers(allocation.run());
  }
  kernel.dispose();
  say({ target: kernel.target ?? kernel.manifest.target, outputs, room });
} catch (error) {
  say({ error: { code: error.code, message: error.message } });
}
`;

let browser: Browser;
let served: Served;
const drops: (() => void)[] = [];
const { inputs } = caseOf(spec, sizes);
beforeAll(async () => {
  const files = new Map(await emitted(spec, ["wasm", "wgsl"]));
  files.set("page.html", page);
  files.set("page.mjs", script);
  const { n, ...tensors } = inputs;
  const listed = Object.fromEntries(Object.entries(tensors).map(([name, data]) => [name, [...data]]));
  files.set("case.json", JSON.stringify({ sizes, inputs: { ...listed, n: n?.[0] } }));
  served = await serve(written(files, (remove) => drops.push(remove)));
  browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await served.close();
  drops.forEach((remove) => remove());
});

async function visit(loader: string, csp?: string): Promise<Said> {
  const tab = await browser.newPage();
  try {
    const query = new URLSearchParams({ loader, ...(csp === undefined ? {} : { csp }) });
    await tab.goto(`${served.origin}/page.html?${query}`);
    await tab.waitForFunction(() => document.title === "done", undefined, { timeout: 120_000 });
    return JSON.parse(await tab.evaluate(() => String(Reflect.get(globalThis, "said")))) as Said;
  } finally {
    await tab.close();
  }
}

const floats = (outputs: Said["outputs"] = {}): Result =>
  Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, Float32Array.from(data.map(Number))]));

test.each([
  ["t.wasm.mjs", "wasm"],
  ["t.wgsl.mjs", "wgsl"],
  ["t.mjs", "wgsl"],
] as const)("%s computes on %s what the oracle says", async (loader, target) => {
  const said = await visit(loader);
  expect(said.error).toBeUndefined();
  expect(said.target).toBe(target);
  const { judge } = caseOf(spec, sizes, accuracies[target]);
  expect(judge(floats(said.outputs))).toMatchObject({ ok: true });
  if (target === "wasm") expect(said.room).toEqual(said.outputs);
});

test("a page whose policy forbids WebAssembly gets a code and the word that it lacks", async () => {
  const { error } = await visit("t.wasm.mjs", "script-src 'self'");
  expect(error).toEqual({
    code: "FOV5003",
    message: "FOV5003 t: the page's Content Security Policy refuses WebAssembly: script-src needs 'wasm-unsafe-eval'",
  });
  const allowed = await visit("t.wasm.mjs", "script-src 'self' 'wasm-unsafe-eval'");
  expect(allowed.error).toBeUndefined();
});
