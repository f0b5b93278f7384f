/**
 * Elements as files store them: little-endian bytes of a dtype, among them two that tensors do not have.
 * Takes bytes, a stored type and dimensions; gives a tensor (f64 becomes f32, i64 becomes i32) or bytes.
 * Guarantees: nothing is allocated before the byte count fits the dimensions; a number that its new type cannot
 * hold is FOV2107; the tensor never shares memory with the file's bytes.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { elementCount, entryBytes, maxElements, storedDims, wideElementCount } from "./tensor.ts";
import type { Dtype, Tensor } from "./tensor.ts";

export type StoredType = Dtype | "f64" | "i64";

/** More dimensions than any known format allows (numpy's limit). */
const maxRank = 64;

/** Every complaint about the inside of a file has this form. */
export function malformed(file: string, what: string, help: string): never {
  return fail("FOV2107", `\`${file}\` ${what}`, { help });
}

/** A name from a file as it may stand in a message: short, and nothing that a terminal would obey. */
export function quoted(name: string): string {
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  return `\`${shown.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "?")}\``;
}

export function decodeElements(
  file: string,
  name: string,
  stored: StoredType,
  dims: readonly number[],
  bytes: Uint8Array,
): Tensor {
  const complain = (text: string, help: string): never =>
    malformed(file, name === "" ? text : `is malformed at tensor ${quoted(name)}: it ${text}`, help);
  if (dims.length > maxRank) complain(`has ${dims.length} dimensions`, `store it with at most ${maxRank} dimensions`);
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    complain(`has a dimension that is not a size`, "write the file again");
  }
  const count = wideElementCount(dims);
  const wide = stored === "f64" || stored === "i64";
  const needed = wide ? count * 8n : wideElementCount(storedDims(stored, dims)) * BigInt(entryBytes(stored));
  if (needed !== BigInt(bytes.length)) {
    complain(
      `has ${bytes.length} bytes of elements where ${stored}[${dims.join(", ")}] needs ${needed}`,
      BigInt(bytes.length) < needed ? "the file was cut off: copy or write it again" : "write the file again",
    );
  }
  if (count > BigInt(maxElements)) complain(`has ${count} elements`, `split it: ${maxElements} elements is the limit`);
  // A copy: the elements of a file may begin at any byte, a typed array only at a multiple of its element size.
  const buffer = new Uint8Array(bytes).buffer;
  switch (stored) {
    case "f32":
      return { dtype: "f32", dims, data: new Float32Array(buffer) };
    case "i32":
      return { dtype: "i32", dims, data: new Int32Array(buffer) };
    case "f16":
    case "bf16":
      return { dtype: stored, dims, data: new Uint16Array(buffer) };
    case "i8":
      return { dtype: "i8", dims, data: new Int8Array(buffer) };
    case "u8":
    case "i4":
      return { dtype: stored, dims, data: new Uint8Array(buffer) };
    case "bool":
      // Writers may store any byte but 0 for true; kernels are promised 0 or 1.
      return { dtype: "bool", dims, data: new Uint8Array(buffer).map((byte) => (byte === 0 ? 0 : 1)) };
    case "f64": {
      const wide = new Float64Array(buffer);
      const data = new Float32Array(wide);
      const lost = data.findIndex((x, i) => !Number.isFinite(x) && Number.isFinite(wide[i]));
      if (lost >= 0) complain(`holds ${wide[lost]} at element ${lost}, which f32 cannot hold`, "scale the numbers");
      return { dtype: "f32", dims, data };
    }
    case "i64": {
      const wide = new BigInt64Array(buffer);
      const lost = wide.findIndex((x) => BigInt.asIntN(32, x) !== x);
      if (lost >= 0)
        complain(`holds ${wide[lost]} at element ${lost}, which i32 cannot hold`, "store smaller integers");
      return { dtype: "i32", dims, data: Int32Array.from(wide, Number) };
    }
  }
}

/** The bytes of a tensor; data of another length than its dimensions ask for cannot be written. */
export function encodeElements(name: string, tensor: Tensor): Uint8Array {
  const { dtype, dims, data } = tensor;
  elementCount(dims);
  const needed = elementCount(storedDims(dtype, dims)) * entryBytes(dtype);
  if (data.byteLength !== needed) {
    const wanted = `${dtype}[${dims.join(", ")}]`;
    fail("FOV0003", `tensor ${quoted(name)} has ${data.byteLength} bytes where ${wanted} needs ${needed}`);
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
