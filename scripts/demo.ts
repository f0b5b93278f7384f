/**
 * `npm run demo`: compiles the window example to all three targets, runs the kernels on the real queries, keys and
 * values in examples/real, verifies them against the oracle and prints what a reader needs to compare. It installs
 * nothing: a target that this machine cannot run is named, with what it lacks.
 */
import { readFileSync, statSync } from "node:fs";
import { main } from "../src/cli/main.ts";
import { check, lower } from "../src/compile.ts";
import { FoveaError } from "../src/diagnostics/diagnostic.ts";
import { oracle } from "../src/oracle/oracle.ts";
import { countPlan } from "../src/plan/count.ts";
import { readTensors } from "../src/runtime/load.ts";
import { host } from "../src/targets/index.ts";
import { tileOf } from "../src/tile/tile.ts";
import { compare, limitFor } from "../src/verify/compare.ts";
import { emitOptionsOf, targetOf, targets } from "../src/verify/run.ts";

const example = "examples/03-local.attn";
const real = "examples/real/encoder-layer0.safetensors";
const say = (text: string): void => void process.stdout.write(`${text}\n`);

say("1. A spec: what the attention computes, not how\n");
say(
  readFileSync(example, "utf8")
    .trimEnd()
    .replaceAll(/^(?=.)/gm, "     "),
);

say("\n2. Compiled to WASM SIMD, WGSL and C, with a window of 16 keys\n");
const compiled = await main([
  "compile",
  example,
  "--name",
  "local",
  "--set",
  "w=16",
  "--target",
  "wasm,wgsl,c",
  "-o",
  "out/demo",
]);

say(
  "\n3. Run on q, k and v of a real transformer encoder (126 tokens, 4 heads of 64), checked against the float64 oracle\n",
);
const { specs } = check(readFileSync(example, "utf8"), example, { set: { w: 16 } });
const spec = specs.find((s) => s.name === "local");
if (!spec) throw new Error("the demo needs the attention `local`");
const tensors = readTensors(real);
const dims = tensors.get("q")?.dims ?? [];
const sizes = { B: dims[0] ?? 1, H: dims[1] ?? 1, L: dims[2] ?? 1, D: dims[3] ?? 1 };
const inputs = new Map(
  [...tensors].map(([name, t]) => [name, { dims: t.dims, data: Float32Array.from(t.data) }] as const),
);
const right = oracle(spec, sizes, inputs);
let wrong = compiled;
say("   target   result   max error   limit     median of 25 runs, tensors in place");
for (const target of targets) {
  const limit = limitFor(target === "wgsl" ? "gpu" : "f32", right, sizes.D);
  try {
    const { backend, device } = await targetOf(target);
    const { program } = lower(spec, device);
    const kernel = await backend.prepare(program, emitOptionsOf(spec, device), { sizes, inputs });
    try {
      await kernel.time(5);
      const times = (await kernel.time(25)).toSorted((a, b) => a - b);
      const { ok, maxError, reason } = compare(spec, right, await kernel.outputs(), limit);
      const numbers = `${maxError.toExponential(1)}     ${limit.toExponential(0)}     ${(times[12] ?? 0).toFixed(2)} ms`;
      say(`   ${target.padEnd(8)} ${ok ? "right" : "WRONG"}    ${numbers}${reason ? `  ${reason}` : ""}`);
      if (!ok) wrong = 1;
    } finally {
      await kernel.dispose();
    }
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    say(`   ${target.padEnd(8)} not run  ${error.message} (see \`npx fovea doctor\`)`);
  }
}

say("   (wgsl runs on the GPU that answers; where none does, on SwiftShader, which computes it on the CPU)");

say("\n4. What the window saves here: keys are never visited that no query of a tile can see\n");
say("   window   pairs kept   pairs visited   error of the output against full attention");
const dense = check("attention full(q, k, v: f32[B, H, L, D]) {}", "full").specs[0];
if (!dense) throw new Error("the demo needs its dense attention");
const full = oracle(dense, sizes, inputs).outputs.get("o")?.data ?? new Float64Array();
for (const w of [8, 16, 32, 64, 128]) {
  const one = check(readFileSync(example, "utf8").replace("causal and window(w)", "around(w)"), example, {
    set: { w },
  }).specs.find((s) => s.name === "local");
  if (!one) continue;
  const { plan, program } = lower(one, host);
  const count = countPlan(plan, sizes, {}, tileOf(program));
  const o = oracle(one, sizes, inputs).outputs.get("o")?.data ?? new Float64Array();
  const norm = (values: Float64Array): number => Math.sqrt(values.reduce((a, x) => a + x * x, 0));
  const error = norm(o.map((x, n) => x - (full[n] ?? 0))) / norm(full);
  say(
    `   ±${String(w).padEnd(7)} ${`${(100 * count.keptPairs).toFixed(1)} %`.padStart(9)} ${`${(100 * count.visitedPairs).toFixed(1)} %`.padStart(15)}   ${(100 * error).toFixed(1)} %`,
  );
}
say(
  `\nThe kernels are in out/demo: local.wasm is ${statSync("out/demo/local.wasm").size} bytes; local.c and local.wgsl are made to be read.`,
);
process.exitCode = wrong;
