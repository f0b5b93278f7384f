import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wasm } from "../../backends/wasm/index.ts";
import { lowerPlan } from "../../src/compile.ts";
import { causal } from "../support/plans.ts";
import { naive, worst } from "../support/naive.ts";

const options = { specText: "", fixed: {} };
const program = lowerPlan(causal, wasm.device);

interface Loaded {
  readonly create: (options?: object) => Promise<{
    readonly run: (inputs: object, dims?: object, more?: object) => Readonly<Record<string, Float32Array>>;
    readonly dispose: () => void;
  }>;
}

describe("the artifact of wasm", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fovea-wasm-"));
    const artifact = await wasm.emit(program, options);
    for (const file of artifact.files) await writeFile(join(folder, file.name), file.content);
  });
  afterAll(() => rm(folder, { recursive: true }));
  const loaded = async (): Promise<Loaded> =>
    (await import(pathToFileURL(join(folder, "causal.wasm.mjs")).href)) as Loaded;

  it("is the same bytes again and imports nothing", async () => {
    const [one, two] = [await wasm.emit(program, options), await wasm.emit(program, options)];
    expect(one).toEqual(two);
    for (const { name, content } of one.files) {
      if (!name.endsWith(".wasm") || typeof content === "string") continue;
      const bytes = new Uint8Array(content);
      expect(WebAssembly.validate(bytes)).toBe(true);
      const module = await WebAssembly.compile(bytes);
      expect(WebAssembly.Module.imports(module)).toEqual([]);
      expect(WebAssembly.Module.customSections(module, "name")).toHaveLength(1);
    }
  });

  it("runs through its loader, twice with other dims, and into given arrays", async () => {
    const kernel = await (await loaded()).create();
    for (const n of [5, 40]) {
      const [B, H, D] = [1, 2, 4];
      const data = (shift: number): Float32Array =>
        Float32Array.from({ length: H * n * D }, (_, x) => Math.sin(x + shift));
      const [q, k, v] = [data(0), data(1), data(2)];
      const want = naive({ B, H, Hkv: H, L: n, S: n, D, q, k, v, keep: (i, j) => j <= i });
      const o = new Float32Array(H * n * D);
      const got = kernel.run({ q, k, v }, { B, H, L: n, S: n, D }, { out: { o } });
      expect(got["o"]).toBe(o);
      expect(worst(o, want.o)).toBeLessThan(5e-7);
      const dims = [B, H, n, D];
      const again = kernel.run({ q: { data: q, dims }, k: { data: k, dims }, v: { data: v, dims } });
      expect(again["o"]).toEqual(o);
    }
    kernel.dispose();
    expect(() => kernel.run({})).toThrow(/FOV5002/);
  });

  it("says what is wrong with an input", async () => {
    const kernel = await (await loaded()).create({ simd: "plain" });
    const dims = { B: 1, H: 1, L: 2, S: 2, D: 2 };
    const four = new Float32Array(4);
    expect(() => kernel.run({ q: four, k: four, v: new Float32Array(3) }, dims)).toThrow(
      "FOV2103 causal: input v has 3 numbers; f32[1, 1, 2, 2] needs 4",
    );
    expect(() => kernel.run({ q: four, k: four }, dims)).toThrow(/FOV2101/);
    expect(() => kernel.run({ q: four, k: four, v: new Int32Array(4) }, dims)).toThrow(/FOV2104/);
    expect(() => kernel.run({ q: four, k: four, v: four }, {})).toThrow(/FOV2106/);
  });
});
