/** The attentions of examples/, each file once: a new example is in every test that walks through them. */
import { readdirSync, readFileSync } from "node:fs";
import { check } from "../../src/compile.ts";
import type { Spec } from "../../src/spec/spec.ts";

const folder = new URL("../../examples/", import.meta.url);

export interface Example {
  readonly file: string;
  readonly specs: readonly Spec[];
}

export const examples = (): readonly Example[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".attn"))
    .toSorted()
    .map((file) => ({ file, specs: specsFrom(readFileSync(new URL(file, folder), "utf8"), file) }));

/** The attentions of a text that has no error. */
export function specsFrom(
  text: string,
  file = "test.attn",
  set: Readonly<Record<string, number>> = {},
): readonly Spec[] {
  const { specs, diagnostics } = check(text, file, { set });
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new Error(`${file}: ${errors.map((d) => `${d.code} ${d.message}`).join("; ")}`);
  return specs;
}

export function specFrom(text: string, set: Readonly<Record<string, number>> = {}): Spec {
  const [spec] = specsFrom(text, "test.attn", set);
  if (!spec) throw new Error("no attention in the text");
  return spec;
}
