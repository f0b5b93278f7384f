/** The parts of micro expressions and statements, read and rebuilt; nested statements are left to the caller. */
import type { Expr, MicroStatement } from "./micro.ts";

/** The direct sub-expressions. */
export function parts(x: Expr): readonly Expr[] {
  switch (x.kind) {
    case "const":
    case "var":
      return [];
    case "load":
    case "loadsplat":
      return [x.at];
    case "splat":
    case "lane":
    case "vreduce":
      return [x.of];
    case "gather":
      return x.of;
    case "op":
    case "call":
      return x.args;
    case "fma":
      return [x.a, x.b, x.c];
    case "select":
      return [x.when, x.a, x.b];
  }
}

/** The expressions that a statement itself holds. */
export function operands(s: MicroStatement): readonly Expr[] {
  switch (s.kind) {
    case "set":
    case "return":
      return [s.value];
    case "store":
      return [s.at, s.value];
    case "for":
      return [s.from, s.to];
    case "while":
    case "if":
      return [s.when];
    case "call":
      return s.args;
  }
}

/** The same expression with each direct sub-expression changed. */
export function mapExpr(x: Expr, change: (part: Expr) => Expr): Expr {
  switch (x.kind) {
    case "const":
    case "var":
      return x;
    case "load":
    case "loadsplat":
      return { ...x, at: change(x.at) };
    case "splat":
    case "lane":
    case "vreduce":
      return { ...x, of: change(x.of) };
    case "gather":
      return { ...x, of: x.of.map(change) };
    case "op":
    case "call":
      return { ...x, args: x.args.map(change) };
    case "fma":
      return { ...x, a: change(x.a), b: change(x.b), c: change(x.c) };
    case "select":
      return { ...x, when: change(x.when), a: change(x.a), b: change(x.b) };
  }
}

/** The same statement with each expression that it holds itself changed. */
export function mapStatement(s: MicroStatement, change: (part: Expr) => Expr): MicroStatement {
  switch (s.kind) {
    case "set":
    case "return":
      return { ...s, value: change(s.value) };
    case "store":
      return { ...s, at: change(s.at), value: change(s.value) };
    case "for":
      return { ...s, from: change(s.from), to: change(s.to) };
    case "while":
    case "if":
      return { ...s, when: change(s.when) };
    case "call":
      return { ...s, args: s.args.map(change) };
  }
}
