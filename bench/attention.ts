/**
 * `npm run bench`: attention kernels of Fovea against onnxruntime-web, both WASM on one thread, f32.
 * Kernels are compiled from examples/ without --dim, so every size is a run-time value. A time is that of a whole
 * call on either side: inputs copied into WASM memory, kernel run, output copied out. `--json` prints everything as
 * one object; other words choose the cases whose name contains one of them.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import type { Simd } from "../backends/wasm/emit.ts";
import { available, compileKernel } from "../backends/wasm/host.ts";
import { wasm as wasmBackend } from "../backends/wasm/index.ts";
import { check, lower } from "../src/compile.ts";
import { normal } from "../src/runtime/random.ts";
import { wasm } from "../src/targets/index.ts";
import type { TileProgram } from "../src/tile/tile.ts";
import { contest, distance, tolerance, type Contender, type Failed, type Limits, type Timed } from "./contest.ts";
import { peak, type Rate } from "./peak.ts";
import { onnxruntimePeers, peerVersion, type Masking, type Peer, type Qkv, type Shape } from "./peers/onnxruntime.ts";

interface Case {
  readonly name: string;
  readonly file: string;
  readonly attention: string;
  readonly n: number;
  readonly H: number;
  readonly D: number;
  /** Keys that a query sees, counted back from its own; undefined: all, before and after. */
  readonly window: number | undefined;
  readonly peer: boolean;
  readonly limits: Limits;
}

const B = 1;
const usual = { H: 8, D: 64 };
const local = { file: "03-local.attn", attention: "local", window: 256, ...usual };
const dense = { file: "01-dense.attn", attention: "dense", window: undefined, ...usual };
const cases: readonly Case[] = [
  { name: "dense n=128", ...dense, n: 128, H: 12, peer: true, limits: { rounds: 20, budgetMs: 1500 } },
  { name: "dense n=512", ...dense, n: 512, peer: true, limits: { rounds: 10, budgetMs: 3000 } },
  { name: "dense n=2048", ...dense, n: 2048, peer: true, limits: { rounds: 4, budgetMs: 6000 } },
  { name: "dense n=4000", ...dense, n: 4000, peer: true, limits: { rounds: 3, budgetMs: 6000 } },
  { name: "dense n=1024 D=80", ...dense, n: 1024, D: 80, peer: true, limits: { rounds: 6, budgetMs: 3000 } },
  { name: "dense n=1024 D=15", ...dense, n: 1024, D: 15, peer: true, limits: { rounds: 6, budgetMs: 3000 } },
  {
    ...usual,
    name: "causal n=2048",
    file: "02-causal.attn",
    attention: "causal_attention",
    n: 2048,
    window: Number.POSITIVE_INFINITY,
    peer: true,
    limits: { rounds: 4, budgetMs: 4000 },
  },
  { name: "window 256 n=4000", ...local, n: 4000, peer: true, limits: { rounds: 3, budgetMs: 6000 } },
  { name: "window 256 n=16384", ...local, n: 16384, peer: false, limits: { rounds: 4, budgetMs: 3000 } },
];

interface Row extends Timed {
  readonly gflops: number;
  /** Of the register-only peak of the same instructions, with the copies of the call counted against it. */
  readonly share: number | undefined;
  /** Time of the fastest peer over ours: above 1 we are faster. */
  readonly ratio: { readonly median: number; readonly min: number } | undefined;
}

interface Result {
  readonly case: string;
  readonly sizes: Shape;
  readonly workspaceBytes: number;
  readonly checkedAgainst: string;
  readonly peer: string | undefined;
  readonly rows: readonly (Row | Failed)[];
}

type Peaks = Readonly<Record<Simd, Rate | undefined>>;

const simds = (["plain", "relaxed"] as const).filter(available);

function programOf({ file, attention }: Case): TileProgram {
  const source = readFileSync(new URL(`../examples/${file}`, import.meta.url), "utf8");
  const spec = check(source, file).specs.find((s) => s.name === attention);
  if (!spec) throw new Error(`bench: ${file} has no attention ${attention}`);
  return lower(spec, wasm).program;
}

const shapeOf = ({ H, D, n: L }: Case): Shape => ({ B, H, L, D });
const sizesOf = (program: TileProgram, { H, D, L }: Shape): Record<string, number> =>
  Object.fromEntries(program.sizes.map((name) => [name, { B, H, D }[name] ?? L]));

