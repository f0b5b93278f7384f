/** What verify and bench make of targets that are right, wrong and absent. The backends here are stand-ins. */
import { expect, test, vi } from "vitest";
import type { Backend, Call, EmitOptions, Outputs } from "../../backends/backend.ts";
import { FoveaError, diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { wasm as device } from "../../src/targets/index.ts";
import { interpret } from "../../src/tile/interpret.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { foveaOf, type Failure } from "./support.ts";

const run = async (program: TileProgram, _options: EmitOptions, { sizes, inputs }: Call): Promise<Outputs> =>
  new Map(
    [...interpret(program, sizes, inputs).outputs].map(([name, { dims, data }]) => [
      name,
      { dims, data: Float32Array.from(data) },
    ]),
  );
const right: Backend = {
  id: "wasm",
  title: "right",
  device,
  emit: () => Promise.resolve({ target: "wasm", files: [] }),
  workspaceBytes: () => Promise.resolve(64),
  prepare: async (program, options, call) => ({
    time: (runs) => Promise.resolve(Array.from({ length: runs }, (_, n) => n + 1)),
    outputs: () => run(program, options, call),
    dispose: () => {},
  }),
};
const wrong: Backend = {
  ...right,
  prepare: async (program, options, call) => ({
    ...(await right.prepare(program, options, call)),
    outputs: async () =>
      new Map(
        [...(await run(program, options, call))].map(([name, { dims, data }]) => [
          name,
          { dims, data: data.map((x) => x + 1e-3) },
        ]),
      ),
  }),
};
const absent: Backend = {
  ...right,
  prepare: () => Promise.reject(new FoveaError([diagnostic("FOV5002", "there is no compiler")])),
};

vi.mock("../../backends/index.ts", () => ({
  backends: {
    wasm: () => Promise.resolve(right),
    wgsl: () => Promise.resolve(wrong),
    c: () => Promise.resolve(absent),
  },
}));

const spec = "attention a(q, k, v: f32[L, D]) { mask causal return o, lse example L = 40, D = 8 }";

interface Results extends Failure {
  readonly results: readonly Record<string, unknown>[];
}

async function verify(...args: readonly string[]): Promise<Results & { readonly exit: number }> {
  const { out, code } = await foveaOf(spec, "verify", "-", "--json", ...args);
  return { ...(JSON.parse(out) as Results), exit: code };
}

test("a target that is right", async () => {
  const { exit, ok, results } = await verify("--target", "wasm,tiles");
  expect({ exit, ok }).toEqual({ exit: 0, ok: true });
  const same = { file: "-", attention: "a", dims: { L: 40, D: 8 }, seed: 0, status: "ok", limit: 5e-7 };
  expect(results).toMatchObject([
    { ...same, target: "wasm" },
    { ...same, target: "tiles" },
  ]);
  for (const { maxError } of results) expect(Number(maxError)).toBeLessThan(5e-7);
});

test("one that is wrong: exit 1, FOV5007, the number that differs", async () => {
  const { exit, ok, version, diagnostics, results } = await verify("--target", "wgsl");
  expect({ exit, ok, version }).toEqual({ exit: 1, ok: false, version: 1 });
  expect(results[0]).toMatchObject({
    status: "fail",
    reason: expect.stringMatching(/^o\[0\] is .*oracle says/) as string,
  });
  expect(diagnostics).toMatchObject([{ code: "FOV5007", message: expect.stringContaining("a on wgsl") as string }]);
});

test("one that is absent is skipped: fine beside another, not alone and not under --strict", async () => {
  const beside = await verify("--target", "wasm,c");
  expect(beside.exit).toBe(0);
  expect(beside.results[1]).toMatchObject({
    status: "skipped",
    maxError: null,
    reason: "FOV5002: there is no compiler",
  });
  const alone = await verify("--target", "c");
  expect(alone).toMatchObject({ exit: 1, ok: false, diagnostics: [{ code: "FOV5002", message: "no target ran" }] });
  const strict = await verify("--target", "wasm,c", "--strict");
  expect(strict).toMatchObject({ exit: 1, ok: false, diagnostics: [{ code: "FOV5002" }] });
});

test("a file that cannot be verified hides nothing of the others", async () => {
  const { out, code } = await foveaOf(spec, "verify", "nowhere.attn", "-", "--target", "wasm", "--json");
  expect(code).toBe(1);
  const { ok, results, diagnostics } = JSON.parse(out) as Results;
  expect(ok).toBe(false);
  expect(results.map((r) => [r["file"], r["status"]])).toEqual([["-", "ok"]]);
  expect(diagnostics.map((d) => d.code)).toEqual(["FOV0002"]);
});

test("bench: the median and the least of the runs, the machine, and what the work was", async () => {
  const { out, code } = await foveaOf(spec, "bench", "-", "--target", "wasm", "--json");
  expect(code).toBe(0);
  const { version, machine, results } = JSON.parse(out) as Results & { readonly machine: object };
  expect(version).toBe(1);
  expect(machine).toMatchObject({ node: process.version, arch: process.arch });
  // The stand-in's runs take 1, 2, 3 … ms.
  const [{ medianMs, minMs, runs, gflops, ...rest } = {}] = results;
  expect(minMs).toBe(1);
  expect(medianMs).toBe(Math.floor(Number(runs) / 2) + 1);
  expect(rest).toMatchObject({
    attention: "a",
    target: "wasm",
    dims: { L: 40, D: 8 },
    threads: 1,
    visitedPairs: (32 * 32 + 8 * 40) / 1600,
  });
  expect(Number(gflops) * Number(medianMs) * 1e6).toBeCloseTo((2 * 16 * (40 * 41)) / 2, 6);
});

test("bench times nothing that is wrong, and goes on without what is absent", async () => {
  const { out, code } = await foveaOf(spec, "bench", "-", "--target", "all", "--json");
  expect(code).toBe(1);
  const { results, diagnostics } = JSON.parse(out) as Results;
  expect(results.map((r) => r["target"])).toEqual(["wasm"]);
  expect(diagnostics.map((d) => d.code)).toEqual(["FOV5007", "FOV5002"]);
});

test("the limit is that of the logits' size: of order 1, or to ±30", async () => {
  const limitAt = async (scale: string): Promise<unknown> => {
    const text = spec.replace("{", `{ scale ${scale}`);
    const { out } = await foveaOf(text, "verify", "-", "--target", "wasm", "--json");
    return (JSON.parse(out) as Results).results[0]?.["limit"];
  };
  expect(await limitAt("0.1")).toBe(5e-7);
  expect(await limitAt("4.0")).toBe(1e-5);
});
