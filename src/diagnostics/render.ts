/**
 * Diagnostics for people (`renderText`) and for programs (`toJson`). Takes diagnostics and the sources their
 * spans point into; a source that is not given leaves out its excerpt. User text can never move the cursor:
 * control characters and signs that reorder text are shown as symbols.
 *
 *   error[FOV3002]: no pattern or function is named `winow`
 *     ┌─ local.attn:3:20
 *   3 │   mask causal and (winow(64) or sinks(4))
 *     │                    ^^^^^ not found
 *     help: did you mean `window`?
 */
import pc from "picocolors";
import type { Diagnostic, Label, Span } from "./diagnostic.ts";

export interface RenderOptions {
  readonly color: boolean;
}

/** The widest excerpt; a longer line is cut around its mark. */
const excerptWidth = 100;
const tabWidth = 4;

export function renderText(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  { color }: RenderOptions,
): string {
  const paint = pc.createColors(color);
  const lineTables = new Map<string, readonly number[]>();
  return diagnostics.map((each) => renderOne(each, sources, lineTables, paint)).join("\n");
}

type Paint = ReturnType<typeof pc.createColors>;

interface Mark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** UTF-16 columns of the line, half open; empty spans are marked one wide. */
  readonly end: number;
  readonly text: string;
  readonly primary: boolean;
}

function renderOne(
  found: Diagnostic,
  sources: ReadonlyMap<string, string>,
  lineTables: Map<string, readonly number[]>,
  paint: Paint,
): string {
  const strong = found.severity === "error" ? paint.red : paint.yellow;
  const rows = [
    `${paint.bold(strong(`${found.severity}[${found.code}]`))}${paint.bold(`: ${visible(found.message)}`)}`,
  ];
  const marks = marksOf(found, sources, lineTables);
  const gutter = " ".repeat(String(Math.max(1, ...marks.map((mark) => mark.line))).length);
  for (const [file, inFile] of groups(marks)) {
    const lines = sources.get(file)?.split(/\r?\n/) ?? [];
    const first = inFile.find((mark) => mark.primary) ?? inFile[0];
    rows.push(`${gutter} ${paint.blue("┌─")} ${visible(file)}:${first.line}:${first.column + 1}`);
    rows.push(...excerpt(inFile, lines, gutter, paint, strong));
  }
  if (marks.length === 0 && found.span) rows.push(`${gutter} ${paint.blue("┌─")} ${visible(found.span.file)}`);
  if (found.help) rows.push(remark(gutter, paint.cyan("help:"), found.help));
  for (const note of found.notes) rows.push(remark(gutter, "note:", note));
  return `${rows.join("\n")}\n`;
}

function groups(marks: readonly Mark[]): Map<string, Mark[]> {
  const byFile = new Map<string, Mark[]>();
  for (const mark of marks) byFile.set(mark.file, [...(byFile.get(mark.file) ?? []), mark]);
  return byFile;
}

function remark(gutter: string, title: string, text: string): string {
  const [first, ...more] = text.split("\n").map(visible);
  return [`${gutter} ${title} ${first}`, ...more.map((line) => `${gutter}       ${line}`)].join("\n");
}

/** The primary span takes the text of the label that covers the same place; the other labels follow. */
function marksOf(
  found: Diagnostic,
  sources: ReadonlyMap<string, string>,
  lineTables: Map<string, readonly number[]>,
): Mark[] {
  const { span, labels } = found;
  const own = span && labels.find((label) => sameSpan(label.span, span));
  const all = [
    ...(span ? [{ span, text: own?.text ?? "", primary: true }] : []),
    ...labels.filter((label) => label !== own).map((label) => ({ ...label, primary: false })),
  ];
  return all.flatMap(({ span: { file, start, end }, text, primary }) => {
    const source = sources.get(file);
    if (source === undefined) return [];
    const starts = lineTables.get(file) ?? lineStarts(source);
    lineTables.set(file, starts);
    const { line, column } = locate(starts, start);
    const width = Math.max(end - start, 0);
    return [{ file, line, column, end: column + width, text, primary }];
  });
}

const sameSpan = (a: Span, b: Span): boolean => a.file === b.file && a.start === b.start && a.end === b.end;

