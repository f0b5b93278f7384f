/** The oracle by hand: small cases computed on paper, rows without keys, NaN, groups, orders, metamorphic relations. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { oracle, type OracleResult, type Values } from "../../src/oracle/oracle.ts";
import { inputDims, outputDims } from "../../src/spec/inputs.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import { attention as a, only } from "../spec/support.ts";

const values = (dims: readonly number[], data: readonly number[]): Values => ({ dims, data });

/** Reproducible numbers about as large as normal ones. */
function noise(count: number, seed: number): number[] {
  let state = seed + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround((state / 2 ** 32) * 4 - 2);
  });
}

function inputsOf(
  spec: Spec,
  sizes: Sizes,
  given: Readonly<Record<string, readonly number[]>> = {},
  seed = 1,
): Map<string, Values> {
  const inputs = new Map<string, Values>();
  for (const [name, dims] of inputDims(spec, sizes)) {
    const count = dims.reduce((x, y) => x * y, 1);
    inputs.set(name, values(dims, given[name] ?? noise(count, seed + name.charCodeAt(0))));
  }
  return inputs;
}

const out = (result: OracleResult, name = "o"): number[] => [...(result.outputs.get(name)?.data ?? [])];
const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length);
  for (const [n, x] of wanted.entries()) expect(got[n]).toBeCloseTo(x, 12);
};

const one = (clauses: string, inputs = ""): Spec =>
  only(`attention t(q, k, v: f32[L, D]${inputs === "" ? "" : `, ${inputs}`}) { ${clauses} }`);
const two: Sizes = { L: 2, D: 1 };
const small = { q: [1, 2], k: [1, 3], v: [10, 20] };
const { exp, log, tanh } = Math;

describe("small cases by hand", () => {
  it("softmax of two keys", () => {
    const spec = one("return o, lse");
    const result = oracle(spec, two, inputsOf(spec, two, small));
    close(out(result), [
      (10 * exp(1) + 20 * exp(3)) / (exp(1) + exp(3)),
      (10 * exp(2) + 20 * exp(6)) / (exp(2) + exp(6)),
    ]);
    close(out(result, "lse"), [log(exp(1) + exp(3)), log(exp(2) + exp(6))]);
    expect(result.bounds.maxV).toBe(20);
    expect(result.bounds.weightSum).toBeCloseTo(1, 12);
    expect(result.kept).toBe(4);
  });
  it("causal", () =>
    close(out(oracle(one("mask causal"), two, inputsOf(one("mask causal"), two, small))), [
      10,
      (10 * exp(2) + 20 * exp(6)) / (exp(2) + exp(6)),
    ]));
  it("scale comes before score", () => {
    const spec = one("scale 0.5 score softcap(s, 2) return lse");
    close(
      out(oracle(spec, two, inputsOf(spec, two, small)), "lse"),
      [1, 2].map((q) => log(exp(2 * tanh((q * 0.5) / 2)) + exp(2 * tanh((q * 1.5) / 2)))),
    );
  });
  it("the default scale is 1/sqrt(D)", () => {
    const spec = one("return lse");
    const sizes = { L: 1, D: 4 };
    close(
      out(oracle(spec, sizes, inputsOf(spec, sizes, { q: [1, 1, 1, 1], k: [1, 2, 3, 4], v: [0, 0, 0, 0] })), "lse"),
      [5],
    );
  });
  it("a sink joins the sum and gives no value", () => {
    const spec = one("weights softmax(sink: z) return o, lse", "z: f32");
    const result = oracle(spec, two, inputsOf(spec, two, { ...small, z: [0.5] }));
    const total = exp(0.5) + exp(1) + exp(3);
    close([out(result)[0], out(result, "lse")[0]], [(10 * exp(1) + 20 * exp(3)) / total, log(total)]);
    expect(result.bounds.weightSum).toBeLessThan(1);
  });
  it("sigmoid is a plain sum", () => {
    const spec = one("weights sigmoid");
    const result = oracle(spec, two, inputsOf(spec, two, small));
    close(out(result), [10 / (1 + exp(-1)) + 20 / (1 + exp(-3)), 10 / (1 + exp(-2)) + 20 / (1 + exp(-6))]);
    expect(result.bounds.weightSum).toBeCloseTo(1 / (1 + exp(-2)) + 1 / (1 + exp(-6)), 12);
  });
  it("lengths that differ are aligned to the end, or as the spec says", () => {
    const kept = (clause: string): number => {
      const spec = only(`attention t(q: f32[L, D], k, v: f32[S, D], n: i32) { mask causal ${clause} }`);
      const sizes = { L: 2, S: 5, D: 1 };
      return oracle(spec, sizes, inputsOf(spec, sizes, { n: [1] })).kept;
    };
    expect([kept(""), kept("align start"), kept("align at n")]).toEqual([4 + 5, 1 + 2, 2 + 3]);
  });
});

