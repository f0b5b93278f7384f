import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { preludeSource } from "../../grammar/generated/prelude.ts";
import { wordList } from "../../grammar/tokens.ts";
import type { Argument, BinaryOperator, ComparisonOperator, Expr, File, Name } from "../../src/syntax/ast.ts";
import { format } from "../../src/syntax/format.ts";
import { parse } from "../../src/syntax/parse.ts";
import { essence, withoutGroups, withoutSpans } from "./equal.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

function expectKept(source: string): string {
  const first = parse(source, "a.attn");
  expect(first.diagnostics).toEqual([]);
  const text = format(first.file);
  const second = parse(text, "a.attn");
  expect(second.diagnostics).toEqual([]);
  expect(essence(second.file)).toEqual(essence(first.file));
  expect(format(second.file)).toBe(text);
  return text;
}

test("every example of the language is kept", () => {
  const text = expectKept(read("language.attn"));
  expect(text).toContain(
    "attention cross(q: f32[B, H, L, D], k, v: f32[B, H, S, D], valid: bool[B, S]) { mask valid[b, j] }\n",
  );
  expect(text).toContain("  project k along L by E\n  project v along L by F\n");
  expect(text).toContain("vs, vz: f16[B, Hkv, S, D/32], // per 32 channels: the dims say it\n");
});

test("the prelude is generated, and already in canonical layout", () => {
  const source = read("../../grammar/prelude.attn");
  expect(preludeSource).toBe(source);
  expect(expectKept(source)).toBe(source);
});

test("comments stay, wherever they stand", () => {
  const source = `// head


attention a( // inputs
  q, k, v: f32[L, D], // last
  // before close
) where L mod 2 == 0, // even
  D == 4 {
  mask abs(bi - bj) <= 1   // local
      or bj in rand[h, // why
      bi]
  // own

  weights softmax( // nothing
  )
  // tail
} // after
// end`;
  expect(expectKept(source)).toMatchInlineSnapshot(`
    "// head

    attention a( // inputs
      q, k, v: f32[L, D], // last
      // before close
    ) where L mod 2 == 0, // even
        D == 4 {
      mask abs(bi - bj) <= 1 or // local
          bj in rand[h, // why
              bi]
      // own

      weights softmax( // nothing
          )
      // tail
    } // after
    // end
    "
  `);
});

test("odd files", () => {
  expect(expectKept("")).toBe("");
  expect(expectKept("\uFEFF// only\r\n")).toBe("// only\n");
  expect(expectKept("attention a(q: f32[L], scale: f32) { }\r\nattention b=a()")).toBe(
    "attention a(q: f32[L], scale: f32) {}\nattention b = a()\n",
  );
  expect(expectKept('attention a(q: f32) { example x = file("a\\\\b\\"\\t") }')).toContain('file("a\\\\b\\"\\t")');
});

test("a chain of thousands of terms does not exhaust the stack", () => {
  for (const operator of ["+", "or", "@", "-"]) {
    const text = `param x = a${` ${operator} a`.repeat(4000)}\n`;
    expect(format(parse(text, "a").file)).toBe(text);
  }
  const members = `param x = a${".b".repeat(9000)}\n`;
  expect(format(parse(members, "a").file)).toBe(members);
});

const span = { file: "a", start: 0, end: 0 };
const reserved = new Set(wordList.filter((word) => word.roles.includes("reserved")).map((word) => word.text));
const nameText = fc.oneof(
  fc.constantFrom(...wordList.map((word) => word.text).filter((text) => !reserved.has(text))),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/).filter((text) => !reserved.has(text)),
);
const name: fc.Arbitrary<Name> = nameText.map((text) => ({ text, span }));

const { expression } = fc.letrec<{ expression: Expr }>((tie) => {
  const inner = tie("expression");
  const list = fc.array(inner, { minLength: 1, maxLength: 3 });
  const argument: fc.Arbitrary<Argument> = fc.oneof(
    inner.map((value) => ({ value })),
    fc.record({ name, value: inner }),
  );
  const number = fc.oneof(fc.nat().map(String), fc.constantFrom("0.5", "1e3", "2.25E-3"));
  return {
    expression: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      nameText.map((text): Expr => ({ kind: "name", name: text, span })),
      number.map((text): Expr => ({ kind: "number", value: Number(text), text, integer: /^\d+$/.test(text), span })),
      fc.boolean().map((value): Expr => ({ kind: "bool", value, span })),
      fc.stringMatching(/^[ -~\n\t]{0,8}$/).map((value): Expr => ({ kind: "string", value, span })),
      fc
        .tuple(fc.constantFrom<BinaryOperator>("or", "and", "+", "-", "*", "/", "@", "div", "mod", "in"), inner, inner)
        .map(([op, left, right]): Expr => ({ kind: "binary", op, left, right, span })),
      fc
        .tuple(
          fc.array(fc.constantFrom<ComparisonOperator>("<", "<=", ">", ">=", "==", "!="), {
            minLength: 1,
            maxLength: 3,
          }),
          fc.array(inner, { minLength: 4, maxLength: 4 }),
        )
        .map(([ops, operands]): Expr => ({
          kind: "comparison",
          ops,
          operands: operands.slice(0, ops.length + 1),
          span,
        })),
      fc
        .tuple(fc.constantFrom<"-" | "not">("-", "not"), inner)
        .map(([op, operand]): Expr => ({ kind: "unary", op, operand, span })),
      fc
        .tuple(inner, inner, inner)
        .map(([condition, then, otherwise]): Expr => ({ kind: "if", condition, then, otherwise, span })),
      fc
        .tuple(name, fc.array(argument, { maxLength: 3 }))
        .map(([callee, args]): Expr => ({ kind: "call", callee, args, span })),
      fc.tuple(inner, list).map(([target, indices]): Expr => ({ kind: "index", target, indices, span })),
      fc.tuple(inner, name).map(([target, member]): Expr => ({ kind: "member", target, member, span })),
    ),
  };
});

test("any tree of an expression is written so that it parses to itself, whatever its names are", () => {
  fc.assert(
    fc.property(expression, nameText, (value, keyword) => {
      const mask = { kind: "mask", value, span } as const;
      const example = { kind: "example", entries: [{ name: { text: keyword, span }, value }], span } as const;
      const attention = {
        kind: "attention",
        name: { text: keyword, span },
        inputs: [{ names: [{ text: "q", span }], dtype: { text: "f32", span }, dims: null, span }],
        where: [],
        clauses: [mask, example, mask],
        span,
      } as const;
      const file: File = { source: "", path: "a", comments: [], declarations: [attention] };
      const text = format(file);
      const parsed = parse(text, "a");
      if (parsed.diagnostics.some(({ code }) => code === "FOV4002")) return;
      expect(parsed.diagnostics, text).toEqual([]);
      expect(withoutGroups(withoutSpans(parsed.file.declarations)), text).toEqual(withoutSpans([attention]));
      expect(format(parsed.file)).toBe(text);
    }),
    { numRuns: 1000, seed: 1 },
  );
});
