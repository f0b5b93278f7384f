/**
 * Highlighting against the compiler: what the lexer and `words.ts` make of each word of a file, a TextMate engine must
 * show, and whatever a snippet puts into a file must be a spec.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { loadWASM, OnigScanner, OnigString } from "vscode-oniguruma";
import { INITIAL, parseRawGrammar, Registry, type IGrammar } from "vscode-textmate";
import { beforeAll, describe, expect, test } from "vitest";
import { lexer } from "../../grammar/tokens.ts";
import { markKeywords } from "../../grammar/words.ts";
import { check } from "../../src/compile.ts";

const extension = "editors/vscode";
const read = (path: string): string => readFileSync(join(extension, path), "utf8");

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm"));
  await loadWASM({ data: wasm });
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new OnigScanner(sources),
      createOnigString: (text) => new OnigString(text),
    }),
    loadGrammar: async () => parseRawGrammar(read("syntaxes/attn.tmLanguage.json"), "attn.tmLanguage.json"),
  });
  const loaded = await registry.loadGrammar("source.attn");
  if (!loaded) throw new Error("the grammar does not load");
  grammar = loaded;
});

/** The innermost scope of each character. */
function scopesOf(text: string): readonly string[] {
  let state = INITIAL;
  return text.split("\n").flatMap((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    const scopes = Array.from({ length: line.length + 1 }, () => "");
    for (const { startIndex, endIndex, scopes: found } of tokens) scopes.fill(found.at(-1) ?? "", startIndex, endIndex);
    return scopes;
  });
}

const isKeyword = (scope = ""): boolean => /^(keyword|storage|constant\.language)/.test(scope);

/** Words that are shown as keywords and are none, or the other way round. */
function mistaken(text: string): readonly string[] {
  const scopes = scopesOf(text);
  const { tokens } = lexer.tokenize(text);
  markKeywords(tokens, text);
  return tokens
    .filter(({ image }) => /^[A-Za-z_]/.test(image))
    .filter(({ tokenType, startOffset }) => (tokenType.name !== "Identifier") !== isKeyword(scopes[startOffset]))
    .map(({ image, startLine, startOffset }) => `line ${startLine}: ${image} is ${scopes[startOffset]}`);
}

const files = [
  ...readdirSync("examples")
    .filter((name) => name.endsWith(".attn"))
    .map((name) => `examples/${name}`),
  "test/syntax/language.attn",
  "grammar/prelude.attn",
];

describe("a word is shown as a keyword where it is one", () => {
  test.each(files)("%s", (path) => expect(mistaken(readFileSync(path, "utf8"))).toEqual([]));

  test.each([
    "attention a(q, k, v: f32[L, D], scale: f32, mask: bool[L]) { mask mask[j] and scale < 2   scale 1/8 }",
    "attention a(q, k, v: f32[L, D]) { let mask = 3 mask window(w: mask) score s * scale }",
    "attention a(q, k, v: f32[L, D]) { align end mask -j < 0 return o, lse example L = 4, D = 8 }",
    "pattern by(to) = i - to < at fn start(end) = end + 1",
    "attention a(q, k, v: f32[L, D] scale ks zero kz, ks: f32, kz: f32) where L < 5 { precision { qk: i8 -> i32, tile: 32 by 16 } }",
    "schedule a for wgsl { tile: 32 by 16 } attention b = a(w: 3)",
  ])("%s", (text) => expect(mistaken(text)).toEqual([]));
});

test("names, numbers, strings, types and comments have the scopes that themes colour", () => {
  const text = 'attention near(q: f32[L]) { mask causal and window(2.5e3) // so\n example x = file("a\\n") }';
  const scopes = scopesOf(text);
  const shown = ["near", "f32", "causal", "window", "2.5e3", "// so", '"a', "\\n", "and", "mask", "L]"].map((part) => [
    part,
    scopes[text.indexOf(part)],
  ]);
  expect(Object.fromEntries(shown)).toEqual({
    near: "entity.name.type.attn",
    f32: "support.type.attn",
    causal: "support.function.attn",
    window: "support.function.attn",
    "2.5e3": "constant.numeric.attn",
    "// so": "comment.line.double-slash.attn",
    '"a': "string.quoted.double.attn",
    "\\n": "constant.character.escape.attn",
    and: "keyword.operator.word.attn",
    mask: "keyword.other.clause.attn",
    "L]": "variable.other.attn",
  });
});

describe("the extension", () => {
  interface Contributions {
    readonly languages: readonly {
      readonly id: string;
      readonly extensions: readonly string[];
      readonly configuration: string;
    }[];
    readonly grammars: readonly { readonly language: string; readonly scopeName: string; readonly path: string }[];
    readonly snippets: readonly { readonly language: string; readonly path: string }[];
  }
  const { contributes } = JSON.parse(read("package.json")) as { contributes: Contributions };

  test("names files that are there, of one language", () => {
    const [language] = contributes.languages;
    expect(language).toMatchObject({ id: "attn", extensions: [".attn"] });
    expect(contributes.grammars).toMatchObject([{ language: "attn", scopeName: "source.attn" }]);
    expect(contributes.snippets).toMatchObject([{ language: "attn" }]);
    for (const path of [
      language?.configuration ?? "",
      ...contributes.grammars.map((g) => g.path),
      ...contributes.snippets.map((s) => s.path),
    ])
      expect(JSON.parse(read(path))).toBeTypeOf("object");
  });

  const snippets = Object.entries(
    JSON.parse(read("snippets/attn.json")) as Record<string, { readonly body: readonly string[] }>,
  );
  test.each(snippets)("the snippet %s is a spec as it comes", (_, { body }) => {
    const text = body.join("\n").replaceAll(/\$\{\d+:([^}]*)\}|\$\d+/g, "$1");
    // What an alias is of, and an attention beside what is none.
    const before = text.includes("= local(")
      ? "param w = 8 attention local(q, k, v: f32[L, D]) { mask causal and window(w) }\n"
      : "";
    const after = text.includes("attention") ? "" : "attention base(q, k, v: f32[L, D]) {}";
    const { diagnostics, specs } = check(before + text + after, "-");
    expect(diagnostics).toEqual([]);
    expect(specs.length).toBeGreaterThan(0);
  });
});
