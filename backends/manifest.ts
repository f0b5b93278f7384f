/**
 * What the manifests and loaders of wasm and WGSL share: the common entries, the head of a loader (manifest, shapes
 * and conditions as functions of the sizes), and JSON that is laid out for people.
 */
import { createHash } from "node:crypto";
import { printScalar } from "../src/scalar/print.ts";
import type { Manifest, ModuleEntry, TensorEntry } from "../src/runtime/loaders/manifest.ts";
import type { TensorRef, TileProgram } from "../src/tile/tile.ts";
import type { EmitOptions } from "./backend.ts";
import { javascript } from "./javascript.ts";

export const license = "// SPDX-License-Identifier: 0BSD\n";

const tensorEntry = ({ name, dtype, dims }: TensorRef): TensorEntry => ({
  name,
  dtype,
  dims: dims.map((dim) => printScalar(dim)),
});

export const commonManifest = (program: TileProgram, target: string, options: EmitOptions): Manifest => ({
  version: 1,
  attention: program.name,
  target,
  fixed: options.fixed,
  free: program.sizes,
  inputs: program.inputs.map(tensorEntry),
  outputs: program.outputs.map(tensorEntry),
  conditions: (options.conditions ?? []).map(({ code, text }) => ({ code, text })),
});

export const moduleEntry = (file: string, content: string | Uint8Array): ModuleEntry => ({
  file,
  bytes: Buffer.byteLength(content),
  sha256: createHash("sha256").update(content).digest("hex"),
});

/** The lines before the loader's own text. `files` stand beside it; `more` are further functions of the sizes. */
export function loaderHead(
  program: TileProgram,
  options: EmitOptions,
  manifest: Manifest,
  files: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
): string {
  const shapes = (list: readonly TensorRef[]): string =>
    `[${list.map((t) => `[${t.dims.map((dim) => javascript(dim)).join(", ")}]`).join(", ")}]`;
  const conditions = (options.conditions ?? []).map(({ condition }) => javascript(condition));
  const functions = {
    shapesOf: `({\n  inputs: ${shapes(program.inputs)},\n  outputs: ${shapes(program.outputs)},\n})`,
    conditionsOf: conditions.length ? `[${conditions.join(", ")}]` : "[]",
    ...more,
  };
  return [
    `${license}// Loader of the ${manifest.target} kernel ${program.name}. Generated; changes are lost.`,
    "",
    `export const manifest = ${literal(manifest)};`,
    "",
    "/** Written out, so that bundlers see which files belong to this one. */",
    "const urls = {",
    ...Object.entries(files).map(([key, file]) => `  ${key}: () => new URL("./${file}", import.meta.url),`),
    "};",
    "",
    "/** Of the sizes s of a call. */",
    ...Object.entries(functions).map(([name, body]) => `const ${name} = (s) => ${body};`),
    "",
    "",
  ].join("\n");
}

/** As JavaScript: a plain `__proto__` would set the prototype. */
const literal = (value: object): string => printJson(value).replaceAll('"__proto__":', '["__proto__"]:');

/** JSON in which whatever fits a line stands on one. */
export function printJson(value: unknown, indent = "", used = 0): string {
  const flat = flatJson(value);
  if (typeof value !== "object" || value === null || indent.length + used + flat.length <= 116) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => `${inner}${printJson(item, inner)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).map(([name, item]) => {
    const key = `${JSON.stringify(name)}: `;
    return `${inner}${key}${printJson(item, inner, key.length)}`;
  });
  return `{\n${entries.join(",\n")}\n${indent}}`;
}

function flatJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flatJson).join(", ")}]`;
  const entries = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${flatJson(item)}`);
  return entries.length ? `{ ${entries.join(", ")} }` : "{}";
}
