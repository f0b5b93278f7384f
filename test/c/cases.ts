/** The kernels that the C tests try: every example, and patterns that take other paths through the planner. */
import { readdirSync, readFileSync } from "node:fs";
import { check, lower } from "../../src/compile.ts";
import type { Sizes, Spec } from "../../src/spec/spec.ts";
import { deviceOf } from "../../src/targets/index.ts";
import { emitOptionsOf } from "../../src/verify/run.ts";
import { sampleInputs, type SampleOptions } from "../../src/verify/sample.ts";
import type { Case } from "./harness.ts";

const folder = new URL("../../examples/", import.meta.url);

const patterns = `
attention stepped(q, k, v: f32[B, H, L, D]) { mask causal and stride(h + 2) }
attention squares(q, k, v: f32[B, L, H, D]) { blocks 16 mask diagonal or j mod 16 == 15 and bj < bi weights sigmoid }
attention ungrouped(q: f32[B, H, L, D], k: f32[B, Hkv, S, D], v: f32[B, Hkv, S, E]) {
  score s - 0.01 * abs(i - j)
  mask around(20) or sinks(3)
  return o, lse
}
attention brink(q: f32[L, D], k, v: f32[S, D]) { mask j <= i + 2147483348 }
`;

export interface Known extends Case {
  readonly spec: Spec;
}

/** Several tiles and superblocks, none of them whole. */
const ragged: Sizes = { B: 1, H: 4, Hkv: 2, L: 150, S: 203, D: 12, E: 9 };

export function specs(): readonly Spec[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".attn"));
  return [
    ...files.flatMap((name) => check(readFileSync(new URL(name, folder), "utf8"), name).specs),
    ...check(patterns, "patterns.attn").specs,
  ];
}

export function specOf(name: string): Spec {
  const found = specs().find((spec) => spec.name === name);
  if (!found) throw new Error(`no case is called ${name}`);
  return found;
}

export interface Made extends SampleOptions {
  readonly target?: string;
  readonly prefix?: string;
  readonly label?: string;
  readonly sizes?: Sizes;
}

/** A spec on ragged sizes or those given, made for a device. */
export function known(
  spec: Spec,
  { target = "c:host", prefix, label, sizes: given = {}, ...sample }: Made = {},
): Known {
  const device = deviceOf(target);
  const sizes = Object.fromEntries(
    spec.sizes.map((name) => [name, given[name] ?? ragged[name] ?? spec.example.sizes[name] ?? 1]),
  );
  return {
    spec,
    program: lower(spec, device).program,
    options: { ...emitOptionsOf(spec, device), ...(prefix === undefined ? {} : { c: { prefix } }) },
    sizes,
    inputs: sampleInputs(spec, sizes, { seed: 11, ...sample }),
    ...(label === undefined ? {} : { label }),
  };
}
