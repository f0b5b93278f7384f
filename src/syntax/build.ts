/**
 * From chevrotain's tree to the declarations of the Ast. A clause or declaration that lacks a part after a
 * syntax error is left out; the others are whole.
 */
import type { CstNode } from "chevrotain";
import type {
  AttentionDeclaration,
  Clause,
  Declaration,
  FnDeclaration,
  Input,
  Name,
  RecordEntry,
  Returned,
} from "./ast.ts";
import { name, nameOf, need, node, nodes, optional, optionalName, spanOfNode, token, tokens } from "./cst.ts";
import { buildArguments, buildExpression, buildExpressions, type Building } from "./expressions.ts";

export const buildDeclarations = (building: Building, file: CstNode): Declaration[] =>
  kept(nodes(file, "declaration"), (each) => declaration(building, each));

const kept = <T>(list: readonly CstNode[], build: (cst: CstNode) => T): T[] =>
  list.map((each) => optional(() => build(each))).filter((built) => built !== undefined);

const present = <K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> => {
  const found: Partial<Record<K, T>> = {};
  if (value !== undefined) found[key] = value;
  return found;
};

function declaration(building: Building, cst: CstNode): Declaration {
  const { path } = building;
  const span = spanOfNode(path, cst);
  const attention = node(cst, "attentionDeclaration");
  if (attention) return attentionOrAlias(building, attention);
  const pattern = node(cst, "patternDeclaration");
  if (pattern) {
    const params = node(pattern, "nameList");
    return {
      kind: "pattern",
      name: name(path, pattern, "name"),
      params: params ? names(building, params) : [],
      body: value(building, pattern),
      span,
    };
  }
  const fn = node(cst, "fnDeclaration");
  if (fn) return { kind: "fn", fn: fnDeclaration(building, fn), span };
  const param = node(cst, "paramDeclaration");
  if (param) return { kind: "param", name: name(path, param, "name"), value: value(building, param), span };
  const schedule = need(node(cst, "scheduleDeclaration"));
  return {
    kind: "schedule",
    name: name(path, schedule, "name"),
    target: name(path, schedule, "target"),
    record: record(building, need(node(schedule, "record"))),
    span,
  };
}

function attentionOrAlias(
  building: Building,
  cst: CstNode,
): AttentionDeclaration | Extract<Declaration, { kind: "alias" }> {
  const { path } = building;
  const span = spanOfNode(path, cst);
  const of = optionalName(path, cst, "of");
  if (of)
    return {
      kind: "alias",
      name: name(path, cst, "name"),
      of,
      args: buildArguments(building, need(node(cst, "callArguments"))),
      span,
    };
  const where = node(cst, "expressionList");
  return {
    kind: "attention",
    name: name(path, cst, "name"),
    inputs: kept(nodes(need(node(cst, "inputs")), "inputDeclaration"), (each) => input(building, each)),
    where: where ? buildExpressions(building, where) : [],
    clauses: kept(nodes(need(node(cst, "body")), "clause"), (each) => clause(building, each)),
    span,
  };
}

const value = (building: Building, cst: CstNode): ReturnType<typeof buildExpression> =>
  buildExpression(building, need(node(cst, "expression")));

const names = (building: Building, list: CstNode): Name[] =>
  tokens(list, "names").map((each) => nameOf(building.path, each));

const fnDeclaration = (building: Building, cst: CstNode): FnDeclaration => ({
  name: name(building.path, cst, "name"),
  params: names(building, need(node(cst, "nameList"))),
  body: value(building, cst),
  span: spanOfNode(building.path, cst),
});

function tensorType(building: Building, cst: CstNode): NonNullable<Returned["type"]> {
  const dims = node(cst, "expressionList");
  return {
    dtype: name(building.path, cst, "dtype"),
    dims: dims ? buildExpressions(building, dims) : null,
    ...present("scale", optionalName(building.path, cst, "scale")),
    ...present("zero", optionalName(building.path, cst, "zero")),
  };
}

const input = (building: Building, cst: CstNode): Input => ({
  names: names(building, need(node(cst, "nameList"))),
  ...tensorType(building, need(node(cst, "tensorType"))),
  span: spanOfNode(building.path, cst),
});