function excerpt(
  marks: readonly Mark[],
  lines: readonly string[],
  gutter: string,
  paint: Paint,
  strong: (text: string) => string,
): string[] {
  const rows: string[] = [];
  const bar = paint.blue("│");
  const numbers = [...new Set(marks.map((mark) => mark.line))].toSorted((a, b) => a - b);
  numbers.forEach((number, index) => {
    if (index > 0 && number > numbers[index - 1] + 1) rows.push(`${gutter} ${paint.blue("·")}`);
    const onLine = marks.filter((mark) => mark.line === number).toSorted((a, b) => a.column - b.column);
    const focus = onLine.find((mark) => mark.primary) ?? onLine[0];
    const shown = cut(lines[number - 1] ?? "", focus);
    rows.push(`${paint.blue(String(number).padStart(gutter.length))} ${bar} ${shown.text}`.trimEnd());
    for (const mark of onLine) {
      const from = shown.place(mark.column);
      const to = shown.place(mark.end);
      if (from === undefined || to === undefined || (from === to && mark.end > mark.column)) continue;
      const sign = (mark.primary ? "^" : "-").repeat(Math.max(1, to - from));
      const text = mark.text === "" ? "" : ` ${visible(mark.text)}`;
      rows.push(`${gutter} ${bar} ${" ".repeat(from)}${mark.primary ? strong(sign + text) : paint.blue(sign + text)}`);
    }
  });
  return rows;
}

/** A line as it is shown: one entry for each UTF-16 unit, so that columns can be found again. */
interface Cell {
  readonly text: string;
  readonly width: number;
}

function cellsOf(line: string): Cell[] {
  const cells: Cell[] = [];
  let at = 0;
  for (const character of line) {
    const width = character === "\t" ? tabWidth - (at % tabWidth) : widthOf(character);
    cells.push({ text: character === "\t" ? " ".repeat(width) : visible(character), width });
    for (let unit = 1; unit < character.length; unit++) cells.push({ text: "", width: 0 });
    at += width;
  }
  return cells;
}

/** The part of a line around the focus that fits, and where a column of the line stands in it. */
function cut(line: string, focus: Mark): { text: string; place: (column: number) => number | undefined } {
  // A line of megabytes is first cut to what can matter.
  const skipped = Math.max(0, focus.column - 4 * excerptWidth);
  const end = focus.column + 4 * excerptWidth;
  const cells = cellsOf(line.slice(skipped, end));
  const offsets = [0];
  for (const cell of cells) offsets.push(offsets[offsets.length - 1] + cell.width);
  const total = offsets[cells.length];
  const offset = (column: number): number => offsets[Math.max(0, Math.min(column - skipped, cells.length))];
  let first = 0;
  let last = cells.length;
  if (total > excerptWidth) {
    const from = offset(focus.column);
    const middle = (from + Math.min(offset(focus.end), from + excerptWidth / 2)) / 2;
    const left = Math.max(0, Math.min(middle - excerptWidth / 2, total - excerptWidth));
    first = offsets.findIndex((each) => each >= left);
    last = offsets.findLastIndex((each) => each <= left + excerptWidth);
  }
  const before = skipped + first > 0 ? "…" : "";
  const after = last < cells.length || end < line.length ? "…" : "";
  const shown = cells
    .slice(first, last)
    .map((cell) => cell.text)
    .join("");
  const place = (column: number): number | undefined => {
    if (column < skipped + first) return undefined;
    return before.length + Math.min(offset(column), offsets[last]) - offsets[first];
  };
  return { text: before + shown + after, place };
}

const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6]|^\p{Emoji_Presentation}/u;
const zeroWidth = /^[\p{Mn}\p{Me}\u200B-\u200D\uFE0F]$/u;

function widthOf(character: string): number {
  if (wide.test(character)) return 2;
  return zeroWidth.test(character) ? 0 : 1;
}

const hidden =
  /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]|\p{Surrogate}/gu;

/** Controls become their pictures (`␛`), what else would move or reorder text becomes `�`. */
function visible(text: string): string {
  return text.replace(hidden, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "␡" : "�";
  });
}

function lineStarts(source: string): readonly number[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** `line` counts from 1, `column` from 0, in UTF-16 units. */
function locate(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - starts[low] };
}

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string | null;
  /** Offsets in UTF-16 units, half open; line and column count from 1. */
  readonly span: {
    readonly start: number;
    readonly end: number;
    readonly line: number;
    readonly column: number;
  } | null;
  readonly notes: readonly string[];
  readonly fixes: Diagnostic["fixes"];
}

/** Labels and help have no field of their own: they are notes, as `path:line:column: text` and `help: …`. */
export function toJson(found: Diagnostic, sources: ReadonlyMap<string, string>): JsonDiagnostic {
  const { code, severity, message, span, labels, notes, help, fixes } = found;
  return {
    code,
    severity,
    message,
    file: span?.file ?? null,
    span: span ? { start: span.start, end: span.end, ...position(span, sources) } : null,
    notes: [...labels.map((label) => labelNote(label, sources)), ...notes, ...(help ? [`help: ${help}`] : [])],
    fixes,
  };
}

function position(span: Span, sources: ReadonlyMap<string, string>): { line: number; column: number } {
  const { line, column } = locate(lineStarts(sources.get(span.file) ?? ""), span.start);
  return { line, column: column + 1 };
}

function labelNote({ span, text }: Label, sources: ReadonlyMap<string, string>): string {
  const { line, column } = position(span, sources);
  return `${span.file}:${line}:${column}: ${text}`;
}
