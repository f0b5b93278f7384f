/** Sizes in 64 bits: the C text of their arithmetic against the compiler's own in 128 bits. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { wide } from "../../backends/c/wide.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-wide-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const main = `#include <stdint.h>
#include <stdio.h>
${Object.values(wide)
  .map(({ text }) => text)
  .join("\n")}
static int64_t held(__int128 x) {
  const __int128 most = (__int128)1 << 61;
  return (int64_t)(x > most ? most : x < -most ? -most : x);
}
static __int128 floored(int64_t a, int64_t b) {
  return b == 0 ? 0 : (__int128)a / b - ((__int128)a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
/* Of any magnitude up to 2^61, on the edges more often than chance would have it. */
static int64_t next(void) {
  static uint64_t state = 1;
  int64_t x;
  state = state * 6364136223846793005u + 1442695040888963407u;
  x = (int64_t)((state >> 3) >> ((state >> 57) % 62)) + (int64_t)((state >> 40) % 3) - 1;
  if (x > (int64_t)1 << 61) x = (int64_t)1 << 61;
  return (state & 4096) != 0 ? -x : x;
}
int main(void) {
  for (int n = 0; n < 2000000; n++) {
    const int64_t a = next(), b = next();
    const int right = fovea_wide_mul(a, b) == held((__int128)a * b) && fovea_wide_add(a, b) == held((__int128)a + b) &&
                      fovea_wide_sub(a, b) == held((__int128)a - b) && fovea_wide_idiv(a, b) == floored(a, b) &&
                      fovea_wide_mod(a, b) == (b == 0 ? a : (int64_t)(a - b * floored(a, b))) &&
                      fovea_wide_min(a, b) == (a < b ? a : b) && fovea_wide_max(a, b) == (a > b ? a : b);
    if (!right) return printf("%lld %lld\\n", (long long)a, (long long)b), 1;
  }
  return 0;
}
`;

test("sums, products and quotients of sizes are exact, or held at 2^61", () => {
  writeFileSync(join(folder, "wide.c"), main);
  const flags = ["-O2", "-fsanitize=undefined", "-fno-sanitize-recover=all"];
  execFileSync("clang-19", [...flags, "wide.c", "-o", "wide"], { cwd: folder });
  expect(execFileSync("./wide", { cwd: folder, encoding: "utf8" })).toBe("");
});

test("needs no library on a core without 64-bit division", () => {
  writeFileSync(
    join(folder, "core.c"),
    `#include <stdint.h>\n${Object.values(wide)
      .map(({ text }) => text.replaceAll("static inline ", ""))
      .join("\n")}\n`,
  );
  for (const level of ["-O0", "-O2"]) {
    const flags = [
      "--target=arm-none-eabi",
      "-mcpu=cortex-m4",
      "-ffreestanding",
      level,
      "-c",
      "core.c",
      "-o",
      "core.o",
    ];
    execFileSync("clang-19", flags, { cwd: folder });
    expect(execFileSync("nm", ["-u", "core.o"], { cwd: folder, encoding: "utf8" }).trim()).toBe("");
  }
});
