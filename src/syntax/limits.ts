/**
 * What is refused before the parser may recurse, so that no text can exhaust it: a source that is too long,
 * nesting that is too deep. Also the faults of single tokens: numbers out of range, strings without an end,
 * characters that text should not have. Takes the source or its marked tokens, gives diagnostics.
 */
import type { ILexingError, IToken, TokenType } from "chevrotain";
import { Num, OpenStr, signs, wordList, words } from "../../grammar/tokens.ts";
import { endsOperand } from "../../grammar/words.ts";
import { diagnostic, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { spanOfToken } from "./cst.ts";

export const limits = {
  /** Bytes of UTF-8 in a source. */
  sourceBytes: 64 * 1024,
  /** Open brackets, `not`, unary minus and `if` at one place. */
  nesting: 64,
  /** Nodes of one expression. */
  expressionNodes: 10_000,
  /** Diagnostics of one file. */
  diagnostics: 50,
} as const;

/** As many diagnostics as anyone reads, errors before warnings where not all are shown; the last says how many are left. */
export function foremost(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const left = found.length - limits.diagnostics;
  if (left <= 0) return found;
  const isError = (d: Diagnostic): boolean => d.severity === "error";
  const graver = [...found.filter(isError), ...found.filter((d) => !isError(d))];
  const shown = graver.slice(0, limits.diagnostics);
  const last = shown.pop();
  return last ? [...shown, { ...last, notes: [...last.notes, `${left} more are not shown`] }] : shown;
}

export function checkLength(source: string, path: string): Diagnostic | undefined {
  const long = source.length > limits.sourceBytes;
  const bytes = long ? source.length : new TextEncoder().encode(source).length;
  if (bytes <= limits.sourceBytes) return undefined;
  return diagnostic("FOV4001", `the source has ${long ? "at least " : ""}${bytes} bytes`, {
    notes: [`a source may have ${limits.sourceBytes} bytes`],
    help: "split the file: every attention can stand in a file of its own",
    span: { file: path, start: 0, end: 0 },
  });
}

/** Controls, halves of pairs, marks of broken UTF-8 and signs that reorder text: wrong even in comments. */
const unwanted =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069\uFFFD]|\p{Surrogate}/gu;

const otherSpellings: Readonly<Record<string, string>> = {
  "&&": "and",
  "&": "and",
  "||": "or",
  "|": "or",
  "!": "not",
  "%": "mod",
  "≤": "<=",
  "≥": ">=",
  "≠": "!=",
  "×": "*",
  "−": "-",
  "→": "->",
  "'": '"',
  "“": '"',
  "”": '"',
  "·": "*",
  "**": "*",
  "~": "not",
};
const spacedWord = /^[a-z]/;

/** How a character is named in a message: as itself where it can be seen, by its number where not. */
function describeCharacter(text: string): string {
  const point = text.codePointAt(0) ?? 0;
  const number = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  if (point === 0) return "the character NUL (U+0000)";
  if (point === 0xfffd) return "bytes that are not UTF-8 (U+FFFD)";
  return /^[\p{L}\p{P}\p{S}\p{N}]/u.test(text)
    ? `\`${String.fromCodePoint(point)}\` (${number})`
    : `the character ${number}`;
}

function characterFault(text: string, span: Span): Diagnostic {
  const spelling = otherSpellings[text];
  const insert = spelling !== undefined && spacedWord.test(spelling) ? ` ${spelling} ` : spelling;
  return diagnostic("FOV1002", `found ${describeCharacter(text)}, which no token begins with`, {
    span,
    ...(spelling === undefined || insert === undefined
      ? {}
      : {
          help: `write \`${spelling}\``,
          fixes: [{ title: `replace with \`${spelling}\``, edits: [{ span, text: insert }] }],
        }),
  });
}

