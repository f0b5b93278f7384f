/** What is made from the grammar is fresh, and holds every rule and every word of it. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { grammarRules } from "../../grammar/parser.ts";
import { signs, wordList } from "../../grammar/tokens.ts";
import { generated } from "../../scripts/generate-grammar.ts";
import { rules } from "../../scripts/grammar/rules.ts";

let made: ReadonlyMap<string, string>;
beforeAll(() => {
  made = generated();
});

test.each([
  "grammar/generated/attn.ebnf",
  "grammar/generated/railroad.html",
  "grammar/generated/attn.tmLanguage.json",
  "editors/vscode/syntaxes/attn.tmLanguage.json",
])("%s is that of the sources: npm run generate", (path) => {
  expect(readFileSync(path, "utf8")).toBe(made.get(path));
});

const names = grammarRules().map((rule) => String(Reflect.get(rule, "name")));

test("every rule can be reached from a file, and stands once in the EBNF and in the diagrams", () => {
  expect(
    rules()
      .map((rule) => rule.name)
      .toSorted(),
  ).toEqual(names.toSorted());
  const [ebnf = "", railroad = ""] = ["attn.ebnf", "railroad.html"].map((name) =>
    made.get(`grammar/generated/${name}`),
  );
  for (const name of names) {
    expect(ebnf.split("\n").filter((line) => line.startsWith(`${name} =`))).toHaveLength(1);
    expect(railroad.split(`<section id="${name}">`)).toHaveLength(2);
  }
});

test("every word and every sign stands in the EBNF, and what it uses is defined in it", () => {
  const ebnf = (made.get("grammar/generated/attn.ebnf") ?? "").replaceAll(/\(\*[^]*?\*\)|^[A-Z]+ = \? .*$/gm, "");
  const literals = new Set([...ebnf.matchAll(/"([^"]+)"/g)].map(([, text = ""]) => text));
  const written = [...wordList.map((word) => word.text), ...Object.values(signs).map((sign) => String(sign.PATTERN))];
  expect([...literals].toSorted()).toEqual(written.toSorted());
  const used = ebnf.replaceAll(/"[^"]+"/g, "").match(/[A-Za-z]+/g) ?? [];
  expect([...new Set(used)].toSorted()).toEqual([...names, "NAME", "NUMBER", "STRING"].toSorted());
});

test("the page of diagrams asks for nothing from elsewhere", () => {
  const page = made.get("grammar/generated/railroad.html") ?? "";
  expect(page).not.toMatch(/<script|https?:|src=|@import|url\(/);
  for (const [, target = ""] of page.matchAll(/href="#([^"]+)"/g)) expect(names).toContain(target);
});

test("a few rules read as the language does", () => {
  const ebnf = made.get("grammar/generated/attn.ebnf") ?? "";
  for (const rule of [
    'sum = product { ( "+" | "-" ) product } ;',
    'callArguments = "(" [ argument { "," argument } ] ")" ;',
    'suffix = "[" expressionList "]" | "." NAME ;',
    'tensorType = NAME [ "[" expressionList "]" ] [ "scale" NAME [ "zero" NAME ] ] ;',
  ])
    expect(ebnf).toContain(`\n${rule}\n`);
});
