/**
 * Linformer: with the identity as projection it is exact attention, a projection a head is that head's alone, and the
 * kernels that run in two launches give what the oracle says through the loaders, whatever the size of a call before.
 */
import { expect, onTestFinished, test } from "vitest";
import { device } from "../../backends/wgsl/host.ts";
import { check, lower } from "../../src/compile.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { host } from "../../src/targets/index.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { runSpec } from "../../src/verify/run.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import { caseOf, compiled } from "../loaders/support.ts";
import { codesOf } from "./support.ts";

const head = "attention a(q: f32[B, H, L, D], k, v: f32[B, Hkv, S, D]";
const projected = `${head}, E, F: f32[R, S]) { project k along S by E project v along S by F return o, lse }`;
const apart = `${head}, E, F: f32[Hkv, R, S]) { project k along S by E project v along S by F }`;

function specOf(text: string): Spec {
  const { specs, diagnostics } = check(text, "test.attn");
  const [spec] = specs;
  if (!spec) throw new Error(diagnostics.map((d) => d.message).join("; "));
  return spec;
}

const identity = (n: number): SampleTensor => ({
  dims: [n, n],
  data: Float32Array.from({ length: n * n }, (_, at) => (at % n === Math.floor(at / n) ? 1 : 0)),
});

test.each(["tiles", "wasm"])("by the identity it is exact attention: %s", async (target) => {
  const sizes = { B: 1, H: 4, Hkv: 2, L: 21, S: 70, D: 12 };
  const exact = specOf(`${head}) { return o, lse }`);
  const inputs = sampleInputs(exact, sizes);
  const right = oracle(exact, sizes, inputs);
  const both = new Map([...inputs, ["E", identity(70)] as const, ["F", identity(70)] as const]);
  const found = await runSpec(specOf(projected), target, { ...sizes, R: 70 }, both);
  for (const [name, { data }] of right.outputs) {
    const got = found.get(name)?.data ?? [];
    expect(data.length).toBeGreaterThan(0);
    data.forEach((want, n) => expect(Math.abs(Number(got[n]) - want)).toBeLessThan(3e-6 * Math.max(1, Math.abs(want))));
  }
});

test("a head is projected by its own matrix", () => {
  const spec = specOf(apart);
  const sizes = { B: 2, H: 2, Hkv: 2, L: 5, S: 40, D: 4, R: 9 };
  const inputs = sampleInputs(spec, sizes);
  const { program } = lower(spec, host);
  const before = interpret(program, sizes, inputs).outputs.get("o")?.data ?? [];
  const E = inputs.get("E");
  if (!E) throw new Error("E is an input");
  const other = Float32Array.from(E.data as Float32Array);
  other.fill(0.25, 9 * 40);
  const after =
    interpret(program, sizes, new Map([...inputs, ["E", { ...E, data: other }]])).outputs.get("o")?.data ?? [];
  const each = 5 * 4;
  const changed = Array.from({ length: 4 }, (_, bh) =>
    Array.from({ length: each }, (__, n) => bh * each + n).some((n) => before[n] !== after[n]),
  );
  expect(changed).toEqual([false, true, false, true]);
});

test("the work does not grow with the square of the length", () => {
  const program = lower(specOf(projected), host).program;
  expect(program.intermediates?.map((t) => t.name)).toEqual(["k_projected", "v_projected"]);
  expect(program.body).toHaveLength(3);
});

test.each(["wasm", "wgsl"] as const)("through the loader: %s", async (target) => {
  const text = "attention a(q, k, v: f32[H, L, D], E: f32[R, L]) { project k along L by E project v along L by E }";
  const { spec, create } = await compiled(target, text, onTestFinished);
  const kernel = await create(target === "wgsl" ? { gpu: (await device()).gpu } : {});
  onTestFinished(() => kernel.dispose());
  for (const sizes of [
    { H: 1, L: 33, D: 8, R: 5 },
    { H: 2, L: 130, D: 8, R: 40 },
    { H: 1, L: 3, D: 8, R: 70 },
    { H: 1, L: 0, D: 8, R: 2 },
  ]) {
    const { inputs, judge } = caseOf(spec, sizes, "gpu");
    const result = await kernel.run(inputs, sizes);
    expect(judge(result).reason).toBeUndefined();
  }
});

test("what has no position cannot be masked by position", () => {
  const wrong = (clauses: string, inputs = "E: f32[R, L]"): readonly string[] => codesOf(clauses, inputs);
  expect(wrong("project k along L by E project v along L by E mask causal")).toEqual(["FOV3015"]);
  expect(wrong("project k along L by E project v along L by E score s + i - j")).toEqual(["FOV3015"]);
  expect(wrong("project k along L by E")).toEqual(["FOV3015"]);
  expect(wrong("project k along D by E project v along L by E")).toEqual(["FOV3001"]);
  expect(wrong("project k along L by G project v along L by E")).toEqual(["FOV3001"]);
  expect(wrong("project k along L by E project v along L by F", "E: f32[R, L], F: f32[T, L]")).toEqual(["FOV3015"]);
  expect(wrong("project k along L by E project v along L by E", "E: i32[R, L]")).toContain("FOV2105");
  expect(wrong("project k along L by E project v along L by E", "E: f32[L]")).toContain("FOV2105");
  expect(wrong("project k along L by E project v along L by E score softcap(s, 20)")).toEqual([]);
});
