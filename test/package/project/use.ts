/** What somebody writes who has installed the package: runs in its project, after `fovea compile` has run there. */
import { writeFileSync } from "node:fs";
import { check, compile, explain, format, FoveaError, oracle, render, sample, targets, type Tensor } from "fovea";
import { readNpy, readSafetensors, toNumbers, writeNpy, writeSafetensors } from "fovea/runtime";
import { create } from "./kernels/local.wasm.mjs";

const source = `attention local(q, k, v: f32[B, H, L, D]) {
  mask causal and window(w)
  param w = 4
  example B = 1, H = 2, L = 24, D = 8
}
`;

function same(what: string, got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

// A text, its layout and what is wrong with one.
same("format", format(source), source);
const checked = check(source);
same(
  "check",
  [checked.ok, checked.attentions[0]?.sizes, checked.attentions[0]?.inputs[1]],
  [true, ["B", "H", "L", "D"], { name: "k", dtype: "f32", dims: ["B", "H", "L", "D"] }],
);
const wrong = source.replace("window", "winow");
const { ok, diagnostics } = check(wrong);
same("check of a mistake", [ok, diagnostics.map((d) => d.code)], [false, ["FOV3002"]]);
if (!render(diagnostics, wrong).includes("did you mean `window`?")) throw new Error(render(diagnostics, wrong));
const refused: unknown = await compile(wrong, { targets: ["wasm"] }).catch((error: unknown) => error);
same("compile of a mistake", refused instanceof FoveaError && refused.diagnostics[0]?.code, "FOV3002");

// The same kernels as the command line writes, and those of every other target.
same("targets", targets, ["c", "wasm", "wgsl"]);
const made = await compile(source, { targets, params: { w: 6 }, prefix: "app_" });
same(
  "files",
  made.files.map(({ name }) => name).toSorted(),
  "app_local.c app_local.c.json app_local.h fovea_dma.h local.d.mts local.mjs local.relaxed.wasm local.wasm local.wasm.d.mts local.wasm.json local.wasm.mjs local.wgsl local.wgsl.d.mts local.wgsl.json local.wgsl.mjs".split(
    " ",
  ),
);

// Tensors through files, and a kernel against the oracle.
const tensors = new Map(
  Object.entries(sample(source, { seed: 7 })).map(([name, t]) => [name, readNpy(writeNpy(t), `${name}.npy`)]),
);
const stored = writeSafetensors(tensors);
const inputs: Readonly<Record<string, Tensor>> = Object.fromEntries(readSafetensors(stored, "qkv.safetensors").tensors);
const numbers = (name: string): Float32Array => {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`no ${name}`);
  return Float32Array.from(toNumbers(tensor));
};
const dims = { B: 1, H: 2, L: 24, D: 8 };
const kernel = await create();
const { o } = kernel.run({ q: numbers("q"), k: numbers("k"), v: numbers("v") }, dims);
const right = oracle(source, { inputs }).outputs["o"];
if (!right) throw new Error("the oracle has no o");
const worst = o.reduce((most, x, n) => Math.max(most, Math.abs(x - (right.data[n] ?? NaN))), 0);
if (!(worst < 2e-6)) throw new Error(`the kernel is off by ${worst}`);

const { keptPairs, visitedPairs } = await explain(source, { dims: { ...dims, L: 100 } });
same("kept pairs", keptPairs, (100 * 4 - 6) / 100 ** 2);
if (!(visitedPairs >= keptPairs)) throw new Error("visits less than is kept");

writeFileSync("done.json", JSON.stringify({ worst, files: made.files.length }));
