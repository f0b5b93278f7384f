/**
 * Decides which words are keywords. Takes the lexer's tokens, in order, and sets the type of each word in
 * place; gives the words that look misspelt. A word is a keyword only where no name could stand, so
 * `window(scale: 2)` and `let mask = …` keep their names:
 *
 *   mask a and scale < 2   scale 1/8      // the first `scale` follows `and`: a name; the second: a clause
 */
import type { IToken, TokenType } from "chevrotain";
import { closest } from "../src/diagnostics/suggest.ts";
import { Identifier, Num, OpenStr, signs, Str, wordList, words, type Word, type WordRole } from "./tokens.ts";

/** A word that stands where only a keyword may, and the keyword it was read as: the token now says `meant`. */
export interface Misspelling {
  readonly token: IToken;
  readonly written: string;
  readonly meant: Word;
}

const byText: ReadonlyMap<string, Word> = new Map(wordList.map((word) => [word.text, word]));

const operandEnds: ReadonlySet<TokenType> = new Set([
  Identifier,
  Num,
  Str,
  OpenStr,
  signs.closeRound,
  signs.closeSquare,
  words.true.type,
  words.false.type,
  words.start.type,
  words.end.type,
]);
const beginsOperand: ReadonlySet<TokenType> = new Set([Num, Str, OpenStr]);
const operandWords: ReadonlySet<string> = new Set(["not", "if", "true", "false"]);

const opens: ReadonlySet<TokenType> = new Set([signs.openRound, signs.openSquare, signs.openCurly]);
const closes: ReadonlySet<TokenType> = new Set([signs.closeRound, signs.closeSquare, signs.closeCurly]);

export const endsOperand = (token: IToken | undefined): boolean =>
  token !== undefined && operandEnds.has(token.tokenType);

function become(token: IToken, type: TokenType): void {
  token.tokenType = type;
  if (type.tokenTypeIdx !== undefined) token.tokenTypeIdx = type.tokenTypeIdx;
}

const opensClause = (word: Word | undefined): boolean =>
  word !== undefined && (word.roles.includes("clause") || word.roles.includes("declaration"));

/** `score s` on a line of its own can only be a clause, even where an operand is missing before it. */
function standsAlone(token: IToken, next: IToken | undefined, source: string): boolean {
  if (next === undefined) return false;
  const line = source.slice(source.lastIndexOf("\n", token.startOffset - 1) + 1, token.startOffset);
  if (line.trim() !== "") return false;
  if (beginsOperand.has(next.tokenType)) return true;
  if (next.tokenType !== Identifier) return false;
  return operandWords.has(next.image) || !byText.has(next.image);
}

function isKeyword(
  word: Word,
  token: IToken,
  previous: IToken | undefined,
  next: IToken | undefined,
  source: string,
): boolean {
  if (word.roles.includes("reserved")) return true;
  if (next?.tokenType === signs.colon) return false;
  if (previous?.tokenType === words.align.type && word.roles.includes("place")) return true;
  if (previous?.tokenType === words.route.type && word === words.by) return true;
  const afterOperand = endsOperand(previous);
  if (word.roles.includes("connective") && afterOperand) return true;
  if (!opensClause(word)) return false;
  const begins =
    previous === undefined || previous.tokenType === signs.openCurly || previous.tokenType === signs.closeCurly;
  return afterOperand || begins || standsAlone(token, next, source);
}

const textsOf = (...roles: WordRole[]): readonly string[] =>
  wordList.filter((word) => word.roles.some((role) => roles.includes(role))).map((word) => word.text);
const infix = ["and", "or", "in", "div", "mod", "then", "else"];
const candidates = {
  round: [...infix, "scale", "zero"],
  curly: [...infix, ...textsOf("clause", "connective")],
  top: [...infix, ...textsOf("declaration"), "where", "for"],
  clause: textsOf("clause"),
  declaration: textsOf("declaration"),
} as const;

/** What a word may have meant, where a keyword must stand: after an operand, or first in a body or a file. */
function expectedWords(previous: IToken | undefined, bracket: TokenType | undefined): readonly string[] {
  if (previous === undefined || previous.tokenType === signs.closeCurly) {
    return bracket === undefined ? candidates.declaration : candidates.clause;
  }
  if (previous.tokenType === signs.openCurly) return candidates.clause;
  if (!endsOperand(previous)) return [];
  if (bracket === undefined) return candidates.top;
  return bracket === signs.openCurly ? candidates.curly : candidates.round;
}

export function markKeywords(tokens: readonly IToken[], source: string): readonly Misspelling[] {
  const misspelt: Misspelling[] = [];
  const brackets: TokenType[] = [];
  tokens.forEach((token, index) => {
    const previous = tokens[index - 1];
    const next = tokens[index + 1];
    if (opens.has(token.tokenType)) brackets.push(token.tokenType);
    else if (closes.has(token.tokenType)) brackets.pop();
    if (token.tokenType !== Identifier) return;
    const word = byText.get(token.image);
    if (word !== undefined && isKeyword(word, token, previous, next, source)) {
      become(token, word.type);
      if (word.roles.includes("declaration") && !word.roles.includes("clause")) brackets.length = 0;
      return;
    }
    // `precision int8 online`: the one place where a name follows a name.
    if (word !== undefined || next?.tokenType === signs.colon) return;
    if (tokens[index - 2]?.tokenType === words.precision.type) return;
    const near = closest(token.image, expectedWords(previous, brackets.at(-1)));
    const meant = near === undefined ? undefined : byText.get(near);
    if (meant === undefined) return;
    misspelt.push({ token, written: token.image, meant });
    token.image = meant.text;
    become(token, meant.type);
  });
  return misspelt;
}
