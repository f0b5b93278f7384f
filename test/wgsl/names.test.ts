/** Names in WGSL: another for every name, and ones that can be read. */
import { expect, test } from "vitest";
import { identifier } from "../../backends/wgsl/scalar.ts";

test("a name reads as it is written, a dot as two underscores", () => {
  expect(identifier("n", "head_size")).toBe("n_head_size");
  expect(identifier("v", "row.outer.first")).toBe("v_row__outer__first");
  expect(identifier("t", "größe")).toBe("t_grxf6xxdfxe");
});

test("names that differ have names that differ", () => {
  const names = ["a.b", "a_b", "a__b", "a___b", "a._b", "ab", "a-b", "aé", "a.b.c", "a.b_c", "a_b.c", "a__b.c"];
  const made = names.map((name) => identifier("v", name));
  expect(new Set(made).size).toBe(names.length);
  for (const name of made) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]*$/);
});