const inputsOf = ({ H, L, D }: Shape, set: number): Qkv => {
  const draw = (name: string): Float32Array => normal(set, name, B * H * L * D);
  return [draw("q"), draw("k"), draw("v")];
};

const callOf = (program: TileProgram, shape: Shape, qkv: Qkv) => ({
  sizes: sizesOf(program, shape),
  inputs: new Map(
    program.inputs.map((input, at) => {
      const data = qkv[at];
      if (!data) throw new Error(`bench: no data for ${input.name}`);
      return [input.name, { dims: [B, shape.H, shape.L, shape.D], data }];
    }),
  ),
});

async function ours(program: TileProgram, simd: Simd, shape: Shape, sets: readonly Qkv[]): Promise<Contender> {
  const kernel = await compileKernel(program, simd);
  const few = { ...shape, L: 96 };
  const small = kernel.prepare(callOf(program, few, inputsOf(few, 0)));
  for (let k = 0; k < 40; k++) small.run();
  await new Promise((done) => setTimeout(done, 30)); // V8 puts the optimised code in place
  return {
    name: `fovea ${simd}`,
    sets: sets.map((qkv) => {
      const call = callOf(program, shape, qkv);
      let last: Float32Array | undefined;
      return {
        run: () => {
          const prepared = kernel.prepare(call);
          prepared.run();
          last = prepared.outputs().get("o")?.data;
        },
        output: () => last ?? new Float32Array(),
      };
    }),
  };
}

const first = (i: number, window: number | undefined): number => Math.max(0, i + 1 - (window ?? i + 1));
const last = (i: number, { n, window }: Case): number => (window === undefined ? n : i + 1);

function pairs(c: Case): number {
  let sum = 0;
  for (let i = 0; i < c.n; i++) sum += last(i, c) - first(i, c.window);
  return sum;
}

function maskingOf({ n, window }: Case): Masking {
  if (window === undefined) return { kind: "none" };
  if (window >= n) return { kind: "causal" };
  const mask = new Uint8Array(n * n);
  for (let i = 0; i < n; i++) mask.fill(1, i * n + first(i, window), i * n + i + 1);
  return { kind: "mask", mask };
}

