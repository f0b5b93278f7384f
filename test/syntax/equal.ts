/** Equality of files as the formatter keeps it: everything but spans and the source, comments by their text. */
import type { File } from "../../src/syntax/ast.ts";

export const withoutSpans = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === "span" ? undefined : part)));

/** Parentheses that the tree itself does not need may come and go. */
export function withoutGroups(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGroups);
  if (typeof value !== "object" || value === null) return value;
  if ("kind" in value && value.kind === "group" && "inner" in value) return withoutGroups(value.inner);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutGroups(part)]));
}

export const essence = ({ declarations, comments }: File): unknown =>
  withoutSpans([declarations, comments.map((comment) => comment.text)]);
