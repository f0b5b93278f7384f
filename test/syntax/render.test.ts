import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { codes, type Code } from "../../src/diagnostics/codes.ts";
import { diagnostic, type Span } from "../../src/diagnostics/diagnostic.ts";
import { renderText, toJson } from "../../src/diagnostics/render.ts";
import { closest } from "../../src/diagnostics/suggest.ts";
import { parse } from "../../src/syntax/parse.ts";

const of = (source: string, text: string, file = "a.attn", from = 0): Span => {
  const start = source.indexOf(text, from);
  return { file, start, end: start + text.length };
};
const plain = { color: false };

test("an error with labels, help and notes", () => {
  const source = "param w = 3\n\nattention a(q: f32[L]) {\n  mask winow(w) and w < 2\n}\nparam w = 4\n";
  const found = diagnostic("FOV3002", "no pattern or function is named `winow`", {
    span: of(source, "winow"),
    labels: [
      { span: of(source, "winow"), text: "not found" },
      { span: of(source, "w < 2"), text: "here too" },
      { span: of(source, "w = 3"), text: "declared here" },
      { span: of(source, "w = 4"), text: "and here" },
    ],
    help: "did you mean `window`?",
    notes: ["in scope: around, causal", "two\nlines"],
  });
  expect(renderText([found], new Map([["a.attn", source]]), plain)).toMatchInlineSnapshot(`
    "error[FOV3002]: no pattern or function is named \`winow\`
      ┌─ a.attn:4:8
    1 │ param w = 3
      │       ----- declared here
      ·
    4 │   mask winow(w) and w < 2
      │        ^^^^^ not found
      │                     ----- here too
      ·
    6 │ param w = 4
      │       ----- and here
      help: did you mean \`window\`?
      note: in scope: around, causal
      note: two
            lines
    "
  `);
  expect(toJson(found, new Map([["a.attn", source]]))).toMatchInlineSnapshot(`
    {
      "code": "FOV3002",
      "file": "a.attn",
      "fixes": [],
      "message": "no pattern or function is named \`winow\`",
      "notes": [
        "a.attn:4:8: not found",
        "a.attn:4:21: here too",
        "a.attn:1:7: declared here",
        "a.attn:6:7: and here",
        "in scope: around, causal",
        "two
    lines",
        "help: did you mean \`window\`?",
      ],
      "severity": "error",
      "span": {
        "column": 8,
        "end": 50,
        "line": 4,
        "start": 45,
      },
    }
  `);
});

test("tabs, wide signs, control characters, and a mark over several lines", () => {
  const source = "\tmask \u001B[2Jé漢字💥\u202E bad\r\nthe end\r\n";
  const found = [
    diagnostic("FOV1001", "found \u001B[31m\u0007red\nline", { span: of(source, "bad"), severity: "warning" }),
    diagnostic("FOV1001", "over lines", { span: of(source, "bad\r\nthe") }),
    diagnostic("FOV1001", "at the end", { span: { file: "a.attn", start: source.length, end: source.length } }),
    diagnostic("FOV0002", "no excerpt", { span: { file: "\u001B]0;b.attn", start: 3, end: 4 } }),
    diagnostic("FOV0001", "no place", { help: "read it" }),
  ];
  const text = renderText(found, new Map([["a.attn", source]]), plain);
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
  expect(text).toMatchInlineSnapshot(`
    "warning[FOV1001]: found ␛[31m␇red␊line
      ┌─ a.attn:1:18
    1 │     mask ␛[2Jé漢字💥� bad
      │                       ^^^

    error[FOV1001]: over lines
      ┌─ a.attn:1:18
    1 │     mask ␛[2Jé漢字💥� bad
      │                       ^^^

    error[FOV1001]: at the end
      ┌─ a.attn:3:1
    3 │
      │ ^

    error[FOV0002]: no excerpt
      ┌─ ␛]0;b.attn

    error[FOV0001]: no place
      help: read it
    "
  `);
});

test("a wide line is cut around its mark", () => {
  const source = `${"a + ".repeat(100)}bad${" + b".repeat(1_000_000)}`;
  const found = diagnostic("FOV1001", "wide", {
    span: of(source, "bad"),
    labels: [{ span: of(source, "b", "a.attn", 2000), text: "far" }],
  });
  const text = renderText([found], new Map([["a.attn", source]]), plain);
  expect(text).toMatchInlineSnapshot(`
    "error[FOV1001]: wide
      ┌─ a.attn:1:401
    1 │ …a + a + a + a + a + a + a + a + a + a + a + a + bad + b + b + b + b + b + b + b + b + b + b + b + b…
      │                                                  ^^^
    "
  `);
  const [, , line, marks] = text.split("\n");
  expect(line.slice(marks.indexOf("^"), marks.lastIndexOf("^") + 1)).toBe("bad");
});

test("colour is given only where it is asked for", () => {
  const found = parse("param x = ", "a").diagnostics;
  const sources = new Map([["a", "param x = "]]);
  const coloured = renderText(found, sources, { color: true });
  expect(coloured).toContain("\u001B[31m");
  expect(coloured.replaceAll(/\u001B\[\d+m/g, "")).toBe(renderText(found, sources, plain));
});

test("an open bracket is shown", () => {
  const source = "attention a(q: f32[L]) {\n  mask top(3, of: s\n}\n";
  expect(renderText(parse(source, "a.attn").diagnostics, new Map([["a.attn", source]]), plain)).toMatchInlineSnapshot(`
    "error[FOV1001]: found \`}\` where an operator, \`,\` or \`)\` is expected
      ┌─ a.attn:3:1
    2 │   mask top(3, of: s
      │           - opened here
    3 │ }
      │ ^
    "
  `);
});

test("the closest name is a likely slip, or none", () => {
  const names = ["causal", "window", "sinks", "stride", "j", "or"];
  expect(closest("winow", names)).toBe("window");
  expect(closest("widnow", names)).toBe("window");
  expect(closest("Causal", names)).toBe("causal");
  expect(closest("sink", names)).toBe("sinks");
  expect(closest("k", names)).toBeUndefined();
  expect(closest("xyz", names)).toBeUndefined();
  expect(closest("w".repeat(60_000), names)).toBeUndefined();
});

const isMine = (code: string): code is Code => /^FOV(1\d{3}|400[1-4])$/.test(code);

test.each(Object.keys(codes).filter(isMine))("%s has a page whose example prints what the page says", (code) => {
  const path = new URL(`../../docs/errors/${code}.md`, import.meta.url);
  expect(existsSync(path)).toBe(true);
  const page = readFileSync(path, "utf8");
  expect(page).toContain(`# ${code}: ${codes[code]}\n`);
  const example = /```attn\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  if (code === "FOV4001" || code === "FOV4003") return;
  const printed = renderText(parse(example, "example.attn").diagnostics, new Map([["example.attn", example]]), plain);
  expect(printed).toContain(`[${code}]`);
  expect(page).toContain(printed.trimEnd());
});
