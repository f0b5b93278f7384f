/**
 * Checks of one call, the same for every target. Takes the inputs and dims as a caller gives them; gives sizes,
 * shapes and typed arrays. Guarantees: whatever does not fit the manifest is refused by a code before a kernel runs.
 */
import { refuse } from "./errors.ts";
import { narrowed } from "./half.ts";
import type { Dtype, Manifest, Shapes, Sizes, TensorEntry } from "./manifest.ts";

declare const manifest: Manifest;
declare const shapesOf: (sizes: Sizes) => Shapes;
declare const conditionsOf: (sizes: Sizes) => readonly boolean[];

/** What an output is: f32, or the bits of halves. */
export type Result = Float32Array<ArrayBufferLike> | Uint16Array<ArrayBufferLike>;
export type Numbers = Result | Int32Array<ArrayBufferLike> | Uint8Array<ArrayBufferLike>;
export const arrays = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  bool: Uint8Array,
} as const;
export const elementBytes = { f32: 4, f16: 2, bf16: 2, i32: 4, bool: 1 } as const;
export const resultArrays = { f32: Float32Array, f16: Uint16Array, bf16: Uint16Array } as const;
/** Outputs are real. */
export const resultArray = (dtype: Dtype) => resultArrays[dtype === "f16" || dtype === "bf16" ? dtype : "f32"];
/** Elements are counted in 32 bits. */
const most = 2 ** 31 - 1;

export const count = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** An own property, so that no name finds what every object has. */
export const own = (from: object, name: string): unknown =>
  Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined;

export const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === "object" && x !== null;

/** `f32[B=1, H=2, L=96, 16]`: dimensions by name where they have one. */
export function shapeText({ dtype, dims }: TensorEntry, shape?: readonly number[]): string {
  const dim = (text: string, n: number): string =>
    shape === undefined || /^\d+$/.test(text) ? text : `${text}=${String(shape[n])}`;
  return dims.length === 0 ? dtype : `${dtype}[${dims.map(dim).join(", ")}]`;
}

/** An input as it was given: data of any kind, with dims if it carries them. */
export interface Argument {
  readonly entry: TensorEntry;
  readonly data: unknown;
  readonly dims: readonly unknown[] | undefined;
}

export function argumentsOf(inputs: unknown): readonly Argument[] {
  const names = manifest.inputs.map((entry) => entry.name).join(", ");
  if (!isRecord(inputs)) return refuse("FOV2101", `the inputs ${names} are missing`);
  for (const name of Object.keys(inputs)) {
    if (inputs[name] !== undefined && !manifest.inputs.some((entry) => entry.name === name))
      refuse("FOV2102", `there is no input ${name}; the inputs are ${names}`);
  }
  return manifest.inputs.map((entry) => {
    const given = own(inputs, entry.name);
    if (given === undefined) refuse("FOV2101", `input ${entry.name} is missing; it is ${shapeText(entry)}`);
    if (!isRecord(given) || ArrayBuffer.isView(given) || !("data" in given))
      return { entry, data: given, dims: undefined };
    const { data, dims } = given;
    if (dims !== undefined && !Array.isArray(dims))
      return refuse("FOV2105", `the dims of input ${entry.name} are not an array of sizes`);
    if (dims && dims.length !== entry.dims.length)
      refuse(
        "FOV2105",
        `input ${entry.name} has ${dims.length} dimensions; ${shapeText(entry)} has ${entry.dims.length}`,
      );
    return { entry, data, dims };
  });
}

/** A call's sizes: from `dims`, from the inputs that carry theirs, and those that the kernel has fixed. */
export function sizesOf(given: readonly Argument[], dims: unknown): Sizes {
  const known = new Map<string, { readonly size: number; readonly by: string }>();
  const put = (name: string, size: unknown, by: string): void => {
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0)
      return refuse("FOV2106", `dimension ${name} is ${String(size)} by ${by}, which is not a size`);
    const before = known.get(name);
    if (before && before.size !== size)
      refuse("FOV2005", `dimension ${name} is ${before.size} by ${before.by} and ${size} by ${by}`);
    if (!before) known.set(name, { size, by });
  };
  for (const [name, size] of Object.entries(manifest.fixed)) put(name, size, "this kernel");
  if (dims !== undefined && !isRecord(dims)) refuse("FOV2106", "dims are not an object of sizes by name");
  for (const [name, size] of Object.entries(dims ?? {})) {
    if (size === undefined) continue;
    if (!manifest.free.includes(name) && !Object.hasOwn(manifest.fixed, name))
      refuse("FOV0007", `there is no dimension ${name}; the dimensions are ${manifest.free.join(", ")}`);
    put(name, size, "dims");
  }
  for (const { entry, dims: carried } of given) {
    entry.dims.forEach((name, n) => {
      if (carried && manifest.free.includes(name)) put(name, carried[n], `input ${entry.name}`);
    });
  }
  const sizes: Record<string, number> = Object.create(null);
  for (const [name, { size }] of known) sizes[name] = size;
  for (const name of manifest.free)
    if (!known.has(name)) refuse("FOV2106", `dimension ${name} has no value: give it in dims, or dims with each input`);
  return sizes;
}