describe("rows without a key", () => {
  it("o is 0, lse −∞", () => {
    const spec = one("mask j < i return o, lse");
    const result = oracle(spec, two, inputsOf(spec, two, small));
    expect([out(result)[0], out(result, "lse")[0]]).toEqual([0, -Infinity]);
  });
  it("lse is the sink's value where there is one", () => {
    const spec = one("mask false weights softmax(sink: 2.5) return o, lse");
    const result = oracle(spec, two, inputsOf(spec, two, small));
    expect([out(result), out(result, "lse")]).toEqual([
      [0, 0],
      [2.5, 2.5],
    ]);
  });
  it("nor is a row NaN whose logits are all −∞, as a bias that stands for a mask makes it", () => {
    const spec = one("score s + bias[row, j] return o, lse", "bias: f32[L, L]");
    const never = -Infinity;
    const result = oracle(spec, two, inputsOf(spec, two, { ...small, bias: [never, never, 0, never] }));
    expect(out(result)).toEqual([0, 10]);
    expect(out(result, "lse")).toEqual([-Infinity, 2]);
    const weighed: number[][] = [];
    oracle(spec, two, inputsOf(spec, two, { ...small, bias: [never, never, 0, never] }), {
      see: (_, keys, weights) => weighed.push([...weights.subarray(0, keys.length)]),
    });
    expect(weighed).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });
  it("no keys at all, no rows at all", () => {
    const spec = only("attention t(q: f32[L, D], k, v: f32[S, D]) { return o, lse }");
    const none = oracle(spec, { L: 2, S: 0, D: 3 }, inputsOf(spec, { L: 2, S: 0, D: 3 }));
    expect([out(none), out(none, "lse")]).toEqual([
      [0, 0, 0, 0, 0, 0],
      [-Infinity, -Infinity],
    ]);
    expect(out(oracle(spec, { L: 0, S: 2, D: 3 }, inputsOf(spec, { L: 0, S: 2, D: 3 })))).toEqual([]);
  });
});

describe("numbers that are none", () => {
  const spec = one("mask causal return o, lse");
  const sizes = { L: 3, D: 2 };
  const base = inputsOf(spec, sizes);
  const changed = (name: string, at: number, value: number): OracleResult => {
    const before = base.get(name);
    const data = Array.from(before?.data ?? []);
    data[at] = value;
    return oracle(spec, sizes, new Map([...base, [name, values(before?.dims ?? [], data)]]));
  };
  const clean = out(oracle(spec, sizes, base));
  it("a masked key changes nothing, whatever its k and v are", () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      for (const name of ["k", "v"]) expect(out(changed(name, 4, value)).slice(0, 4)).toEqual(clean.slice(0, 4));
    }
  });
  it("NaN in an allowed k makes the row NaN, and no other", () => {
    const got = out(changed("k", 4, Number.NaN));
    expect(got.slice(0, 4)).toEqual(clean.slice(0, 4));
    expect(got.slice(4)).toEqual([Number.NaN, Number.NaN]);
  });
  it("NaN in an allowed v reaches the rows that see it", () => {
    const got = out(changed("v", 2, Number.NaN));
    expect(got.map(Number.isNaN)).toEqual([false, false, true, false, true, false]);
  });
  it("NaN in q makes its row NaN", () =>
    expect(out(changed("q", 0, Number.NaN)).map(Number.isNaN)).toEqual([true, true, false, false, false, false]));
});

