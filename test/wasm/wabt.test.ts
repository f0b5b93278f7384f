/** wabt reads every plain module, and tells a relaxed one from it. */
import { expect, it } from "vitest";
import { emitWasm, registers } from "../../backends/wasm/emit.ts";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { examples } from "../micro/examples.ts";
import { featuresOf, opened, secondOpinion } from "./wabt.ts";

secondOpinion("plain");

it("does not read a relaxed module without relaxed SIMD", async () => {
  const { readWasm } = await opened;
  const [example] = examples;
  if (!example) throw new Error("no example");
  const relaxed = await emitWasm(blockRegisters(example.program, registers.relaxed), "relaxed");
  expect(() => readWasm(relaxed, { check: true, ...featuresOf("plain") })).toThrow("unexpected opcode");
});
