/** Tensor files that are not whole: FOV2107 with the file's name and a way out, whatever the bytes are. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { zipSync } from "fflate";
import { FoveaError } from "../../src/diagnostics/diagnostic.ts";
import { readTensors } from "../../src/runtime/load.ts";
import { readNpy, writeNpy } from "../../src/runtime/npy.ts";
import { namesOfNpz, readNpz, writeNpz } from "../../src/runtime/npz.ts";
import { between } from "../../src/runtime/random.ts";
import { readSafetensors, writeSafetensors } from "../../src/runtime/safetensors.ts";
import { fromNumbers } from "../../src/runtime/tensor.ts";
import { npyBytes, safetensorsBytes } from "./bytes.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-malformed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The complaint that reading these bytes leads to. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    const [first] = error.diagnostics;
    expect(first?.code).toBe("FOV2107");
    expect(first?.message).toContain("`x");
    expect(first?.help ?? "").not.toBe("");
    return first?.message ?? "";
  }
  return expect.fail("the bytes were read");
}

const header = (descr: string, shape: string, order = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe(".npy", () => {
  const four = new Uint8Array(4);
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /does not begin/],
    ["garbage", new TextEncoder().encode("hello, I am no array"), /does not begin/],
    ["a version to come", npyBytes(header("<f4", "(1,)"), four, 4), /version 4\.0/],
    ["half a header", npyBytes(header("<f4", "(1,)")).subarray(0, 30), /ends inside its header/],
    [
      "a header of 4 GiB",
      Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255]),
      /4294967295/,
    ],
    ["a few elements too few", npyBytes(header("<f4", "(2,)"), four), /4 bytes of elements where f32\[2\] needs 8/],
    ["a few elements too many", npyBytes(header("<f4", "()"), new Uint8Array(9)), /9 bytes/],
    [
      "a size beyond memory",
      npyBytes(header("<f4", "(99999999999, 99999999999)"), four),
      /needs 3999999999920000000000/,
    ],
    [
      "a size that wraps to what is there",
      npyBytes(header("|u1", "(4294967296, 4294967296)")),
      /needs 18446744073709551616/,
    ],
    ["a negative size", npyBytes(header("<f4", "(-1,)"), four), /no tuple of sizes/],
    ["a very long size", npyBytes(header("<f4", `(${"9".repeat(400)},)`), four), /no tuple of sizes/],
    ["many dimensions", npyBytes(header("<f4", `(${"1,".repeat(65)})`), four), /65 dimensions/],
    ["Fortran order", npyBytes(header("<f4", "(2, 2)", "True"), new Uint8Array(16)), /Fortran order/],
    ["big-endian numbers", npyBytes(header(">f4", "(1,)"), four), /big-endian/],
    ["complex numbers", npyBytes(header("<c8", "(1,)"), new Uint8Array(8)), /`<c8`, which is not read/],
    ["records", npyBytes("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", four), /records/],
    ["Python objects", npyBytes(header("|O", "(1,)"), four), /`\|O`/],
    ["a missing key", npyBytes("{'descr': '<f4', 'shape': (1,)}", four), /no `fortran_order`/],
    ["a repeated key", npyBytes("{'descr': '<f4', 'descr': '<f8'}", four), /repeated key/],
    ["an unknown key", npyBytes("{'__proto__': '<f4'}", four), /unknown/],
    ["code for a header", npyBytes("__import__('os').abort()", four), /is no dict/],
    ["a list of spaces", npyBytes(header("<f4", `(1${" ".repeat(60000)}x)`), four), /no tuple of sizes/],
    ["more after the dict", npyBytes(`${header("<f4", "(1,)")} + 1`, four), /goes on/],
    ["terminal codes", npyBytes(header("\u001b[31m", "(1,)"), four), /`\?\[31m`/],
    [
      "i8 beyond i32",
      npyBytes(header("<i8", "(1,)"), new Uint8Array(new BigInt64Array([2n ** 31n]).buffer)),
      /2147483648/,
    ],
    ["f8 beyond f32", npyBytes(header("<f8", "(1,)"), new Uint8Array(new Float64Array([1e300]).buffer)), /1e\+300/],
  ])("%s", (_, bytes, message) => {
    expect(complaint(() => readNpy(bytes, "x.npy"))).toMatch(message);
  });
});

describe(".npz", () => {
  const whole = writeNpz(new Map([["q", fromNumbers("f32", [64], new Float64Array(64))]]));
  const packed = zipSync({ "q.npy": writeNpy(fromNumbers("f32", [64], new Float64Array(64))) }, { level: 9 });
  const directory = (bytes: Uint8Array): number => new DataView(bytes.buffer).getUint32(bytes.length - 6, true);
  /** A copy with bytes of the only directory entry replaced. */
  const edited = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
    const copy = bytes.slice();
    copy.set(values, directory(copy) + at);
    return copy;
  };

  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /not a whole zip/],
    ["garbage", new Uint8Array(200).fill(7), /not a whole zip/],
    ["half an archive", whole.subarray(0, whole.length / 2), /not a whole zip/],
    ["a directory elsewhere", whole.slice(10), /directory/],
    ["a changed number", Object.assign(whole.slice(), { [200]: 1 }), /checksum/],
    ["a packed size beyond the end", edited(packed, 20, 255, 255, 255, 127), /ends inside member/],
    ["a member of 2 GiB in a few bytes", edited(packed, 24, 255, 255, 255, 127), /unpacks to more/],
    ["a member of 64 MiB in a few bytes", edited(packed, 24, 0, 0, 0, 4), /cannot unpack/],
    ["a wrong size", edited(packed, 24, 1, 0, 0, 0), /checksum|does not unpack/],
    ["another packing", edited(packed, 10, 12), /method 12/],
    ["a password", edited(packed, 8, 1), /encrypted/],
    ["a member that is elsewhere", edited(packed, 42, 3), /does not lead/],
    ["a long name", edited(packed, 28, 255, 255), /damaged directory/],
    ["a member that is no array", zipSync({ "q.npy": new Uint8Array(20) }), /x\.npz#q` .*does not begin/],
  ])("%s", (_, bytes, message) => {
    expect(complaint(() => readNpz(bytes, "x.npz"))).toMatch(message);
  });

  test("what is not wanted is not unpacked", () => {
    const bytes = zipSync({ "bad.npy": new Uint8Array(20), "q.npy": writeNpy(fromNumbers("i32", [], [4])) });
    expect(readNpz(bytes, "x.npz", new Set(["q"])).get("q")?.data[0]).toBe(4);
    expect(namesOfNpz(bytes, "x.npz")).toEqual(["bad", "q"]);
  });
});

