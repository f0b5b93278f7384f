/** Every attention of every example, lowered for wasm, at ragged sizes small enough to interpret. */
import { readdirSync, readFileSync } from "node:fs";
import { check, lower } from "../../src/compile.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { wasm } from "../../src/targets/index.ts";
import type { TileProgram } from "../../src/tile/tile.ts";

const folder = new URL("../../examples/", import.meta.url);
/** A second tile of queries that is not full, heads in two groups, channels that are no whole vectors. */
const ragged: Readonly<Record<string, number>> = { B: 1, H: 4, Hkv: 2, L: 37, S: 37, D: 11, Dv: 13 };

export interface Example {
  readonly name: string;
  readonly spec: Spec;
  readonly program: TileProgram;
  readonly sizes: Readonly<Record<string, number>>;
}

export const examples: readonly Example[] = readdirSync(folder)
  .filter((file) => file.endsWith(".attn"))
  .flatMap((file) =>
    check(readFileSync(new URL(file, folder), "utf8"), file).specs.map((spec) => ({
      name: `${spec.name} of ${file}`,
      spec,
      program: lower(spec, wasm).program,
      sizes: Object.fromEntries(spec.sizes.map((size) => [size, ragged[size] ?? spec.example.sizes[size] ?? 1])),
    })),
  );
