/**
 * Fovea as a library: `.attn` text in, kernels and answers out. Nothing here reads or writes a file or prints.
 * Whatever is wrong with a text or a call is a `FoveaError` that carries diagnostics with their codes; only `check`
 * gives them back instead.
 *
 * Kernels that `compile` makes need nothing of Fovea when they run. Tensor files: `fovea/runtime`.
 */
import { artifactsOf, isPrefix } from "./artifacts.ts";
import { attentionsOf } from "./attentions.ts";
import { check as checkSource, lower } from "./compile.ts";
import { explanationOf, type Explanation } from "./cost/explain.ts";
import { fail, FoveaError, type Diagnostic } from "./diagnostics/diagnostic.ts";
import { renderText } from "./diagnostics/render.ts";
import { oracle as runOracle } from "./oracle/oracle.ts";
import type { Tensor } from "./runtime/tensor.ts";
import { printScalar } from "./scalar/print.ts";
import type { Sizes, Spec } from "./spec/spec.ts";
import { format as formatFile } from "./syntax/format.ts";
import { parse } from "./syntax/parse.ts";
import { callOf, givenAs, readsOfMask, type Loaded, type Need } from "./verify/call.ts";
import { targetOf, targets } from "./verify/run.ts";

export { FoveaError, targets };
export type { Diagnostic, Explanation, Sizes, Tensor };

export interface SourceOptions {
  /** What messages call the text; a device's description and an `example`'s file are not read from beside it. */
  readonly path?: string;
  /** Sizes by dimension. `compile` makes them constants; what is not given is chosen when a kernel is called. */
  readonly dims?: Sizes;
  /** Values for the text's `param`s. */
  readonly params?: Readonly<Record<string, number>>;
}

export interface AttentionOptions extends SourceOptions {
  /** Which attention of the text. */
  readonly name?: string;
}

export interface CallOptions extends AttentionOptions {
  /** Tensors by input. Those not given are drawn from the seed, to fit `dims` and the text's `example`. */
  readonly inputs?: Readonly<Record<string, Tensor>>;
  readonly seed?: number;
}

export interface CompileOptions extends AttentionOptions {
  /** `wasm`, `wgsl`, `c` or a device such as `c:cortex-m55`. wasm with wgsl also gives a loader that picks. */
  readonly targets: readonly string[];
  /** Which wasm modules: `both` if not said, and the loader picks. */
  readonly simd?: "both" | "plain" | "relaxed";
  /** Stands before the names of C files and functions. */
  readonly prefix?: string;
  /** What the C may take for granted; `c99` if not said. */
  readonly std?: "c99" | "c11";
}

/** An attention of a text, as its caller sees it. */
export interface Attention {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly dtype: string; readonly dims: readonly string[] }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: string }[];
  /** Dimensions that a call gives. */
  readonly sizes: readonly string[];
  /** What each clause says, defaults included. */
  readonly clauses: readonly { readonly clause: string; readonly text: string; readonly default: boolean }[];
}

