/**
 * `tsx bench/own.ts`: what the WASM kernels ask of themselves. Each case runs a kernel and another one that it is held
 * against, interleaved in one process, tensors in place, and compares the least times: as they are, for each operation
 * of a kept pair, or as an exponent of growth. Kernels take every size at run time. `--json` prints one object; other
 * words choose the cases whose name contains one of them.
 */
import { available, compileKernel } from "../backends/wasm/host.ts";
import type { Simd } from "../backends/wasm/emit.ts";
import { check, lower } from "../src/compile.ts";
import { countPlan } from "../src/plan/count.ts";
import { plan } from "../src/plan/build.ts";
import { wasm } from "../src/targets/index.ts";
import { tileOf } from "../src/tile/tile.ts";
import { sampleInputs } from "../src/verify/sample.ts";
import { bandwidth } from "./bandwidth.ts";
import { clockName, now } from "./clock.ts";

interface Call {
  readonly source: string;
  readonly sizes: Readonly<Record<string, number>>;
}

interface Case {
  readonly name: string;
  readonly call: Call;
  readonly against: Call;
  /** What is compared: times, times an operation, or the exponent of growth between the two. */
  readonly by: "time" | "operation" | "exponent";
  readonly most: number;
}

const [B, D] = [1, 64];
const square = "q, k, v: f32[B, H, L, D]";
const sources = {
  dense: `attention dense(${square}) { mask true }`,
  causal: `attention causal_attention(${square}) { mask causal }`,
  window: `attention local(${square}) { mask causal and window(256) }`,
  alibi: `attention alibi(${square}) { score s + alibi_slope(h, H) * (j - i) mask causal }`,
  capped: `attention capped(${square}) { score softcap(s, 50) mask causal }`,
  biased: `attention biased(${square}, bias: f32[H, L, L]) { score s + bias[h, i, j] mask causal }`,
  documents: `attention documents(${square}, doc: i32[B, L]) {
    mask doc[b, i] == doc[b, j] example B = 1, H = 8, L = 64, D = 64, doc = segments(8) }`,
  sparse: (blocks: number) => `attention sparse(${square}, pick: i32[H, L/64, ${blocks}]) {
    blocks 64 mask bj in pick[h, bi] example B = 1, H = 8, L = 64, D = 64, pick = between(0, ceil(L / 64)) }`,
  grouped: `attention grouped(q: f32[B, H, L, D], k, v: f32[B, Hkv, L, D]) where H mod Hkv == 0 { mask causal }`,
} as const;

const dense = (L: number, d = D, H = 8): Call => ({ source: sources.dense, sizes: { B, H, L, D: d } });
const causal = (L: number): Call => ({ source: sources.causal, sizes: { B, H: 8, L, D } });
const of = (source: string, L: number, H = 8): Call => ({ source, sizes: { B, H, L, D } });

const cases: readonly Case[] = [
  { name: "causal n=2048 of dense", call: causal(2048), against: dense(2048), by: "time", most: 0.55 },
  ...[8, 4].map((blocks): Case => {
    const share = blocks / 32;
    const name = `blocks n=2048, ${100 * share} % or fewer, an operation of dense`;
    return {
      name,
      call: of(sources.sparse(blocks), 2048),
      against: dense(2048),
      by: "operation",
      most: share > 0.2 ? 1.12 : 1.2,
    };
  }),
  {
    name: "8 documents n=4096, an operation of dense",
    call: of(sources.documents, 4096, 2),
    against: dense(4096, D, 2),
    by: "operation",
    most: 1.25,
  },
  {
    name: "window 256 n=65536 of n=8192, exponent",
    call: of(sources.window, 65536, 1),
    against: of(sources.window, 8192, 1),
    by: "exponent",
    most: 1.03,
  },
  ...[32, 40, 80, 96, 128, 256].map((d): Case => ({
    name: `head size ${d}, an operation of 64`,
    call: dense(1024, d, 4),
    against: dense(1024, D, 4),
    by: "operation",
    most: 1 / 0.75,
  })),
  ...[15, 39, 63].map((d): Case => ({
    name: `head size ${d} of ${d + 1}`,
    call: dense(1024, d, 4),
    against: dense(1024, d + 1, 4),
    by: "time",
    most: 1,
  })),
  {
    name: "grouped 8:1 n=1024 of ungrouped",
    call: { source: sources.grouped, sizes: { B, H: 8, Hkv: 1, L: 1024, D } },
    against: causal(1024),
    by: "time",
    most: 1,
  },
  { name: "ALiBi n=1024 of causal", call: of(sources.alibi, 1024), against: causal(1024), by: "time", most: 1.1 },
  { name: "soft-cap n=1024 of causal", call: of(sources.capped, 1024), against: causal(1024), by: "time", most: 1.35 },
  { name: "bias table n=1024 of causal", call: of(sources.biased, 1024), against: causal(1024), by: "time", most: 1.2 },
  {
    name: "call of n=16, one head, an operation of 1024 heads",
    call: dense(16, D, 1),
    against: dense(16, D, 1024),
    by: "operation",
    most: 3,
  },
];

