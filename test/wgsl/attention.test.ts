import { describe, expect, it } from "vitest";
import * as s from "../../src/scalar/scalar.ts";
import { alibi, causal, dense, groupedCausal, handPlan, windowed } from "../support/plans.ts";
import { runCase } from "./support.ts";

const limit = 2e-6;
const below = (i: number, j: number): boolean => j <= i;

describe("wgsl against naive float64", { timeout: 120_000 }, () => {
  for (const [L, D] of [
    [1, 1],
    [31, 3],
    [33, 15],
    [70, 64],
    [70, 80],
    [33, 128],
    [40, 256],
  ] as const) {
    it(`dense and causal, L ${L}, D ${D}`, async () => {
      const a = await runCase(dense, { L, D });
      expect(a.error).toBeLessThan(limit);
      expect(a.lseError).toBeLessThan(1e-5);
      const b = await runCase(causal, { L, D }, { keep: below });
      expect(b.error).toBeLessThan(limit);
    });
  }

  it("more keys than queries, and fewer: rows without a key are 0 and their lse is -infinity", async () => {
    expect((await runCase(causal, { L: 5, S: 70, D: 15 }, { keep: below })).error).toBeLessThan(limit);
    const { o, lse, error, want } = await runCase(causal, { L: 40, S: 5, D: 15 }, { keep: below });
    expect(error).toBeLessThan(limit);
    expect([...o.subarray(0, 35 * 15)].every((x) => x === 0)).toBe(true);
    expect(want.lse[0]).toBe(Number.NEGATIVE_INFINITY);
    expect([...lse.subarray(0, 35)].every((x) => x === Number.NEGATIVE_INFINITY)).toBe(true);
  });

  it("window, ALiBi and grouped heads", async () => {
    const inWindow = (i: number, j: number): boolean => j <= i && i - j < 7;
    expect((await runCase(windowed(7), { L: 100, D: 15 }, { keep: inWindow })).error).toBeLessThan(limit);
    const slope = (x: number, i: number, j: number, h: number): number => x + 2 ** ((-8 * (h + 1)) / 2) * (j - i);
    expect((await runCase(alibi, { L: 70, D: 15 }, { keep: below, score: slope })).error).toBeLessThan(limit);
    expect((await runCase(groupedCausal, { H: 6, Hkv: 2, L: 37, D: 15 }, { keep: below })).error).toBeLessThan(limit);
  });

  it("logits to ±30", async () => {
    expect((await runCase(dense, { L: 64, D: 64, spread: 8 })).error).toBeLessThan(2e-5);
  });

  it("NaN and infinity in rows that nobody may see change nothing", async () => {
    const masked = handPlan("without_last", { mask: s.call("lt", s.variable("j"), s.sub(s.size("S"), s.int(3))) });
    const [H, L, D] = [2, 45, 15];
    const { error } = await runCase(
      masked,
      { H, L, D },
      {
        keep: (_, j) => j < L - 3,
        change: ({ k, v }) => {
          for (let h = 0; h < H; h++) {
            k.fill(Number.NaN, (h * L + L - 3) * D, (h + 1) * L * D);
            v.fill(h ? Number.NaN : Number.POSITIVE_INFINITY, (h * L + L - 3) * D, (h + 1) * L * D);
          }
        },
      },
    );
    expect(error).toBeLessThan(limit);
  });

  it("a list of many ranges whose capacity depends on a size", async () => {
    const j = s.variable("j");
    const strided = handPlan("strided", {
      mask: s.call("lt", s.mod(j, s.int(16)), s.int(4)),
      may: [
        {
          when: s.truth(true),
          lo: s.mul(s.variable("w"), s.int(16)),
          hi: s.add(s.mul(s.variable("w"), s.int(16)), s.int(4)),
          over: [{ name: "w", from: s.int(0), to: s.ceilDiv(s.size("S"), s.int(16)) }],
          origin: "strided",
        },
      ],
    });
    expect((await runCase(strided, { L: 150, D: 3 }, { keep: (_, key) => key % 16 < 4 })).error).toBeLessThan(limit);
  });

  it("verdicts over bounds of the keys", async () => {
    const plan = handPlan("judged", { mask: s.call("le", s.variable("j"), s.variable("i")) });
    const verdict = {
      may: s.call("le", s.variable("low"), s.variable("i1")),
      must: s.call("le", s.variable("high"), s.variable("i0")),
      summaries: [{ side: "key", value: s.variable("j"), min: "low", max: "high" }] as const,
    };
    const stages = plan.stages.map((x) => (x.kind === "attend" ? { ...x, visit: { ...x.visit, verdict } } : x));
    expect((await runCase({ ...plan, stages }, { L: 90, D: 3 }, { keep: below })).error).toBeLessThan(limit);
  });

  it("more than 65,535 rows", async () => {
    expect((await runCase(dense, { H: 1, L: 66_000, S: 5, D: 1 })).error).toBeLessThan(limit);
  });

  it("a dispatch folded over x and y, its last row not full", async () => {
    expect((await runCase(dense, { B: 5, H: 2, L: 33, D: 1 }, { widest: 7 })).error).toBeLessThan(limit);
  });
});
