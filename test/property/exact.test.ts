/**
 * Metamorphic relations that must hold bit for bit on the CPU: what a mask leaves out, how operands are laid out and
 * what stands beside a row changes no bit of it.
 */
import { expect } from "vitest";
import { specFrom } from "../support/examples.ts";
import { cpuTargets, type Target } from "../support/kernels.ts";
import { worst } from "../support/naive.ts";
import {
  answer,
  answers,
  attention,
  closeKernels,
  firstRows,
  operands,
  relation,
  reordered,
  scalar,
  selfAttention,
  shuffled,
  tensor,
  type Drawn,
} from "../support/relation.ts";

closeKernels();

const everywhere: readonly Target[] = [...cpuTargets, "wgsl"];

const dense = attention("return o, lse");
const causal = selfAttention("mask causal return o, lse");

/** Masks that leave nothing out, next to the attention that they should equal. */
const nothingLeftOut = [
  { all: dense, masks: ["around(1000)", "both_ways and stride(1)", "both_ways and sinks(1000)", "i - i == 0"] },
  { all: attention("mask causal return o, lse"), masks: ["causal and window(1000)", "causal and stride(1)"] },
  { all: dense, masks: ["diagonal"], blocks: "blocks 1024" },
] as const;

for (const { all, masks, ...rest } of nothingLeftOut)
  for (const mask of masks)
    relation(`${mask} that leaves nothing out`, async (target, x) => {
      const spec = attention(`${"blocks" in rest ? rest.blocks : ""} mask ${mask} return o, lse`);
      // A block counts absolute positions, so queries may not stand before key 0.
      const inputs = operands(x, Math.min(x.L, x.S), x.S);
      const sizes = { ...x, L: Math.min(x.L, x.S) };
      const [want, got] = [await answers(all, target, sizes, inputs), await answers(spec, target, sizes, inputs)];
      expect(got("o")).toEqual(want("o"));
      expect(got("lse")).toEqual(want("lse"));
    });

relation(
  "keys behind the mask, NaN and Inf in them",
  async (target, x) => {
    const spec = attention("mask j < n return o, lse", ", n: i32");
    const more = 1 + (x.seed % 50);
    const short = operands(x, x.L, x.S).set("n", scalar(x.S));
    const long = operands(x, x.L, x.S + more).set("n", scalar(x.S));
    for (const name of ["k", "v"]) {
      const [from, to] = [short.get(name), long.get(name)];
      if (!from || !to) throw new Error(name);
      const data = Float32Array.from(to.data, (_, n) => [Number.NaN, Infinity, -Infinity][n % 3]);
      const [a, b] = [x.S * x.D, (x.S + more) * x.D];
      for (let n = 0; n < x.B * x.H; n++) data.set(from.data.subarray(n * a, (n + 1) * a), n * b);
      long.set(name, { dims: to.dims, data });
    }
    const want = await answers(spec, target, x, short);
    const got = await answers(spec, target, { ...x, S: x.S + more }, long);
    expect(got("o")).toEqual(want("o"));
    expect(got("lse")).toEqual(want("lse"));
  },
  everywhere,
);

/** The same operands with tokens behind them. */
function appended(x: Drawn, L: number, more: number): Map<string, ReturnType<typeof tensor>> {
  return new Map(
    ["q", "k", "v"].map((name) => {
      const data = tensor(x.seed + 1, name, [x.B, x.H, L + more, x.D]).data;
      const before = tensor(x.seed, name, [x.B, x.H, L, x.D]).data;
      for (let n = 0; n < x.B * x.H; n++)
        data.set(before.subarray(n * L * x.D, (n + 1) * L * x.D), n * (L + more) * x.D);
      return [name, { dims: [x.B, x.H, L + more, x.D], data }];
    }),
  );
}

for (const mask of ["causal", "causal and window(20)", "causal and (window(9) or sinks(3))", "causal and stride(5)"])
  relation(
    `tokens appended under ${mask}`,
    async (target, x) => {
      const spec = selfAttention(`mask ${mask}`);
      const more = 1 + (x.seed % 70);
      const want = await answer(spec, target, x, operands(x, x.L, x.L));
      const got = await answer(spec, target, { ...x, L: x.L + more }, appended(x, x.L, more));
      expect(firstRows(got, x.B * x.H, x.L + more, x.D, x.L)).toEqual(want);
    },
    mask.includes("sinks") ? everywhere : undefined,
  );

for (const mask of ["true", "causal", "causal and window(20)"])
  relation(
    `grouped heads and keys repeated under ${mask}`,
    async (target, x) => {
      const group = 1 + (x.seed % 4);
      const clauses = `{ mask ${mask} return o, lse }`;
      const grouped = specFrom(`attention a(q: f32[B, H, L, D], k, v: f32[B, Hkv, S, D]) ${clauses}`);
      const plain = specFrom(`attention a(q: f32[B, H, L, D], k, v: f32[B, H, S, D]) ${clauses}`);
      const inputs = operands(x, x.L, x.S).set("q", tensor(x.seed, "q", [x.B, x.H * group, x.L, x.D]));
      const sizes = { ...x, Hkv: x.H, H: x.H * group };
      const repeated = new Map(inputs);
      for (const name of ["k", "v"]) {
        const data = inputs.get(name)?.data ?? new Float32Array();
        const parts = Array.from({ length: x.B * x.H * group }, (_, n) => Math.floor(n / group));
        const copies = new Float32Array(data.length * group);
        for (const [n, from] of parts.entries())
          copies.set(data.subarray(from * x.S * x.D, (from + 1) * x.S * x.D), n * x.S * x.D);
        repeated.set(name, { dims: [x.B, x.H * group, x.S, x.D], data: copies });
      }
      const [want, got] = [
        await answers(plain, target, sizes, repeated),
        await answers(grouped, target, sizes, inputs),
      ];
      // Where a superblock begins decides where chunks of keys do; lanes then sum in another grouping.
      if (mask.includes("window") && target.startsWith("wasm")) {
        expect(worst(got("o"), want("o"))).toBeLessThan(2e-6);
        expect(worst(got("lse"), want("lse"))).toBeLessThan(2e-6);
        return;
      }
      expect(got("o")).toEqual(want("o"));
      expect(got("lse")).toEqual(want("lse"));
    },
    mask === "causal" ? cpuTargets : undefined,
  );

