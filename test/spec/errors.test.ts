/** One row a mistake: its text, the codes and the texts of their spans. Every FOV2xxx and FOV3xxx of `resolve`. */
import { describe, expect, it } from "vitest";
import type { ResolveOptions } from "../../src/spec/resolve.ts";
import { attention as a, resolveText, signature } from "./support.ts";

const rows: readonly (readonly [source: string, ...said: string[]])[] = [
  // types
  [a("mask i"), "FOV2001 i"],
  [a("mask i + 1 and causal"), "FOV2001 i + 1"],
  [a("mask causal + 1 < 2"), "FOV2001 causal"],
  [a("score causal"), "FOV2001 causal"],
  [a("mask not i"), "FOV2001 i"],
  [a("mask i < (j < 2)"), "FOV2001 (j < 2)"],
  [a("mask x[i] mod 2 == 0", "x: f32[L]"), "FOV2001 x[i]"],
  [a("mask doc[x[i]] == 0", "x: f32[L], doc: i32[L]"), "FOV2001 x[i]"],
  [a("score if i then s else s"), "FOV2001 i"],
  [a("score if causal then s else causal"), "FOV2001 if causal then s else causal"],
  [a("mask bit(1.5, i)"), "FOV2001 1.5"],
  [a("mask i in x[b]", "x: f32[B, 3]"), "FOV2001 x[b]"],
  [a("mask i in j"), "FOV2001 j"],
  [a("mask sum(3, i) == 2"), "FOV2001 3"],
  [a("mask sum(t < 3, causal) == 2"), "FOV2001 causal"],
  [`pattern p = i + 1 ${a("mask p")}`, "FOV2001 i + 1"],
  [a("align at 1.5"), "FOV2001 1.5"],
  [a("blocks 0"), "FOV2001 0"],
  [a("example n = 1.5", "n: i32"), "FOV2001 1.5"],
  [a("example n = bernoulli(2)", "n: bool[L]"), "FOV2001 bernoulli(2)"],
  [a("example n = offsets(L)", "n: f32[3]"), "FOV2001 offsets(L)"],
  [a("example n = offsets(1.5)", "n: i32[3]"), "FOV2001 offsets(1.5)"],
  ["attention a(q: i32[B, H, L, D], k, v: f32[B, H, L, D]) { }", "FOV2001 q"],
  [a("mask t[b] == 0", "t: i32[B, L]"), "FOV2002 t[b]"],
  [a("mask t == 0", "t: i32[B, L]"), "FOV2002 t"],
  [a("mask t[b, i, j] == 0", "t: i32[B, L]"), "FOV2002 t[b, i, j]"],
  [a("mask n[i] == 0", "n: i32"), "FOV2002 n[i]"],
  [a("mask bj in t", "t: i32[H, 3]  ").replace("mask", "blocks 2 mask"), "FOV2002 t"],
  [a("mask window"), "FOV2003 window"],
  [a("mask window(1, 2)"), "FOV2003 window(1, 2)"],
  [a("mask window(width: 2)"), "FOV2003 width"],
  [a("mask abs(i, j) < 2"), "FOV2003 abs(i, j)"],
  [a("weights softmax(1)"), "FOV2003 1"],
  [a("weights sigmoid(sink: 1)"), "FOV2003 sink"],
  ["attention a(q: f32[B, H, L, D], k: f32[H, L, D], v: f32[B, H, L, D]) { }", "FOV2004 k"],
  ["attention a(q: f32[4, 8, L, 64], k: f32[4, 8, S, 32], v: f32[4, 8, S, 64]) { }", "FOV2004 k"],
  ["attention a(q: f32[B, 6, L, D], k, v: f32[B, 4, L, D]) { }", "FOV2004 k"],
  [a("example B = -1"), "FOV2106 -1"],
  [`${signature} where 1 == 2 { }`, "FOV2108 1 == 2"],
  // names
  [a("mask j <= ii"), "FOV3001 ii"],
  [a("mask causal and windw(3)"), "FOV3002 windw"],
  ["attention a(q, k, v: f33[B, H, L, D]) { }", "FOV3001 f33"],
  [a("return p"), "FOV3001 p"],
  [a("example X = 3"), "FOV3001 X"],
  [a("axes query = T"), "FOV3001 T"],
  ["attention a = b(w: 3)", "FOV3001 b"],
  [a("weights softmx"), "FOV3002 softmx"],
  [`pattern p = causal pattern p = causal ${a("mask p")}`, "FOV3003 p"],
  [a("", "q: f32[L]"), "FOV3003 q"],
  [a("", "i: i32"), "FOV3003 i"],
  [a("", "L: i32"), "FOV3003 L"],
  [a("", "o: i32"), "FOV3003 o"],
  ["fn exp(x) = x", "FOV3003 exp"],
  ["fn twice(x, x) = x", "FOV3003 x"],
  [a("return lse = o"), "FOV3003 lse"],
  [a("return v = o"), "FOV3003 v"],
  [a("let t = 1 let t = 2"), "FOV3003 t"],
  [`pattern p = p ${a("mask p")}`, "FOV3004 p"],
  [`pattern p = x(1) fn x(n) = y(n) fn y(n) = p ${a("mask p")}`, "FOV3004 p"],
  [a("let x = y let y = x mask x"), "FOV3004 x"],
  ["attention a = b() attention b = a()", "FOV3004 a", "FOV3004 b"],
  [a("mask causal mask causal"), "FOV3005 mask causal"],
  ["attention a(q, k: f32[B, H, L, D]) { }", "FOV3006 a"],
  [a("mask i mod 0 == 1"), "FOV3007 0"],
  [`param n = 0 ${a("score s / n")}`, "FOV3007 n"],
  [a("mask stride(0)"), "FOV3007 stride(0)"],
  [a("mask i / 2 == j"), "FOV3008 i / 2"],
  [a("mask alibi_slope(h, H) < 1"), "FOV3008 alibi_slope(h, H)"],
  [a("weights sigmoid return o, lse"), "FOV3009 lse"],
  [a("weights softmax(sink: j)"), "FOV3010 j"],
  [a("mask bi == bj"), "FOV3010 bi", "FOV3010 bj"],
  [a("mask diagonal"), "FOV3010 diagonal"],
  [a("scale i"), "FOV3010 i"],
  [a("align at h"), "FOV3010 h"],
  [a("score o"), "FOV3010 o"],
  [`param w = L ${a("mask window(w)")}`, "FOV3001 L"],
  [a("", "n: i32").replace("{", "where n == 1 {"), "FOV3010 n"],
  [a("mask window(4) or sinks(4)"), "FOV3011 window(4) or sinks(4)"],
  [a("mask stride(8)"), "FOV3011 stride(8)"],
  [a("mask global(2)"), "FOV3011 global(2)"],
  ["attention a(q, k, v: f32[B, H, T, D]) { }", "FOV3012 T"],
  ["attention a(q, k, v: f32[B, H, D]) { }", "FOV3012 a"],
  ["attention a(q, k, v: f32[1, L, 64]) { }", "FOV3012 a"],
  [a("axes rows = L"), "FOV3012 rows"],
  // schedules
  ["schedule a for wgsl { tile: 32 by 16 }", "FOV3001 a"],
  [`${a("")} schedule a for wgsl { tile: 32 by 16 } schedule a for wgsl { lazy: 2 }`, "FOV3005 wgsl"],
  [`${a("")} schedule a for wasm { tiles: 32 by 16 }`, "FOV3014 tiles"],
  [`${a("")} schedule a for wasm { tile: 32 }`, "FOV3014 32"],
  [`${a("")} schedule a for wasm { superblock: 2 by 3 }`, "FOV3014 3"],
  [`${a("")} schedule a for wasm { superblock: 2 -> f32 }`, "FOV3014 f32"],
  [`${a("")} schedule a for wasm { tile: 0 by 16 }`, "FOV3014 0"],
  [`${a("")} schedule a for wasm { tile: 8 by 16, lazy: 33 }`, "FOV3014 33"],
  [`${a("")} schedule a for wasm { superblock: 1.5 }`, "FOV3014 1.5"],
  [`${a("")} schedule a for wasm { superblock: L }`, "FOV3010 L"],
  [`${a("")} schedule a for wasm { lazy: 1, lazy: 2 }`, "FOV3003 lazy"],
  // results
  [a("return o: i32"), "FOV2001 i32"],
  [a("return o: f16[B, H, D, L]"), "FOV2004 f16"],
  [a("return o: f16[B, H, L]"), "FOV2004 f16"],
  [a("return o: f17"), "FOV3001 f17"],
  [a("weights relu return o, lse"), "FOV3009 lse"],
  [a("weights relu(2)"), "FOV2003 2"],
  // what `output` knows
  [a("output j"), "FOV3010 j"],
  [a("output s"), "FOV3010 s"],
  [a("output o < 1"), "FOV2001 o < 1"],
  [a("score o"), "FOV3010 o"],
  [a("output o * c", "c: f32[D]"), "FOV3003 o * c"],
  // rotations
  [a("rotate v by rope()"), "FOV3001 v"],
  [a("rotate q by spin()"), "FOV3002 spin"],
  [a("rotate q by 3"), "FOV2001 3"],
  [a("rotate q by rope(10000)"), "FOV2003 10000"],
  [a("rotate q by rope(bas: 10000)"), "FOV2003 bas"],
  [a("rotate q by rope(base: 1, base: 2)"), "FOV2003 base"],
  [a("rotate q by rope(base: 0)"), "FOV2001 0"],
  [a("rotate q by rope(base: 2, frequencies: f)", "f: f32[D]"), "FOV2003 2"],
  [a("rotate q by rope(channels: 4, frequencies: f)", "f: f32[D]"), "FOV2003 4"],
  [a("rotate q by rope(frequencies: f)", "f: i32[D]"), "FOV2105 f"],
  [a("rotate q by rope(frequencies: f)", "f: f32[2, D]"), "FOV2105 f"],
  [a("rotate q by rope(interleaved: 1)"), "FOV2001 1"],
  [a("rotate q by rope(channels: 1.5)"), "FOV2001 1.5"],
  [a("rotate k by rope(at: row)"), "FOV3010 row"],
  [a("rotate q by rope(at: j)"), "FOV3010 j"],
  [a("rotate q by rope(at: i < 1)"), "FOV2001 i < 1"],
  // features of later versions
  [a("project k along L by E", "E: f32[R, L]"), "FOV3015 project k along L by E"],
  [a("positions k at p", "p: i32[L]"), "FOV3103 positions k at p"],
  [a("route by h to x, y"), "FOV3104 route by h to x, y"],
  [a("precision int8 online"), "FOV3105 precision int8 online"],
  [a("weights delta(b)"), "FOV3107 weights delta(b)"],
  [a("weights nystrom(landmarks: 32)"), "FOV3107 weights nystrom(landmarks: 32)"],
  [a("mask causal and top(32, of: s)"), "FOV3108 top"],
  [a("return o, importance = mass"), "FOV3109 mass"],
  ["attention a(q, k: f32[B, H, L, D], v: f32[B, H, L, D] scale vs, vs: f32) { }", "FOV3017 vs"],
  ["attention a(q, k: f32[L, D], v: i32[L, D] scale vs, vs: f32) { }", "FOV3017 vs"],
  ["attention a(q, k, v: f32[L, D], t: i8[L] scale ts, ts: f32) { }", "FOV3017 ts"],
  ["attention a(q, k: f32[B, H, L, D], v: i8[B, H, L, D]) { }", "FOV3016 v"],
  ["attention a(q, k: f32[L, D], v: i4[L, D] scale vs, t: f32) { }", "FOV3001 vs"],
  ["attention a(q, k: f32[L, D], v: u8[L, D] scale vs zero vz, vs: f32, vz: i32) { }", "FOV2001 vz"],
  ["attention a(q, k: f32[L, D], v: i8[L, D] scale k) { }", "FOV2001 k"],
  ["attention a(q, k: f32[L, D], v: i8[L, D] scale vs, vs: f32[D, L]) { }", "FOV2006 vs"],
  ["attention a(q, k: f32[L, D], v: i8[L, D] scale vs, vs: f32[L/4, 2]) { }", "FOV2006 vs"],
  ["attention a(q, k: f32[L, D], v: i8[L, D] scale vs zero vz, vs: f32[L], vz: f32[L, D, 1]) { }", "FOV2006 vz"],
  ["attention a(q, k: f32[L, D], v: i8[L, L] scale vs, vs: f32[L]) { }", "FOV2006 vs"],
  [a("mask t[i] == 1", "t: u8[L]"), "FOV3111 u8"],
  [a("mask t[i] == 1", "t: i4[L]"), "FOV3111 i4"],
  [a("return o: i8[B, H, L, D] scale os", "os: f32"), "FOV3110 os"],
  ["attention a(q, k: f32[L, D], v: i8[L, D] scale vs, vs: f32) { example v = 3 }", "FOV2001 3"],
  [a("return o: u8[B, H, L, D]"), "FOV3111 u8"],
  [`attention x(q, k, v: f32[L, D]) { } ${a("let n = x(q, k, v)")}`, "FOV3112 x"],
  [a("score near.o"), "FOV3112 near.o"],
  [a("score merge(s, s)"), "FOV3112 merge"],
  [a("score q[i] @ k[j]"), "FOV3114 q[i] @ k[j]"],
  [a("score q[i]"), "FOV3114 q"],
  [a("mask s < 1"), "FOV3115 s"],
  [a("score mean(s)"), "FOV3115 mean"],
  [a("score hash()"), "FOV2003 hash()"],
  [a("score int(i, j)"), "FOV2003 int(i, j)"],
  [a("score hash(s)"), "FOV2001 s"],
  [a("score int(causal)"), "FOV2001 causal"],
  // limits
  [a("mask i < 3000000000"), "FOV4004 3000000000"],
  [a("mask i < 2000000000 + 2000000000"), "FOV4004 2000000000 + 2000000000"],
  [a("score s * 1e39"), "FOV4004 1e39"],
  [a("score sum(t < 1000000, s)"), "FOV4004 1000000"],
];

