/**
 * The sizes and tensors of one call. Takes a Spec, the tensors that are given, sizes by name and a seed; gives every
 * tensor the call reads, those not given drawn from the seed. Guarantees: what does not fit is refused, by its code,
 * before anything large is allocated; numbers are drawn for unnamed float inputs only where none of them is given.
 */
import { diagnostic, fail, FoveaError, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { storedDims, type Tensor } from "../runtime/tensor.ts";
import { children, type Scalar } from "../scalar/scalar.ts";
import { elementBytes, isReal, isSmall } from "../scalar/storage.ts";
import { checkInputs, inputDims, outputDims, type Given } from "../spec/inputs.ts";
import type { Sizes, Spec, SpecInput } from "../spec/spec.ts";
import { sampleInputs, type SampleTensor } from "./sample.ts";

export interface Loaded {
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, SampleTensor>;
}

export interface Need {
  /** Which tensors the caller reads; numbers are drawn for no others. */
  readonly reads: (input: SpecInput) => boolean;
  /** Bytes of inputs and outputs that the target can take. */
  readonly mostBytes?: number | undefined;
}

export interface GivenTensor extends SampleTensor {
  readonly dtype: string;
}

interface CallOptions {
  readonly dims: Sizes;
  readonly seed: number;
  readonly need?: Need;
  /** What the caller adds to the complaint about a missing tensor. */
  readonly advise?: (diagnostics: readonly Diagnostic[]) => readonly Diagnostic[];
}

const everything: Need = { reads: () => true };

/** The tensors that decide which pairs are kept: all that `explain` and `view` need. */
export function readsOfMask(spec: Spec): Need {
  const names = new Set<string>();
  const visit = (x: Scalar): void => {
    if (x.kind === "read" || x.kind === "sorted" || x.kind === "search") names.add(x.tensor);
    for (const child of children(x)) visit(child);
  };
  visit(spec.mask);
  visit(spec.position);
  return { reads: ({ name }) => names.has(name) };
}

/** A tensor as an input of a spec. Files without i4 have it as bytes, two elements each. */
export function givenAs(spec: Spec, name: string, { data, dims, dtype }: Tensor): GivenTensor {
  const wanted = spec.inputs.find((input) => input.name === name)?.dtype;
  return { dims: storedDims(dtype, dims), data, dtype: wanted === "i4" && dtype === "u8" ? "i4" : dtype };
}

/** Sizes from `dims`, the tensors' own dimensions and the example. */
export function callOf(
  spec: Spec,
  given: ReadonlyMap<string, GivenTensor>,
  { dims, seed, need = everything, advise = (d) => d }: CallOptions,
): Loaded {
  const named = Object.fromEntries(
    Object.entries(dims).filter(([name]) => spec.sizes.includes(name) || Object.hasOwn(spec.fixed, name)),
  );
  // What is wrong with the given tensors comes first: sizes that are missing may be missing because of it.
  refuse(checkInputs(spec, named, given).diagnostics, ["FOV2101", "FOV2106", "FOV4007"]);
  const sizes = exampleSizes(spec, sizesFrom(spec, given, named));
  const shapes = inputDims(spec, sizes);
  const drawn = drawnInputs(spec, given);
  const all = new Map<string, Given>(given);
  for (const { name } of drawn) {
    const shape = shapes.get(name) ?? [];
    all.set(name, { dims: shape, data: { length: volume(shape) } });
  }
  refuse(advise(checkInputs(spec, sizes, all).diagnostics), ["FOV4007"]);
  refuseMemory(spec, sizes, need);
  const wanted = drawn.filter(need.reads);
  const sampled = sampleInputs({ ...spec, inputs: wanted }, sizes, { seed });
  for (const [name, tensor] of sampled) all.set(name, tensor);
  refuse(checkInputs(spec, sizes, all).diagnostics);
  const read = spec.inputs.filter((input) => given.has(input.name) || need.reads(input));
  return {
    sizes: { ...spec.fixed, ...sizes },
    inputs: new Map(read.map(({ name }) => [name, given.get(name) ?? tensorOf(sampled, name)])),
  };
}

function tensorOf(tensors: ReadonlyMap<string, SampleTensor>, name: string): SampleTensor {
  return tensors.get(name) ?? fail("FOV2101", `the input ${name} is missing`);
}

const volume = (dims: readonly number[]): number => dims.reduce((a, d) => a * d, 1);

/** Inputs whose numbers come from the seed: all that are not given, unless one of the unnamed float inputs is. */
function drawnInputs(spec: Spec, given: ReadonlyMap<string, unknown>): readonly SpecInput[] {
  const unnamed = ({ name, dtype }: SpecInput): boolean =>
    (isReal(dtype) || isSmall(dtype)) && !Object.hasOwn(spec.example.values, name);
  const real = spec.inputs.some((input) => given.has(input.name) && unnamed(input));
  return spec.inputs.filter((input) => !given.has(input.name) && !(real && unnamed(input)));
}

function refuse(diagnostics: readonly Diagnostic[], except: readonly string[] = []): void {
  const errors = diagnostics.filter((d) => d.severity === "error" && !except.includes(d.code));
  if (errors.length) throw new FoveaError(errors);
}

function refuseMemory(spec: Spec, sizes: Sizes, need: Need): void {
  const width = new Map([...spec.inputs, ...spec.outputs].map(({ name, dtype }) => [name, elementBytes[dtype]]));
  const bytes = [...inputDims(spec, sizes), ...outputDims(spec, sizes)]
    .filter(([name]) => spec.inputs.every((input) => input.name !== name || need.reads(input)))
    .reduce((sum, [name, dims]) => sum + (width.get(name) ?? 4) * volume(dims), 0);
  const help = "give smaller sizes with `--dim`";
  if (need.mostBytes !== undefined && bytes > need.mostBytes) {
    fail("FOV4006", `${spec.name}: inputs and outputs take ${bytes} bytes; the target can address ${need.mostBytes}`, {
      help,
    });
  }
  const free = process.availableMemory();
  if (bytes > free) fail("FOV4006", `${spec.name}: inputs and outputs take ${bytes} bytes; ${free} are free`, { help });
}

/** Named dimensions read off the tensors, so that inputs that are not given can be sampled to fit. */
function sizesFrom(spec: Spec, given: ReadonlyMap<string, GivenTensor>, named: Sizes): Sizes {
  const sizes: Record<string, number> = Object.fromEntries(
    Object.entries(named).filter(([name]) => spec.sizes.includes(name)),
  );
  for (const input of spec.inputs) {
    const tensor = given.get(input.name);
    input.dims.forEach((dim, n) => {
      const found = tensor?.dims[n];
      if (dim.kind === "size" && found !== undefined && !Object.hasOwn(sizes, dim.name)) sizes[dim.name] = found;
    });
  }
  return sizes;
}

function exampleSizes(spec: Spec, named: Sizes): Sizes {
  const sizes: Record<string, number> = {};
  const missing: string[] = [];
  for (const name of spec.sizes) {
    const said = Object.hasOwn(named, name) ? named : spec.example.sizes;
    const size = Object.hasOwn(said, name) ? said[name] : undefined;
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
