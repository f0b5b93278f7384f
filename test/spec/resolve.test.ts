/** What attentions become: roles, defaults, expansion with its origin, promotion, parameters, examples. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { printSpec } from "../../src/spec/print.ts";
import { printScalar } from "../../src/scalar/print.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { attention as a, only, resolveText } from "./support.ts";

const mask = (text: string, inputs = ""): string => printScalar(only(a(`mask ${text}`, inputs)).mask);
const score = (text: string, inputs = ""): string => printScalar(only(a(`score ${text}`, inputs)).score);

describe("defaults", () => {
  const spec = only(a(""));
  it("are the textbook's", () => {
    expect(printScalar(spec.scale)).toBe("1.0 / sqrt(float(D))");
    expect(printScalar(spec.score)).toBe("s");
    expect(printScalar(spec.mask)).toBe("true");
    expect(spec.weights).toEqual({ kind: "softmax" });
    expect(spec.outputs).toEqual([{ name: "o", value: "o", dtype: "f32" }]);
    expect(printScalar(spec.position)).toBe("row");
  });
  it("are marked as defaults for explain", () => {
    expect(
      only(a("mask causal")).clauses.map(({ clause, text, default: d }) => `${clause} ${text}${d ? " *" : ""}`),
    ).toEqual([
      "align end: i = row *",
      "scale 1.0 / sqrt(float(D)) *",
      "score s *",
      "mask causal",
      "weights softmax *",
      "output o *",
      "return o *",
    ]);
  });
});

describe("roles", () => {
  const roles = (q: string, clauses = ""): readonly string[] =>
    only(`attention a(q, k, v: f32[${q}]) { ${clauses} }`).roles;
  it("come from the names of q's dimensions in any order", () => {
    expect(roles("B, L, H, D")).toEqual(["batch", "position", "head", "channel"]);
    expect(roles("L, D")).toEqual(["position", "channel"]);
    expect(roles("D, L")).toEqual(["channel", "position"]);
  });
  it("come from axes", () => {
    expect(roles("N, A, T, C", "axes batch = N, head = A, query = T, channel = C")).toEqual([
      "batch",
      "head",
      "position",
      "channel",
    ]);
    expect(roles("L, B, D", "axes batch = L, query = B")).toEqual(["batch", "position", "channel"]);
  });
  it("a number takes the absent role, and its name means the number", () => {
    const spec = only("attention a(q: f32[B, H, 1, D], k, v: f32[B, H, S, D]) { mask j < S - L }");
    expect(spec.roles).toEqual(["batch", "head", "position", "channel"]);
    expect(printScalar(spec.mask)).toBe("j < S - 1");
    expect(printScalar(spec.position)).toBe("row + (S - 1)");
    expect(spec.sizes).toEqual(["B", "H", "D", "S"]);
  });
  it("k and v stand in q's order with names of their own", () => {
    const { extents, where } = only("attention a(q: f32[B, L, H, D], k: f32[B, S, G, D], v: f32[B, S, G, E]) { }");
    const texts = Object.fromEntries(
      Object.entries(extents).map(([role, extent]: [string, Scalar]) => [role, printScalar(extent)]),
    );
    expect(texts).toEqual({
      batch: "B",
      head: "H",
      keyHead: "G",
      query: "L",
      key: "S",
      channel: "D",
      valueChannel: "E",
    });
    expect(where.map(({ text }) => text)).toEqual(["H mod G == 0"]);
  });
  it("what shapes must have in common is a condition, once", () => {
    const { where } = only("attention a(q: f32[B, H, L, D], k, v: f32[C, G, L, D]) where H mod G == 0 { }");
    expect(where.map(({ text }) => text)).toEqual(["H mod G == 0", "B == C"]);
  });
});

describe("expansion", () => {
  it("keeps the text of a pattern as its origin", () => {
    const spec = only(`param w = 256 ${a("mask causal and window(w)")}`);
    const [left, right] = spec.mask.kind === "call" ? spec.mask.args : [];
    expect([left.origin, right.origin]).toEqual(["causal", "window(256)"]);
    expect(printScalar(spec.mask, { origins: true })).toBe("causal and window(256)");
  });
  it("chains comparisons", () => expect(mask("0 <= j < i < 9")).toBe("0 <= j < i and i < 9"));
  it("promotes integers to reals", () => expect(score("s + i * 2")).toBe("s + float(i * 2)"));
  it("leaves a real as it is where it is made one by name", () => {
    expect(score("s + float(j mod 3) + float(s)")).toBe("s + float(j mod 3) + s");
  });
  it("divides integers as reals in a score", () => expect(score("i / 2")).toBe("float(i) / 2.0"));
  it("folds", () => expect(score("s * (1 / 8)")).toBe("s * 0.125"));
  it("if", () => expect(score("if causal then s else 0")).toBe("if j <= i then s else 0.0"));
  it("blocks, square or not", () => {
    expect(printScalar(only(a("blocks 32 mask bi == bj")).mask)).toBe("i div 32 == j div 32");
    expect(printScalar(only(a("blocks 32 by 16 mask diagonal")).mask)).toBe("i div 32 == j div 16");
  });
  it("in, segment, sum, bit", () => {
    expect(mask("j in t[h, i]", "t: i32[H, L, 3]")).toBe("j in t[h, i]");
    expect(mask("segment(cu, i) == segment(cu, j)", "cu: i32[N]")).toBe(
      "sum(e_1 < N, if cu[e_1] <= i then 1 else 0) - 1 == sum(e_2 < N, if cu[e_2] <= j then 1 else 0) - 1",
    );
    expect(score("s + sum(t < 64, x[i, t] * x[j, t])", "x: f32[L, 64]")).toBe(
      "s + sum(t_1 < 64, x[i, t_1] * x[j, t_1])",
    );
    expect(mask("bit(m[i], j)", "m: i32[L]")).toBe("bit(m[i], j)");
  });
  it("passes tensors to functions", () =>
    expect(printScalar(only(`pattern same(t) = t[i] == t[j] ${a("mask same(doc[b])", "doc: i32[B, L]")}`).mask)).toBe(
      "doc[b, i] == doc[b, j]",
    ));
  it("parameters hide positions, functions hide the prelude's", () => {
    expect(printScalar(only(`fn f(j) = j + 1 ${a("mask f(i) < j")}`).mask)).toBe("i + 1 < j");
    expect(printScalar(only(`pattern causal = j < i ${a("mask causal")}`).mask)).toBe("j < i");
    expect(printScalar(only(a("fn f(x) = x * 2 mask f(i) < j")).mask)).toBe("i * 2 < j");
  });
  it("what a file redefines does not reach into the prelude", () => {
    const own = "fn clamp(x) = x + 1 pattern near(n) = abs(i - j) <= n";
    const neighbours = printScalar(only(a("mask neighbour(i, j, L, 3, 1, 1)")).mask);
    expect(printScalar(only(`${own} ${a("mask neighbour(i, j, L, 3, 1, 1)")}`).mask)).toBe(neighbours);
    expect(printScalar(only(`${own} ${a("mask near(2) and clamp(i) > j")}`).mask)).toBe(
      "abs(i - j) <= 2 and i + 1 > j",
    );
    expect(printScalar(only(a("fn clamp(x) = x + 1 mask neighbour(i, j, L, 3, 1, 1)")).mask)).toBe(neighbours);
  });
});

describe("lets", () => {
  it("stand for their value in any order", () => {
    const spec = only(a("mask causal and near let near = i - j < far let far = 3"));
    expect(printScalar(spec.mask)).toBe("j <= i and i - j < 3");
    expect(printScalar(spec.mask, { origins: true })).toBe("causal and near");
  });
});

describe("align", () => {
  const position = (clause: string): string =>
    printScalar(only(`attention a(q: f32[B, L, D], k, v: f32[B, S, D], n: i32[B]) { ${clause} }`).position);
  it("start, end, at", () => {
    expect(position("")).toBe("row + (S - L)");
    expect(position("align end")).toBe("row + (S - L)");
    expect(position("align start")).toBe("row");
    expect(position("align at n[b] - 1")).toBe("row + (n[b] - 1)");
  });
});

describe("parameters and fixed dimensions", () => {
  const source = `param w = 256 param half = w div 2 ${a("param c = 2.5 mask window(half) and i < c * j")} attention b = a(w: 64)`;
  it("--set overrides, an alias binds, what depends on them follows", () => {
    const masks = (set: Record<string, number>): string[] =>
      resolveText(source, { set }).specs.map((spec) => printScalar(spec.mask));
    expect(masks({})).toEqual([
      "0 <= i - j < 128 and float(i) < 2.5 * float(j)",
      "0 <= i - j < 32 and float(i) < 2.5 * float(j)",
    ]);
    expect(masks({ w: 10, c: 1 })).toEqual([
      "0 <= i - j < 5 and float(i) < float(j)",
      "0 <= i - j < 32 and float(i) < float(j)",
    ]);
  });
  it("texts differ where specs do", () => {
    const [first, second] = resolveText(source).specs;
    expect(first.text).toContain("param w = 256");
    expect(second.text).toContain("attention b(");
    expect(second.text).toContain("param w = 64");
    expect(first.text).toContain("pattern window(w)");
  });
  it("--dim makes constants", () => {
    const spec = only(a("mask i < D"), { dims: { D: 64 } });
    expect(spec.fixed).toEqual({ D: 64 });
    expect(spec.sizes).toEqual(["B", "H", "L"]);
    expect(printScalar(spec.scale)).toBe("0.125");
    expect(printScalar(spec.mask)).toBe("i < 64");
  });
  it("a dimension may be a parameter", () =>
    expect(only("param n = 3 attention a(q, k, v: f32[L, D], t: i32[n]) { mask j in t }").sizes).toEqual(["L", "D"]));
});

describe("example", () => {
  it("gives sizes and recipes and fixes nothing", () => {
    const spec = only(
      a(
        'example B = 1, H = 2, L = 2 * 50, D = 64, x = between(0, ceil(L / 32)), y = bernoulli(0.5), z = segments(4), w = file("w.npy"), u = -3, t = true, c = offsets(L)',
        "x: i32[L/32], y: bool[L], z: i32[L], w: f32[H], u: i32, t: bool, c: i32[5]",
      ),
    );
    expect(spec.example.sizes).toEqual({ B: 1, H: 2, L: 100, D: 64 });
    expect(printSpec(spec)).toContain(
      'x = between(0, (L + 31) div 32), y = bernoulli(0.5), z = segments(4), w = file("w.npy"), u = -3, t = 1, c = offsets(L)',
    );
    expect(spec.sizes).toContain("L");
  });
});

describe("outputs", () => {
  it("are returned by name and renamed", () => {
    expect(only(a("return out = o, lse")).outputs).toEqual([
      { name: "out", value: "o", dtype: "f32" },
      { name: "lse", value: "lse", dtype: "f32" },
    ]);
  });
});

describe("the examples", () => {
  const folder = new URL("../../examples/", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(0[1-9]|1[0-2])-.*\.attn$/.test(name));
  it("are twelve", () => expect(files).toHaveLength(12));
  for (const name of files) {
    it(`${name} resolves without a word and opens with a lesson`, () => {
      const source = readFileSync(new URL(name, folder), "utf8");
      const { specs, said } = resolveText(source);
      expect(said).toEqual([]);
      expect(source).toMatch(/^(\/\/.*\n){2,3}\S?/);
      for (const spec of specs)
        expect(Object.keys(spec.example.sizes)).toEqual(expect.arrayContaining([...spec.sizes]));
    });
  }
});