describe(".safetensors", () => {
  const q = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /too short/],
    ["a header of 2^63 bytes", new Uint8Array(16).fill(127), /9187201950435737471 bytes/],
    ["half a header", safetensorsBytes({ q }, 8).subarray(0, 20), /ends inside its header/],
    ["no JSON", safetensorsBytes("{q}"), /not JSON/],
    ["bytes that are no text", safetensorsBytes({ q }, 8).fill(255, 10, 12), /not JSON/],
    ["a list", safetensorsBytes([q], 8), /no JSON object/],
    ["a deep nest", safetensorsBytes(`{"q":${"[".repeat(1e5)}${"]".repeat(1e5)}}`), /`q` is not described/],
    ["a number for a tensor", safetensorsBytes({ q: 3 }), /is not described/],
    ["no type", safetensorsBytes({ q: { ...q, dtype: 1 } }, 8), /has no type/],
    ["an unknown type", safetensorsBytes({ q: { ...q, dtype: "F8_E4M3" } }, 8), /`F8_E4M3`, which is not read/],
    ["a negative shape", safetensorsBytes({ q: { ...q, shape: [-2] } }, 8), /has no shape/],
    ["a broken shape", safetensorsBytes({ q: { ...q, shape: [1.5] } }, 8), /has no shape/],
    ["a shape that is a text", safetensorsBytes({ q: { ...q, shape: "2" } }, 8), /has no shape/],
    ["a shape beyond memory", safetensorsBytes({ q: { ...q, shape: [2 ** 40, 2 ** 40] } }, 8), /needs 48357032/],
    ["three offsets", safetensorsBytes({ q: { ...q, data_offsets: [0, 4, 8] } }, 8), /no byte range/],
    ["offsets backwards", safetensorsBytes({ q: { ...q, data_offsets: [8, 0] } }, 8), /ends before it begins/],
    ["offsets beyond the end", safetensorsBytes({ q }, 4), /0 to 8 of only 4/],
    ["bytes left over", safetensorsBytes({ q }, 12), /4 bytes that belong to no tensor/],
    ["an overlap", safetensorsBytes({ q, k: { ...q, data_offsets: [4, 12] } }, 12), /`k` overlapping/],
    ["a hole", safetensorsBytes({ q, k: { ...q, data_offsets: [12, 20] } }, 20), /hole before tensor `k`/],
    ["fewer bytes than the shape", safetensorsBytes({ q: { ...q, shape: [3] } }, 8), /needs 12/],
    ["metadata of numbers", safetensorsBytes({ __metadata__: { a: 1 }, q }, 8), /object of texts/],
    [
      "bad dimensions of an i4",
      safetensorsBytes(
        { __metadata__: { "fovea.i4.a": "2,x" }, a: { dtype: "U8", shape: [1], data_offsets: [0, 1] } },
        1,
      ),
      /no dimensions/,
    ],
    ["a name with terminal codes", safetensorsBytes({ "\u001b[2Jq": 3 }), /`\?\[2Jq`/],
  ])("%s", (_, bytes, message) => {
    expect(complaint(() => readSafetensors(bytes, "x.safetensors"))).toMatch(message);
  });

  test("a key `__proto__` is a name, and changes no prototype", () => {
    const text = `{"__proto__":${JSON.stringify(q)}}`;
    const { tensors } = readSafetensors(safetensorsBytes(text, 8), "x.safetensors");
    expect([...tensors.keys()]).toEqual(["__proto__"]);
    expect(
      complaint(() =>
        readSafetensors(
          safetensorsBytes('{"q":{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}}', 4),
          "x",
        ),
      ),
    ).toMatch(/has no type/);
  });
});