function record(building: Building, cst: CstNode): RecordEntry[] {
  return nodes(cst, "recordEntry").map((each) => {
    const by = node(each, "by");
    return {
      name: name(building.path, each, "name"),
      value: buildExpression(building, need(node(each, "value"))),
      ...present("arrow", optionalName(building.path, each, "arrow")),
      ...present("by", by && buildExpression(building, by)),
    };
  });
}

function returned(building: Building, cst: CstNode): Returned {
  const type = node(cst, "tensorType");
  return {
    ...present("alias", optionalName(building.path, cst, "alias")),
    name: name(building.path, cst, "name"),
    ...present("type", type && tensorType(building, type)),
  };
}

type ClauseBuilder = (
  building: Building,
  cst: CstNode,
) => Clause extends infer C ? (C extends Clause ? Omit<C, "span"> : never) : never;

const valueKinds = { mask: "mask", score: "score", scale: "scale", output: "output" } as const;
const isValueKind = (text: string): text is keyof typeof valueKinds => Object.hasOwn(valueKinds, text);

/** One row for each clause, by its rule in the grammar. */
const clauseBuilders: Readonly<Record<string, ClauseBuilder>> = {
  valueClause: (building, cst) => {
    const kind = need(token(cst, "keyword")).image;
    if (!isValueKind(kind)) return need<never>(undefined);
    return { kind, value: value(building, cst) };
  },
  weightsClause: (building, cst) => {
    const args = node(cst, "callArguments");
    return {
      kind: "weights",
      name: name(building.path, cst, "name"),
      args: args ? buildArguments(building, args) : null,
    };
  },
  blocksClause: (building, cst) => {
    const columns = node(cst, "columns");
    return {
      kind: "blocks",
      rows: buildExpression(building, need(node(cst, "rows"))),
      ...present("columns", columns && buildExpression(building, columns)),
    };
  },
  alignClause: (building, cst) => {
    const to = need(token(cst, "to")).image;
    if (to === "start" || to === "end") return { kind: "align", to };
    return { kind: "align", to: "at", at: value(building, cst) };
  },
  axesClause: (building, cst) => ({
    kind: "axes",
    entries: nodes(cst, "axis").map((each) => ({
      role: name(building.path, each, "role"),
      dim: name(building.path, each, "dim"),
    })),
  }),
  projectClause: (building, cst) => ({
    kind: "project",
    operand: name(building.path, cst, "operand"),
    along: name(building.path, cst, "along"),
    by: name(building.path, cst, "by"),
  }),
  rotateClause: (building, cst) => ({
    kind: "rotate",
    operands: names(building, need(node(cst, "nameList"))),
    by: value(building, cst),
  }),
  positionsClause: (building, cst) => ({
    kind: "positions",
    operand: name(building.path, cst, "operand"),
    at: name(building.path, cst, "at"),
  }),
  routeClause: (building, cst) => ({
    kind: "route",
    by: value(building, cst),
    to: names(building, need(node(cst, "nameList"))),
  }),
  precisionClause: (building, cst) => {
    const entries = node(cst, "record");
    if (entries) return { kind: "precision", words: null, record: record(building, entries) };
    return { kind: "precision", words: tokens(cst, "words").map((each) => nameOf(building.path, each)), record: null };
  },
  returnClause: (building, cst) => ({
    kind: "return",
    values: nodes(cst, "returned").map((each) => returned(building, each)),
  }),
  letClause: (building, cst) => ({ kind: "let", name: name(building.path, cst, "name"), value: value(building, cst) }),
  fnDeclaration: (building, cst) => ({ kind: "fn", fn: fnDeclaration(building, cst) }),
  paramDeclaration: (building, cst) => ({
    kind: "param",
    name: name(building.path, cst, "name"),
    value: value(building, cst),
  }),
  exampleClause: (building, cst) => ({
    kind: "example",
    entries: nodes(cst, "entry").map((each) => ({
      name: name(building.path, each, "name"),
      value: value(building, each),
    })),
  }),
};

function clause(building: Building, cst: CstNode): Clause {
  const span = spanOfNode(building.path, cst);
  const [rule] = Object.keys(cst.children);
  const inner = need(node(cst, need(rule)));
  const build = need(clauseBuilders[inner.name]);
  return { ...build(building, inner), span };
}