describe("heads, orders, widths", () => {
  it("key head is h div (H / Hkv)", () => {
    const spec = only("attention t(q: f32[H, L, D], k, v: f32[G, L, D]) { }");
    const sizes = { H: 6, G: 2, L: 1, D: 1 };
    expect(out(oracle(spec, sizes, inputsOf(spec, sizes, { v: [1, 2] })))).toEqual([1, 1, 1, 2, 2, 2]);
  });
  it("the order of q's dimensions changes the layout alone", () => {
    const sizes = { B: 2, H: 2, L: 3, D: 4 };
    const first = only("attention t(q, k, v: f32[B, H, L, D]) { mask causal return o, lse }");
    const second = only("attention t(q, k, v: f32[B, L, H, D]) { mask causal return o, lse }");
    const inputs = inputsOf(first, sizes);
    const turn = (data: ArrayLike<number>, d: number): number[] => {
      const made: number[] = [];
      for (let b = 0; b < 2; b++)
        for (let l = 0; l < 3; l++)
          for (let h = 0; h < 2; h++) for (let c = 0; c < d; c++) made.push(data[((b * 2 + h) * 3 + l) * d + c]);
      return made;
    };
    const turned = new Map(
      [...inputs].map(([name, x]): [string, Values] => [name, values([2, 3, 2, 4], turn(x.data, 4))]),
    );
    const [x, y] = [oracle(first, sizes, inputs), oracle(second, sizes, turned)];
    expect(turn(out(x), 4)).toEqual(out(y));
    expect(turn(out(x, "lse"), 1)).toEqual(out(y, "lse"));
    expect(y.outputs.get("o")?.dims).toEqual([2, 3, 2, 4]);
  });
  it("v may be of another width", () => {
    const spec = only("attention t(q, k: f32[L, D], v: f32[L, E]) { return o, lse }");
    const sizes = { L: 2, D: 3, E: 5 };
    const result = oracle(spec, sizes, inputsOf(spec, sizes));
    expect(result.outputs.get("o")?.dims).toEqual([2, 5]);
    expect(new Map([...result.outputs].map(([name, { dims }]) => [name, [...dims]]))).toEqual(outputDims(spec, sizes));
  });
  it("chosen rows are the same numbers", () => {
    const spec = only(a("mask causal return o, lse"));
    const sizes = { B: 2, H: 2, L: 4, D: 3 };
    const inputs = inputsOf(spec, sizes);
    const all = oracle(spec, sizes, inputs);
    const some = oracle(spec, sizes, inputs, {
      rows: [
        { b: 1, h: 0, row: 2 },
        { b: 0, h: 1, row: 3 },
      ],
    });
    expect(out(some)).toEqual([...out(all).slice(30 + 0, 33), ...out(all).slice(21, 24)]);
    expect(out(some, "lse")).toEqual([out(all, "lse")[10], out(all, "lse")[7]]);
    expect(some.outputs.get("o")?.dims).toEqual([2, 3]);
  });
});