test("no damage to a file leads to anything but FOV2107", () => {
  const tensors = new Map([["q", fromNumbers("f32", [3, 4], new Float64Array(12).fill(1))]]);
  const files = {
    npy: writeNpy(fromNumbers("f32", [3, 4], new Float64Array(12).fill(1))),
    npz: writeNpz(tensors),
    packed: zipSync({ "q.npy": writeNpy(fromNumbers("f32", [40], new Float64Array(40).fill(1))) }, { level: 9 }),
    safetensors: writeSafetensors(tensors, new Map([["a", "b"]])),
  };
  const readers = {
    npy: (bytes: Uint8Array) => readNpy(bytes, "x"),
    npz: (bytes: Uint8Array) => readNpz(bytes, "x"),
    packed: (bytes: Uint8Array) => readNpz(bytes, "x"),
    safetensors: (bytes: Uint8Array) => readSafetensors(bytes, "x"),
  };
  for (const kind of ["npy", "npz", "packed", "safetensors"] as const) {
    const bytes = files[kind];
    const places = between(1, kind, 0, bytes.length, 3000);
    const values = between(2, kind, 0, 256, 3000);
    for (let i = 0; i < 3000; i++) {
      const damaged = bytes.slice(0, i % 5 === 0 ? places[i] : bytes.length);
      for (let k = 0; k <= i % 3; k++) damaged[places[(i + k * 7) % 3000] ?? 0] = values[i] ?? 0;
      try {
        readers[kind](damaged);
      } catch (error) {
        if (!(error instanceof FoveaError)) throw error;
        expect(error.diagnostics.map((d) => d.code)).toEqual(["FOV2107"]);
      }
    }
  }
});

test("a file larger than can be read is refused before it is read", () => {
  // Sparse: 3 GiB of length, hardly a block of disk.
  const path = join(folder, "x.npy");
  writeFileSync(path, "");
  truncateSync(path, 3 * 2 ** 30);
  expect(() => readTensors(path)).toThrow(/^FOV2107.*the limit is 2147483647/);
});
