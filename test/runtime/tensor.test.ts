import { describe, expect, test } from "vitest";
import { FoveaError } from "../../src/diagnostics/diagnostic.ts";
import { elementCount, fromNumbers, toNumbers, wideElementCount } from "../../src/runtime/tensor.ts";
import type { Dtype } from "../../src/runtime/tensor.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../src/scalar/storage.ts";

describe("half precision", () => {
  test("every f16 survives the way through f32", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const x = f16ToF32(bits);
      if (Number.isNaN(x)) expect(f16ToF32(f32ToF16(x))).toBeNaN();
      else if (f32ToF16(x) !== bits) expect.fail(`${bits.toString(16)} became ${f32ToF16(x).toString(16)}`);
    }
  });

  test("every bf16 survives the way through f32", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const x = bf16ToF32(bits);
      if (Number.isNaN(x)) expect(bf16ToF32(f32ToBf16(x))).toBeNaN();
      else if (f32ToBf16(x) !== bits) expect.fail(`${bits.toString(16)} became ${f32ToBf16(x).toString(16)}`);
    }
  });

  test("f16 rounds half way to even, and just beside it to the nearer", () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const half = (f16ToF32(bits) + f16ToF32(bits + 1)) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const step = half * 2 ** -20;
      const got = [f32ToF16(half), f32ToF16(half - step), f32ToF16(half + step), f32ToF16(-half)];
      const want = [even, bits, bits + 1, even | 0x8000];
      if (got.join() !== want.join()) expect.fail(`beside ${bits.toString(16)}: ${got.join()}, not ${want.join()}`);
    }
  });

  test.each([
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -25, 0],
    [2 ** -25 * 1.001, 1],
    [-0, 0x8000],
  ])("f16 of %f", (x, bits) => {
    expect(f32ToF16(x)).toBe(bits);
  });

  test.each([
    [1 + 2 ** -8, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3f82],
    [3.4e38, 0x7f80],
    [Infinity, 0x7f80],
  ])("bf16 of %f", (x, bits) => {
    expect(f32ToBf16(x)).toBe(bits);
  });
});

test("numbers survive every dtype that can hold them", () => {
  const cases: [Dtype, number[]][] = [
    ["f32", [1.5, -0, 2 ** 100]],
    ["f16", [1.5, -2, 65504]],
    ["bf16", [1.5, -2, 2 ** 100]],
    ["i32", [-(2 ** 31), 0, 2 ** 31 - 1]],
    ["i8", [-128, 127, -1]],
    ["i4", [-8, 7, -1]],
    ["u8", [0, 255, 128]],
    ["bool", [0, 1, 1]],
  ];
  for (const [dtype, numbers] of cases) expect([...toNumbers(fromNumbers(dtype, [3], numbers))]).toEqual(numbers);
});

test("i4 packs the low nibble first", () => {
  expect([...fromNumbers("i4", [3], [1, -2, 3]).data]).toEqual([0xe1, 0x03]);
});

test("element counts do not overflow", () => {
  expect(wideElementCount([2 ** 40, 2 ** 40])).toBe(2n ** 80n);
  expect(elementCount([])).toBe(1);
  expect(elementCount([3, 0, 2 ** 31])).toBe(0);
  expect(() => elementCount([65536, 65536, 65536, 65536])).toThrow(/^FOV4005/);
  expect(() => elementCount([2, -1])).toThrow(/^FOV2106/);
  expect(() => elementCount([1.5])).toThrow(FoveaError);
  expect(() => fromNumbers("f32", [4], [1, 2, 3])).toThrow(/^FOV2103/);
});
