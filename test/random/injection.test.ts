/**
 * What a spec is called and says cannot change what its artifacts are: names, texts and numbers made to break out of C,
 * WGSL and JavaScript are put into one spec, its artifacts are taken apart into tokens, and all but names and numbers
 * must be those of the same spec with harmless ones.
 */
import { describe, expect, test } from "vitest";
import { emit as emitC } from "../../backends/c/emit.ts";
import { emitModule } from "../../backends/wgsl/emit.ts";
import { artifactsOf } from "../../src/artifacts.ts";
import { check, lower } from "../../src/compile.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { host, webgpu } from "../../src/targets/index.ts";

interface Slots {
  readonly attention: string;
  readonly input: string;
  readonly size: string;
  readonly output: string;
  readonly number: string;
  readonly comment: string;
  readonly file: string;
}

const harmless: Slots = {
  attention: "plain_name",
  input: "extra",
  size: "N",
  output: "result",
  number: "7",
  comment: "words",
  file: "a.npy",
};

const textOf = (x: Slots): string => `// ${x.comment}
attention ${x.attention}(q, k, v: f32[L, D], ${x.input}: i32[${x.size}]) {
  mask ${x.input}[j] < ${x.number} // ${x.comment}
  return ${x.output} = o
  example L = 8, D = 8, ${x.size} = 8, ${x.input} = file("${x.file}")
}
`;

function specOf(slots: Slots): Spec {
  const { specs, diagnostics } = check(textOf(slots), "a.attn");
  const [spec] = specs;
  if (!spec) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("; "));
  return spec;
}

type Language = "c" | "wgsl" | "js";

/** Words that must never stand where a name of a spec was put. */
const reserved: Readonly<Record<Language, ReadonlySet<string>>> = {
  c: new Set("restrict register unsigned volatile memcpy const static struct return if for int".split(" ")),
  wgsl: new Set("workgroup storage override discard main fn var let const return if for struct".split(" ")),
  // A property may be called anything.
  js: new Set(),
};

/** Comments, strings, numbers and names as their kinds; every other sign, and every word of the language, as it is. */
function skeleton(text: string, language: Language): readonly string[] {
  const strings = language === "js" ? /"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/ : /"(?:[^"\\\n]|\\.)*"/;
  const token = new RegExp(
    [
      /\/\*[\s\S]*?\*\/|\/\/[^\n]*/.source,
      strings.source,
      /\.?\d[\w.]*(?:[eE][+-]\d+)?/.source,
      /[A-Za-z_$][\w$]*/.source,
      /\S/.source,
    ]
      .map((part) => `(${part})`)
      .join("|"),
    "g",
  );
  return [...text.matchAll(token)].flatMap(([all, comment, string, number, word]) => {
    if (comment !== undefined) return [];
    if (string !== undefined) return ["string"];
    if (number !== undefined) return ["number"];
    return word === undefined || reserved[language].has(word) ? [all] : ["word"];
  });
}

const lines = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !/^\s*(?:\/\/|\*|\/\*)/.test(line))
    .join("\n");

async function artifacts(spec: Spec): Promise<ReadonlyMap<Language, readonly string[]>> {
  const c = (await emitC(lower(spec, host).program, { specText: spec.text, fixed: spec.fixed })).files;
  const wgsl = emitModule(lower(spec, webgpu).program, spec.fixed).text;
  const scripts = await artifactsOf(spec, ["wasm", "wgsl"], { simd: "plain", c: { std: "c99" } }, (_, device) =>
    lower(spec, device),
  );
  const js = scripts.flat().filter(({ name }) => name.endsWith(".mjs"));
  const source = (files: readonly { readonly content: string | Uint8Array }[]): string =>
    files.map(({ content }) => String(content)).join("\n");
  return new Map<Language, readonly string[]>([
    ["c", skeleton(source(c.filter(({ name }) => /\.[ch]$/.test(name))), "c")],
    ["wgsl", skeleton(wgsl, "wgsl")],
    ["js", skeleton(lines(source(js)), "js")],
  ]);
}

const odd: readonly (readonly [what: string, slots: Partial<Slots>])[] = [
  ["words of C", { attention: "restrict", input: "register", size: "unsigned", output: "volatile" }],
  ["words of WGSL", { attention: "workgroup", input: "storage", size: "override", output: "discard" }],
  ["words of JavaScript", { attention: "await", input: "arguments", size: "eval", output: "yield" }],
  ["names of objects", { attention: "__proto__", input: "constructor", size: "toString", output: "hasOwnProperty" }],
  ["names of the C that is made", { attention: "fovea_dma", input: "args", size: "workspace", output: "memcpy" }],
  ["names of the WGSL that is made", { attention: "main", input: "fv_div", size: "stage_a", output: "lane" }],
  ["comments that end", { comment: "*/ int evil; /* \\", file: "*/ x /* .npy" }],
  ["trigraphs and line ends", { comment: "what??/ \\", file: "??/.npy" }],
  ["templates", { comment: "${process.exit()} ` </script>", file: "${x}`.npy" }],
  ["letters of other alphabets in comments", { comment: "\u2028\u2029 Ünïcödé 𝒳", file: "ü.npy" }],
  ["large numbers", { number: "2147483647" }],
  ["numbers of odd spelling", { number: "0000007" }],
  ["negative numbers", { number: "-1" }],
  ["long names", { attention: "a".repeat(200), input: "b".repeat(200), size: "C".repeat(200) }],
];

describe("the tokens of", () => {
  const want = artifacts(specOf(harmless));
  test.each(odd)("%s", async (_, slots) => {
    const made = await artifacts(specOf({ ...harmless, ...slots }));
    // A sign before a number is a token more, which harmless text may have as well.
    const usual =
      "number" in slots && slots.number === "-1" ? await artifacts(specOf({ ...harmless, number: "-7" })) : await want;
    for (const [language, tokens] of usual) expect(made.get(language), language).toEqual(tokens);
  });
});

test("names that no artifact could bear are refused", () => {
  for (const name of ["a-b", "a.b", "../a", "a/b", '"a"', "é", "a\0", "1a", "`a`", "${a}"]) {
    const { diagnostics } = check(textOf({ ...harmless, attention: name }), "a.attn");
    expect(
      diagnostics.some(({ severity }) => severity === "error"),
      name,
    ).toBe(true);
  }
});
