/**
 * The .npy format of numpy, versions 1 to 3.
 * Takes the bytes of a file or a tensor; gives the tensor or the bytes.
 * Guarantees: reads little-endian C-order arrays of f4 f8 f2 i4 i8 i1 u1 b1 and refuses every other with FOV2107;
 * the header is parsed, never evaluated; writes version 1 with the elements at a multiple of 64 bytes.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { decodeElements, encodeElements, malformed, quoted } from "./stored.ts";
import type { StoredType } from "./stored.ts";
import type { Dtype, Tensor } from "./tensor.ts";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** numpy itself refuses headers above 10,000 bytes; real ones have about 100. */
const maxHeader = 65536;

const storedTypes: ReadonlyMap<string, StoredType> = new Map<string, StoredType>([
  ["<f4", "f32"],
  ["<f8", "f64"],
  ["<f2", "f16"],
  ["<i4", "i32"],
  ["<i8", "i64"],
  ["|i1", "i8"],
  ["|u1", "u8"],
  ["|b1", "bool"],
  ["<i1", "i8"],
  ["<u1", "u8"],
  ["<b1", "bool"],
]);

const descriptions: ReadonlyMap<Dtype, string> = new Map<Dtype, string>([
  ["f32", "<f4"],
  ["f16", "<f2"],
  ["i32", "<i4"],
  ["i8", "|i1"],
  ["u8", "|u1"],
  ["bool", "|b1"],
]);

/** `file` is what messages call the bytes: a path, or a path and a member of an archive. */
export function readNpy(bytes: Uint8Array, file: string): Tensor {
  const { text, end } = headerOf(bytes, file);
  const header = parseHeader(text, file);
  const stored = storedTypes.get(header.descr);
  if (stored === undefined) {
    const big = header.descr.startsWith(">");
    return malformed(
      file,
      `holds elements of type ${quoted(header.descr)}, ${big ? "which is big-endian" : "which is not read"}`,
      big
        ? "save it little-endian: `a.astype(a.dtype.newbyteorder('<'))`"
        : "save it as float32, float16, int32, int8, uint8 or bool",
    );
  }
  // With one dimension or none the two orders are the same, and numpy then writes either.
  if (header.fortran && header.dims.filter((dim) => dim !== 1).length > 1) {
    malformed(file, "is in Fortran order", "save it in C order: `np.ascontiguousarray(a)`");
  }
  return decodeElements(file, "", stored, header.dims, bytes.subarray(end));
}

export function writeNpy(tensor: Tensor, name = "o"): Uint8Array {
  const descr = descriptions.get(tensor.dtype);
  if (descr === undefined) {
    return fail("FOV0003", `the .npy format has no type for ${tensor.dtype}, the type of ${quoted(name)}`, {
      help: "write a .safetensors file",
    });
  }
  const elements = encodeElements(name, tensor);
  const shape = tensor.dims.length === 1 ? `(${tensor.dims[0]},)` : `(${tensor.dims.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const header = `${dict.padEnd(total - 11)}\n`;
  const bytes = new Uint8Array(total + elements.length);
  bytes.set([...magic, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(elements, total);
  return bytes;
}

function headerOf(bytes: Uint8Array, file: string): { text: string; end: number } {
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) {
    malformed(file, "is not a .npy file: it does not begin with the numpy signature", "write it with `np.save`");
  }
  const version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] !== 0) {
    malformed(file, `is .npy version ${version}.${bytes[7]}, which is not read`, "save it with version 1, 2 or 3");
  }
  const start = version === 1 ? 10 : 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cut = "the file was cut off: copy or write it again";
  if (bytes.length < start) malformed(file, "ends inside its header", cut);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeader) {
    malformed(file, `announces a header of ${length} bytes; the limit is ${maxHeader}`, "write the file again");
  }
  if (start + length > bytes.length) malformed(file, "ends inside its header", cut);
  const encoding = version === 3 ? "utf-8" : "latin1";
  return { text: new TextDecoder(encoding).decode(bytes.subarray(start, start + length)), end: start + length };
}

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly dims: readonly number[];
}

/** The header is a Python dict of three fixed keys; only that form is read, in any order of the keys. */
function parseHeader(text: string, file: string): Header {
  const bad = (what: string): never => malformed(file, `has a header that ${what}`, "write it with `np.save`");
  let rest = text.trim();
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    rest = rest.slice(match[0].length).trimStart();
    return match[1] ?? match[0];
  };
  let descr: string | undefined;
  let fortran: boolean | undefined;
  let dims: number[] | undefined;
  if (take(/^\{/) === undefined) bad("is no dict");
  while (take(/^\}/) === undefined) {
    const key = take(/^['"](descr|fortran_order|shape)['"]\s*:/);
    if (key === "descr" && descr === undefined) {
      if (rest.startsWith("[")) malformed(file, "holds records", "save each field as an array of its own");
      descr = take(/^['"]([^'"\\]*)['"]/) ?? bad("has no type under `descr`");
    } else if (key === "fortran_order" && fortran === undefined) {
      fortran = (take(/^(?:True|False)/) ?? bad("has neither True nor False under `fortran_order`")) === "True";
    } else if (key === "shape" && dims === undefined) {
      const list = take(/^\(([^()]*)\)/) ?? bad("has no tuple under `shape`");
      const items = list.split(",").map((item) => item.trim());
      if (items.at(-1) === "") items.pop();
      // Python 2 wrote long integers with an L.
      if (!items.every((item) => /^\d{1,15}L?$/.test(item))) bad("has a `shape` that is no tuple of sizes");
      dims = items.map((item) => Number.parseInt(item, 10));
    } else {
      bad("has an unknown or a repeated key");
    }
    if (take(/^,/) === undefined && !rest.startsWith("}")) bad("is no dict");
  }
  if (rest !== "") bad("goes on after the dict");
  return {
    descr: descr ?? bad("has no `descr`"),
    fortran: fortran ?? bad("has no `fortran_order`"),
    dims: dims ?? bad("has no `shape`"),
  };
}
