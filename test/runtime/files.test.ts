/** Tensor files that are whole: every format, dtype and odd name comes back as it was. */
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { zipSync } from "fflate";
import { readTensorFile, readTensors, readTensorsAndMetadata, writeTensorFile } from "../../src/runtime/load.ts";
import { readNpy, writeNpy } from "../../src/runtime/npy.ts";
import { readNpz } from "../../src/runtime/npz.ts";
import { writeSafetensors } from "../../src/runtime/safetensors.ts";
import { fromNumbers } from "../../src/runtime/tensor.ts";
import type { Dtype, Tensor } from "../../src/runtime/tensor.ts";
import { npyBytes } from "./bytes.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inNumpy: Dtype[] = ["f32", "f16", "i32", "i8", "u8", "bool"];
const inSafetensors: Dtype[] = [...inNumpy, "bf16", "i4"];

const sample = (dtype: Dtype, dims: readonly number[] = [2, 3]): Tensor =>
  fromNumbers(
    dtype,
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i % 2),
  );

describe("round trips", () => {
  test.each(inNumpy)(".npy of %s", (dtype) => {
    for (const dims of [[2, 3], [5], [], [0, 4], [1, 1, 7]]) {
      const path = join(folder, "t.npy");
      writeTensorFile(path, new Map([["o", sample(dtype, dims)]]));
      expect(readTensorFile(path)).toEqual(sample(dtype, dims));
      expect([...readTensors(path).keys()]).toEqual([""]);
    }
  });

  test.each([".npz", ".safetensors"])("%s of every dtype, with names that are hard on objects", (ending) => {
    const path = join(folder, `t${ending}`);
    const tensors = new Map<string, Tensor>();
    for (const dtype of ending === ".npz" ? inNumpy : inSafetensors) tensors.set(dtype, sample(dtype));
    for (const name of ["__proto__", "constructor", "a/b", "größe", 'say "q"', "42"]) tensors.set(name, sample("f32"));
    writeTensorFile(path, tensors);
    const back = readTensors(path);
    expect(new Set(back.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, tensor] of tensors) expect(back.get(name)).toEqual(tensor);
    expect(readTensorFile(path, "__proto__")).toEqual(sample("f32"));
    expect([...readTensors(path, new Set(["f16"])).keys()]).toEqual(["f16"]);
  });

  test("metadata of .safetensors is kept", () => {
    const path = join(folder, "m.safetensors");
    const metadata = new Map([
      ["licence", "Apache-2.0"],
      ["__proto__", "x"],
    ]);
    writeTensorFile(path, new Map([["q", sample("f32")]]), metadata);
    expect(readTensorsAndMetadata(path).metadata).toEqual(metadata);
  });

  test("an archive or a .safetensors file of one tensor needs no name, one of several does", () => {
    const path = join(folder, "one.npz");
    writeTensorFile(path, new Map([["only", sample("i32")]]));
    expect(readTensorFile(path)).toEqual(sample("i32"));
    const two = new Map(["a", "b"].map((name) => [name, sample("f32")]));
    writeTensorFile(path, two);
    expect(() => readTensorFile(path)).toThrow(/^FOV0002.*2 tensors and none is named/);
    expect(() => readTensorFile(path, "c")).toThrow(/^FOV0002.*no tensor named `c`/);
  });

  test("the same tensors give the same bytes", () => {
    const bytes = ["a.npz", "b.npz"].map((name) => {
      writeTensorFile(join(folder, name), new Map([["q", sample("f32")]]));
      return readFileSync(join(folder, name));
    });
    expect(bytes[0]).toEqual(bytes[1]);
  });
});

