/**
 * The grammar of expressions, loosest first, and of the lists they stand in: the base that parser.ts builds
 * declarations and clauses on. Each level is a loop over the next tighter one, so a long chain does not
 * recurse; src/syntax/expressions.ts folds it to the left.
 */
import { CstParser, type CstNode, type ParserMethod } from "chevrotain";
import { errorMessages } from "./messages.ts";
import { Identifier, Num, signs, Str, vocabulary, words } from "./tokens.ts";

export type Rule = ParserMethod<[], CstNode>;

/** A subclass adds its rules and then calls performSelfAnalysis. */
export class ExpressionParser extends CstParser {
  constructor() {
    super(vocabulary, {
      recoveryEnabled: true,
      maxLookahead: 2,
      nodeLocationTracking: "onlyOffset",
      errorMessageProvider: errorMessages,
    });
  }

  nameList: Rule = this.RULE("nameList", () => {
    this.AT_LEAST_ONE_SEP({ SEP: signs.comma, DEF: () => this.CONSUME(Identifier, { LABEL: "names" }) });
  });

  expressionList: Rule = this.RULE("expressionList", () => {
    this.AT_LEAST_ONE_SEP({ SEP: signs.comma, DEF: () => this.SUBRULE(this.expression) });
  });

  expression: Rule = this.RULE("expression", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(words.if.type);
          this.SUBRULE(this.expression, { LABEL: "condition" });
          this.CONSUME(words.then.type);
          this.SUBRULE2(this.expression, { LABEL: "then" });
          this.CONSUME(words.else.type);
          this.SUBRULE3(this.expression, { LABEL: "otherwise" });
        },
      },
      { ALT: () => this.SUBRULE(this.disjunction) },
    ]);
  });

  disjunction: Rule = this.RULE("disjunction", () => {
    this.AT_LEAST_ONE_SEP({
      SEP: words.or.type,
      DEF: () => this.SUBRULE(this.conjunction, { LABEL: "operands" }),
    });
  });

  conjunction: Rule = this.RULE("conjunction", () => {
    this.AT_LEAST_ONE_SEP({
      SEP: words.and.type,
      DEF: () => this.SUBRULE(this.negation, { LABEL: "operands" }),
    });
  });

  negation: Rule = this.RULE("negation", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(words.not.type);
          this.SUBRULE(this.negation);
        },
      },
      { ALT: () => this.SUBRULE(this.comparison) },
    ]);
  });

  comparison: Rule = this.RULE("comparison", () => {
    this.SUBRULE(this.sum, { LABEL: "operands" });
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(words.in.type);
            this.SUBRULE2(this.sum, { LABEL: "set" });
          },
        },
        {
          ALT: () =>
            this.AT_LEAST_ONE(() => {
              this.SUBRULE(this.comparisonSign);
              this.SUBRULE3(this.sum, { LABEL: "operands" });
            }),
        },
      ]);
    });
  });

  comparisonSign: Rule = this.RULE("comparisonSign", () => {
    this.OR([
      { ALT: () => this.CONSUME(signs.less, { LABEL: "sign" }) },
      { ALT: () => this.CONSUME(signs.lessEqual, { LABEL: "sign" }) },
      { ALT: () => this.CONSUME(signs.greater, { LABEL: "sign" }) },
      { ALT: () => this.CONSUME(signs.greaterEqual, { LABEL: "sign" }) },
      { ALT: () => this.CONSUME(signs.equals, { LABEL: "sign" }) },
      { ALT: () => this.CONSUME(signs.notEquals, { LABEL: "sign" }) },
    ]);
  });

  sum: Rule = this.RULE("sum", () => {
    this.SUBRULE(this.product, { LABEL: "operands" });
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(signs.plus, { LABEL: "signs" }) },
        { ALT: () => this.CONSUME(signs.minus, { LABEL: "signs" }) },
      ]);
      this.SUBRULE2(this.product, { LABEL: "operands" });
    });
  });

  product: Rule = this.RULE("product", () => {
    this.SUBRULE(this.prefixed, { LABEL: "operands" });
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(signs.times, { LABEL: "signs" }) },
        { ALT: () => this.CONSUME(signs.over, { LABEL: "signs" }) },
        { ALT: () => this.CONSUME(signs.product, { LABEL: "signs" }) },
        { ALT: () => this.CONSUME(words.div.type, { LABEL: "signs" }) },
        { ALT: () => this.CONSUME(words.mod.type, { LABEL: "signs" }) },
      ]);
      this.SUBRULE2(this.prefixed, { LABEL: "operands" });
    });
  });

  prefixed: Rule = this.RULE("prefixed", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(signs.minus);
          this.SUBRULE(this.prefixed);
        },
      },
      { ALT: () => this.SUBRULE(this.suffixed) },
    ]);
  });

  suffixed: Rule = this.RULE("suffixed", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => this.SUBRULE(this.suffix));
  });

  suffix: Rule = this.RULE("suffix", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(signs.openSquare);
          this.SUBRULE(this.expressionList);
          this.CONSUME(signs.closeSquare);
        },
      },
      {
        ALT: () => {
          this.CONSUME(signs.dot);
          this.CONSUME(Identifier, { LABEL: "member" });
        },
      },
    ]);
  });

  operand: Rule = this.RULE("operand", () => {
    this.OR([
      { ALT: () => this.CONSUME(Num, { LABEL: "number" }) },
      { ALT: () => this.CONSUME(Str, { LABEL: "string" }) },
      { ALT: () => this.CONSUME(words.true.type, { LABEL: "bool" }) },
      { ALT: () => this.CONSUME(words.false.type, { LABEL: "bool" }) },
      {
        ALT: () => {
          this.CONSUME(Identifier, { LABEL: "name" });
          this.OPTION(() => this.SUBRULE(this.callArguments));
        },
      },
      {
        ALT: () => {
          this.CONSUME(signs.openRound);
          this.SUBRULE(this.expression, { LABEL: "inner" });
          this.CONSUME(signs.closeRound);
        },
      },
    ]);
  });

  callArguments: Rule = this.RULE("callArguments", () => {
    this.CONSUME(signs.openRound);
    this.MANY_SEP({ SEP: signs.comma, DEF: () => this.SUBRULE(this.argument) });
    this.CONSUME(signs.closeRound);
  });

  argument: Rule = this.RULE("argument", () => {
    this.OPTION(() => {
      this.CONSUME(Identifier, { LABEL: "name" });
      this.CONSUME(signs.colon);
    });
    this.SUBRULE(this.expression);
  });
}
