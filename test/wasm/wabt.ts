/** wabt as a second opinion on every module that is emitted: it reads, validates and prints it, and reads that again. */
import { describe, expect, it } from "vitest";
import wabt from "wabt";
import { emitWasm, registers, type Simd } from "../../backends/wasm/emit.ts";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { examples } from "../micro/examples.ts";

const features = { mutable_globals: true, sat_float_to_int: true, sign_extension: true, bulk_memory: true, simd: true };
export const featuresOf = (simd: Simd) => ({ ...features, relaxed_simd: simd === "relaxed" });
export const opened = wabt();

export const secondOpinion = (simd: Simd) =>
  describe(`${simd} modules`, () => {
    it.each(examples)("$name", async ({ program }) => {
      const { readWasm, parseWat } = await opened;
      const bytes = await emitWasm(blockRegisters(program, registers[simd]), simd);
      const module = readWasm(bytes, { readDebugNames: true, check: true, ...featuresOf(simd) });
      module.validate();
      module.generateNames();
      module.applyNames();
      const text = module.toText({ foldExprs: false, inlineExport: false });
      module.destroy();
      expect(text.match(/\(import .*/g)).toEqual([
        expect.stringMatching(/^\(import "env" "memory" \(memory \S+ 1\)\)$/),
      ]);
      expect(text).not.toMatch(/abort|\(data |\(table |\(start /);
      expect(text.match(/\(export "[^"]*"/g)).toEqual([
        '(export "memory"',
        '(export "workspace_bytes"',
        '(export "run"',
      ]);
      expect(text.includes("f32x4.relaxed_madd")).toBe(simd === "relaxed");

      const again = parseWat(`${program.name}.wat`, text, featuresOf(simd));
      again.validate();
      const { buffer } = again.toBinary({ write_debug_names: true });
      again.destroy();
      expect(WebAssembly.validate(new Uint8Array(buffer))).toBe(true);
      const third = readWasm(buffer, { readDebugNames: true, ...featuresOf(simd) });
      third.generateNames();
      third.applyNames();
      expect(third.toText({ foldExprs: false, inlineExport: false })).toBe(text);
      third.destroy();
    });
  });
