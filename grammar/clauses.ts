/**
 * The grammar of an attention's clauses, and of what clauses share with declarations: types, records, `fn` and
 * `param`. Every clause opens with a keyword, at which recovery re-syncs.
 */
import { ExpressionParser, type Rule } from "./expressions.ts";
import { Identifier, signs, words } from "./tokens.ts";

/** A text with more errors than this is no spec: parsing stops, since each recovery takes its time. */
const mostErrors = 200;

export class TooManyErrors extends Error {}

export class ClauseParser extends ExpressionParser {
  protected stopWhenHopeless(): void {
    this.ACTION(() => {
      if (this.errors.length > mostErrors) throw new TooManyErrors("too many syntax errors");
    });
  }

  clause: Rule = this.RULE("clause", () => {
    this.stopWhenHopeless();
    this.OR([
      { ALT: () => this.SUBRULE(this.valueClause) },
      { ALT: () => this.SUBRULE(this.weightsClause) },
      { ALT: () => this.SUBRULE(this.blocksClause) },
      { ALT: () => this.SUBRULE(this.alignClause) },
      { ALT: () => this.SUBRULE(this.axesClause) },
      { ALT: () => this.SUBRULE(this.projectClause) },
      { ALT: () => this.SUBRULE(this.rotateClause) },
      { ALT: () => this.SUBRULE(this.positionsClause) },
      { ALT: () => this.SUBRULE(this.routeClause) },
      { ALT: () => this.SUBRULE(this.precisionClause) },
      { ALT: () => this.SUBRULE(this.returnClause) },
      { ALT: () => this.SUBRULE(this.letClause) },
      { ALT: () => this.SUBRULE(this.fnDeclaration) },
      { ALT: () => this.SUBRULE(this.paramDeclaration) },
      { ALT: () => this.SUBRULE(this.exampleClause) },
    ]);
  });

  valueClause: Rule = this.RULE("valueClause", () => {
    this.OR([
      { ALT: () => this.CONSUME(words.mask.type, { LABEL: "keyword" }) },
      { ALT: () => this.CONSUME(words.score.type, { LABEL: "keyword" }) },
      { ALT: () => this.CONSUME(words.scale.type, { LABEL: "keyword" }) },
      { ALT: () => this.CONSUME(words.output.type, { LABEL: "keyword" }) },
    ]);
    this.SUBRULE(this.expression);
  });

