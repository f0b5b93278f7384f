/**
 * The grammar of a file and its declarations, on top of clauses.ts and expressions.ts. Takes tokens whose
 * keywords are marked (words.ts), gives a chevrotain syntax tree and errors. LL(2) and fault tolerant: an
 * error in a clause re-syncs at the next clause or declaration, so one run reports several. Recursion happens
 * only through brackets, `not`, unary `-` and `if`, whose depth the caller has limited; chains are loops.
 * A rule may not be named like a token or a parser method.
 */
import type { CstNode, IRecognitionException, ISerializedGast, IToken } from "chevrotain";
import { ClauseParser, TooManyErrors } from "./clauses.ts";
import type { Rule } from "./expressions.ts";
import { Identifier, signs, words } from "./tokens.ts";

class FoveaParser extends ClauseParser {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  file: Rule = this.RULE("file", () => {
    this.MANY(() => this.SUBRULE(this.declaration));
  });

  declaration: Rule = this.RULE("declaration", () => {
    this.stopWhenHopeless();
    this.OR([
      { ALT: () => this.SUBRULE(this.attentionDeclaration) },
      { ALT: () => this.SUBRULE(this.patternDeclaration) },
      { ALT: () => this.SUBRULE(this.fnDeclaration) },
      { ALT: () => this.SUBRULE(this.paramDeclaration) },
      { ALT: () => this.SUBRULE(this.scheduleDeclaration) },
    ]);
  });

  patternDeclaration: Rule = this.RULE("patternDeclaration", () => {
    this.CONSUME(words.pattern.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.OPTION(() => {
      this.CONSUME(signs.openRound);
      this.SUBRULE(this.nameList);
      this.CONSUME(signs.closeRound);
    });
    this.CONSUME(signs.is);
    this.SUBRULE(this.expression);
  });

  scheduleDeclaration: Rule = this.RULE("scheduleDeclaration", () => {
    this.CONSUME(words.schedule.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.CONSUME(words.for.type);
    this.CONSUME2(Identifier, { LABEL: "target" });
    this.SUBRULE(this.record);
  });

  attentionDeclaration: Rule = this.RULE("attentionDeclaration", () => {
    this.CONSUME(words.attention.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.OR([
      {
        ALT: () => {
          this.CONSUME(signs.is);
          this.CONSUME2(Identifier, { LABEL: "of" });
          this.SUBRULE(this.callArguments);
        },
      },
      {
        ALT: () => {
          this.SUBRULE(this.inputs);
          this.OPTION(() => {
            this.CONSUME(words.where.type);
            this.SUBRULE(this.expressionList);
          });
          this.SUBRULE(this.body);
        },
      },
    ]);
  });

  inputs: Rule = this.RULE("inputs", () => {
    this.CONSUME(signs.openRound);
    this.SUBRULE(this.inputDeclaration);
    this.MANY(() => {
      this.CONSUME(signs.comma);
      this.SUBRULE2(this.inputDeclaration);
    });
    this.OPTION(() => this.CONSUME2(signs.comma));
    this.CONSUME(signs.closeRound);
  });

  inputDeclaration: Rule = this.RULE("inputDeclaration", () => {
    this.SUBRULE(this.nameList);
    this.CONSUME(signs.colon);
    this.SUBRULE(this.tensorType);
  });

  body: Rule = this.RULE("body", () => {
    this.CONSUME(signs.openCurly);
    this.MANY(() => this.SUBRULE(this.clause));
    this.CONSUME(signs.closeCurly);
  });
}

let parser: FoveaParser | undefined;

/** The rules as data, for whatever is made of them. */
export function grammarRules(): readonly ISerializedGast[] {
  parser ??= new FoveaParser();
  return parser.getSerializedGastProductions();
}

/** The tree of a whole file; where there are errors it is partial and its nodes may lack children. */
export function parseTokens(tokens: IToken[]): { tree: CstNode; errors: readonly IRecognitionException[] } {
  parser ??= new FoveaParser();
  parser.input = tokens;
  try {
    const tree = parser.file();
    return { tree, errors: parser.errors };
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error;
    return { tree: { name: "file", children: {} }, errors: parser.errors };
  }
}
