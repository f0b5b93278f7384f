/**
 * Scalars as a kernel without overflow checks computes them: every i32 result wraps. Tells whether any did, so that
 * a mask whose own arithmetic leaves i32 (which a launch refuses) can be told from bounds that do.
 */
import { scalarFns } from "../../src/scalar/functions.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { Environment } from "../../src/scalar/evaluate.ts";
import { evaluate } from "../../src/scalar/evaluate.ts";

export interface Wrapped {
  readonly value: (x: Scalar, variables: Readonly<Record<string, number>>) => number;
  readonly overflowed: () => boolean;
}

export function wrapping(env: Environment): Wrapped {
  let overflowed = false;
  const wrap = (exact: bigint): number => {
    const value = Number(BigInt.asIntN(32, exact));
    if (BigInt(value) !== exact) overflowed = true;
    return value;
  };
  const value = (x: Scalar, variables: Readonly<Record<string, number>>): number => {
    const go = (y: Scalar): number => value(y, variables);
    switch (x.kind) {
      case "call": {
        if (x.fn === "and") return go(x.args[0]) !== 0 && go(x.args[1]) !== 0 ? 1 : 0;
        if (x.fn === "or") return go(x.args[0]) !== 0 || go(x.args[1]) !== 0 ? 1 : 0;
        if (x.fn === "select") return go(x.args[0]) !== 0 ? go(x.args[1]) : go(x.args[2]);
        const args = x.args.map(go);
        if (x.type !== "i32") return scalarFns[x.fn].f64(args[0], args[1]);
        if (x.fn === "mul") return wrap(BigInt(args[0]) * BigInt(args[1]));
        return wrap(BigInt(scalarFns[x.fn].f64(args[0], args[1])));
      }
      case "any":
      case "sum": {
        const count = go(x.count);
        let total = 0;
        for (let n = 0; n < count; n++) {
          total += value(x.body, { ...variables, [x.name]: n });
          if (x.kind === "any" && total !== 0) return 1;
        }
        return total;
      }
      case "read": {
        const at = x.indices.map(go);
        const indices = at.map((index): Scalar => ({ kind: "const", type: "i32", value: index }));
        return evaluate({ ...x, indices }, { ...env, variables }, "f32");
      }
      case "search":
        return evaluate(
          { ...x, value: { kind: "const", type: "i32", value: go(x.value) } },
          { ...env, variables },
          "f32",
        );
      case "const":
      case "var":
      case "size":
      case "sorted":
        return evaluate(x, { ...env, variables }, "f32");
    }
  };
  return { value, overflowed: () => overflowed };
}
