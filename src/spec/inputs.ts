/**
 * What one call needs. Takes a Spec, the sizes and tensors that are given; gives the sizes of the call, inferred
 * from the tensors' dimensions, with every contradiction reported. Products of sizes are exact, so that no
 * tensor without a 32-bit index gets through. Also the dimensions of inputs and outputs.
 */
import { diagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { evaluate } from "../scalar/evaluate.ts";
import { printScalar } from "../scalar/print.ts";
import { some, type Scalar } from "../scalar/scalar.ts";
import { isHalf } from "../scalar/storage.ts";
import { leaves32Bits, type Interval } from "./range.ts";
import type { Sizes, Spec, SpecInput } from "./spec.ts";

/** A tensor as it is given. Without dims the sizes must say what they are. */
export interface Given {
  readonly dims?: readonly number[];
  readonly data: { readonly length: number } | ArrayLike<number>;
  readonly dtype?: string;
}

const maxElements = 2 ** 31 - 1;
export const maxHeadSize = 512;
/** Lengths, positions and the sizes that ranges are computed from stay below it, so that their bounds fit 32 bits. */
export const maxLength = 2 ** 26 - 1;

export const tooLong = (message: string): Diagnostic =>
  diagnostic("FOV4005", message, {
    notes: [`the limit is ${maxLength}: ranges of keys are computed in 32 bits`],
    help: "split the call",
  });

function value(x: Scalar, sizes: Sizes): number {
  const none = (): never => {
    throw new Error("inputs: a shape reads a tensor");
  };
  return evaluate(x, { variables: {}, sizes, read: none, dims: none }, "f64");
}

export const inputDims = (spec: Spec, sizes: Sizes): Map<string, number[]> =>
  new Map(spec.inputs.map((input) => [input.name, input.dims.map((dim) => value(dim, sizes))]));

/** `o` has q's dimensions in q's order with v's channel, `lse` the same without the channel. */
export function outputDims(spec: Spec, sizes: Sizes): Map<string, number[]> {
  const { batch, head, query, valueChannel } = spec.extents;
  const extents = { batch, head, position: query, channel: valueChannel };
  const dims = (roles: Spec["roles"]): number[] => roles.map((role) => value(extents[role], sizes));
  return new Map(
    spec.outputs.map((output) => [
      output.name,
      dims(output.value === "o" ? spec.roles : spec.roles.filter((role) => role !== "channel")),
    ]),
  );
}

/** `f32[B=1, H=2, L=96, D=16]` */
function shapeText(input: SpecInput, sizes: Sizes): string {
  const dim = (x: Scalar): string => {
    const text = printScalar(x);
    const known = x.kind !== "const" && !some(x, (n) => n.kind === "size" && !Object.hasOwn(sizes, n.name));
    return known ? `${text}=${value(x, sizes)}` : text;
  };
  return input.dims.length === 0 ? input.dtype : `${input.dtype}[${input.dims.map(dim).join(", ")}]`;
}

export interface Checked {
  readonly sizes: Sizes;
  readonly diagnostics: readonly Diagnostic[];
}

export function checkInputs(spec: Spec, given: Sizes, inputs: ReadonlyMap<string, Given>): Checked {
  const diagnostics: Diagnostic[] = [];
  checkNames(spec, given, inputs, diagnostics);
  const sizes = inferSizes(spec, given, inputs, diagnostics);
  const known = spec.sizes.every((name) => Object.hasOwn(sizes, name));
  if (known) {
    checkProducts(spec, sizes, diagnostics);
    if (diagnostics.length === 0) checkShapes(spec, sizes, inputs, diagnostics);
    checkWhere(spec, sizes, diagnostics);
    if (diagnostics.length === 0) checkRange(spec, sizes, inputs, diagnostics);
  }
  return { sizes, diagnostics };
}

function checkNames(spec: Spec, given: Sizes, inputs: ReadonlyMap<string, Given>, diagnostics: Diagnostic[]): void {
  const names = spec.inputs.map((input) => input.name);
  for (const { name } of spec.inputs) {
    if (!inputs.has(name))
      diagnostics.push(
        diagnostic("FOV2101", `${spec.name}: the input ${name} is missing`, {
          help: "give every input that the signature declares",
        }),
      );
  }
  for (const name of inputs.keys()) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    diagnostics.push(
      diagnostic("FOV2102", `${spec.name} has no input ${name}`, {
        notes: [`its inputs are ${names.join(", ")}`],
        help: near && `did you mean \`${near}\`?`,
      }),
    );
  }
  for (const name of Object.keys(given)) {
    if (spec.sizes.includes(name)) continue;
    if (!Object.hasOwn(spec.fixed, name)) {
      const near = closest(name, spec.sizes);
      diagnostics.push(
        diagnostic("FOV0007", `${spec.name} has no dimension ${name}`, { help: near && `did you mean \`${near}\`?` }),
      );
    } else if (spec.fixed[name] !== given[name]) {
      diagnostics.push(
        diagnostic(
          "FOV2005",
          `${spec.name}: the dimension ${name} is fixed to ${spec.fixed[name]} and given as ${given[name]}`,
          { help: `leave ${name} out, or compile without \`--dim ${name}\`` },
        ),
      );
    }
  }
}

