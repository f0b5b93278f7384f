/** Which temporaries go where they are used, and which must stay variables. */
import { describe, expect, it } from "vitest";
import { Builder } from "../../src/micro/builder.ts";
import { i32, load, local, op, type Expr, type MicroType } from "../../src/micro/micro.ts";

const at = local("at", "ptr");
const n = local("n", "i32");

/** The statements and locals of a function, as `build` says it. */
function made(build: (b: Builder) => void): { readonly text: string; readonly locals: readonly string[] } {
  const b = new Builder();
  build(b);
  const { body, locals } = b.finish("f");
  return { text: JSON.stringify(body), locals: locals.map(({ name }) => name) };
}

const temporary = (b: Builder, name: string, type: MicroType, value: Expr): Expr => {
  const variable = b.declare(name, type);
  b.set(variable, value);
  return variable;
};

describe("a temporary", () => {
  it("goes into the statement that follows, and with it what was made for it", () => {
    const { text, locals } = made((b) => {
      const p = temporary(b, "p", "ptr", op("add", at, i32(4)));
      const q = temporary(b, "q", "i32", load("i32", p));
      b.store(at, op("add", q, n));
    });
    expect(locals).toEqual([]);
    expect(JSON.parse(text)).toEqual([
      { kind: "store", at, offset: 0, value: op("add", load("i32", op("add", at, i32(4))), n) },
    ]);
  });

  it("stays where a store stands between, so that a load keeps its place", () => {
    const { locals } = made((b) => {
      const q = temporary(b, "q", "i32", load("i32", at));
      b.store(at, i32(0));
      b.store(at, q, 4);
    });
    expect(locals).toEqual(["q"]);
  });

  it("stays where it is read twice, set twice, or by every turn of a loop", () => {
    const twice = made((b) => {
      const q = temporary(b, "q", "i32", load("i32", at));
      b.store(at, op("mul", q, q));
    });
    expect(twice.locals).toEqual(["q"]);
    const again = made((b) => {
      temporary(b, "q", "i32", i32(1));
      b.store(at, temporary(b, "q", "i32", load("i32", at)));
    });
    expect(again.locals).toEqual(["q"]);
    const bound = made((b) => {
      const q = temporary(b, "q", "i32", load("i32", at));
      b.for(b.declare("i", "i32"), i32(0), q, 1, () => b.store(at, i32(0)));
    });
    expect(bound.locals).toContain("q");
  });

  it("stays where a call made it", () => {
    const { locals } = made((b) => {
      const q = temporary(b, "q", "i32", { kind: "call", type: "i32", fn: "g", args: [at] });
      b.store(at, q);
    });
    expect(locals).toEqual(["q"]);
  });
});
