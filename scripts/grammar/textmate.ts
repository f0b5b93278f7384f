/**
 * The highlighting of .attn files as a TextMate grammar: keywords from the token table, known names from the prelude
 * and the built-in functions. Where a word is a keyword depends on what stands around it; a regular expression sees
 * the words beside it, which is enough for whatever the formatter prints.
 */
import { preludeSource } from "../../grammar/generated/prelude.ts";
import { Identifier, Num, signs, wordList, type WordRole } from "../../grammar/tokens.ts";
import { dtypes } from "../../src/scalar/storage.ts";
import { builtins } from "../../src/spec/calls.ts";
import { outputNames, positionNames } from "../../src/spec/scope.ts";
import { parse } from "../../src/syntax/parse.ts";

interface Pattern {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly Pattern[];
}

const textsOf = (role: WordRole): readonly string[] =>
  wordList.filter((word) => word.roles.includes(role)).map((word) => word.text);
const any = (texts: readonly string[]): string => `(?:${texts.map(escape).join("|")})`;
const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
const sourceOf = ({ PATTERN }: { readonly PATTERN?: unknown }): string =>
  PATTERN instanceof RegExp ? PATTERN.source : "";

const control = ["if", "then", "else"];
const constants = ["true", "false"];
const operators = textsOf("reserved").filter((word) => !control.includes(word) && !constants.includes(word));
const name = sourceOf(Identifier);

/** After one of these an operand must follow, so that a word there is a name. */
const expectsOperand = `(?<!(?:^|[^\\w.])(?:and|or|not|in|if)\\s)(?<!(?:^|[^\\w.])(?:div|mod)\\s)(?<!(?:^|[^\\w.])(?:then|else)\\s)(?<![-+*/@=<>,(\\[:.]\\s)(?<![.\\[(])`;
/** What an operand begins with. */
const operand = `\\s+(?!${any([...operators.filter((word) => word !== "not"), "then", "else"])}\\b)(?:[\\w("]|-(?=\\S))`;

/** The patterns and functions that every file can use. */
function preludeNames(): readonly string[] {
  return parse(preludeSource, "prelude.attn").file.declarations.flatMap((declaration) => {
    if (declaration.kind === "pattern") return [declaration.name.text];
    return declaration.kind === "fn" ? [declaration.fn.name.text] : [];
  });
}

function declaration(words: readonly string[], scope: string): Pattern {
  const found = words.filter((word) => [...textsOf("declaration"), ...textsOf("clause")].includes(word));
  return {
    match: `${expectsOperand}\\b(${found.join("|")})\\s+(${name})(?=\\s*[=({]|\\s+for\\b|\\s*$)`,
    captures: { 1: { name: "storage.type.attn" }, 2: { name: scope } },
  };
}

const declares = ["attention", "schedule", "pattern", "fn", "param", "let"];

function patterns(): readonly Pattern[] {
  const clauses = textsOf("clause").filter((word) => !declares.includes(word));
  const operatorSigns = Object.values(signs)
    .map(({ PATTERN }) => String(PATTERN))
    .filter((sign) => !/^[,:()[\]{}.]$/.test(sign));
  return [
    { name: "comment.line.double-slash.attn", match: "//.*$" },
    {
      name: "string.quoted.double.attn",
      begin: '"',
      end: '"|$',
      patterns: [{ name: "constant.character.escape.attn", match: "\\\\." }],
    },
    declaration(["attention", "schedule"], "entity.name.type.attn"),
    declaration(["pattern", "fn"], "entity.name.function.attn"),
    declaration(["param", "let"], "variable.other.constant.attn"),
    {
      match: `(?<=(?:^|[^\\w.])align\\s)\\b(${textsOf("place").join("|")})\\b`,
      captures: { 1: { name: "keyword.other.attn" } },
    },
    { name: "keyword.other.attn", match: `(?<=(?:^|[^\\w.])route\\s)\\bby\\b` },
    { name: "keyword.other.clause.attn", match: `${expectsOperand}\\b${any(clauses)}\\b(?=${operand}|\\s+\\{)` },
    { name: "keyword.other.attn", match: `(?<=[\\w)\\]"]\\s)\\b${any(textsOf("connective"))}\\b(?=${operand}|\\s*$)` },
    { name: "keyword.control.attn", match: `\\b${any(control)}\\b` },
    { name: "keyword.operator.word.attn", match: `\\b${any(operators)}\\b` },
    { name: "constant.language.attn", match: `\\b${any(constants)}\\b` },
    { name: "constant.numeric.attn", match: `\\b${sourceOf(Num)}` },
    { name: "support.type.attn", match: `(?<=[:>]\\s|:)${any(dtypes)}\\b` },
    { name: "support.function.attn", match: `\\b${any([...preludeNames(), ...builtins])}\\b(?!\\s*:)` },
    { name: "variable.language.attn", match: `\\b${any([...positionNames, ...outputNames])}\\b(?!\\s*:)` },
    { name: "variable.other.attn", match: `\\b${name}` },
    { name: "keyword.operator.attn", match: any(operatorSigns) },
    { name: "punctuation.separator.attn", match: "[,:.]" },
    { name: "punctuation.section.attn", match: "[()\\[\\]{}]" },
  ];
}

export function textMate(): string {
  const grammar = {
    information_for_contributors: ["Made from grammar/*.ts by npm run generate; do not edit."],
    name: "attn",
    scopeName: "source.attn",
    fileTypes: ["attn"],
    patterns: patterns(),
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
}
