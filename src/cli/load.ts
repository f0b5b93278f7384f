/** From the command line's words to Specs, sizes and tensors. Reads files; says what is missing by its code. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { check } from "../compile.ts";
import { diagnostic, fail, FoveaError } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { readTensorFile, readTensors } from "../runtime/load.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { checkInputs, inputDims } from "../spec/inputs.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import { sampleInputs, type SampleTensor } from "../verify/sample.ts";
import type { Common } from "./options.ts";
import { report, type Terminal } from "./terminal.ts";

export function readSource(path: string, terminal: Terminal): string {
  try {
    const source = readFileSync(path === "-" ? 0 : path, "utf8");
    terminal.sources.set(path, source);
    return source;
  } catch (error) {
    return fail("FOV0002", `${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** `ENOENT: no such file` rather than Node's whole sentence with the path again. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split(",")[0] ?? error.message) : String(error);

/** Files as they are, folders as the .attn files in them. */
export function filesOf(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    if (path === "-") return [path];
    try {
      if (!statSync(path).isDirectory()) return [path];
    } catch (error) {
      return fail("FOV0002", `${path} cannot be read: ${reasonOf(error)}`);
    }
    const found = readdirSync(path).filter((name) => name.endsWith(".attn"));
    if (found.length === 0) fail("FOV0005", `${path} holds no .attn file`);
    return found.toSorted().map((name) => join(path, name));
  });
}

/** The attentions of a file; `one`: exactly one, by --name where there are several. */
export function specsOf(path: string, options: Common, terminal: Terminal, one = false): readonly Spec[] {
  const { specs, diagnostics } = check(readSource(path, terminal), path, { set: options.set, dims: options.dim });
  if (diagnostics.some((d) => d.severity === "error")) throw new FoveaError(diagnostics);
  if (diagnostics.length && !options.json) report(terminal, diagnostics, false);
  if (specs.length === 0)
    fail("FOV0005", `${path} declares no attention`, {
      help: "declare one: `attention dense(q, k, v: f32[B, H, L, D]) {}`",
    });
  const names = specs.map((s) => s.name);
  if (options.name !== undefined) {
    const { name } = options;
    const found = specs.filter((s) => s.name === name);
    const near = closest(name, names);
    return found.length
      ? found
      : fail("FOV0007", `${path} has no attention ${name}`, {
          help: near ? `did you mean \`${near}\`?` : `it has ${names.join(", ")}`,
        });
  }
  if (one && specs.length > 1)
    fail("FOV0004", `${path} has several attentions: ${names.join(", ")}`, {
      help: `pick one: \`--name ${names[0] ?? ""}\``,
    });
  return specs;
}

export interface Loaded {
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, SampleTensor>;
}

/** Sizes from --dim, the tensors' own dimensions and the example; tensors from files, else sampled from the seed. */
export function inputsOf(spec: Spec, options: Common): Loaded {
  const given = new Map<string, Tensor>();
  if (options.inputs !== undefined) {
    const wanted = new Set(spec.inputs.map((i) => i.name));
    for (const [name, tensor] of readTensors(options.inputs, wanted)) given.set(name, tensor);
  }
  for (const each of options.input) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([^#]+)(?:#(.+))?$/.exec(each);
    if (!match?.[1] || !match[2]) fail("FOV0001", `--input needs NAME=FILE or NAME=FILE#MEMBER, not ${each}`);
    else given.set(match[1], readTensorFile(match[2], match[3]));
  }
  const named = Object.fromEntries(Object.entries(options.dim).filter(([name]) => spec.sizes.includes(name)));
  if (given.size === 0) {
    const sizes = exampleSizes(spec, named);
    refuseSizes(spec, sizes);
    return { sizes, inputs: sampleInputs(spec, sizes, { seed: options.seed }) };
  }
  const rough = sizesFrom(spec, given, named);
  const sampled = sampleInputs(spec, exampleSizes(spec, rough), { seed: options.seed });
  const inputs = new Map<string, { dims: readonly number[]; data: Tensor["data"]; dtype?: string }>(sampled);
  for (const [name, { dims, data, dtype }] of given) inputs.set(name, { dims, data, dtype });
  const { sizes, diagnostics } = checkInputs(spec, named, inputs);
  if (diagnostics.some((d) => d.severity === "error")) throw new FoveaError(diagnostics);
  return { sizes, inputs: new Map([...inputs].map(([name, t]) => [name, numeric(name, t)])) };
}

/** Sizes are judged before anything is allocated; what depends on the numbers in tensors is judged with them. */
function refuseSizes(spec: Spec, sizes: Sizes): void {
  const shapes = [...inputDims(spec, sizes)].map(
    ([name, dims]) => [name, { dims, data: { length: dims.reduce((a, d) => a * d, 1) } }] as const,
  );
  const { diagnostics } = checkInputs(spec, sizes, new Map(shapes));
  const errors = diagnostics.filter((d) => d.severity === "error" && d.code !== "FOV4007");
  if (errors.length) throw new FoveaError(errors);
}

function numeric(
  name: string,
  tensor: { readonly dims: readonly number[]; readonly data: ArrayBufferView & ArrayLike<number> },
): SampleTensor {
  const { data, dims } = tensor;
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return { dims, data };
  return fail("FOV2104", `the input ${name} has a dtype that no attention takes yet`, {
    help: "store it as f32, i32 or bool",
  });
}

/** Named dimensions read off the tensors, so that inputs that are not given can be sampled to fit. */
function sizesFrom(spec: Spec, given: ReadonlyMap<string, Tensor>, named: Sizes): Sizes {
  const sizes: Record<string, number> = { ...named };
  for (const input of spec.inputs) {
    const tensor = given.get(input.name);
    input.dims.forEach((dim, n) => {
      const found = tensor?.dims[n];
      if (dim.kind === "size" && found !== undefined) sizes[dim.name] ??= found;
    });
  }
  return sizes;
}

export function exampleSizes(spec: Spec, named: Sizes): Sizes {
  const sizes: Record<string, number> = {};
  const missing: string[] = [];
  for (const name of spec.sizes) {
    const size = Object.hasOwn(named, name) ? named[name] : spec.example.sizes[name];
    if (size === undefined) missing.push(name);
    else sizes[name] = size;
  }
  if (missing.length) {
    throw new FoveaError(
      missing.map((name) =>
        diagnostic("FOV2106", `${spec.name} needs the dimension ${name}`, {
          help: `pass \`--dim ${name}=64\` or add \`example ${name} = 64\` to the attention`,
        }),
      ),
    );
  }
  return sizes;
}