/** Of a query and a key, over all heads; where L is not said there is one query over S keys. */
const pairsOf = ({ H = 1, L = 1, S = L }: Readonly<Record<string, number>>): number => B * H * L * S;

interface Ready {
  readonly run: () => void;
  readonly flops: number;
}

async function ready({ source, sizes }: Call, simd: Simd): Promise<Ready> {
  const [spec] = check(source, "bench").specs;
  if (!spec) throw new Error(`bench: this does not compile: ${source}`);
  const { program } = lower(spec, wasm);
  const inputs = sampleInputs(spec, sizes);
  const data = Object.fromEntries([...inputs].map(([name, x]) => [name, x.data]));
  const { keptPairs } = countPlan(plan(spec), sizes, data, tileOf(program));
  const kernel = await compileKernel(program, simd);
  return { run: kernel.prepare({ sizes, inputs }).run, flops: 4 * (sizes["D"] ?? D) * pairsOf(sizes) * keptPairs };
}

function timed(run: () => void, times: number): number {
  const begun = now();
  for (let n = 0; n < times; n++) run();
  return (now() - begun) / times;
}

/** Least milliseconds of a call each, of interleaved turns of at least 2 ms. */
async function least(runs: readonly (() => void)[], budgetMs: number): Promise<readonly number[]> {
  for (const run of runs) for (let warm = performance.now() + 150; performance.now() < warm;) run();
  await new Promise((done) => setTimeout(done, 20)); // V8 puts the optimised code in place
  const turns = runs.map((run) => Math.max(1, Math.ceil(2 / timed(run, 3))));
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0, end = now() + budgetMs; round < 4 || now() < end; round++)
    runs.forEach((run, n) => (best[n] = Math.min(best[n] ?? 0, timed(run, turns[n] ?? 1))));
  return best;
}

interface Result {
  readonly case: string;
  readonly simd: Simd;
  readonly ms: number;
  readonly againstMs: number;
  readonly gflops: number;
  readonly figure: number;
  readonly most: number;
}

async function measure(c: Case, simd: Simd): Promise<Result> {
  const pair = [await ready(c.call, simd), await ready(c.against, simd)] as const;
  const [ms = 0, againstMs = 0] = await least(
    pair.map(({ run }) => run),
    1500,
  );
  const [own, other] = pair.map(({ flops }) => flops);
  const work = (own ?? 0) / (other ?? 1);
  const length = (c.call.sizes["L"] ?? 1) / (c.against.sizes["L"] ?? 1);
  const times = ms / againstMs;
  const figure = c.by === "time" ? times : c.by === "operation" ? times / work : Math.log(times) / Math.log(length);
  return { case: c.name, simd, ms, againstMs, gflops: pair[0].flops / ms / 1e6, figure, most: c.most };
}

const words = process.argv.slice(2);
const json = words.includes("--json");
const wanted = words.filter((w) => !w.startsWith("-"));
const chosen = (name: string): boolean => !wanted.length || wanted.some((w) => name.includes(w));
const results: Result[] = [];
const add = (result: Result): void => {
  results.push(result);
  const { case: name, simd, figure, most, ms, gflops } = result;
  const verdict = figure <= most ? "met" : "missed";
  if (!json)
    console.log(
      `${name.padEnd(54)}${simd.padEnd(9)}${figure.toFixed(3).padStart(7)}  asked ${most.toFixed(2)}  ${verdict.padEnd(7)}${ms.toFixed(3).padStart(10)} ms${gflops.toFixed(1).padStart(7)} GFLOP/s`,
    );
};
for (const simd of (["plain", "relaxed"] as const).filter(available)) {
  for (const c of cases) if (chosen(c.name)) add(await measure(c, simd));
  const name = "decode 4096 keys, 8 heads, time of a sum over the same bytes";
  if (!chosen(name)) continue;
  const source = "attention decode(q: f32[B, H, 1, D], k, v: f32[B, H, S, D]) { mask true }";
  const sizes = { B, H: 8, S: 4096, D };
  const [{ run, flops }, sum] = [await ready({ source, sizes }, simd), await bandwidth(2 * 8 * 4096 * D * 4)];
  const [ms = 0, againstMs = 0] = await least([run, sum], 1500);
  add({ case: name, simd, ms, againstMs, gflops: flops / ms / 1e6, figure: ms / againstMs, most: 1 / 0.85 });
}
if (json) console.log(JSON.stringify({ node: process.version, clock: clockName, results }, undefined, 2));