function inferSizes(spec: Spec, given: Sizes, inputs: ReadonlyMap<string, Given>, diagnostics: Diagnostic[]): Sizes {
  const found = new Map<string, { value: number; by: string }>();
  for (const name of spec.sizes) {
    if (!Object.hasOwn(given, name)) continue;
    const size = given[name];
    if (Number.isInteger(size) && size >= 0) found.set(name, { value: size, by: "given" });
    else
      diagnostics.push(
        diagnostic("FOV2106", `${spec.name}: the dimension ${name} is given as ${size}, which is not a size`, {
          help: "a size is an integer from 0 on",
        }),
      );
  }
  for (const input of spec.inputs) {
    const dims = inputs.get(input.name)?.dims;
    if (!dims) continue;
    if (dims.length !== input.dims.length) {
      diagnostics.push(
        diagnostic(
          "FOV2105",
          `${spec.name}: input ${input.name} has dimensions [${dims.join(", ")}]; ${shapeText(input, {})} has ${input.dims.length} of them`,
          { help: "reshape the tensor, or change the signature" },
        ),
      );
      continue;
    }
    for (const [n, dim] of input.dims.entries()) {
      if (!Number.isInteger(dims[n]) || dims[n] < 0) {
        diagnostics.push(
          diagnostic("FOV2106", `${spec.name}: input ${input.name} has the dimension ${dims[n]}, which is not a size`, {
            help: "a size is an integer from 0 on",
          }),
        );
      } else if (dim.kind === "size") infer(spec, dim.name, dims[n], input.name, found, diagnostics);
    }
  }
  for (const name of spec.sizes) {
    const invalid = diagnostics.some(
      (each) => each.code === "FOV2106" || each.code === "FOV2105" || each.code === "FOV2101",
    );
    if (!found.has(name) && !invalid)
      diagnostics.push(
        diagnostic("FOV2106", `${spec.name}: the dimension ${name} is missing`, {
          help: `give it, or dimensions with every input`,
        }),
      );
  }
  const sizes: Record<string, number> = {};
  for (const [name, size] of found)
    Object.defineProperty(sizes, name, { value: size.value, enumerable: true, configurable: true, writable: true });
  return sizes;
}

function infer(
  spec: Spec,
  name: string,
  size: number,
  input: string,
  found: Map<string, { value: number; by: string }>,
  diagnostics: Diagnostic[],
): void {
  const before = found.get(name);
  if (!before) found.set(name, { value: size, by: `from input ${input}` });
  else if (before.value !== size) {
    diagnostics.push(
      diagnostic(
        "FOV2005",
        `${spec.name}: the dimension ${name} is ${before.value} (${before.by}) and ${size} (from input ${input})`,
        { help: "give tensors of one call: a dimension has one size in all of them" },
      ),
    );
  }
}

/** In exact arithmetic: every tensor, and the head sizes that kernels are made for. */
function checkProducts(spec: Spec, sizes: Sizes, diagnostics: Diagnostic[]): void {
  const all = [...inputDims(spec, sizes), ...outputDims(spec, sizes)];
  for (const [name, dims] of all) {
    const wrong = dims.find((dim) => !Number.isInteger(dim) || dim < 0);
    if (wrong !== undefined) {
      diagnostics.push(diagnostic("FOV2106", `${spec.name}: ${name} has the dimension ${wrong}, which is not a size`));
      continue;
    }
    const elements = dims.reduce((product, dim) => product * BigInt(dim), 1n);
    const large = dims.find((dim) => dim > maxElements);
    if (elements > BigInt(maxElements) || large !== undefined) {
      diagnostics.push(
        diagnostic(
          "FOV4005",
          `${spec.name}: ${name} has ${large ?? elements} elements${large === undefined ? "" : " along one dimension"}`,
          { notes: [`the limit is ${maxElements}`], help: "split the call, by batch or by heads" },
        ),
      );
    }
  }
  for (const [name, size] of Object.entries({ ...spec.fixed, ...sizes })) {
    if (size <= maxLength) continue;
    diagnostics.push(tooLong(`${spec.name}: the dimension ${name} is ${size}`));
  }
  checkHeadSizes(spec, sizes, diagnostics);
}

