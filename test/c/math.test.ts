/** Accuracy of the C text of scalar functions: a harness in C over sweeps of bit patterns, against double libm. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { math } from "../../backends/c/math.ts";
import { scalarFns } from "../../src/scalar/functions.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-math-"));
const names = ["exp2", "exp", "log2", "log", "tanh", "sin", "cos", "sqrt", "floor", "ceil"] as const;

function helperText(): string {
  const done = new Set<string>();
  const out: string[] = [];
  const add = (name: string): void => {
    const helper = math[name];
    if (!helper || done.has(name)) return;
    done.add(name);
    helper.needs?.forEach(add);
    out.push(helper.text);
  };
  Object.keys(math).forEach(add);
  return out.join("\n");
}

/** Largest error in units of 2^-24 of the exact value, over every 977th bit pattern in the ranges. */
const main = `#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <math.h>
${helperText()}
static double worst(float (*f)(float), double (*g)(double), float lo, float hi, int both) {
  double most = 0;
  for (uint32_t b = fovea_bits(lo); b <= fovea_bits(hi); b += 977u) {
    for (int s = 0; s <= both; s++) {
      float x = s ? -fovea_from_bits(b) : fovea_from_bits(b);
      double e = g((double)x), y = (double)f(x), d;
      if (fabs(e) < 1.17549435e-38) d = fabs(y - e) / 1.4e-45 * 0.5;
      else if (fabs(e) > 3.4028235e38) d = isinf(y) ? 0 : 1e9;
      else d = fabs(y - e) / fabs(e) * 16777216.0;
      if (!(d <= most)) most = d;
    }
  }
  return most;
}
int main(void) {
${names.map((n) => `  printf("{\\"name\\":\\"${n}\\",\\"ulp\\":%.4f}\\n", worst(fovea_${n}, ${n}, ${n.startsWith("log") || n === "sqrt" ? "1e-45f" : "1e-30f"}, ${{ exp2: "140.0f", exp: "95.0f", tanh: "30.0f" }[n as string] ?? "3e38f"}, ${n.startsWith("log") || n === "sqrt" ? 0 : 1}));`).join("\n")}
  {
    const float inf = fovea_infinity(), nan_ = fovea_nan();
    printf("%d\\n", fovea_exp2(-inf) == 0.0f && fovea_exp2(0.0f) == 1.0f && fovea_exp2(inf) == inf && fovea_exp2(nan_) != fovea_exp2(nan_) && fovea_exp2(-200.0f) == 0.0f);
    printf("%d\\n", fovea_tanh(inf) == 1.0f && fovea_tanh(-inf) == -1.0f && fovea_tanh(nan_) != fovea_tanh(nan_) && fovea_log2(0.0f) == -inf && fovea_log2(-1.0f) != fovea_log2(-1.0f) && fovea_log2(inf) == inf && fovea_log2(8.0f) == 3.0f);
    printf("%d\\n", fovea_sin(inf) != fovea_sin(inf) && fovea_cos(0.0f) == 1.0f && fovea_sqrt(-1.0f) != fovea_sqrt(-1.0f) && fovea_exp(-inf) == 0.0f && fovea_exp(0.0f) == 1.0f && fovea_exp(nan_) != fovea_exp(nan_));
    printf("%d\\n", fovea_idiv(-7, 2) == -4 && fovea_idiv(7, -2) == -4 && fovea_idiv(5, 0) == 0 && fovea_mod(5, 0) == 5 && fovea_mod(-7, 2) == 1 && fovea_mod(7, -2) == -1 && fovea_idiv(INT32_MIN, -1) == INT32_MIN && fovea_bit(-1, 31) == 1 && fovea_bit(-1, 32) == 0);
  }
  return 0;
}
`;

let lines: string[] = [];
beforeAll(() => {
  writeFileSync(join(folder, "m.c"), main);
  execFileSync("gcc", [
    "-std=c99",
    "-O2",
    "-fsanitize=undefined",
    "-fno-sanitize-recover=all",
    join(folder, "m.c"),
    "-lm",
    "-o",
    join(folder, "m"),
  ]);
  lines = execFileSync(join(folder, "m"), { encoding: "utf8" }).trim().split("\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("C math", () => {
  test.each(names.map((name, n) => [name, n] as const))("%s keeps its bound", (name, n) => {
    const { ulp } = JSON.parse(lines[n] ?? "{}") as { ulp: number };
    expect(ulp).toBeLessThanOrEqual({ sqrt: 1 }[name as string] ?? Math.max(1, scalarFns[name].ulp));
  });
  test("special values and whole numbers", () => expect(lines.slice(names.length)).toEqual(["1", "1", "1", "1"]));
});