relation(
  "one key allowed: its value comes out",
  async (target, x) => {
    const spec = attention("mask j == pick[b, row]", ", pick: i32[B, L]");
    const pick = Int32Array.from({ length: x.B * x.L }, (_, n) => (n * 7919 + x.seed) % x.S);
    const inputs = operands(x, x.L, x.S).set("pick", { dims: [x.B, x.L], data: pick });
    const v = inputs.get("v")?.data ?? new Float32Array();
    const heads = Array.from({ length: x.B * x.H * x.L }, (_, n) => {
      const [head, row] = [Math.floor(n / x.L), n % x.L];
      const at = (head * x.S + pick[Math.floor(head / x.H) * x.L + row]) * x.D;
      return Array.from(v.subarray(at, at + x.D));
    });
    expect(await answer(spec, target, x, inputs)).toEqual(Float32Array.from(heads.flat()));
  },
  everywhere,
);

relation("batch and heads in another order", async (target, x) => {
  const size = x.L * x.D;
  const order = shuffled(x.B * x.H, x.seed);
  const inputs = operands(x, x.L, x.L);
  const changed = new Map(
    [...inputs].map(([name, { dims, data }]) => [name, { dims, data: reordered(data, order, size) }]),
  );
  const [want, got] = [await answer(causal, target, x, inputs), await answer(causal, target, x, changed)];
  expect(got).toEqual(reordered(want, order, size));
});

relation("channels last or heads last", async (target, x) => {
  const other = specFrom("attention a(q, k, v: f32[B, L, D, H]) { mask causal }");
  const { B, H, L, D } = x;
  const turn = (data: ArrayLike<number>): Float32Array => {
    const out = new Float32Array(data.length);
    for (let b = 0; b < B; b++)
      for (let h = 0; h < H; h++)
        for (let i = 0; i < L; i++)
          for (let c = 0; c < D; c++) out[((b * L + i) * D + c) * H + h] = data[((b * H + h) * L + i) * D + c];
    return out;
  };
  const inputs = operands(x, L, L);
  const turned = new Map([...inputs].map(([name, { data }]) => [name, { dims: [B, L, D, H], data: turn(data) }]));
  expect(await answer(other, target, x, turned)).toEqual(turn(await answer(causal, target, x, inputs)));
});

for (const [mask, same] of [
  ["not (i < j or i - j >= 20)", "causal and window(20)"],
  ["i >= j", "not (j > i)"],
  ["i - j < 9 and i - j > -9", "not (abs(i - j) >= 9)"],
  ["(i + 3) div 4 == (j + 3) div 4", "i + 3 - (i + 3) mod 4 == j + 3 - (j + 3) mod 4"],
] as const)
  relation(`${mask} says the same as ${same}`, async (target, x) => {
    const inputs = operands(x, x.L, x.S);
    const [one, other] = [attention(`mask ${mask}`), attention(`mask ${same}`)];
    expect(await answer(one, target, x, inputs)).toEqual(await answer(other, target, x, inputs));
  });

relation("a power of two moved from the scale to the queries", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const q = inputs.get("q") ?? tensor(0, "q", [0]);
  const larger = new Map(inputs).set("q", { dims: q.dims, data: Float32Array.from(q.data, (y) => y * 8) });
  const [want, got] = [attention("scale 0.5 mask causal"), attention("scale 0.0625 mask causal")];
  expect(await answer(got, target, x, larger)).toEqual(await answer(want, target, x, inputs));
});

relation("values times a power of two", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const v = inputs.get("v") ?? tensor(0, "v", [0]);
  const larger = new Map(inputs).set("v", { dims: v.dims, data: Float32Array.from(v.data, (y) => y * 16) });
  const [want, got] = [await answer(dense, target, x, inputs), await answer(dense, target, x, larger)];
  expect(got).toEqual(want.map((y) => y * 16));
});

relation("a logit far above all others takes its value", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const best = x.seed % x.S;
  const spec = attention("score if j == best then s + 500 else s", ", best: i32");
  const got = await answer(spec, target, x, inputs.set("best", scalar(best)));
  const v = inputs.get("v")?.data ?? new Float32Array();
  const rows = Array.from({ length: x.B * x.H * x.L }, (_, n) => {
    const at = (Math.floor(n / x.L) * x.S + best) * x.D;
    return Array.from(v.subarray(at, at + x.D));
  });
  expect(got).toEqual(Float32Array.from(rows.flat()));
});

relation("the same call again", async (target, x) => {
  const inputs = operands(x, x.L, x.S);
  const first = await answer(dense, target, x, inputs);
  const others = operands(x, x.L, x.S + 9);
  for (let n = 0; n < (target === "tiles" ? 3 : 100); n++) {
    // Another call between: memory that a kernel finds in use may not matter.
    await answer(dense, target, { ...x, S: x.S + 9 }, others);
    const again = await answer(dense, target, x, inputs);
    // Bits are quicker to compare than numbers, and there are many.
    expect(Buffer.from(again.buffer).equals(Buffer.from(first.buffer))).toBe(true);
  }
});
