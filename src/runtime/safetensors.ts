/**
 * The .safetensors format: a JSON header with types, shapes and byte ranges, then the elements.
 * Takes the bytes of a file or tensors by name; gives tensors and metadata, or the bytes.
 * Guarantees: ranges are checked to lie in the file, in order, without overlap or hole, before any is read; names
 * never become object keys; metadata is kept. The format has no i4: such a tensor is written as u8, two a byte, with its
 * true dimensions in the metadata, and read back as i4.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { decodeElements, encodeElements, malformed, quoted } from "./stored.ts";
import type { StoredType } from "./stored.ts";
import { storedDims, type Dtype, type Tensor } from "./tensor.ts";

export interface TensorFile {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Map<string, string>;
}

/** The limit that the format itself sets. */
const maxHeader = 100_000_000;

const metadataKey = "__metadata__";
const i4Key = (name: string): string => `fovea.i4.${name}`;

const storedTypes: ReadonlyMap<string, StoredType> = new Map<string, StoredType>([
  ["F32", "f32"],
  ["F64", "f64"],
  ["F16", "f16"],
  ["BF16", "bf16"],
  ["I32", "i32"],
  ["I64", "i64"],
  ["I8", "i8"],
  ["U8", "u8"],
  ["BOOL", "bool"],
]);

const fileTypes: Readonly<Record<Dtype, string>> = {
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  i32: "I32",
  i8: "I8",
  i4: "U8",
  u8: "U8",
  bool: "BOOL",
};

interface Entry {
  readonly type: string;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

interface Layout {
  readonly entries: Map<string, Entry>;
  readonly metadata: Map<string, string>;
  readonly start: number;
}

/** The tensors of a file; with `wanted`, only those. */
export function readSafetensors(bytes: Uint8Array, file: string, wanted?: ReadonlySet<string>): TensorFile {
  const { entries, metadata, start } = layoutOf(bytes, file);
  const tensors = new Map<string, Tensor>();
  for (const [name, { type, dims, begin, end }] of entries) {
    if (wanted !== undefined && !wanted.has(name)) continue;
    const stored = storedTypes.get(type);
    if (stored === undefined) {
      return malformed(
        file,
        `holds tensor ${quoted(name)} of type ${quoted(type)}, which is not read`,
        "save it as F32, F16, BF16, I32, I8, U8 or BOOL",
      );
    }
    const elements = bytes.subarray(start + begin, start + end);
    const packed = stored === "u8" ? metadata.get(i4Key(name)) : undefined;
    if (packed === undefined) {
      tensors.set(name, decodeElements(file, name, stored, dims, elements));
    } else {
      if (!/^(\d{1,15}(,\d{1,15})*)?$/.test(packed)) {
        malformed(file, `has no dimensions under ${quoted(i4Key(name))}`, "write the file again");
      }
      const trueDims = packed === "" ? [] : packed.split(",").map(Number);
      tensors.set(name, decodeElements(file, name, "i4", trueDims, elements));
    }
  }
  return { tensors, metadata };
}

/** The names of a file's tensors, in the header's order. */
export function namesOfSafetensors(bytes: Uint8Array, file: string): string[] {
  return [...layoutOf(bytes, file).entries.keys()];
}

export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  if (tensors.has(metadataKey)) fail("FOV0003", `no tensor of a .safetensors file can be named \`${metadataKey}\``);
  const notes = new Map(metadata);
  // Wide elements first, as the reference writer does: then every tensor is aligned to its element size.
  const sorted = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const parts: Uint8Array[] = [];
  const fields: string[] = [];
  let at = 0;
  for (const [name, tensor] of sorted) {
    const elements = encodeElements(name, tensor);
    if (tensor.dtype === "i4") notes.set(i4Key(name), tensor.dims.join(","));
    const shape = tensor.dims.length === 0 && tensor.dtype === "i4" ? [1] : storedDims(tensor.dtype, tensor.dims);
    const range = [at, at + elements.length];
    fields.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: fileTypes[tensor.dtype], shape, data_offsets: range })}`,
    );
    parts.push(elements);
    at += elements.length;
  }
  if (notes.size > 0) {
    const pairs = [...notes].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    fields.unshift(`"${metadataKey}":{${pairs.join(",")}}`);
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + at);
  bytes.fill(0x20, 8, 8 + padded);
  bytes.set(header, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  let offset = 8 + padded;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function layoutOf(bytes: Uint8Array, file: string): Layout {
  const again = "the file was cut off or damaged: copy or write it again";
  if (bytes.length < 8) malformed(file, "is too short for a .safetensors file", again);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeader)) {
    malformed(file, `announces a header of ${length} bytes; the limit is ${maxHeader}`, again);
  }
  const start = 8 + Number(length);
  if (start > bytes.length) malformed(file, "ends inside its header", again);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    malformed(file, "has a header that is not JSON", again);
  }
  if (!isRecord(json)) return malformed(file, "has a header that is no JSON object", "write the file again");
  const entries = new Map<string, Entry>();
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(json)) {
    if (name === metadataKey) metadata = metadataOf(value, file);
    else entries.set(name, entryOf(value, name, file));
  }
  checkRanges(entries, bytes.length - start, file);
  return { entries, metadata, start };
}

function checkRanges(entries: ReadonlyMap<string, Entry>, available: number, file: string): void {
  const again = "write the file again";
  let covered = 0;
  for (const [name, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (end > available) {
      malformed(
        file,
        `has tensor ${quoted(name)} at bytes ${begin} to ${end} of only ${available}`,
        "copy or write it again",
      );
    }
    if (begin < covered) malformed(file, `has tensor ${quoted(name)} overlapping another`, again);
    if (begin > covered) malformed(file, `has a hole before tensor ${quoted(name)}`, again);
    covered = end;
  }
  if (covered !== available) malformed(file, `has ${available - covered} bytes that belong to no tensor`, again);
}

function entryOf(value: unknown, name: string, file: string): Entry {
  const bad = (what: string): never =>
    malformed(file, `has a header where tensor ${quoted(name)} ${what}`, "write the file again");
  if (!isRecord(value)) return bad("is not described");
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype !== "string") return bad("has no type");
  if (!isSizes(shape)) return bad("has no shape");
  if (!isSizes(range) || range.length !== 2) return bad("has no byte range");
  const [begin = 0, end = 0] = range;
  if (begin > end) return bad("ends before it begins");
  return { type: dtype, dims: shape, begin, end };
}

function metadataOf(value: unknown, file: string): Map<string, string> {
  const metadata = new Map<string, string>();
  const bad = (): never =>
    malformed(file, `has a \`${metadataKey}\` that is not an object of texts`, "write the file again");
  if (!isRecord(value)) return bad();
  for (const [key, text] of Object.entries(value)) metadata.set(key, typeof text === "string" ? text : bad());
  return metadata;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
