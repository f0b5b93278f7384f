/**
 * What the parser says: one lower-case sentence that names what was found and what may stand there. Takes
 * chevrotain's reports, gives the message text; spans, labels and help are added by src/syntax/parse.ts.
 */
import { EOF, tokenLabel, type IParserErrorMessageProvider, type IToken, type TokenType } from "chevrotain";
import { Identifier, Num, OpenStr, Str } from "./tokens.ts";

/** What a whole rule stands for, for the reader; used where no alternative of the rule fits. */
const ruleNames: Readonly<Record<string, string>> = {
  file: "a declaration (`attention`, `pattern`, `fn`, `param` or `schedule`)",
  declaration: "a declaration (`attention`, `pattern`, `fn`, `param` or `schedule`)",
  attentionDeclaration: "`(` with the inputs, or `=`",
  clause: "a clause",
  valueClause: "a clause",
  alignClause: "`start`, `end` or `at`",
  precisionClause: "a precision or a record in `{ }`",
  recordEntry: "`->` or `by`",
  comparison: "a comparison",
  suffix: "`[` or `.`",
};

/** Where a closing token ends a list or an expression, what else could have gone on. */
const closings: Readonly<Record<string, string>> = {
  "body CloseCurly": "a clause or `}`",
  "inputs CloseRound": "`,`, an input or `)`",
  "callArguments CloseRound": "an operator, `,` or `)`",
  "operand CloseRound": "an operator or `)`",
  "suffix CloseSquare": "an operator, `,` or `]`",
  "tensorType CloseSquare": "an operator, `,` or `]`",
  "record CloseCurly": "an operator, `,` or `}`",
  "patternDeclaration CloseRound": "`,` or `)`",
  "fnDeclaration CloseRound": "`,` or `)`",
  "attentionDeclaration OpenCurly": "`where` or `{`",
  "body OpenCurly": "`where` or `{`",
  "inputDeclaration Colon": "`,` or `:` and a type",
  "expression Then": "an operator or `then`",
  "expression Else": "an operator or `else`",
  "routeClause To": "an operator or `to`",
};

/** What a name stands for, by rule. */
const names: Readonly<Record<string, string>> = {
  attentionDeclaration: "a name",
  tensorType: "a type",
  recordEntry: "a name",
  scheduleDeclaration: "a name",
};

/** A part of the user's text for a message: short, on one line. */
const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

function describe(token: IToken): string {
  if (token.tokenType === EOF) return "the end of the file";
  if (token.tokenType === Identifier) return `the name \`${clip(token.image)}\``;
  if (token.tokenType === Num) return `the number \`${clip(token.image)}\``;
  if (token.tokenType === Str || token.tokenType === OpenStr) return `the string ${clip(token.image)}`;
  return `\`${clip(token.image)}\``;
}

function expectation(type: TokenType, ruleName: string): string {
  if (type === EOF) return ruleNames["file"] ?? "a declaration";
  if (type === Identifier) return names[ruleName] ?? "a name";
  return closings[`${ruleName} ${type.name}`] ?? tokenLabel(type);
}

const found = (token: IToken, expected: string): string => `found ${describe(token)} where ${expected} is expected`;

export const errorMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, ruleName }) => found(actual, expectation(expected, ruleName)),
  buildNotAllInputParsedMessage: ({ firstRedundant, ruleName }) => found(firstRedundant, expectation(EOF, ruleName)),
  buildNoViableAltMessage: ({ actual, ruleName }) => {
    const [token] = actual;
    if (token === undefined) return "an expression is missing";
    return found(token, ruleNames[ruleName] ?? "an expression");
  },
  buildEarlyExitMessage: ({ actual, ruleName }) => {
    const [token] = actual;
    if (token === undefined) return "an expression is missing";
    return found(token, ruleNames[ruleName] ?? "an expression");
  },
};
