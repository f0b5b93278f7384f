/** Functions that wasm has no instruction for, over a sweep of floats: how far their expansions are off. */
import { describe, expect, it } from "vitest";
import type { Simd } from "../../backends/wasm/emit.ts";
import { compileKernel } from "../../backends/wasm/host.ts";
import { scalarFns } from "../../src/scalar/functions.ts";
import * as s from "../../src/scalar/scalar.ts";
import { inputsOf, program, x } from "./elements.ts";

const functions = ["exp2", "exp", "log2", "log", "tanh", "sin", "cos"] as const;
export const expansions = (simd: Simd) =>
  describe(`expansions, ${simd}`, () => {
    it.each(functions)("%s keeps its limit over a sweep of floats", async (fn) => {
      const kernel = await compileKernel(program(s.call(fn, x)), simd);
      const [R, C] = [1024, 1025];
      const bits = new Uint32Array(R * C);
      for (let n = 0; n < bits.length; n++) bits[n] = n * 4093;
      const data = new Float32Array(bits.buffer);
      const special = [
        0,
        -0,
        1,
        -1,
        -126,
        -127,
        128,
        0.5,
        Number.NEGATIVE_INFINITY,
        Number.POSITIVE_INFINITY,
        Number.NaN,
      ];
      data.set(special);
      const ready = kernel.prepare({ sizes: { R, C, N: 7 }, inputs: inputsOf(R, C, data) });
      ready.run();
      const got = ready.outputs().get("y")?.data ?? new Float32Array();
      let worst = 0;
      let where = 0;
      const circular = fn === "sin" || fn === "cos";
      for (let n = 0; n < data.length; n++) {
        const given = data[n] ?? 0;
        if (circular && !(Math.abs(given) <= 8192)) continue;
        const exact = scalarFns[fn].f64(given);
        const want = Math.fround(exact);
        const is = got[n] ?? 0;
        if (Object.is(want, is) || want === is || (Number.isNaN(want) && Number.isNaN(is))) continue;
        // What is below the normal numbers is 0; sin and cos are held to an absolute limit.
        if (Math.abs(exact) < 2 ** -125.99 && Math.abs(is) < 2 ** -125.99) continue;
        const error = Math.abs(is - exact) / (circular ? 1 : Math.abs(exact)) / 2 ** -24;
        if (!(error <= worst)) [worst, where] = [error, given];
      }
      expect(worst, `at ${where}`).toBeLessThanOrEqual(circular ? 8 : scalarFns[fn].ulp);
      if (fn === "exp2")
        expect(Array.from(got.subarray(0, 11))).toEqual(
          [1, 1, 2, 0.5, 2 ** -126, 0, Infinity, Math.fround(Math.SQRT2), 0, Infinity, NaN].map((y, n) =>
            n === 7 ? expect.closeTo(y, 6) : y,
          ),
        );
    });
  });
