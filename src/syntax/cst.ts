/**
 * Reading chevrotain's tree. After an error a node may lack any child and a token may be one the parser made
 * up; every reader here treats those as missing. `need` leaves by `Incomplete`, which the nearest clause or
 * declaration catches, so a broken part is left out of the Ast and its error has already been reported.
 */
import type { CstElement, CstNode, IToken } from "chevrotain";
import type { Span } from "../diagnostics/diagnostic.ts";
import type { Name } from "./ast.ts";

/** Never leaves src/syntax: see `optional`. */
class Incomplete extends Error {}

export function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Incomplete("a part is missing after a syntax error");
  return value;
}

/** The value, or undefined where the parser had to leave a part of it out. */
export function optional<T>(build: () => T): T | undefined {
  try {
    return build();
  } catch (error) {
    if (error instanceof Incomplete) return undefined;
    throw error;
  }
}

const isNode = (element: CstElement): element is CstNode => "children" in element;
const isReal = (token: IToken): boolean => token.isInsertedInRecovery !== true && !Number.isNaN(token.startOffset);

function elements(node: CstNode, key: string): readonly CstElement[] {
  return Object.hasOwn(node.children, key) ? node.children[key] : [];
}

export const nodes = (node: CstNode, key: string): readonly CstNode[] => elements(node, key).filter(isNode);
export const node = (parent: CstNode, key: string): CstNode | undefined => nodes(parent, key)[0];

export const tokens = (parent: CstNode, key: string): readonly IToken[] =>
  elements(parent, key).filter((element): element is IToken => !isNode(element) && isReal(element));
export const token = (parent: CstNode, key: string): IToken | undefined => tokens(parent, key)[0];

/** Chevrotain's end offsets are inclusive, ours are not. */
export const spanOfToken = (file: string, { startOffset, endOffset, image }: IToken): Span => ({
  file,
  start: startOffset,
  end: (endOffset ?? startOffset + image.length - 1) + 1,
});

export function spanOfNode(file: string, { location }: CstNode): Span {
  const start = need(location?.startOffset);
  const end = need(location?.endOffset);
  if (Number.isNaN(start) || Number.isNaN(end)) need(undefined);
  return { file, start, end: end + 1 };
}

export const nameOf = (file: string, from: IToken): Name => ({ text: from.image, span: spanOfToken(file, from) });

export const name = (file: string, parent: CstNode, key: string): Name => nameOf(file, need(token(parent, key)));

export function optionalName(file: string, parent: CstNode, key: string): Name | undefined {
  const found = token(parent, key);
  return found && nameOf(file, found);
}