export interface CheckResult {
  /** Nothing is wrong; there may be warnings. */
  readonly ok: boolean;
  /** Empty where something is. */
  readonly attentions: readonly Attention[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface OutputFile {
  /** A file name, never a path. The files of an attention find each other by name, so they stay in one folder. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface CompileResult {
  readonly files: readonly OutputFile[];
  readonly warnings: readonly Diagnostic[];
}

export interface OracleResult {
  readonly dims: Sizes;
  readonly outputs: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float64Array }>>;
}

const unnamed = "input.attn";

/** Says what is wrong with a text, and what it declares where nothing is. */
export function check(source: string, { path = unnamed, dims, params }: SourceOptions = {}): CheckResult {
  const { specs, diagnostics } = checkSource(source, path, resolving(dims, params));
  const ok = diagnostics.every((d) => d.severity !== "error");
  return { ok, attentions: ok ? specs.map(attentionOf) : [], diagnostics };
}

/** The canonical layout of a text. */
export function format(source: string, { path = unnamed }: Pick<SourceOptions, "path"> = {}): string {
  const { file, diagnostics } = parse(source, path);
  if (diagnostics.some((d) => d.severity === "error")) throw new FoveaError(diagnostics);
  return formatFile(file);
}

/** Kernels, loaders, types and manifests of every attention of a text, or of the one that is named. */
export async function compile(source: string, options: CompileOptions): Promise<CompileResult> {
  const { path = unnamed, name, dims, params, simd = "both", prefix, std = "c99" } = options;
  if (prefix !== undefined && !isPrefix(prefix)) fail("FOV0001", `the prefix is a name of C, not ${prefix}`);
  const { specs, diagnostics } = attentionsOf(source, path, { name, ...resolving(dims, params) });
  const wanted = { simd, c: { std, ...(prefix === undefined ? {} : { prefix }) } };
  const files = new Map<string, OutputFile>();
  for (const spec of specs) {
    const artifacts = await artifactsOf(spec, options.targets, wanted, (_, device) => lower(spec, device));
    for (const file of artifacts.flat()) files.set(file.name, file);
  }
  return { files: [...files.values()], warnings: diagnostics };
}

/** What the mask of one attention keeps, what a kernel visits, and what that costs: `fovea explain --json`. */
export async function explain(
  source: string,
  options: CallOptions & { readonly target?: string } = {},
): Promise<Explanation> {
  const spec = specOf(source, options);
  const { target = "wasm" } = options;
  const { backend, device } = await targetOf(target);
  return explanationOf(spec, lower(spec, device), { backend, target }, tensorsOf(spec, options, readsOfMask(spec)));
}

/** What one attention means, in float64 loops that share no code with kernels. */
export function oracle(source: string, options: CallOptions = {}): OracleResult {
  const spec = specOf(source, options);
  const { sizes, inputs } = tensorsOf(spec, options);
  return { dims: sizes, outputs: Object.fromEntries(runOracle(spec, sizes, inputs).outputs) };
}

/** The tensors that `explain` and `oracle` use where none are given: the same for the same seed on every machine. */
export function sample(source: string, options: CallOptions = {}): Readonly<Record<string, Tensor>> {
  const spec = specOf(source, options);
  const { inputs } = tensorsOf(spec, options);
  return Object.fromEntries(
    spec.inputs.flatMap(({ name, dtype }) => {
      const tensor = inputs.get(name);
      return tensor ? [[name, { dtype, ...tensor }]] : [];
    }),
  );
}

/** Diagnostics as people read them, with the lines of the text they point into. */
export function render(
  diagnostics: readonly Diagnostic[],
  source: string,
  { path = unnamed, color = false }: { readonly path?: string; readonly color?: boolean } = {},
): string {
  return renderText(diagnostics, new Map([[path, source]]), { color });
}

const resolving = (dims: Sizes = {}, set: Sizes = {}): { dims: Sizes; set: Sizes } => ({ dims, set });

function specOf(source: string, { path = unnamed, name, dims, params }: AttentionOptions): Spec {
  const { specs } = attentionsOf(source, path, { name, one: true, ...resolving(dims, params) });
  return specs[0];
}

function tensorsOf(spec: Spec, { inputs = {}, dims = {}, seed = 0 }: CallOptions, need?: Need): Loaded {
  const given = new Map(Object.entries(inputs).map(([name, tensor]) => [name, givenAs(spec, name, tensor)]));
  return callOf(spec, given, { dims, seed, ...(need ? { need } : {}) });
}

const attentionOf = ({ name, inputs, outputs, sizes, clauses }: Spec): Attention => ({
  name,
  inputs: inputs.map((input) => ({
    name: input.name,
    dtype: input.dtype,
    dims: input.dims.map((dim) => printScalar(dim)),
  })),
  outputs: outputs.map((output) => ({ name: output.name, dtype: output.dtype })),
  sizes,
  clauses,
});
