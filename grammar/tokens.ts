/**
 * The token table: every token of the language, once. Punctuation, numbers and strings are told apart by the
 * lexer; every word is lexed as an Identifier and `words.ts` then decides, from where it stands, whether it is
 * a keyword. So only `reserved` words can never be names, and no keyword needs a `longer_alt`.
 */
import { createToken, Lexer, type TokenType } from "chevrotain";

/**
 * reserved: never a name. declaration, clause: a keyword where a declaration or a clause may begin.
 * connective: a keyword after a complete operand (`k along L by E`). place: a keyword after `align`.
 */
export type WordRole = "reserved" | "declaration" | "clause" | "connective" | "place";

export interface Word {
  readonly text: string;
  readonly type: TokenType;
  /** In order of preference: `fn` opens a declaration and a clause, `scale` a clause and a modifier. */
  readonly roles: readonly WordRole[];
}

const word = (text: string, ...roles: WordRole[]): Word => ({
  text,
  type: createToken({ name: text.charAt(0).toUpperCase() + text.slice(1), pattern: Lexer.NA, label: `\`${text}\`` }),
  roles,
});
const sign = (name: string, text: string): TokenType => createToken({ name, pattern: text, label: `\`${text}\`` });

export const Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: "a name" });
export const Num = createToken({ name: "Num", pattern: /[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/, label: "a number" });
export const Str = createToken({ name: "Str", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/, label: "a string" });
/** A string that its line ends before its quote does; diagnosed by the limits check, then read as a string. */
export const OpenStr = createToken({ name: "OpenStr", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*\\?/, categories: [Str] });

const Space = createToken({ name: "Space", pattern: /(?:[ \t\r\n]|\uFEFF)+/, group: Lexer.SKIPPED, line_breaks: true });
const Comment = createToken({ name: "Comment", pattern: /\/\/[^\r\n]*/, group: "comments" });

export const signs = {
  arrow: sign("Arrow", "->"),
  lessEqual: sign("LessEqual", "<="),
  greaterEqual: sign("GreaterEqual", ">="),
  equals: sign("Equals", "=="),
  notEquals: sign("NotEquals", "!="),
  less: sign("Less", "<"),
  greater: sign("Greater", ">"),
  is: sign("Is", "="),
  plus: sign("Plus", "+"),
  minus: sign("Minus", "-"),
  times: sign("Times", "*"),
  over: sign("Over", "/"),
  dot: sign("Dot", "."),
  product: sign("Product", "@"),
  comma: sign("Comma", ","),
  colon: sign("Colon", ":"),
  openRound: sign("OpenRound", "("),
  closeRound: sign("CloseRound", ")"),
  openSquare: sign("OpenSquare", "["),
  closeSquare: sign("CloseSquare", "]"),
  openCurly: sign("OpenCurly", "{"),
  closeCurly: sign("CloseCurly", "}"),
} as const;

export const words = {
  and: word("and", "reserved"),
  or: word("or", "reserved"),
  not: word("not", "reserved"),
  in: word("in", "reserved"),
  div: word("div", "reserved"),
  mod: word("mod", "reserved"),
  if: word("if", "reserved"),
  then: word("then", "reserved"),
  else: word("else", "reserved"),
  true: word("true", "reserved"),
  false: word("false", "reserved"),
  attention: word("attention", "declaration"),
  pattern: word("pattern", "declaration"),
  schedule: word("schedule", "declaration"),
  fn: word("fn", "declaration", "clause"),
  param: word("param", "declaration", "clause"),
  mask: word("mask", "clause"),
  score: word("score", "clause"),
  scale: word("scale", "clause", "connective"),
  weights: word("weights", "clause"),
  blocks: word("blocks", "clause"),
  align: word("align", "clause"),
  axes: word("axes", "clause"),
  project: word("project", "clause"),
  rotate: word("rotate", "clause"),
  positions: word("positions", "clause"),
  route: word("route", "clause"),
  precision: word("precision", "clause"),
  output: word("output", "clause"),
  return: word("return", "clause"),
  let: word("let", "clause"),
  example: word("example", "clause"),
  where: word("where", "connective"),
  for: word("for", "connective"),
  along: word("along", "connective"),
  by: word("by", "connective"),
  to: word("to", "connective"),
  at: word("at", "connective", "place"),
  zero: word("zero", "connective"),
  start: word("start", "place"),
  end: word("end", "place"),
} as const;

export const wordList: readonly Word[] = Object.values(words);

/** Signs stand longest first in their table, and a closed string before an open one: first match wins. */
const lexed = [Space, Comment, Identifier, Num, Str, OpenStr, ...Object.values(signs)];

export const vocabulary: TokenType[] = [...lexed, ...wordList.map((entry) => entry.type)];

export const lexer = new Lexer(vocabulary, { positionTracking: "full", ensureOptimizations: true });
