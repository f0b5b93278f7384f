import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { parse } from "../../src/syntax/parse.ts";

const said = (source: string): string[] =>
  parse(source, "a").diagnostics.map(({ code, message, span, help }) => {
    const line = source.slice(0, span?.start).split("\n").length;
    return `${line} ${code} ${message}${help ? ` (${help})` : ""}`;
  });

const applied = (source: string, diagnostics: readonly Diagnostic[]): string =>
  diagnostics
    .flatMap(({ fixes }) => fixes.flatMap(({ edits }) => edits))
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce((text, { span, text: put }) => text.slice(0, span.start) + put + text.slice(span.end), source);

test("the language by example parses without a word", () => {
  const source = readFileSync(new URL("language.attn", import.meta.url), "utf8");
  const { file, diagnostics } = parse(source, "language.attn");
  expect(diagnostics).toEqual([]);
  expect(file.declarations.length).toBe(33);
  expect(file.comments.length).toBe(13);
});

test("spans are those of the text", () => {
  const source = "\uFEFF// c\npattern p(n) = not (a + 1) < -n[0, x.y] // d";
  const { file } = parse(source, "a");
  const texts: string[] = [];
  JSON.stringify(file, (key, value: { start: number; end: number }) => {
    if (key === "span") texts.push(source.slice(value.start, value.end));
    return value;
  });
  expect(new Set(texts)).toEqual(
    new Set([
      "p",
      "n",
      "a",
      "1",
      "a + 1",
      "(a + 1)",
      "0",
      "x",
      "y",
      "x.y",
      "n[0, x.y]",
      "-n[0, x.y]",
      "(a + 1) < -n[0, x.y]",
      "not (a + 1) < -n[0, x.y]",
      "pattern p(n) = not (a + 1) < -n[0, x.y]",
      "// c",
      "// d",
    ]),
  );
});

test("trees: chains to the left, comparisons flat, `not` loose, `-` tight", () => {
  const shape = (text: string): unknown => {
    const [declaration] = parse(`param x = ${text}`, "a").file.declarations;
    return JSON.parse(JSON.stringify(declaration, (key, value: unknown) => (key === "span" ? undefined : value))).value;
  };
  const name = (text: string) => ({ kind: "name", name: text });
  expect(shape("a - b - c")).toEqual({
    kind: "binary",
    op: "-",
    left: { kind: "binary", op: "-", left: name("a"), right: name("b") },
    right: name("c"),
  });
  expect(shape("a < b <= c")).toEqual({
    kind: "comparison",
    ops: ["<", "<="],
    operands: [name("a"), name("b"), name("c")],
  });
  expect(shape("not a in -b.c")).toEqual({
    kind: "unary",
    op: "not",
    operand: {
      kind: "binary",
      op: "in",
      left: name("a"),
      right: { kind: "unary", op: "-", operand: { kind: "member", target: name("b"), member: { text: "c" } } },
    },
  });
});

test("keywords are names wherever a name can stand", () => {
  const { file, diagnostics } = parse(
    `attention example(mask, q: f32[L], scale: f16[by] scale at zero to) {
      mask scale and window < example(score: 1)[mask].where  scale 1 / scale  let let = end
      route by by to to, at  align at at  rotate for, along by by  return o = mask, lse: f32 scale zero
      example mask = 1, example = 2
    }`,
    "a",
  );
  expect(diagnostics).toEqual([]);
  const [attention] = file.declarations;
  expect(attention.kind === "attention" && attention.clauses.map(({ kind }) => kind)).toEqual([
    "mask",
    "scale",
    "let",
    "route",
    "align",
    "rotate",
    "return",
    "example",
  ]);
});

test("one run reports an error in each clause, and keeps what is whole", () => {
  const source = `attention a(q, k, v: f32[B, H, L, D]) {
  mask causal and (window(4) or
  score s + * 2
  scale 1/8
  align middle
  weights softmax(sink: )
  blocks 32
}
attention b(q k: f32[L]) { mask j < i }
pattern p(n = j < n
schedule a wgsl { tile: 3 }
attention c(q: f32[L]) { mask causal `;
  expect(said(source)).toMatchInlineSnapshot(`
    [
      "3 FOV1001 found \`score\` where an expression is expected",
      "5 FOV1001 found the name \`middle\` where \`start\`, \`end\` or \`at\` is expected",
      "6 FOV1001 found \`)\` where an expression is expected",
      "9 FOV1001 found the name \`k\` where \`,\` or \`:\` and a type is expected",
      "10 FOV1001 found \`=\` where \`,\` or \`)\` is expected",
      "11 FOV1001 found the name \`wgsl\` where \`for\` is expected",
      "12 FOV1001 found the end of the file where a clause or \`}\` is expected",
    ]
  `);
  const { file } = parse(source, "a");
  const [first] = file.declarations;
  expect(first.kind === "attention" && first.clauses.map(({ kind }) => kind)).toEqual(["scale", "blocks"]);
});