export function checkCharacters(source: string, path: string, errors: readonly ILexingError[]): Diagnostic[] {
  const faults: Diagnostic[] = [];
  const taken = new Set<number>();
  for (const { offset, length } of errors.slice(0, limits.diagnostics)) {
    for (let at = offset; at < offset + length; at++) taken.add(at);
    faults.push(
      characterFault(source.slice(offset, offset + length), { file: path, start: offset, end: offset + length }),
    );
  }
  for (const match of source.matchAll(unwanted)) {
    if (faults.length >= 2 * limits.diagnostics) break;
    if (taken.has(match.index)) continue;
    faults.push(characterFault(match[0], { file: path, start: match.index, end: match.index + match[0].length }));
  }
  return faults;
}

export function checkTokens(tokens: readonly IToken[], path: string): Diagnostic[] {
  const faults: Diagnostic[] = [];
  for (const token of tokens) {
    const span = spanOfToken(path, token);
    if (token.tokenType === OpenStr) {
      faults.push(diagnostic("FOV1003", "a string does not end on its line", { span, help: 'close it with `"`' }));
    }
    if (token.tokenType !== Num) continue;
    const value = Number(token.image);
    if (!Number.isFinite(value)) {
      faults.push(
        diagnostic("FOV4004", "a number is too large for a float", { span, notes: ["the largest is about 1.8e308"] }),
      );
    } else if (/^[0-9]+$/.test(token.image) && !Number.isSafeInteger(value)) {
      faults.push(
        diagnostic("FOV4004", "an integer is too large to be exact", {
          span,
          notes: [`the largest is ${Number.MAX_SAFE_INTEGER}`],
        }),
      );
    }
  }
  return faults;
}

const opens: ReadonlySet<TokenType> = new Set([signs.openRound, signs.openSquare, signs.openCurly]);
const closes: ReadonlySet<TokenType> = new Set([signs.closeRound, signs.closeSquare, signs.closeCurly]);
const restarts: ReadonlySet<TokenType> = new Set([words.attention.type, words.pattern.type, words.schedule.type]);

const begins: ReadonlySet<TokenType> = new Set(
  wordList.filter(({ roles }) => roles.includes("clause") && !roles.includes("connective")).map(({ type }) => type),
);

interface Level {
  prefixes: number;
  ifs: number;
}

/**
 * Counts, at every token, what the parser would be inside of; never less than the parser's own depth. `else`
 * branches nest, an operand ends its `not` and `-`, a comma, a clause or the end of a bracket ends its `if`.
 */
export function checkNesting(tokens: readonly IToken[], path: string): Diagnostic | undefined {
  let level: Level = { prefixes: 0, ifs: 0 };
  let outer: Level[] = [];
  let outside = 0;
  let previous: IToken | undefined;
  for (const token of tokens) {
    const { tokenType } = token;
    if (restarts.has(tokenType)) {
      level = { prefixes: 0, ifs: 0 };
      outer = [];
      outside = 0;
    } else if (opens.has(tokenType)) {
      outer.push(level);
      outside += level.prefixes + level.ifs + 1;
      level = { prefixes: 0, ifs: 0 };
    } else if (closes.has(tokenType)) {
      level = outer.pop() ?? { prefixes: 0, ifs: 0 };
      outside = Math.max(0, outside - level.prefixes - level.ifs - 1);
      level.prefixes = 0;
    } else if (tokenType === signs.comma || begins.has(tokenType)) level.ifs = 0;
    else if (tokenType === words.if.type) level.ifs++;
    else if (tokenType === words.not.type || (tokenType === signs.minus && !endsOperand(previous))) level.prefixes++;
    else if (endsOperand(token)) level.prefixes = 0;
    if (outside + level.prefixes + level.ifs > limits.nesting) {
      return diagnostic("FOV4002", `more than ${limits.nesting} brackets, \`not\`, \`-\` and \`if\` are open here`, {
        span: spanOfToken(path, token),
        help: "name a part of it with `let`, `pattern` or `fn`",
      });
    }
    previous = token;
  }
  return undefined;
}