  weightsClause: Rule = this.RULE("weightsClause", () => {
    this.CONSUME(words.weights.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.OPTION(() => this.SUBRULE(this.callArguments));
  });

  blocksClause: Rule = this.RULE("blocksClause", () => {
    this.CONSUME(words.blocks.type);
    this.SUBRULE(this.expression, { LABEL: "rows" });
    this.OPTION(() => {
      this.CONSUME(words.by.type);
      this.SUBRULE2(this.expression, { LABEL: "columns" });
    });
  });

  alignClause: Rule = this.RULE("alignClause", () => {
    this.CONSUME(words.align.type);
    this.OR([
      { ALT: () => this.CONSUME(words.start.type, { LABEL: "to" }) },
      { ALT: () => this.CONSUME(words.end.type, { LABEL: "to" }) },
      {
        ALT: () => {
          this.CONSUME(words.at.type, { LABEL: "to" });
          this.SUBRULE(this.expression);
        },
      },
    ]);
  });

  axesClause: Rule = this.RULE("axesClause", () => {
    this.CONSUME(words.axes.type);
    this.AT_LEAST_ONE_SEP({ SEP: signs.comma, DEF: () => this.SUBRULE(this.axis) });
  });

  axis: Rule = this.RULE("axis", () => {
    this.CONSUME(Identifier, { LABEL: "role" });
    this.CONSUME(signs.is);
    this.CONSUME2(Identifier, { LABEL: "dim" });
  });

  projectClause: Rule = this.RULE("projectClause", () => {
    this.CONSUME(words.project.type);
    this.CONSUME(Identifier, { LABEL: "operand" });
    this.CONSUME(words.along.type);
    this.CONSUME2(Identifier, { LABEL: "along" });
    this.CONSUME(words.by.type);
    this.CONSUME3(Identifier, { LABEL: "by" });
  });

  rotateClause: Rule = this.RULE("rotateClause", () => {
    this.CONSUME(words.rotate.type);
    this.SUBRULE(this.nameList);
    this.CONSUME(words.by.type);
    this.SUBRULE(this.expression);
  });

  positionsClause: Rule = this.RULE("positionsClause", () => {
    this.CONSUME(words.positions.type);
    this.CONSUME(Identifier, { LABEL: "operand" });
    this.CONSUME(words.at.type);
    this.CONSUME2(Identifier, { LABEL: "at" });
  });

  routeClause: Rule = this.RULE("routeClause", () => {
    this.CONSUME(words.route.type);
    this.CONSUME(words.by.type);
    this.SUBRULE(this.expression);
    this.CONSUME(words.to.type);
    this.SUBRULE(this.nameList);
  });

  precisionClause: Rule = this.RULE("precisionClause", () => {
    this.CONSUME(words.precision.type);
    this.OR([
      { ALT: () => this.SUBRULE(this.record) },
      {
        ALT: () => {
          this.CONSUME(Identifier, { LABEL: "words" });
          this.OPTION(() => this.CONSUME2(Identifier, { LABEL: "words" }));
        },
      },
    ]);
  });

  returnClause: Rule = this.RULE("returnClause", () => {
    this.CONSUME(words.return.type);
    this.AT_LEAST_ONE_SEP({ SEP: signs.comma, DEF: () => this.SUBRULE(this.returned) });
  });

  returned: Rule = this.RULE("returned", () => {
    this.OPTION(() => {
      this.CONSUME(Identifier, { LABEL: "alias" });
      this.CONSUME(signs.is);
    });
    this.CONSUME2(Identifier, { LABEL: "name" });
    this.OPTION2(() => {
      this.CONSUME(signs.colon);
      this.SUBRULE(this.tensorType);
    });
  });

  letClause: Rule = this.RULE("letClause", () => {
    this.CONSUME(words.let.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.CONSUME(signs.is);
    this.SUBRULE(this.expression);
  });

  exampleClause: Rule = this.RULE("exampleClause", () => {
    this.CONSUME(words.example.type);
    this.AT_LEAST_ONE_SEP({ SEP: signs.comma, DEF: () => this.SUBRULE(this.entry) });
  });

  entry: Rule = this.RULE("entry", () => {
    this.CONSUME(Identifier, { LABEL: "name" });
    this.CONSUME(signs.is);
    this.SUBRULE(this.expression);
  });

  record: Rule = this.RULE("record", () => {
    this.CONSUME(signs.openCurly);
    this.OPTION(() => {
      this.SUBRULE(this.recordEntry);
      this.MANY(() => {
        this.CONSUME(signs.comma);
        this.SUBRULE2(this.recordEntry);
      });
      this.OPTION2(() => this.CONSUME2(signs.comma));
    });
    this.CONSUME(signs.closeCurly);
  });

  recordEntry: Rule = this.RULE("recordEntry", () => {
    this.CONSUME(Identifier, { LABEL: "name" });
    this.CONSUME(signs.colon);
    this.SUBRULE(this.expression, { LABEL: "value" });
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(signs.arrow);
            this.CONSUME2(Identifier, { LABEL: "arrow" });
          },
        },
        {
          ALT: () => {
            this.CONSUME(words.by.type);
            this.SUBRULE2(this.expression, { LABEL: "by" });
          },
        },
      ]);
    });
  });

  fnDeclaration: Rule = this.RULE("fnDeclaration", () => {
    this.CONSUME(words.fn.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.CONSUME(signs.openRound);
    this.SUBRULE(this.nameList);
    this.CONSUME(signs.closeRound);
    this.CONSUME(signs.is);
    this.SUBRULE(this.expression);
  });

  paramDeclaration: Rule = this.RULE("paramDeclaration", () => {
    this.CONSUME(words.param.type);
    this.CONSUME(Identifier, { LABEL: "name" });
    this.CONSUME(signs.is);
    this.SUBRULE(this.expression);
  });

  /** `f16[B, H, L, D] scale ks zero kz`: of an input, and of what is returned. */
  tensorType: Rule = this.RULE("tensorType", () => {
    this.CONSUME(Identifier, { LABEL: "dtype" });
    this.OPTION(() => {
      this.CONSUME(signs.openSquare);
      this.SUBRULE(this.expressionList);
      this.CONSUME(signs.closeSquare);
    });
    this.OPTION2(() => {
      this.CONSUME(words.scale.type);
      this.CONSUME2(Identifier, { LABEL: "scale" });
      this.OPTION3(() => {
        this.CONSUME(words.zero.type);
        this.CONSUME3(Identifier, { LABEL: "zero" });
      });
    });
  });
}
