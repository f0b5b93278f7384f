/**
 * Inputs for a spec that has none: what its `example` says, all from one seed. Unnamed float tensors are normal,
 * the integers of an operand spread over their whole range, and its scales and zeros such that its elements are of order
 * 1; an integer or bool input without a value is refused by name (FOV2109), for no random choice would mean anything.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { between, bernoulli, normal, offsets, segments } from "../runtime/random.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { isReal, isSmall, smallRanges, storedAs, type Stored } from "../scalar/storage.ts";
import { inputDims } from "../spec/inputs.ts";
import type { ExampleValue, Sizes, Spec, SpecInput } from "../spec/spec.ts";

export interface SampleTensor {
  readonly dims: readonly number[];
  readonly data: Stored;
}

export interface SampleOptions {
  readonly seed?: number;
  /** Factor on q: logits grow with it. */
  readonly spread?: number;
  /** Reads a file that an `example` names. */
  readonly open?: (path: string) => SampleTensor;
}

export function sampleInputs(spec: Spec, sizes: Sizes, options: SampleOptions = {}): Map<string, SampleTensor> {
  const dims = inputDims(spec, sizes);
  return new Map(
    spec.inputs.map((input) => [input.name, sampled(spec, input, dims.get(input.name) ?? [], sizes, options)]),
  );
}

function sampled(
  spec: Spec,
  input: SpecInput,
  dims: readonly number[],
  sizes: Sizes,
  options: SampleOptions,
): SampleTensor {
  const seed = options.seed ?? 0;
  const count = dims.reduce((a, d) => a * d, 1);
  const value = Object.hasOwn(spec.example.values, input.name) ? spec.example.values[input.name] : undefined;
  if (value) return { dims, data: fromExample(value, input, dims, sizes, seed, options) };
  if (isSmall(input.dtype)) {
    const [least, most] = input.dtype === "i4" ? smallRanges.u8 : smallRanges[input.dtype];
    return { dims, data: storedAs(input.dtype, between(seed, input.name, least, most + 1, count)) };
  }
  if (!isReal(input.dtype)) {
    return fail("FOV2109", `the ${input.dtype} input ${input.name} of ${spec.name} has no value`, {
      span: input.span,
      help: `give it one in the attention, such as \`example ${input.name} = ${input.dtype === "bool" ? "bernoulli(0.5)" : "between(0, 4)"}\`, or pass \`--input ${input.name}=FILE\``,
    });
  }
  const data = normal(seed, input.name, count);
  const fits = fitting(spec, input.name);
  if (fits) data.forEach((x, n) => (data[n] = fits(x)));
  if (input.name === "q" && options.spread !== undefined)
    for (let n = 0; n < count; n++) data[n] = (data[n] ?? 0) * options.spread;
  return { dims, data: input.dtype === "f32" ? data : storedAs(input.dtype, data) };
}

/** What a normal number becomes as a scale or a zero of an operand; undefined for all other inputs. */
function fitting(spec: Spec, name: string): ((x: number) => number) | undefined {
  for (const { dtype, quantised } of spec.inputs) {
    if (!quantised || !isSmall(dtype)) continue;
    const [least, most] = smallRanges[dtype];
    const [middle, width] = [(least + most) / 2, most - least + 1];
    if (quantised.zero?.input === name) return (x) => middle + (x * width) / 32;
    if (quantised.scale.input !== name) continue;
    const size = Math.hypot(width / Math.sqrt(12), quantised.zero ? 0 : middle);
    // From half the usual number on, so that a scale of a whole tensor is no tiny one; 1.9 is the root of E(1 + |x|)².
    return (x) => (1 + Math.abs(x)) / (1.9 * size);
  }
  return undefined;
}

function fromExample(
  value: ExampleValue,
  input: SpecInput,
  dims: readonly number[],
  sizes: Sizes,
  seed: number,
  options: SampleOptions,
): SampleTensor["data"] {
  const count = dims.reduce((a, d) => a * d, 1);
  const number = (x: Scalar): number => sizeValue(x, sizes);
  const typed = (numbers: ArrayLike<number>): SampleTensor["data"] => storedAs(input.dtype, numbers);
  switch (value.kind) {
    case "number":
      return typed(new Float64Array(count).fill(value.value));
    case "between":
      return typed(
        between(seed, input.name, number(value.lo), Math.max(number(value.lo) + 1, number(value.hi)), count),
      );
    case "bernoulli":
      return typed(bernoulli(seed, input.name, value.p, count));
    case "segments":
    case "offsets": {
      const length = dims.at(-1) ?? 0;
      const rows = length ? count / length : 0;
      const all = Array.from({ length: rows }, (_, n) => {
        const name = `${input.name}${n}`;
        return Array.from(
          value.kind === "segments"
            ? segments(seed, name, number(value.count), length)
            : offsets(seed, name, number(value.length), length),
        );
      });
      return typed(all.flat());
    }
    case "file":
      return options.open
        ? options.open(value.path).data
        : fail("FOV0002", `${value.path} cannot be read here`, { span: input.span });
  }
}
