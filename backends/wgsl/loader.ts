/**
 * The manifest and the loader `<a>.wgsl.mjs` of an emitted module. The loader is the manifest, shapes and grid as
 * functions of the sizes, and the text that src/runtime/loaders/wgsl.ts becomes. Bool tensors are bytes, four in
 * each u32 word.
 */
import { wgslLoader } from "../../src/runtime/loaders/generated/text.ts";
import type { WgslManifest } from "../../src/runtime/loaders/manifest.ts";
import { elementBytes } from "../../src/scalar/storage.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { printScalar } from "../../src/scalar/print.ts";
import { sizeValue } from "../../src/scalar/evaluate.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import type { EmitOptions } from "../backend.ts";
import { javascript } from "../javascript.ts";
import { commonManifest, loaderHead, moduleEntry } from "../manifest.ts";
import { threads } from "./context.ts";
import type { Module } from "./emit.ts";
import { identifier } from "./scalar.ts";

export interface Texts {
  /** Whole files, with their license lines. */
  readonly text: string;
  readonly native: string | undefined;
}

export function manifestOf(
  program: TileProgram,
  module: Module,
  { text, native }: Texts,
  options: EmitOptions,
): WgslManifest {
  const { stamp } = options;
  return {
    ...commonManifest(program, "wgsl", options),
    module: moduleEntry(`${program.name}.wgsl`, text),
    ...(native === undefined ? {} : { f16: moduleEntry(`${program.name}.f16.wgsl`, native) }),
    constants: module.constants.map((n) => ({ size: n, identifier: identifier("n", n) })),
    uniforms: [...module.uniforms, "total", "grid_width", "minus_infinity_bits", "nan_bits"],
    entryPoints: module.launches.map((x) => x.entryPoint),
    bindings: module.bindings.map(({ use }) => (use === "input" ? "read-only-storage" : "storage")),
    abi: {
      uniforms: "binding 0 of group 0, four bytes each, in the order of uniforms",
      bindings: module.bindings.map(({ tensor, use }, n) => ({
        binding: n + 1,
        name: tensor.name,
        type: use === "input" ? "read-only-storage" : "storage",
        ...(use === "intermediate" ? { intermediate: true } : {}),
      })),
      bool: "one byte an element, four in a u32 word, little end first",
      half: "f16 and bf16 by their bits, two in a u32 word, little end first; the module f16 has arrays of f16",
      workgroup: { threads, grids: module.launches.map(({ grid }) => grid.map((extent) => printScalar(extent))) },
      dispatch: "total workgroups in rows of grid_width",
      workspace: "none",
    },
    ...stamp,
    ...(stamp?.work ? { work: { ...stamp.work, workgroups: workgroups(module, stamp.work.dims) } } : {}),
  };
}

const workgroups = ({ launches }: Module, sizes: Readonly<Record<string, number>>): number =>
  launches.reduce((sum, { grid }) => sum + grid.reduce((n, x) => n * sizeValue(x, sizes), 1), 0);

/** The product of the extents, as JavaScript. */
const product = (extents: readonly Scalar[]): string =>
  extents
    .map((extent) => javascript(extent))
    .map((x) => (/ [-+?] /.test(x) ? `(${x})` : x))
    .join(" * ") || "1";

export const loaderOf = (program: TileProgram, module: Module, manifest: WgslManifest, options: EmitOptions): string =>
  loaderHead(
    program,
    options,
    manifest,
    { module: manifest.module.file, ...(manifest.f16 ? { f16: manifest.f16.file } : {}) },
    {
      workgroupsOf: `[${module.launches.map(({ grid }) => product(grid)).join(", ")}]`,
      intermediatesOf: `[${(program.intermediates ?? []).map(({ dims, dtype }) => `${elementBytes[dtype]} * ${product(dims)}`).join(", ")}]`,
    },
  ) + wgslLoader;