describe("every mistake has its code and its place", () => {
  for (const [source, ...said] of rows)
    it(`${said.join(", ")}: ${source.slice(0, 90)}`, () => expect(resolveText(source).said).toEqual(said));
});

describe("mistakes in what the command line sets", () => {
  const options: readonly (readonly [string, ResolveOptions, string])[] = [
    ["param w = 3", { set: { W: 2 } }, "FOV0007"],
    ["param w = 3", { set: { w: 1.5 } }, "FOV2001 w"],
    ["", { dims: { X: 2 } }, "FOV0007"],
    ["", { dims: { D: -2 } }, "FOV2106"],
  ];
  for (const [before, option, said] of options) {
    it(JSON.stringify(option), () => expect(resolveText(`${before} ${a("mask causal")}`, option).said).toEqual([said]));
  }
  it("an alias of a parameter that is none", () => {
    expect(resolveText(`param w = 3 ${a("mask window(w)")} attention c = a(ww: 2)`).said).toEqual(["FOV0007 ww"]);
  });
});

describe("what help says", () => {
  it("suggests the nearest name, with a fix", () => {
    const [first] = resolveText(a("mask causl")).diagnostics;
    expect(first).toMatchObject({ help: "did you mean `causal`?", fixes: [{ edits: [{ text: "causal" }] }] });
  });
  it("names what is available in place of a later feature", () => {
    const [first] = resolveText(a("mask top(3, of: s)")).diagnostics;
    expect(first.notes.join()).toMatch(/available now/);
  });
  it("reports a mistake in a pattern where it is, with the call as a label", () => {
    const [first] = resolveText(`pattern p(n) = n and causal ${a("mask p(3)")}`).diagnostics;
    expect(first.labels.map((label) => label.text)).toEqual(["`p` is expanded here"]);
  });
  it("a warning keeps the spec", () => {
    const { specs, diagnostics } = resolveText(a("mask stride(8)"));
    expect(specs).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({
      severity: "warning",
      message: "the mask lets row 0 see key 8, a later one",
    });
  });
  it("`both_ways`, and `causal`, silence the warning", () => {
    for (const mask of ["both_ways and stride(8)", "causal and (window(4) or sinks(4))", "causal and global(3)"])
      expect(resolveText(a(`mask ${mask}`)).said).toEqual([]);
  });
});

