/**
 * Text to Ast. Takes a source and the name diagnostics call it by; gives the file and what is wrong with its
 * text. Never throws on any text: what could exhaust the parser is refused before it starts (limits.ts), and
 * a file with errors gives the declarations and clauses that are whole. At most one syntax error is reported
 * for a line, since what follows the first is mostly its echo.
 */
import { EOF, type IRecognitionException, type IToken, type TokenType } from "chevrotain";
import { parseTokens } from "../../grammar/parser.ts";
import { lexer, signs, type Word } from "../../grammar/tokens.ts";
import { markKeywords, type Misspelling } from "../../grammar/words.ts";
import { diagnostic, type Diagnostic, type Label, type Span } from "../diagnostics/diagnostic.ts";
import type { Comment, File } from "./ast.ts";
import { buildDeclarations } from "./build.ts";
import { spanOfToken } from "./cst.ts";
import { checkCharacters, checkLength, checkNesting, checkTokens, foremost } from "./limits.ts";

export interface Parsed {
  readonly file: File;
  readonly diagnostics: readonly Diagnostic[];
}

export function parse(source: string, path: string): Parsed {
  const empty: File = { source, path, declarations: [], comments: [] };
  const tooLong = checkLength(source, path);
  if (tooLong) return { file: empty, diagnostics: [tooLong] };

  const lexed = lexer.tokenize(source);
  const comments = (lexed.groups["comments"] ?? []).map((token) => comment(source, path, token));
  const misspelt = markKeywords(lexed.tokens, source);
  const faults = [...checkCharacters(source, path, lexed.errors), ...checkTokens(lexed.tokens, path)];
  const tooDeep = checkNesting(lexed.tokens, path);
  if (tooDeep) return { file: { ...empty, comments }, diagnostics: ordered([...faults, tooDeep]) };

  const { tree, errors } = parseTokens(lexed.tokens);
  const built: Diagnostic[] = [];
  const declarations = buildDeclarations({ path, diagnostics: built, nodes: 0 }, tree);
  const spelling = misspelt.map((each) => misspelling(path, each));
  const syntax = errors.map((error) => syntaxError(path, error, lexed.tokens));
  return {
    file: { source, path, declarations, comments },
    diagnostics: ordered([...built, ...firstOfLine(source, [...faults, ...spelling], syntax)]),
  };
}

function comment(source: string, path: string, token: IToken): Comment {
  const span = spanOfToken(path, token);
  const line = source.slice(lineStart(source, span.start), span.start);
  return { text: token.image.trimEnd(), span, ownLine: /^\s*$/.test(line) };
}

const lineStart = (source: string, at: number): number => (at === 0 ? 0 : source.lastIndexOf("\n", at - 1) + 1);

/** Errors of the parser echo, on the same line, a fault that is already reported. */
function firstOfLine(source: string, certain: readonly Diagnostic[], syntax: readonly Diagnostic[]): Diagnostic[] {
  const starts = (each: Diagnostic): number => lineStart(source, each.span?.start ?? 0);
  const seen = new Set(certain.map(starts));
  const first = syntax.filter((each) => {
    const line = starts(each);
    return !seen.has(line) && seen.add(line);
  });
  return [...certain, ...first];
}

const ordered = (found: readonly Diagnostic[]): readonly Diagnostic[] =>
  foremost(found.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0)));

function expectedAt({ roles, text }: Word): string {
  if (roles.includes("reserved")) return "an operator";
  if (roles.includes("connective")) return `\`${text}\``;
  return roles.includes("declaration") ? "a declaration" : "a clause";
}

function misspelling(path: string, { token, written, meant }: Misspelling): Diagnostic {
  const span = spanOfToken(path, token);
  const expected = expectedAt(meant);
  return diagnostic("FOV1001", `found the name \`${written}\` where ${expected} is expected`, {
    span,
    help: `did you mean \`${meant.text}\`?`,
    fixes: [{ title: `replace with \`${meant.text}\``, edits: [{ span, text: meant.text }] }],
  });
}

function syntaxError(path: string, error: IRecognitionException, tokens: readonly IToken[]): Diagnostic {
  const span = spanOfError(path, error.token, tokens);
  return diagnostic("FOV1001", error.message, { span, labels: openBracket(path, error, tokens) });
}

/** The end of the file is the end of its last token. */
function spanOfError(path: string, token: IToken, tokens: readonly IToken[]): Span {
  if (token.tokenType !== EOF) return spanOfToken(path, token);
  const last = tokens.at(-1);
  const end = last ? spanOfToken(path, last).end : 0;
  return { file: path, start: end, end };
}

const pairs: ReadonlyMap<TokenType, TokenType> = new Map([
  [signs.closeRound, signs.openRound],
  [signs.closeSquare, signs.openSquare],
  [signs.closeCurly, signs.openCurly],
]);
const closing: Readonly<Record<string, TokenType>> = {
  ")": signs.openRound,
  "]": signs.openSquare,
  "}": signs.openCurly,
};

/** Where the bracket was opened that the error finds still open. */
function openBracket(path: string, error: IRecognitionException, tokens: readonly IToken[]): Label[] {
  const expected = /`([)\]}])` is expected$/.exec(error.message)?.[1];
  if (expected === undefined) return [];
  const open: IToken[] = [];
  const openers = new Set(pairs.values());
  for (const token of tokens) {
    if (token === error.token) break;
    if (openers.has(token.tokenType)) open.push(token);
    const opener = pairs.get(token.tokenType);
    if (opener && open.at(-1)?.tokenType === opener) open.pop();
  }
  const last = open.findLast((token) => token.tokenType === closing[expected]);
  return last ? [{ span: spanOfToken(path, last), text: "opened here" }] : [];
}