/** Shapes for sizes that a kernel can take; the dims of inputs must be these shapes. */
export function checkedShapes(sizes: Sizes, given: readonly Argument[] = []): Shapes {
  manifest.free.forEach((name) => {
    if ((sizes[name] ?? 0) > most) refuse("FOV4005", `dimension ${name} is ${sizes[name]}; the limit is ${most}`);
  });
  const text = manifest.free.map((name) => `${name} = ${sizes[name]}`).join(", ");
  conditionsOf(sizes).forEach((holds, n) => {
    const broken = manifest.conditions[n];
    if (!holds && broken) refuse(broken.code, `${broken.text} does not hold for ${text}`);
  });
  const shapes = shapesOf(sizes);
  const tensors = [...manifest.inputs, ...manifest.outputs];
  [...shapes.inputs, ...shapes.outputs].forEach((shape, n) => {
    const entry = tensors[n];
    if (entry && !(count(shape) <= most))
      refuse("FOV4005", `${entry.name} has ${count(shape)} elements, ${shapeText(entry, shape)}; the limit is ${most}`);
  });
  given.forEach(({ entry, dims }, n) => {
    const shape = shapes.inputs[n] ?? [];
    if (dims?.some((dim, at) => dim !== shape[at]))
      refuse("FOV2105", `input ${entry.name} has the dims [${dims.join(", ")}]; ${shapeText(entry, shape)} is needed`);
  });
  return shapes;
}

/** A transferred buffer takes no view. */
function detached({ buffer }: Numbers): boolean {
  try {
    return new Uint8Array(buffer, 0, 0).length > 0;
  } catch {
    return true;
  }
}

/** The kind of a typed array, also of one from another realm (a frame, a worker's context). */
const isA = (x: unknown, name: string): boolean =>
  ArrayBuffer.isView(x) && Object.prototype.toString.call(x) === `[object ${name}]`;

export const isNumbers = (x: unknown, dtype: Dtype): x is Numbers => isA(x, arrays[dtype].name);

/** A Float16Array, which not every engine has, is its bits. */
const bitsOf = (x: unknown, dtype: Dtype): unknown =>
  dtype === "f16" && ArrayBuffer.isView(x) && isA(x, "Float16Array")
    ? new Uint16Array(x.buffer, x.byteOffset, x.byteLength / 2)
    : x;

const article = (name: string): string => (/^[AEIOaeio]/.test(name) ? `an ${name}` : `a ${name}`);

function kindOf(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  return article(isRecord(x) ? Object.prototype.toString.call(x).slice(8, -1) : typeof x);
}

/** The numbers of an input, with exactly as many of them as its shape needs. */
export function numbersOf({ entry, data: given }: Argument, shape: readonly number[]): Numbers {
  const { name, dtype } = entry;
  if (shape.length === 0 && (typeof given === "number" || typeof given === "boolean")) return scalar(entry, given);
  const data = bitsOf(given, dtype);
  if (!isNumbers(data, dtype))
    return refuse(
      "FOV2104",
      `input ${name} is ${kindOf(data)}; ${shapeText(entry, shape)} needs ${article(arrays[dtype].name)}`,
    );
  checkLength(`input ${name}`, entry, data, shape);
  return data;
}

export function checkLength(what: string, entry: TensorEntry, data: Numbers, shape: readonly number[]): void {
  const need = count(shape);
  // No numbers are needed of an empty tensor, and a detached buffer is a mistake all the same.
  if (data.length === need && (need > 0 || !detached(data))) return;
  if (detached(data)) refuse("FOV2103", `${what} has no numbers any more: its buffer is detached`);
  refuse("FOV2103", `${what} has ${data.length} numbers; ${shapeText(entry, shape)} needs ${need}`);
}

function scalar(entry: TensorEntry, value: number | boolean): Numbers {
  const fits =
    entry.dtype === "bool"
      ? value === true || value === false || value === 0 || value === 1
      : typeof value === "number" && (entry.dtype !== "i32" || value === (value | 0));
  if (!fits) refuse("FOV2104", `input ${entry.name} is ${String(value)}; ${entry.dtype} is needed`);
  if (entry.dtype === "f16" || entry.dtype === "bf16") return Uint16Array.of(narrowed(entry.dtype, Number(value)));
  return arrays[entry.dtype].of(Number(value));
}

/** An array for an output that the caller brings, and the numbers or bits that lie in it. */
export interface Brought {
  readonly array: Result;
  readonly numbers: Result;
}

export function checkedOut(out: unknown, shapes: Shapes): readonly (Brought | undefined)[] {
  if (out === undefined) return manifest.outputs.map(() => undefined);
  if (!isRecord(out)) return refuse("FOV2110", "out is not an object of arrays by output name");
  const names = manifest.outputs.map((entry) => entry.name);
  for (const name of Object.keys(out))
    if (!names.includes(name)) refuse("FOV2102", `there is no output ${name}; the outputs are ${names.join(", ")}`);
  return manifest.outputs.map((entry, n) => {
    const given = own(out, entry.name);
    if (given === undefined) return undefined;
    const shape = shapes.outputs[n] ?? [];
    const numbers = bitsOf(given, entry.dtype);
    if (!isResult(numbers, entry.dtype) || !isResultLike(given))
      return refuse(
        "FOV2104",
        `out.${entry.name} is ${kindOf(given)}; ${shapeText(entry, shape)} needs ${article(resultArray(entry.dtype).name)}`,
      );
    checkLength(`out.${entry.name}`, entry, numbers, shape);
    return { array: given, numbers };
  });
}

const isResult = (x: unknown, dtype: Dtype): x is Result => isA(x, resultArray(dtype).name);
/** Whoever brings a Float16Array gets it back. */
const isResultLike = (x: unknown): x is Result => ArrayBuffer.isView(x);

/** Results by name, in the manifest's order. */
export function named<T>(values: readonly T[]): Record<string, T> {
  return Object.fromEntries(manifest.outputs.flatMap(({ name }, n) => (n in values ? [[name, values[n] as T]] : [])));
}