describe("hostile texts", () => {
  const chain = (n: number, last: string, body: (next: string) => string): string =>
    Array.from({ length: n }, (_, at) => `fn f${at}(x) = ${at === n - 1 ? last : body(`f${at + 1}(x)`)}`).join("\n");
  it("exponential expansion is capped", () => {
    expect(resolveText(`${chain(40, "x + x", (next) => `${next} + ${next}`)}\n${a("score f0(s)")}`).said).toEqual([
      "FOV4003 f0(s)",
    ]);
    expect(resolveText(`${chain(40, "1", (next) => `${next} + ${next}`)}\n${a("score f0(s)")}`).said).toEqual([
      "FOV4003 f0(s)",
    ]);
  });
  it("doubling arguments are capped", () => {
    const nested = `${"t(".repeat(40)}s${")".repeat(40)}`;
    expect(resolveText(`fn t(x) = x + x ${a(`score ${nested}`)}`).said[0]).toMatch(/^FOV4003/);
  });
  it("a chain of a thousand patterns is too deep, not a stack overflow", () => {
    expect(resolveText(`${chain(1000, "x", (next) => next)}\n${a("score f0(s)")}`).said[0]).toMatch(/^FOV4002/);
    expect(resolveText(a(`mask ${Array.from({ length: 2000 }, (_, n) => `j == ${n}`).join(" or ")}`)).said[0]).toMatch(
      /^FOV4002/,
    );
  });
  it("a chain that leads back to itself is found however long it is", () => {
    expect(resolveText(`${chain(2000, "f0(x)", (next) => next)}\n${a("score f0(s)")}`).said[0]).toMatch(/^FOV3004/);
  });
  it("names of JavaScript's own objects are names like others", () => {
    const source =
      "param constructor = 3 attention toString(q, k, v: f32[B, H, L, D], __proto__: i32[L], hasOwnProperty: i32) { mask __proto__[i] < constructor + hasOwnProperty example __proto__ = 2, L = 4 }";
    const { specs, said } = resolveText(source);
    expect(said).toEqual([]);
    expect(Object.keys(specs[0].example.values)).toEqual(["__proto__"]);
    expect(resolveText(a("mask __proto__")).said).toEqual(["FOV3001 __proto__"]);
    expect(resolveText(a("mask constructor(1)")).said).toEqual(["FOV3002 constructor"]);
    expect(resolveText(a("mask valueOf[i] == 1")).said).toEqual(["FOV3001 valueOf"]);
  });
});