describe("what numpy writes", () => {
  test("compressed archives", () => {
    const member = writeNpy(fromNumbers("f32", [5000], new Float64Array(5000).fill(2)));
    const bytes = zipSync({ "x.npy": member, "notes.txt": new Uint8Array(3) }, { level: 9 });
    expect(bytes.length).toBeLessThan(member.length / 10);
    expect([...readNpz(bytes, "x.npz")]).toEqual([["x", readNpy(member, "x.npy")]]);
  });

  test("versions 2 and 3, f8 and i8, any order of keys, Python 2's long integers", () => {
    const wide = new Uint8Array(new Float64Array([1.5, Infinity]).buffer);
    expect(readNpy(npyBytes("{'shape': (2L,), 'descr': '<f8', 'fortran_order': False}", wide, 2), "x")).toEqual(
      fromNumbers("f32", [2], [1.5, Infinity]),
    );
    const long = new Uint8Array(new BigInt64Array([-(2n ** 31n), 7n]).buffer);
    expect(readNpy(npyBytes("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 1), }\n", long, 3), "x")).toEqual(
      fromNumbers("i32", [2, 1], [-(2 ** 31), 7]),
    );
  });

  test("Fortran order of what has one order only, and true as any byte", () => {
    const bytes = npyBytes("{'descr': '|b1', 'fortran_order': True, 'shape': (1, 3), }", new Uint8Array([0, 255, 1]));
    expect(readNpy(bytes, "x")).toEqual(fromNumbers("bool", [1, 3], [0, 1, 1]));
  });

  test("bytes that begin at an odd address", () => {
    const tensor = fromNumbers("f32", [3], [1, 2, 3]);
    const npy = writeNpy(tensor);
    const shifted = new Uint8Array(npy.length + 1);
    shifted.set(npy, 1);
    expect(readNpy(shifted.subarray(1), "x")).toEqual(tensor);
  });
});

describe("files that cannot be read or written", () => {
  const tensors = new Map([["o", sample("f32")]]);

  test("reading", () => {
    mkdirSync(join(folder, "d.npy"));
    symlinkSync(join(folder, "loop.npy"), join(folder, "loop.npy"));
    for (const name of ["none.npy", "d.npy", "loop.npy", "x.txt", "nowhere/x.npz"]) {
      expect(() => readTensorFile(join(folder, name))).toThrow(/^FOV0002/);
    }
    writeTensorFile(join(folder, "o.npy"), tensors);
    expect(() => readTensorFile(join(folder, "o.npy"), "q")).toThrow(/^FOV0002/);
  });

  test("a device that never ends", () => {
    symlinkSync("/dev/zero", join(folder, "zero.npy"));
    expect(() => readTensorFile(join(folder, "zero.npy"))).toThrow(/^FOV0002.*no ordinary file/);
  });

  test("writing", () => {
    const several = new Map([...tensors, ["lse", sample("f32")] as const]);
    expect(() => writeTensorFile(join(folder, "o.txt"), tensors)).toThrow(/^FOV0003/);
    expect(() => writeTensorFile(join(folder, "s.npy"), several)).toThrow(/^FOV0003/);
    expect(() => writeTensorFile(join(folder, "s.npy"), new Map())).toThrow(/^FOV0003/);
    expect(() => writeTensorFile(join(folder, "nowhere", "s.npz"), tensors)).toThrow(/^FOV0003/);
    expect(() => writeTensorFile(join(folder, "s.npy"), new Map([["o", sample("bf16")]]))).toThrow(/^FOV0003/);
    expect(() => writeSafetensors(new Map([["__metadata__", sample("f32")]]))).toThrow(/^FOV0003/);
    const short: Tensor = { dtype: "f32", dims: [9], data: new Float32Array(8) };
    expect(() => writeTensorFile(join(folder, "s.npy"), new Map([["o", short]]))).toThrow(/^FOV0003/);
  });

  test("a failed write leaves nothing behind, a good one only the file", () => {
    const own = join(folder, "own");
    mkdirSync(join(own, "taken.npy"), { recursive: true });
    expect(() => writeTensorFile(join(own, "taken.npy"), tensors)).toThrow(/^FOV0003/);
    expect(readdirSync(own)).toEqual(["taken.npy"]);
    writeFileSync(join(own, "o.npy"), "old");
    writeTensorFile(join(own, "o.npy"), tensors);
    expect(readdirSync(own).sort()).toEqual(["o.npy", "taken.npy"]);
    expect(readTensorFile(join(own, "o.npy"))).toEqual(sample("f32"));
  });
});
