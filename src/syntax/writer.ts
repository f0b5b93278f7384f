/**
 * Where the formatter's text goes. Takes pieces of text, each with the place in the source it comes from,
 * and puts every comment that stands before that place in front of it: a trailing comment at the end of the
 * line being written, one with a line of its own on a line of its own. So no comment is lost, wherever it is.
 */
import type { Comment } from "./ast.ts";

export interface Writer {
  /** Adds to the current line; `at` is the piece's place in the source. */
  readonly write: (text: string, at?: number) => void;
  /** Begins a line for a part of the file at `at`; a blank line of the source before it is kept. */
  readonly line: (indent: number, at: number) => void;
  /** Puts out the comments before `at`, then begins a line that ends a block. */
  readonly close: (indent: number, at: number) => void;
  /** Where the part just written ends in the source. */
  readonly passed: (end: number) => void;
  readonly finish: () => string;
}

interface Line {
  readonly indent: number;
  text: string;
  /** Nothing may follow its comment. */
  commented: boolean;
  /** It opens a block or a list of lines: no blank line follows it. */
  opens: boolean;
}

export function createWriter(source: string, comments: readonly Comment[]): Writer {
  const lines: Line[] = [];
  let next = 0;
  let passedTo = 0;

  const begin = (indent: number): Line => {
    const line = { indent, text: "", commented: false, opens: false };
    lines.push(line);
    return line;
  };
  const isBlockStart = (): boolean => {
    const last = lines.at(-1);
    return last === undefined || last.opens;
  };
  const keepBlank = (at: number): void => {
    if (!isBlockStart() && /\n[ \t\r]*\n/.test(source.slice(passedTo, at))) begin(0);
  };
  const put = (comment: Comment, indent: number): void => {
    const last = lines.at(-1);
    if (!comment.ownLine && last && last.text !== "" && !last.commented) {
      last.text = `${last.text.trimEnd()} ${comment.text}`;
      last.commented = true;
    } else {
      keepBlank(comment.span.start);
      const own = begin(indent);
      own.text = comment.text;
      own.commented = true;
    }
    passedTo = comment.span.end;
  };
  const flush = (at: number, indent: number): void => {
    for (; next < comments.length && comments[next].span.start < at; next++) put(comments[next], indent);
  };

  return {
    write(text, at) {
      let last = lines.at(-1) ?? begin(0);
      const continued = last.commented ? last.indent : last.indent + 4;
      if (at !== undefined) flush(at, continued);
      last = lines.at(-1) ?? last;
      if (last.commented) last = begin(continued);
      last.text += last.text === "" ? text.trimStart() : text;
      last.opens = /[({]$/.test(last.text);
    },
    line(indent, at) {
      flush(at, indent);
      keepBlank(at);
      begin(indent);
    },
    close(indent, at) {
      flush(at, indent + 2);
      begin(indent);
    },
    passed(end) {
      passedTo = Math.max(passedTo, end);
    },
    finish() {
      flush(Infinity, 0);
      return lines
        .map(({ indent, text }) => (text.trimEnd() === "" ? "\n" : `${" ".repeat(indent)}${text.trimEnd()}\n`))
        .join("");
    },
  };
}