function checkHeadSizes(spec: Spec, sizes: Sizes, diagnostics: Diagnostic[]): void {
  const extents = new Set([value(spec.extents.channel, sizes), value(spec.extents.valueChannel, sizes)]);
  for (const extent of extents) {
    if (extent > maxHeadSize)
      diagnostics.push(
        diagnostic("FOV4005", `${spec.name}: the head size is ${extent}`, {
          notes: [`the limit is ${maxHeadSize}`],
          help: "give a smaller one, or split the heads",
        }),
      );
    if (extent === 0)
      diagnostics.push(
        diagnostic("FOV2106", `${spec.name}: the head size is 0`, {
          notes: ["batch and lengths may be 0, a head size may not"],
          help: "give a head size of 1 to 512",
        }),
      );
  }
}

function checkShapes(spec: Spec, sizes: Sizes, inputs: ReadonlyMap<string, Given>, diagnostics: Diagnostic[]): void {
  const needed = inputDims(spec, sizes);
  for (const input of spec.inputs) {
    const tensor = inputs.get(input.name);
    const dims = needed.get(input.name);
    if (!tensor || !dims) continue;
    const shape = shapeText(input, sizes);
    if (tensor.dtype !== undefined && tensor.dtype !== input.dtype) {
      diagnostics.push(
        diagnostic("FOV2104", `${spec.name}: input ${input.name} is ${tensor.dtype}; ${shape} is needed`, {
          help: `store it as ${input.dtype}`,
        }),
      );
    }
    if (tensor.dims && tensor.dims.some((dim, n) => dim !== dims[n])) {
      diagnostics.push(
        diagnostic(
          "FOV2105",
          `${spec.name}: input ${input.name} has dimensions [${tensor.dims.join(", ")}]; ${shape} is needed`,
          { help: "give the tensor in that shape, or other sizes" },
        ),
      );
      continue;
    }
    const count = dims.reduce((product, dim) => product * dim, 1);
    if (tensor.data.length !== count) {
      diagnostics.push(
        diagnostic(
          "FOV2103",
          `${spec.name}: input ${input.name} has ${tensor.data.length} numbers; ${shape} needs ${count}`,
          { help: "give as many numbers as the dimensions say" },
        ),
      );
    }
  }
}

/** Bounds of the elements; without data at hand nothing is known but that they are integers of 32 bits. */
function elementsOf(given: Given | undefined): Interval {
  let [lo, hi] = [0, 0];
  if (!given || !("0" in given.data))
    return given?.data.length === 0 ? { lo, hi } : { lo: -(2 ** 31), hi: maxElements };
  for (let n = 0; n < given.data.length; n++) {
    lo = Math.min(lo, given.data[n]);
    hi = Math.max(hi, given.data[n]);
  }
  return { lo, hi };
}

function checkRange(spec: Spec, sizes: Sizes, inputs: ReadonlyMap<string, Given>, diagnostics: Diagnostic[]): void {
  const known = new Map<string, Interval>();
  const elements = (name: string): Interval => {
    // Bits of a half say nothing of what is made of its number.
    const half = spec.inputs.some((input) => input.name === name && isHalf(input.dtype));
    const given = inputs.get(name);
    const found = known.get(name) ?? elementsOf(half && given ? { data: { length: given.data.length } } : given);
    known.set(name, found);
    return found;
  };
  const text = leaves32Bits(spec, sizes, elements);
  if (text === undefined) return;
  diagnostics.push(
    diagnostic(
      "FOV4007",
      `${spec.name}: ${text} could leave 32 bits for ${spec.sizes.map((name) => `${name} = ${sizes[name]}`).join(", ")}`,
      { help: "give smaller sizes, or smaller numbers in the tensors that it reads" },
    ),
  );
}

function checkWhere(spec: Spec, sizes: Sizes, diagnostics: Diagnostic[]): void {
  for (const { condition, text, span } of spec.where) {
    if (value(condition, sizes) !== 0) continue;
    const named = spec.sizes.filter((name) => some(condition, (n) => n.kind === "size" && n.name === name));
    diagnostics.push(
      diagnostic(
        "FOV2108",
        `${spec.name}: ${text} does not hold for ${named.map((name) => `${name} = ${sizes[name]}`).join(", ")}`,
        { span, help: "give sizes for which it holds" },
      ),
    );
  }
}
