import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { device } from "../../backends/wgsl/host.ts";
import { wgsl } from "../../backends/wgsl/index.ts";
import { normal } from "../../src/runtime/random.ts";
import { lowerPlan } from "../../src/compile.ts";
import { naive, worst } from "../support/naive.ts";
import { dense } from "../support/plans.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-wgsl-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the loader of a .wgsl", { timeout: 120_000 }, () => {
  it("stands alone, runs, and says what is wrong with an input", async () => {
    const { files } = await wgsl.emit(lowerPlan(dense, wgsl.device), { specText: "", fixed: {} });
    expect(files.map((f) => f.name)).toEqual(["dense.wgsl", "dense.wgsl.json", "dense.wgsl.mjs"]);
    for (const file of files) writeFileSync(join(folder, file.name), file.content);
    const loader = (await import(/* @vite-ignore */ pathToFileURL(join(folder, "dense.wgsl.mjs")).href)) as {
      create: (
        options: object,
      ) => Promise<{ run: (inputs: object, dims: object) => Promise<Record<string, Float32Array>> }>;
    };
    const kernel = await loader.create({ device: (await device()).device });
    const [B, H, L, S, D] = [1, 2, 33, 20, 3];
    const [q, k, v] = [normal(3, "q", B * H * L * D), normal(3, "k", B * H * S * D), normal(3, "v", B * H * S * D)];
    const found = await kernel.run({ q, k, v }, { B, H, L, S, D });
    const want = naive({ B, H, Hkv: H, L, S, D, q, k, v });
    expect(worst(found["o"] ?? [], want.o)).toBeLessThan(4e-6);
    await expect(kernel.run({ q, k, v: v.subarray(1) }, { B, H, L, S, D })).rejects.toThrow(
      "FOV2103 dense: input v has 119 numbers; f32[B=1, H=2, S=20, D=3] needs 120",
    );
    await expect(kernel.run({ q, k }, { B, H, L, S, D })).rejects.toThrow("FOV2101");
  });
});
