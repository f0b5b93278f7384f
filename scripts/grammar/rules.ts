/**
 * The grammar's rules as a small tree. Takes what the parser says of itself; gives the rules in reading order: from a
 * file on, each where it is first asked for.
 */
import type { ISerializedGast } from "chevrotain";
import { grammarRules } from "../../grammar/parser.ts";
import { Identifier, Num, Str } from "../../grammar/tokens.ts";

export type Node =
  /** A keyword or a sign, as it is written. */
  | { readonly kind: "literal"; readonly text: string }
  /** A name, a number or a string. */
  | { readonly kind: "class"; readonly name: string }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly items: readonly Node[] }
  | { readonly kind: "optional"; readonly item: Node }
  | { readonly kind: "repeated"; readonly item: Node; readonly least: 0 | 1; readonly separator?: Node };

export interface Rule {
  readonly name: string;
  readonly body: Node;
}

/** What the lexer takes for each class, as a regular expression. */
export const classes: Readonly<Record<string, RegExp>> = {
  NAME: patternOf(Identifier),
  NUMBER: patternOf(Num),
  STRING: patternOf(Str),
};

function patternOf({ PATTERN }: { readonly PATTERN?: unknown }): RegExp {
  if (!(PATTERN instanceof RegExp)) throw new Error("the token has no regular expression");
  return PATTERN;
}

const classOf: Readonly<Record<string, string>> = {
  [Identifier.name]: "NAME",
  [Num.name]: "NUMBER",
  [Str.name]: "STRING",
};

const text = (part: ISerializedGast, field: "name" | "label"): string => String(Reflect.get(part, field));

function nodeOf(part: ISerializedGast): Node {
  const inner = (): Node => sequence((part.definition ?? []).map(nodeOf));
  const separator = (): { separator?: Node } => {
    const found: unknown = Reflect.get(part, "separator");
    return found ? { separator: nodeOf(found as ISerializedGast) } : {};
  };
  switch (part.type) {
    case "Terminal": {
      const name = classOf[text(part, "name")];
      return name ? { kind: "class", name } : { kind: "literal", text: text(part, "label").replaceAll("`", "") };
    }
    case "NonTerminal":
      return { kind: "rule", name: text(part, "name") };
    case "Alternation":
      return { kind: "choice", items: (part.definition ?? []).map(nodeOf) };
    case "Option":
      return { kind: "optional", item: inner() };
    case "Repetition":
    case "RepetitionWithSeparator":
      return { kind: "repeated", item: inner(), least: 0, ...separator() };
    case "RepetitionMandatory":
    case "RepetitionMandatoryWithSeparator":
      return { kind: "repeated", item: inner(), least: 1, ...separator() };
    case "Alternative":
    case "Rule":
      return inner();
    default:
      return part.type satisfies never;
  }
}

function sequence(items: readonly Node[]): Node {
  const [only, ...more] = items;
  return only && more.length === 0 ? only : { kind: "sequence", items };
}

function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case "literal":
    case "class":
    case "rule":
      return [];
    case "sequence":
    case "choice":
      return node.items;
    case "optional":
      return [node.item];
    case "repeated":
      return node.separator ? [node.item, node.separator] : [node.item];
    default:
      return node satisfies never;
  }
}

export function rules(): readonly Rule[] {
  const all = new Map(grammarRules().map((part) => [text(part, "name"), nodeOf(part)]));
  const ordered = new Map<string, Node>();
  const asked = (name: string): void => {
    const body = all.get(name);
    if (!body || ordered.has(name)) return;
    ordered.set(name, body);
    const visit = (node: Node): void => (node.kind === "rule" ? asked(node.name) : children(node).forEach(visit));
    visit(body);
  };
  asked("file");
  return [...ordered].map(([name, body]) => ({ name, body }));
}
