/**
 * Every example as a MicroProgram: valid, run by the interpreter with 4 and with 8 lanes against the oracle, and with 4
 * lanes the same bits as its plain wasm. The relaxed wasm is not held to bits: it may round a fma once.
 */
import { describe, expect, it } from "vitest";
import { compileKernel } from "../../backends/wasm/host.ts";
import { registers } from "../../backends/wasm/emit.ts";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { interpretMicro } from "../../src/micro/interpret.ts";
import { printMicroProgram } from "../../src/micro/print.ts";
import { validateMicro } from "../../src/micro/validate.ts";
import { oracle } from "../../src/oracle/oracle.ts";
import { compare, limitFor } from "../../src/verify/compare.ts";
import { sampleInputs } from "../../src/verify/sample.ts";
import { examples } from "./examples.ts";

const targets = { "4 lanes": registers.plain, "8 lanes": { ...registers.plain, lanes: 8 } };

it("there are examples", () => expect(examples.length).toBeGreaterThanOrEqual(12));

describe.each(examples)("$name", ({ spec, program, sizes }) => {
  it.each(Object.entries(targets))("equals the oracle with %s", (_, target) => {
    const micro = blockRegisters(program, target);
    expect(validateMicro(micro)).toEqual([]);
    for (const spread of [1, 8]) {
      const inputs = sampleInputs(spec, sizes, { seed: 23, spread });
      const { outputs } = interpretMicro(micro, sizes, inputs);
      const right = oracle(spec, sizes, inputs);
      expect(compare(spec, right, outputs, limitFor("f32", right, 11))).toMatchObject({ ok: true });
    }
  });

  it("has the bits of its plain wasm", async () => {
    const inputs = sampleInputs(spec, sizes, { seed: 5 });
    const { outputs } = interpretMicro(blockRegisters(program, registers.plain), sizes, inputs);
    const kernel = (await compileKernel(program, "plain")).prepare({ sizes, inputs });
    kernel.run();
    for (const [name, { dims, data }] of kernel.outputs()) {
      const found = outputs.get(name);
      expect(found?.dims).toEqual(dims);
      expect(Array.from(found?.data ?? [])).toEqual(Array.from(data));
    }
  });

  it("prints the same text again, a line for every function and variable", () => {
    const micro = blockRegisters(program, registers.plain);
    const text = printMicroProgram(micro);
    expect(printMicroProgram(blockRegisters(program, registers.plain))).toBe(text);
    for (const { name, locals } of micro.functions) {
      expect(text).toContain(`fn ${name}(`);
      for (const l of locals) expect(text).toContain(` ${l.name}`);
    }
    expect(text).not.toMatch(/undefined|\[object/);
  });

  it("holds no function twice", () => {
    const { functions } = blockRegisters(program, registers.plain);
    const texts = functions.map(({ params, locals, body }) => JSON.stringify({ params, locals, body }));
    expect(new Set(texts).size).toBe(texts.length);
    const called = new Set(JSON.stringify(functions).match(/"fn":"[^"]*"/g));
    for (const { name, exported } of functions) expect(exported || called.has(`"fn":"${name}"`)).toBe(true);
  });
});