/** Attention of some rows in f64, for where no peer can tell: how far `o` is from it. */
function distanceOfRows(c: Case, [q, k, v]: Qkv, o: Float32Array): number {
  const { D } = c;
  let most = 0;
  const dot = (i: number, j: number): number => {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += (q[i * D + d] ?? 0) * (k[j * D + d] ?? 0);
    return sum / Math.sqrt(D);
  };
  for (let n = 0; n < 64; n++) {
    const [head, i] = [n % c.H, n < 8 ? n : Math.floor(((n + 1) * c.n) / 64) - 1];
    const [base, from] = [head * c.n, first(i, c.window)];
    const scores = Array.from({ length: last(i, c) - from }, (_, j) => dot(base + i, base + from + j));
    const top = Math.max(...scores);
    const weights = scores.map((s) => Math.exp(s - top));
    const total = weights.reduce((a, w) => a + w, 0);
    for (let d = 0; d < D; d++) {
      const right = weights.reduce((a, w, j) => a + w * (v[(base + from + j) * D + d] ?? 0), 0) / total;
      const error = Math.abs(right - (o[(base + i) * D + d] ?? Number.NaN));
      if (!(error <= most)) most = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
  }
  return most;
}

const largest = (x: Float32Array): number => x.reduce((a, y) => Math.max(a, Math.abs(y)), 0);

async function measure(c: Case, peaks: Peaks): Promise<Result> {
  const program = programOf(c);
  const shape = shapeOf(c);
  const sets = [inputsOf(shape, 1), inputsOf(shape, 2)];
  const peers: Peer[] = c.peer ? await onnxruntimePeers(shape, maskingOf(c)) : [];
  const loaded = peers.map((p): Contender => ({ name: p.name, sets: sets.map((qkv) => p.load(qkv)) }));
  const contenders: Contender[] = [...loaded];
  for (const simd of simds) contenders.push(await ours(program, simd, shape, sets));

  // The first peer is checked against rows in f64; where it holds, all its outputs are what the others must give.
  const expected: (Float32Array | undefined)[] = sets.map(() => undefined);
  const right = (output: Float32Array, set: number): number => {
    const qkv = sets[set];
    if (!qkv) return Number.POSITIVE_INFINITY;
    const want = expected[set];
    const error = (want ? distance(output, want) : distanceOfRows(c, qkv, output)) / largest(qkv[2]);
    if (peers.length && error <= tolerance) expected[set] ??= output.slice();
    return error;
  };
  const times = await contest(contenders, right, c.limits);
  for (const peer of peers) await peer.release();

  const fastest = times
    .filter((t): t is Timed => "median" in t && peers.some((p) => p.name === t.name))
    .reduce<Timed | undefined>((best, t) => (best && best.median <= t.median ? best : t), undefined);
  const flops = 4 * B * c.H * c.D * pairs(c);
  const rows = times.map((t): Row | Failed => {
    if ("failed" in t) return t;
    const simd = simds.find((s) => t.name === `fovea ${s}`);
    const gflops = flops / t.min / 1e6;
    const top = simd && peaks[simd];
    return {
      ...t,
      gflops,
      share: top && gflops / top.gflops,
      ratio: simd && fastest && { median: fastest.median / t.median, min: fastest.min / t.min },
    };
  });
  return {
    case: c.name,
    sizes: shape,
    workspaceBytes: await wasmBackend.workspaceBytes(program, sizesOf(program, shape)),
    checkedAgainst: peers[0] ? `${peers[0].name}, itself against 64 rows in f64` : "64 rows in f64",
    peer: fastest?.name,
    rows,
  };
}

function text(r: Result): string {
  const lines = r.rows.map((row) => {
    if ("failed" in row) return `  ${row.name.padEnd(22)} failed: ${row.failed}`;
    const share = row.share === undefined ? "" : `${(100 * row.share).toFixed(0)}% of peak`;
    const ratio = row.ratio ? `${row.ratio.median.toFixed(2)}x median, ${row.ratio.min.toFixed(2)}x min` : "";
    const numbers = [row.median.toFixed(1), row.min.toFixed(1), row.gflops.toFixed(1)].map((x) => x.padStart(9));
    return `  ${row.name.padEnd(22)}${numbers.join("")}${String(row.runs).padStart(6)}  ${row.error.toExponential(0)}  ${share.padEnd(12)}  ${ratio}`.trimEnd();
  });
  const head = `${r.case}: workspace ${r.workspaceBytes.toLocaleString("en")} bytes, checked against ${r.checkedAgainst}`;
  return [head, ...lines].join("\n");
}

const words = process.argv.slice(2);
const json = words.includes("--json");
const wanted = words.filter((w) => !w.startsWith("-"));
const begun = performance.now();
const peaks: Peaks = { plain: await peak("plain"), relaxed: await peak("relaxed") };
const machine = {
  cpu: `${cpus()[0]?.model.trim() ?? "unknown"}, ${process.arch}, ${cpus().length} cores`,
  node: process.version,
  v8: process.versions.v8,
  onnxruntime: peerVersion(),
  peaks,
};
const say = (line: string): void => {
  if (!json) console.log(line);
};
const of = (r: Rate | undefined): string => (r ? `${r.gflops.toFixed(1)} (${r.accumulators} accumulators)` : "none");
say(`${machine.cpu}; node ${machine.node}, V8 ${machine.v8}; onnxruntime-web ${machine.onnxruntime}, 1 thread`);
say(`peak GFLOP/s: mul + add ${of(peaks.plain)}, relaxed madd ${of(peaks.relaxed)}`);
say(
  "ms of a call by median and minimum, GFLOP/s of the pairs the mask allows by the minimum, runs, error; x: fastest peer's time over ours\n",
);
say(`  ${"".padEnd(22)}${["median", "min", "GFLOP/s"].map((x) => x.padStart(9)).join("")}  runs  error`);
const results: Result[] = [];
for (const c of cases) {
  if (wanted.length && !wanted.some((w) => c.name.includes(w))) continue;
  const result = await measure(c, peaks);
  results.push(result);
  say(text(result));
}
const seconds = (performance.now() - begun) / 1000;
if (json) console.log(JSON.stringify({ machine, results, seconds }, undefined, 2));
say(`\n${seconds.toFixed(0)} s`);