describe("masks that read inputs", () => {
  it("a table of blocks ignores entries outside and duplicates", () => {
    const spec = only("attention t(q, k, v: f32[L, D], rand: i32[L/2, 3]) { blocks 2 mask bj in rand[bi] }");
    const sizes = { L: 4, D: 1 };
    expect(oracle(spec, sizes, inputsOf(spec, sizes, { rand: [-1, 7, 1, 0, 0, -1] })).kept).toBe(8);
  });
  it("documents by ids and by offsets agree", () => {
    const ids = one("mask causal and doc[i] == doc[j]", "doc: i32[L]");
    const offsets = one("mask causal and segment(cu, i) == segment(cu, j)", "cu: i32[N]");
    const sizes = { L: 6, D: 2 };
    const x = oracle(ids, sizes, inputsOf(ids, sizes, { doc: [0, 0, 1, 1, 1, 2] }));
    const y = oracle(offsets, { ...sizes, N: 4 }, inputsOf(offsets, { ...sizes, N: 4 }, { cu: [0, 2, 5, 6] }));
    expect(out(x)).toEqual(out(y));
  });
  it("reals in a mask are f32, each operation rounded", () => {
    const spec = one("mask 0.1 + 0.2 + 0.0 * x == y", "x: f32, y: f32");
    const kept = (y: number): number => oracle(spec, two, inputsOf(spec, two, { ...small, x: [0], y: [y] })).kept;
    expect(kept(Math.fround(Math.fround(0.1) + Math.fround(0.2)))).toBe(4);
    expect(kept(0.1 + 0.2)).toBe(0);
  });
});

describe("relations that hold for every spec", () => {
  const masks = ["causal", "window(3) or sinks(2)", "both_ways and stride(2)", "around(1)", "columns(3)"];
  const shape = fc.record({
    L: fc.integer({ min: 1, max: 7 }),
    D: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(1000),
    mask: fc.constantFrom(...masks),
  });
  const near = (x: readonly number[], y: readonly number[]): void => {
    for (const [n, value] of x.entries()) if (value !== y[n]) expect(value).toBeCloseTo(y[n], 9);
  };
  const specOf = (mask: string): Spec => one(`mask both_ways and (${mask}) return o, lse`);
  it("values that are all one give one; adding to every v adds to o", () => {
    fc.assert(
      fc.property(shape, ({ L, D, seed, mask }) => {
        const spec = specOf(mask);
        const inputs = inputsOf(spec, { L, D }, {}, seed);
        const ones = new Map([
          ...inputs,
          [
            "v",
            values(
              [L, D],
              Array.from({ length: L * D }, () => 1),
            ),
          ] as const,
        ]);
        const result = oracle(spec, { L, D }, ones);
        const seen = out(result, "lse").flatMap((x) => Array.from({ length: D }, () => (x === -Infinity ? 0 : 1)));
        near(out(result), seen);
      }),
    );
  });
  it("a score moved by a constant changes lse alone", () => {
    fc.assert(
      fc.property(shape, ({ L, D, seed, mask }) => {
        const moved = one(`mask both_ways and (${mask}) score s + 3 return o, lse`);
        const inputs = inputsOf(moved, { L, D }, {}, seed);
        const [x, y] = [oracle(specOf(mask), { L, D }, inputs), oracle(moved, { L, D }, inputs)];
        near(out(y), out(x));
        near(
          out(y, "lse"),
          out(x, "lse").map((value) => value + 3),
        );
      }),
    );
  });
  it("appended keys that are masked change nothing", () => {
    fc.assert(
      fc.property(shape, ({ L, D, seed, mask }) => {
        const padded = only(
          `attention t(q: f32[L, D], k, v: f32[S, D], n: i32) { align start mask j < n and (both_ways and (${mask})) return o, lse }`,
        );
        const inputs = inputsOf(specOf(mask), { L, D }, {}, seed);
        const pad = (x: Values | undefined): Values =>
          values([L + 2, D], [...Array.from(x?.data ?? []), ...Array.from({ length: 2 * D }, () => Number.NaN)]);
        const more = new Map([
          ...inputs,
          ["k", pad(inputs.get("k"))],
          ["v", pad(inputs.get("v"))],
          ["n", values([], [L])],
        ] as const);
        expect(out(oracle(padded, { L, S: L + 2, D }, more))).toEqual(out(oracle(specOf(mask), { L, D }, inputs)));
      }),
    );
  });
});
