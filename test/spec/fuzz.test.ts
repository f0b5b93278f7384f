/** No text makes `resolve` throw, and what it gives prints and evaluates. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { preludeSource } from "../../grammar/generated/prelude.ts";
import { evaluate } from "../../src/scalar/evaluate.ts";
import { printSpec } from "../../src/spec/print.ts";
import { resolve } from "../../src/spec/resolve.ts";
import { parse } from "../../src/syntax/parse.ts";

const prelude = parse(preludeSource, "prelude.attn").file;
const word = fc.constantFrom(
  "i",
  "j",
  "bi",
  "bj",
  "s",
  "h",
  "b",
  "row",
  "doc",
  "n",
  "L",
  "D",
  "w",
  "causal",
  "window(3)",
  "stride(2)",
  "f(i)",
  "p",
  "near",
  "q",
  "constructor",
  "0",
  "1",
  "7",
  "2.5",
  "true",
  "doc[i]",
  "doc[b, j]",
  "min(i, j)",
  "exp(s)",
  "bit(i, j)",
  "segment(doc, i)",
  "top(3, of: s)",
);
const joint = fc.constantFrom(
  "and",
  "or",
  "+",
  "-",
  "*",
  "/",
  "div",
  "mod",
  "<",
  "<=",
  "==",
  "in",
  "@",
  "and not",
  "- -",
);
const expression: fc.Arbitrary<string> = fc
  .array(fc.tuple(word, joint), { minLength: 1, maxLength: 7 })
  .map((parts) => parts.map(([x, op], n) => (n === parts.length - 1 ? x : `${x} ${op}`)).join(" "));
const clause = fc
  .tuple(
    fc.constantFrom(
      "mask",
      "score",
      "scale",
      "align at",
      "let near =",
      "weights softmax",
      "return o,",
      "example n =",
      "blocks",
      "fn g(x) =",
    ),
    expression,
  )
  .map(([head, x]) => `${head} ${x}`);

describe("resolve", () => {
  it("never throws, and its specs print and evaluate", () => {
    fc.assert(
      fc.property(fc.array(clause, { maxLength: 4 }), expression, (clauses, body) => {
        const source = `param w = 3 pattern p = ${body} fn f(x) = x + w attention a(q, k, v: f32[B, H, L, D], doc: i32[L], n: i32) { ${clauses.join("\n")} }`;
        const { specs, diagnostics } = resolve(parse(source, "fuzz.attn").file, prelude);
        for (const each of diagnostics) expect(each.message).toMatch(/^[^A-Z]/);
        for (const spec of specs) {
          expect(printSpec(spec)).toContain("spec a");
          const value = evaluate(
            spec.mask,
            {
              variables: { b: 0, h: 0, row: 1, i: 1, j: 2, s: 0 },
              sizes: { B: 1, H: 1, L: 4, D: 2 },
              read: () => 1,
              dims: (name) => (name === "doc" ? [4] : []),
            },
            "f32",
          );
          expect([0, 1]).toContain(value);
        }
      }),
      { numRuns: 500 },
    );
  });
});
