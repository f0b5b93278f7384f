/** Sizes of a call: inferred, contradicted, too large; one row a mistake. */
import { describe, expect, it } from "vitest";
import { checkInputs, inputDims, outputDims, type Given } from "../../src/spec/inputs.ts";
import type { Sizes } from "../../src/spec/spec.ts";
import { attention as a, only } from "./support.ts";

const spec = only(
  "attention t(q: f32[B, L, H, D], k, v: f32[B, S, G, D], doc: i32[B, L/4], n: i32) where L <= 100 { return o, lse mask doc[b, bi] == n blocks 4 }",
);
const tensor = (...dims: number[]): Given => ({ dims, data: { length: dims.reduce((x, y) => x * y, 1) } });
const good = (): Map<string, Given> =>
  new Map([
    ["q", tensor(1, 6, 4, 8)],
    ["k", tensor(1, 9, 2, 8)],
    ["v", tensor(1, 9, 2, 8)],
    ["doc", tensor(1, 2)],
    ["n", tensor()],
  ]);
const said = (change: (inputs: Map<string, Given>) => void, sizes: Sizes = {}): string[] => {
  const inputs = good();
  change(inputs);
  return checkInputs(spec, sizes, inputs).diagnostics.map((d) => `${d.code}: ${d.message}`);
};

describe("checkInputs", () => {
  it("infers every size", () => {
    const { sizes, diagnostics } = checkInputs(spec, {}, good());
    expect(diagnostics).toEqual([]);
    expect(sizes).toEqual({ B: 1, L: 6, H: 4, D: 8, S: 9, G: 2 });
    expect(inputDims(spec, sizes).get("doc")).toEqual([1, 2]);
    expect(outputDims(spec, sizes)).toEqual(
      new Map([
        ["o", [1, 6, 4, 8]],
        ["lse", [1, 6, 4]],
      ]),
    );
  });
  it("takes sizes that are given, and tensors without dims", () => {
    const flat = new Map([...good()].map(([name, { data }]): [string, Given] => [name, { data }]));
    expect(checkInputs(spec, { B: 1, L: 6, H: 4, D: 8, S: 9, G: 2 }, flat).diagnostics).toEqual([]);
  });
  it("empty batches and lengths are sizes", () => {
    const empty = new Map([
      ["q", tensor(0, 0, 4, 8)],
      ["k", tensor(0, 0, 2, 8)],
      ["v", tensor(0, 0, 2, 8)],
      ["doc", tensor(0, 0)],
      ["n", tensor()],
    ]);
    expect(checkInputs(spec, {}, empty).diagnostics).toEqual([]);
  });
  const rows: readonly (readonly [string, (inputs: Map<string, Given>) => void, Sizes, string])[] = [
    ["missing", (x) => x.delete("v"), {}, "FOV2101: t: the input v is missing"],
    ["unknown", (x) => x.set("dock", tensor(1)), {}, "FOV2102: t has no input dock"],
    [
      "count",
      (x) => x.set("v", { dims: [1, 9, 2, 8], data: { length: 143 } }),
      {},
      "FOV2103: t: input v has 143 numbers; f32[B=1, S=9, G=2, D=8] needs 144",
    ],
    ["dtype", (x) => x.set("n", { ...tensor(), dtype: "f32" }), {}, "FOV2104: t: input n is f32; i32 is needed"],
    [
      "rank",
      (x) => x.set("q", tensor(6, 4, 8)),
      {},
      "FOV2105: t: input q has dimensions [6, 4, 8]; f32[B, L, H, D] has 4 of them",
    ],
    [
      "shape",
      (x) => x.set("doc", tensor(1, 3)),
      {},
      "FOV2105: t: input doc has dimensions [1, 3]; i32[B=1, (L + 3) div 4=2] is needed",
    ],
    [
      "contradiction",
      (x) => x.set("v", tensor(1, 9, 2, 7)),
      {},
      "FOV2005: t: the dimension D is 8 (from input q) and 7 (from input v)",
    ],
    ["given", () => undefined, { L: 7 }, "FOV2005: t: the dimension L is 7 (given) and 6 (from input q)"],
    ["no size", () => undefined, { L: -7 }, "FOV2106: t: the dimension L is given as -7, which is not a size"],
    ["no name", () => undefined, { X: 7 }, "FOV0007: t has no dimension X"],
    [
      "where",
      (x) => x.set("q", tensor(1, 101, 4, 8)).set("doc", tensor(1, 26)),
      {},
      "FOV2108: t: L <= 100 does not hold for L = 101",
    ],
    ["heads", (x) => x.set("q", tensor(1, 6, 3, 8)), {}, "FOV2108: t: H mod G == 0 does not hold for H = 3, G = 2"],
  ];
  for (const [what, change, sizes, wanted] of rows) it(what, () => expect(said(change, sizes)).toContain(wanted));
  it("an index that could leave 32 bits is refused", () => {
    const codes = (mask: string, n: number): string[] => {
      const each = only(a(`mask ${mask}`, "n: i32"));
      const flat = new Map([
        ...["q", "k", "v"].map((name): [string, Given] => [name, { data: { length: 2000 } }]),
        ["n", { data: [n] }] as const,
      ]);
      return checkInputs(each, { B: 1, H: 1, L: 2000, D: 1 }, flat).diagnostics.map((d) => d.code);
    };
    expect(codes("i * i * 600 < j", 0)).toEqual(["FOV4007"]);
    expect(codes("i * i * 500 < j", 0)).toEqual([]);
    expect(codes("j <= n + 1", 2 ** 31 - 1)).toEqual(["FOV4007"]);
    expect(codes("j <= n + 1", 2 ** 31 - 2)).toEqual([]);
    expect(codes("(i - n) mod 7 == 0 and abs(n) div 2 < min(i, j)", 5)).toEqual([]);
  });
  it("products are exact however large", () => {
    const dense = only(a(""));
    const flat = new Map(["q", "k", "v"].map((name): [string, Given] => [name, { data: { length: 1 } }]));
    const codes = (sizes: Sizes): string[] => checkInputs(dense, sizes, flat).diagnostics.map((d) => d.code);
    expect(codes({ B: 65536, H: 65536, L: 65536, D: 65536 })).toContain("FOV4005");
    expect(codes({ B: 0, H: 1, L: 2 ** 40, D: 1 })).toContain("FOV4005");
    expect(codes({ B: 1, H: 1, L: 1, D: 513 })).toContain("FOV4005");
    expect(codes({ B: 1, H: 1, L: 1, D: 0 })).toContain("FOV2106");
    expect(codes({ B: 1, H: 1, L: 1 })).toEqual(["FOV2106"]);
  });
});
