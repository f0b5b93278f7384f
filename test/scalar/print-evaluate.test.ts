/** Printing and evaluation of Scalars: what is printed reads back as the same tree; values are the decided ones. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { evaluate, type Environment } from "../../src/scalar/evaluate.ts";
import { printScalar } from "../../src/scalar/print.ts";
import {
  and,
  call,
  float,
  idiv,
  int,
  mod,
  or,
  read,
  sameScalar,
  select,
  variable,
  type Scalar,
} from "../../src/scalar/scalar.ts";
import { attention as a, only } from "../spec/support.ts";

const [i, j] = [variable("i"), variable("j")];
const env = (
  variables: Record<string, number> = {},
  tensors: Record<string, { dims: number[]; data: number[] }> = {},
): Environment => ({
  variables,
  sizes: {},
  dims: (name) => tensors[name].dims,
  read: (name, at) => tensors[name].data[at.reduce((sum, index, n) => sum * tensors[name].dims[n] + index, 0)],
});

const integers: fc.Arbitrary<Scalar> = fc.letrec<{ e: Scalar }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 5 },
    fc.integer({ min: 0, max: 99 }).map(int),
    fc.constantFrom(i, j),
    fc
      .tuple(
        fc.constantFrom(
          "add" as const,
          "sub" as const,
          "mul" as const,
          "idiv" as const,
          "mod" as const,
          "min" as const,
          "max" as const,
        ),
        tie("e"),
        tie("e"),
      )
      .filter(([fn, , y]) => !((fn === "idiv" || fn === "mod") && y.kind === "const" && y.value === 0))
      .map(([fn, x, y]) => call(fn, x, y)),
    tie("e").map((x) => call("abs", x)),
    tie("e").map((x) => call("neg", x)),
  ),
})).e;
const truths: fc.Arbitrary<Scalar> = fc.letrec<{ e: Scalar }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(
        fc.constantFrom("lt" as const, "le" as const, "gt" as const, "ge" as const, "eq" as const, "ne" as const),
        integers,
        integers,
      )
      .map(([fn, x, y]) => call(fn, x, y)),
    fc.tuple(tie("e"), tie("e")).map(([x, y]) => and(x, y)),
    fc.tuple(tie("e"), tie("e")).map(([x, y]) => or(x, y)),
    fc.tuple(tie("e"), tie("e"), tie("e")).map(([x, y, z]) => select(x, y, z)),
    tie("e").map((x) => call("not", x)),
  ),
})).e;

describe("printScalar", () => {
  it("puts parentheses only where they are needed", () => {
    expect(printScalar(call("sub", i, call("sub", j, int(1))))).toBe("i - (j - 1)");
    expect(printScalar(call("mul", call("add", i, int(1)), j))).toBe("(i + 1) * j");
    expect(printScalar(and(or(call("lt", i, j), call("lt", j, int(2))), call("not", call("eq", i, j))))).toBe(
      "(i < j or j < 2) and not i == j",
    );
    expect(printScalar(call("neg", call("add", i, j)))).toBe("-(i + j)");
    expect(printScalar(float(Math.fround(0.1)))).toBe("0.1");
    expect(printScalar(float(1e-7))).toBe("1e-7");
  });
  it("what is printed means the same", () => {
    fc.assert(
      fc.property(truths, fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 50 }), (x, at, to) => {
        const again = only(a(`mask both_ways and (${printScalar(x)})`)).mask;
        expect(evaluate(again, env({ i: at, j: to }), "f32")).toBe(evaluate(x, env({ i: at, j: to }), "f32"));
      }),
      { numRuns: 300 },
    );
  });
  it("integers read back as the same tree", () => {
    fc.assert(
      fc.property(integers, (x) => {
        const again = only(a(`mask 7 == (${printScalar(x)}) + i`)).mask;
        expect(sameScalar(again, call("eq", int(7), call("add", x, i)))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("evaluate", () => {
  it("floors div and mod, with the decided values at zero", () => {
    const at = (x: Scalar, value: number): number => evaluate(x, env({ i: value, j: 0 }), "f32");
    expect([at(idiv(i, int(4)), -1), at(mod(i, int(4)), -1), at(idiv(i, j), 7), at(mod(i, j), 7)]).toEqual([
      -1, 3, 0, 7,
    ]);
  });
  it("reads 0 outside a tensor, and does not touch it", () => {
    const t = { t: { dims: [2, 3], data: [1, 2, 3, 4, 5, 6] } };
    const at = (x: number, y: number): number => evaluate(read("t", "i32", [i, j]), env({ i: x, j: y }, t), "f64");
    expect([at(1, 2), at(-1, 0), at(0, 3), at(2, 0)]).toEqual([6, 0, 0, 0]);
  });
  it("decides without the side not taken", () => {
    const never = read("none", "i32", []);
    const bad: Environment = {
      ...env({ i: 1, j: 2 }),
      dims: () => [],
      read: () => {
        throw new Error("read");
      },
    };
    const yes = call("lt", i, j);
    const wrong = call("eq", never, i);
    expect(evaluate(or(yes, wrong), bad, "f32")).toBe(1);
    expect(evaluate(and(call("not", yes), wrong), bad, "f32")).toBe(0);
    expect(evaluate(select(yes, i, never), bad, "f32")).toBe(1);
  });
  it("rounds each real operation in f32, none in f64", () => {
    const third = call("div", call("float", i), float(3));
    expect(evaluate(third, env({ i: 1 }), "f32")).toBe(Math.fround(1 / 3));
    expect(evaluate(third, env({ i: 1 }), "f64")).toBe(1 / 3);
  });
  it("any, sum, sorted, search", () => {
    const t = { t: { dims: [5], data: [0, 2, 2, 5, 9] }, u: { dims: [2], data: [2, 1] } };
    const e = variable("e");
    const element = read("t", "i32", [e]);
    const of = (x: Scalar): number => evaluate(x, env({ i: 2 }, t), "f64");
    expect(of({ kind: "any", type: "bool", name: "e", count: int(5), body: call("eq", element, int(5)) })).toBe(1);
    expect(of({ kind: "any", type: "bool", name: "e", count: int(3), body: call("eq", element, int(5)) })).toBe(0);
    expect(of({ kind: "sum", type: "i32", name: "e", count: int(5), body: element })).toBe(18);
    expect(of({ kind: "sorted", type: "bool", tensor: "t", leading: [] })).toBe(1);
    expect(of({ kind: "sorted", type: "bool", tensor: "u", leading: [] })).toBe(0);
    expect(of({ kind: "search", type: "i32", side: "lower", tensor: "t", leading: [], value: i })).toBe(1);
    expect(of({ kind: "search", type: "i32", side: "upper", tensor: "t", leading: [], value: i })).toBe(3);
  });
});
