/**
 * What one core can do at most in WASM SIMD: GFLOP/s of mul + add and of relaxed madd with every operand in a
 * register, the best over 6 to 14 accumulators (too few wait for the latency, too many spill). A kernel's rate over
 * this is its share of the peak. `tsx bench/peak.ts` prints every count.
 */
import { pathToFileURL } from "node:url";
import binaryen from "binaryen";
import { relaxedMadd } from "../backends/wasm/binaryen.ts";
import { available } from "../backends/wasm/host.ts";
import type { Simd } from "../backends/wasm/emit.ts";
import { now } from "./clock.ts";

export interface Rate {
  readonly accumulators: number;
  readonly gflops: number;
}

const unroll = 8;
const counts = Array.from({ length: 9 }, (_, n) => 6 + n);

/** `run(n) -> f32`: n · unroll rounds of `a = a · x + y` on every accumulator, then the sum, so that none is dead. */
function moduleOf(accumulators: number, simd: Simd): Uint8Array {
  const m = new binaryen.Module();
  try {
    m.setFeatures(binaryen.Features.SIMD128 | (simd === "relaxed" ? binaryen.Features.RelaxedSIMD : 0));
    const [x, y] = [accumulators + 1, accumulators + 2];
    const get = (n: number): number => m.local.get(n, binaryen.v128);
    const fma = (a: number, b: number, c: number): number =>
      simd === "plain" ? m.f32x4.add(m.f32x4.mul(a, b), c) : relaxedMadd(binaryen, m, a, b, c);
    const each = Array.from({ length: accumulators }, (_, n) => n + 1);
    const start = each.map((n) => m.local.set(n, m.f32x4.splat(m.f32.const(n))));
    const rounds = Array.from({ length: unroll }, () => each.map((n) => m.local.set(n, fma(get(n), get(x), get(y)))));
    const body = [
      m.local.set(x, m.f32x4.splat(m.f32.const(0.75))),
      m.local.set(y, m.f32x4.splat(m.f32.const(0.125))),
      ...start,
      m.loop(
        "again",
        m.block(null, [
          ...rounds.flat(),
          m.br_if("again", m.local.tee(0, m.i32.sub(m.local.get(0, binaryen.i32), m.i32.const(1)), binaryen.i32)),
        ]),
      ),
      m.return(
        m.f32x4.extract_lane(
          each.slice(1).reduce((sum, n) => m.f32x4.add(sum, get(n)), get(1)),
          0,
        ),
      ),
    ];
    const locals = Array.from({ length: accumulators + 2 }, () => binaryen.v128);
    m.addFunction("run", binaryen.i32, binaryen.f32, locals, m.block(null, body));
    m.addFunctionExport("run", "run");
    if (!m.validate()) throw new Error("peak: the module does not validate");
    return m.emitBinary();
  } finally {
    m.dispose();
  }
}

async function rateOf(accumulators: number, simd: Simd): Promise<Rate> {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(moduleOf(accumulators, simd)));
  const { run } = instance.exports;
  if (typeof run !== "function") throw new Error("peak: the module exports no run");
  for (let n = 0; n < 400; n++) run(200);
  await new Promise((done) => setTimeout(done, 5)); // V8 puts the optimised code in place
  for (let n = 0; n < 20; n++) run(200);
  const rounds = 8000;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 40; n++) {
    const begun = now();
    run(rounds);
    least = Math.min(least, now() - begun);
  }
  return { accumulators, gflops: (rounds * unroll * accumulators * 8) / least / 1e6 };
}

export async function rates(simd: Simd): Promise<readonly Rate[]> {
  const list: Rate[] = [];
  for (const n of counts) list.push(await rateOf(n, simd));
  return list;
}

/** The best rate; undefined where the machine lacks the instructions. */
export async function peak(simd: Simd): Promise<Rate | undefined> {
  if (!available(simd)) return undefined;
  return (await rates(simd)).reduce((best, r) => (r.gflops > best.gflops ? r : best));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const simd of ["plain", "relaxed"] as const) {
    if (!available(simd)) continue;
    const list = (await rates(simd)).map((r) => `${r.accumulators}: ${r.gflops.toFixed(1)}`);
    console.log(`${simd === "plain" ? "mul + add " : "relaxed madd"} GFLOP/s by accumulators  ${list.join("  ")}`);
  }
}
