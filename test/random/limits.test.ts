/** The limits of docs/limits.md: just within them a text is taken, just beyond them it ends in its code. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../../src/compile.ts";
import { checkInputs } from "../../src/spec/inputs.ts";
import { specFrom } from "../support/examples.ts";

const masked = (mask: string, before = ""): string => `${before} attention a(q, k, v: f32[L, D]) { mask ${mask} }`;
const errorsOf = (text: string): readonly string[] =>
  check(text, "a.attn")
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ code }) => code);
const padded = (bytes: number): string => {
  const text = masked("causal");
  return `${text} //${"x".repeat(bytes - text.length - 3)}`;
};
/** n patterns, each the one before or a comparison more: as deep as n. */
const deep = (n: number): string =>
  Array.from(
    { length: n },
    (_, k) => `pattern p${k} = ${k === 0 ? "j < 3" : `not (j == i + ${k} and p${k - 1})`}`,
  ).join(" ");

test.each([
  ["bytes", "FOV4001", padded(65_536), padded(65_537)],
  [
    "brackets",
    "FOV4002",
    masked(`${"(".repeat(62)}causal${")".repeat(62)}`),
    masked(`${"(".repeat(65)}causal${")".repeat(65)}`),
  ],
  ["levels once expanded", "FOV4002", masked("p60", deep(61)), masked("p300", deep(301))],
  ["integers", "FOV4004", masked("j < 2147483647"), masked("j < 2147483648")],
  ["terms of a sum", "FOV4004", masked("sum(t < 65536, t) == 1"), masked("sum(t < 65537, t) == 1")],
  ["parts once expanded", "FOV4003", masked("p8", doubling(9)), masked("p14", doubling(15))],
])("%s: %s", (_, code, within, beyond) => {
  expect(errorsOf(within)).toEqual([]);
  expect(errorsOf(beyond)).toContain(code);
});

/** Pattern n has twice the parts of the one before. */
function doubling(n: number): string {
  return Array.from({ length: n }, (_, k) => `pattern p${k} = ${k === 0 ? "j < 3" : `p${k - 1} or p${k - 1}`}`).join(
    " ",
  );
}

test("sizes", () => {
  const spec = specFrom("attention a(q, k, v: f32[L, D]) { mask causal }");
  const codesFor = (L: number, D: number): readonly string[] => {
    const dims = [L, D];
    const given = { dims, data: { length: L * D } };
    return checkInputs(spec, {}, new Map(["q", "k", "v"].map((name) => [name, given]))).diagnostics.map((d) => d.code);
  };
  expect(codesFor(2 ** 26 - 1, 31)).toEqual([]);
  expect(codesFor(2 ** 26, 1)).toContain("FOV4005");
  expect(codesFor(2 ** 25, 64)).toContain("FOV4005");
  expect(codesFor(4, 512)).toEqual([]);
  expect(codesFor(4, 513)).toEqual(["FOV4005"]);
  expect(codesFor(4, 0)).toEqual(["FOV2106"]);
});

test("the page names every limit's code, and no other", () => {
  const page = readFileSync(new URL("../../docs/limits.md", import.meta.url), "utf8");
  const named = new Set(page.match(/FOV\d{4}/g));
  for (const code of ["FOV4001", "FOV4002", "FOV4003", "FOV4004", "FOV4005", "FOV4006", "FOV4007"])
    expect(named).toContain(code);
});
