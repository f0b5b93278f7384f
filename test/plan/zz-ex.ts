import { readFileSync, readdirSync } from "node:fs";
import { parse } from "/work/main/src/syntax/parse.ts";
import { resolve } from "/work/main/src/spec/resolve.ts";
import { plan } from "/work/main/src/plan/build.ts";
import { printPlan } from "/work/main/src/plan/print.ts";
import { countPlan } from "/work/main/src/plan/count.ts";
const prelude = parse(readFileSync("/work/main/grammar/prelude.attn", "utf8"), "prelude.attn").file;
for (const f of readdirSync("/work/main/examples").filter((x) => x.endsWith(".attn"))) {
  const { specs, diagnostics } = resolve(parse(readFileSync("/work/main/examples/" + f, "utf8"), f).file, prelude);
  for (const d of diagnostics) console.log("DIAG", d.code, d.message);
  for (const spec of specs) {
    const t = performance.now();
    const p = plan(spec);
    console.log(printPlan(p).split("\n").filter((l) => !/inputs|axis/.test(l)).join("\n").slice(0, 2500), `plan ${(performance.now() - t).toFixed(1)} ms`);
    try { const t1 = performance.now(); console.log(JSON.stringify(countPlan(p, { ...spec.example.sizes, L: 512 }, {}, { rows: 32, keys: 64 })), (performance.now() - t1).toFixed(0), "ms"); } catch (e) { console.log(String(e)); }
  }
}
const big = resolve(parse("attention a(q, k, v: f32[B, H, L, D]) { mask causal and (window(32) or stride(32)) }\nattention c(q, k, v: f32[B, H, L, D]) { mask causal and (window(64) or sinks(4)) }\nattention d(q, k, v: f32[B, H, L, D]) { mask causal and columns(4) }", "x").file, prelude);
for (const spec of big.specs) { const t1 = performance.now(); console.log(spec.name, JSON.stringify(countPlan(plan(spec), { B: 1, H: 1, L: 4096, D: 64 }, {}, { rows: 32, keys: 64 })), (performance.now() - t1).toFixed(0), "ms"); }
