/**
 * Modules with the device's own f16. Where no adapter of this machine has shader-f16 they are compile-checked only, by
 * Dawn's null device, which takes every feature and runs nothing; where one has it, they run against the oracle.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create as createDawn } from "webgpu";
import { emitModule, type Module } from "../../backends/wgsl/emit.ts";
import { device as hostDevice, runModule } from "../../backends/wgsl/host.ts";
import { lower } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import { webgpu } from "../../src/targets/index.ts";
import { compare, limitOf } from "../../src/verify/compare.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { compiled, type Compiled } from "../loaders/support.ts";
import { examples, specFrom } from "../support/examples.ts";

const specs = [
  ...examples().flatMap((each) => each.specs),
  specFrom("attention all(q, k: f16[L, D], v: bf16[L, D], x: f16) { score s + x return o, lse: f16, p = o: bf16 }"),
].filter(({ inputs, outputs }) => [...inputs, ...outputs].some(({ dtype }) => dtype === "f16"));

/** Kept to the end: Dawn ends the process when one of them is collected. */
const kept: unknown[] = [];
let native: GPUDevice;
beforeAll(async () => {
  await hostDevice();
  const gpu = createDawn(["backend=null"]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("Dawn has no null device");
  native = await adapter.requestDevice({ requiredFeatures: ["shader-f16"] });
  kept.push(gpu, adapter, native);
});
afterAll(() => kept.length);

async function problem(module: Module): Promise<string | undefined> {
  native.pushErrorScope("validation");
  const shader = native.createShaderModule({ code: module.text });
  native.createComputePipeline({ layout: "auto", compute: { module: shader, entryPoint: "main" } });
  return (await native.popErrorScope())?.message;
}

test("there are several", () => expect(specs.length).toBeGreaterThan(3));

describe.each(specs.map((spec) => [spec.name, spec] as const))("%s", (_, spec) => {
  const { program } = lower(spec, webgpu);

  test("compiles with and without WGSL's f16, and only one has it", async () => {
    const [own, packed] = [true, false].map((nativeF16) => emitModule(program, {}, { nativeF16 }));
    expect([await problem(own), await problem(packed)]).toEqual([undefined, undefined]);
    expect([own.text, packed.text].map((text) => text.includes("enable f16;"))).toEqual([true, false]);
    expect(own.text).toMatch(/array<f16>/);
    expect(packed.text).not.toMatch(/array<f16>/);
  });

  test("runs where an adapter has shader-f16, and is refused there where none has", { timeout: 60_000 }, async () => {
    const { device } = await hostDevice();
    const module = emitModule(program, {}, { nativeF16: true });
    const sizes = { ...Object.fromEntries(spec.sizes.map((name) => [name, 3])), ...spec.example.sizes };
    const inputs = sampleInputs(spec, sizes);
    const found = runModule(module, { sizes, inputs });
    if (!device.features.has("shader-f16")) return expect(found).rejects.toThrow("FOV5003");
    const judged = compare(spec, oracle(spec, sizes, inputs), await found, limitOf("gpu", false, 64));
    return expect(judged).toMatchObject({ ok: true });
  });
});

describe("the loader", () => {
  const text = "attention t(q, k, v: f16[L, D]) { mask causal }";
  const drops: (() => void)[] = [];
  afterAll(() => drops.forEach((drop) => drop()));
  const at = ({ folder }: Compiled<"wgsl">, file: string): string => join(folder, file);

  test("takes the module for the device that it has", async () => {
    const made = await compiled("wgsl", text, (drop) => drops.push(drop));
    const own = readFileSync(at(made, "t.f16.wgsl"), "utf8");
    expect(own).toContain("enable f16;");
    const { device } = await hostDevice();
    for (const each of [device, native]) (await made.create({ device: each })).dispose();
    for (const wgsl of [own, readFileSync(at(made, "t.wgsl"), "utf8")])
      (await made.create({ device: native, wgsl })).dispose();

    writeFileSync(at(made, "t.f16.wgsl"), own.replace("fn main", "fn mein"));
    await expect(made.create({ device: native })).rejects.toThrow("FOV5004 t: t.f16.wgsl is not as it was compiled");
    rmSync(at(made, "t.f16.wgsl"));
    await expect(made.create({ device: native })).rejects.toThrow("FOV0002");
    const createShaderModule = (): unknown => ({});
    const plain = { lost: new Promise(() => {}), features: new Set(), limits: {}, createShaderModule };
    await expect(made.create({ device: plain, wgsl: own })).rejects.toThrow("FOV5002 t: the device has no shader-f16");
  });

  test("has nothing to choose where no tensor is f16", async () => {
    const made = await compiled("wgsl", text.replace("f16", "bf16"), (drop) => drops.push(drop));
    expect(() => readFileSync(at(made, "t.f16.wgsl"))).toThrow();
    const kernel = await made.create({ device: native });
    expect(kernel).not.toHaveProperty("manifest.f16");
  });
});
