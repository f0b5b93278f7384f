/** A `schedule` of the text settles the parameters of its device and of no other, or is refused by its code. */
import { describe, expect, test } from "vitest";
import { lower } from "../../src/compile.ts";
import { cDevices } from "../../src/targets/c.ts";
import type { Device } from "../../src/targets/device.ts";
import { devices, host, wasm, webgpu } from "../../src/targets/index.ts";
import { chosen } from "../../src/tile/tile.ts";
import { specFrom } from "../support/examples.ts";

const specOf = (schedules: string) =>
  specFrom(`param wide = 48 attention a(q, k, v: f32[B, H, L, D]) { mask causal } ${schedules}`);

function settled(schedules: string, device: Device): readonly number[] {
  const { program } = lower(specOf(schedules), device);
  return (["ROWS", "KEYS", "SUPERBLOCK", "LAZY"] as const).map((name) => chosen(program, name));
}

const deviceNamed = (name: string): Device => {
  const found = [...devices, ...cDevices].find((each) => each.name === name);
  if (!found) throw new Error(`no device ${name}`);
  return found;
};

describe("what is asked for", () => {
  test("stands for every entry, and the compiler chooses the rest", () => {
    expect(settled("schedule a for wasm { tile: 7 by wide, superblock: 3, lazy: 0.5 }", wasm)).toEqual([7, 48, 3, 0.5]);
    const [rows, keys, superblock, lazy] = settled("", wasm);
    expect(settled("schedule a for wasm { lazy: 0 }", wasm)).toEqual([rows, keys, superblock, 0]);
    expect(settled("schedule a for wgsl { tile: 8 by 16, workgroup: 64 }", webgpu)).toEqual([8, 16, 1, 0]);
    expect(lazy).toBeGreaterThan(0);
  });

  test("is another device's business alone", () => {
    expect(settled("schedule a for wgsl { tile: 8 by 16 }", wasm)).toEqual(settled("", wasm));
    const both = "schedule a for c { tile: 4 by 8 } schedule a for cortex_m55 { tile: 2 by 8 }";
    expect(settled(both, host).slice(0, 2)).toEqual([4, 8]);
    expect(settled(both, deviceNamed("cortex-m55")).slice(0, 2)).toEqual([2, 8]);
  });

  test("may overflow a cache", () => {
    expect(settled("schedule a for wasm { tile: 256 by 1024, superblock: 64 }", wasm).slice(0, 3)).toEqual([
      256, 1024, 64,
    ]);
  });
});

test.each([
  ["schedule a for wgsl { tile: 128 by 64 }", webgpu, "bytes of workgroup memory"],
  ["schedule a for wgsl { workgroup: 128 }", webgpu, "128 threads a tile; wgsl has 64"],
  ["schedule a for wasm { workgroup: 64 }", wasm, "64 threads a tile; wasm has 1"],
  ["schedule a for wgsl { superblock: 2 }", webgpu, "2 tiles a superblock"],
  ["schedule a for cortex_m55 { tile: 256 by 64 }", deviceNamed("cortex-m55"), "bytes of DTCM"],
] as const)("%s is refused", (schedule, device, says) => {
  expect(() => lower(specOf(schedule), device)).toThrow(
    expect.objectContaining({
      diagnostics: [expect.objectContaining({ code: "FOV5010", message: expect.stringContaining(says) as string })],
    }) as Error,
  );
});

test("a target that nothing is called is refused", () => {
  expect(() => specOf("schedule a for wgls { lazy: 1 }")).toThrow("FOV5001 there is no target wgls");
});