test("misspelt keywords are named, mended, and do not hide what follows", () => {
  const source = `atention a(q, k, v: f32[B, H, L, D] scal ks) wher H == 2 {
  maks causal adn window(4)
  project k alng L by E
  precision int8 onlin
  wieghts softmax
  exampel L = 3 %
}
shedule a for wgsl {}`;
  expect(said(source)).toMatchInlineSnapshot(`
    [
      "1 FOV1001 found the name \`atention\` where a declaration is expected (did you mean \`attention\`?)",
      "1 FOV1001 found the name \`scal\` where \`scale\` is expected (did you mean \`scale\`?)",
      "1 FOV1001 found the name \`wher\` where \`where\` is expected (did you mean \`where\`?)",
      "2 FOV1001 found the name \`maks\` where a clause is expected (did you mean \`mask\`?)",
      "2 FOV1001 found the name \`adn\` where an operator is expected (did you mean \`and\`?)",
      "3 FOV1001 found the name \`alng\` where \`along\` is expected (did you mean \`along\`?)",
      "5 FOV1001 found the name \`wieghts\` where a clause is expected (did you mean \`weights\`?)",
      "6 FOV1001 found the name \`exampel\` where a clause is expected (did you mean \`example\`?)",
      "6 FOV1002 found \`%\` (U+0025), which no token begins with (write \`mod\`)",
      "8 FOV1001 found the name \`shedule\` where a declaration is expected (did you mean \`schedule\`?)",
    ]
  `);
  expect(applied(source, parse(source, "a").diagnostics))
    .toBe(`attention a(q, k, v: f32[B, H, L, D] scale ks) where H == 2 {
  mask causal and window(4)
  project k along L by E
  precision int8 onlin
  weights softmax
  example L = 3  mod 
}
schedule a for wgsl {}`);
});

test("characters that no token begins with", () => {
  expect(
    said(
      'param a = b && !c ≤ 2\nparam d = 3 // \u0000\n// \uFFFD \u202E\nparam e = "\u001B[31m"\nparam f = "\\q"\nparam g = "open\n',
    ),
  ).toMatchInlineSnapshot(`
    [
      "1 FOV1002 found \`&\` (U+0026), which no token begins with (write \`and\`)",
      "1 FOV1002 found \`!\` (U+0021), which no token begins with (write \`not\`)",
      "1 FOV1002 found \`≤\` (U+2264), which no token begins with (write \`<=\`)",
      "2 FOV1002 found the character NUL (U+0000), which no token begins with (take the character out, and save the file as UTF-8 text)",
      "3 FOV1002 found bytes that are not UTF-8 (U+FFFD), which no token begins with (take the character out, and save the file as UTF-8 text)",
      "3 FOV1002 found the character U+202E, which no token begins with (take the character out, and save the file as UTF-8 text)",
      "4 FOV1002 found the character U+001B, which no token begins with (take the character out, and save the file as UTF-8 text)",
      "5 FOV1001 found \`\\q\` where \`\\\\\`, \`\\"\`, \`\\n\` or \`\\t\` is expected (write \`\\\\\` for a backslash)",
      "6 FOV1003 a string does not end on its line (close it with \`"\`)",
    ]
  `);
});

test("numbers out of range", () => {
  expect(said("param a = 1e999\nparam b = 9007199254740993\nparam c = 1e300")).toEqual([
    "1 FOV4004 a number is too large for a float",
    "2 FOV4004 an integer is too large to be exact",
  ]);
});

const filled = (unit: string, before = ""): string =>
  before + unit.repeat(Math.floor((65536 - before.length) / unit.length));

test.each<[string, string, string]>([
  ["megabytes", "a".repeat(5_000_000), "FOV4001"],
  ["64 KiB in bytes, not letters", `// ${"é".repeat(40_000)}`, "FOV4001"],
  ["20,000 parentheses", `param x = ${"(".repeat(20_000)}`, "FOV4002"],
  ["brackets, closed", `param x = ${"[(".repeat(40)}1${")]".repeat(40)}`, "FOV4002"],
  ["not", filled("not ", "param x = "), "FOV4002"],
  ["minus", filled("-", "param x = "), "FOV4002"],
  ["else if", filled("if a then b else ", "param x = "), "FOV4002"],
  ["mixed", filled("not (-", "param x = "), "FOV4002"],
  ["a keyword that recovery skips", filled("f(a mask , ", "pattern p = "), "FOV4002"],
  ["a chain", filled(" + a", "param x = a"), "FOV4003"],
  ["suffixes", `param x = a${".b".repeat(10_001)}`, "FOV4003"],
  ["unknown characters", filled("$ "), "FOV1002"],
  ["strings", filled('"\n'), "FOV1003"],
  ["closers", filled(") "), "FOV1001"],
  ["clauses without a body", filled("mask ", "attention a(q: f32[L]) { "), "FOV1001"],
  ["broken clauses", filled("if a mask ", "attention a(q: f32[L]) { mask "), "FOV1001"],
  ["declarations without a body", filled("pattern "), "FOV1001"],
])("hostile text is answered by a code, at once: %s", (_, source, code) => {
  const { diagnostics } = parse(source, "a");
  expect(diagnostics.map((each) => each.code)).toContain(code);
  expect(diagnostics.length).toBeLessThanOrEqual(50);
});

test("what is allowed is allowed", () => {
  const params = Array.from({ length: 200 }, (_, n) => `param x${n} = if a then -b else not c\n`).join("");
  for (const source of [
    params,
    `param x = ${"(".repeat(64)}1${")".repeat(64)}`,
    `param x = ${"not ".repeat(64)}a`,
    `param x = a${" + a".repeat(4999)}`,
    `param x = ${"-(a) + not_a[0] - ".repeat(200)} 1`,
  ]) {
    expect(said(source)).toEqual([]);
  }
});

test("no cut or changed text makes the parser throw", () => {
  const source = readFileSync(new URL("language.attn", import.meta.url), "utf8").slice(900, 3500);
  for (let at = 0; at < source.length; at += 29) {
    parse(source.slice(0, at), "a");
    parse(source.slice(0, at) + source.slice(at + 5), "a");
    parse(`${source.slice(0, at)} ) ${source.slice(at)}`, "a");
  }
});
