/**
 * Tensor files by path: the one place of the runtime that touches the file system.
 * Takes a path whose ending names the format; gives tensors, or leaves a whole file behind.
 * Guarantees: FOV0002 for a file that cannot be read or lacks the tensor, FOV0003 for one that cannot be
 * written, FOV2107 for one that is malformed; a failed write leaves the old file as it was.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fail, FoveaError } from "../diagnostics/diagnostic.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { namesOfNpz, readNpz, writeNpz } from "./npz.ts";
import { namesOfSafetensors, readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { TensorFile } from "./safetensors.ts";
import { malformed, quoted } from "./stored.ts";
import type { Tensor } from "./tensor.ts";
import { reasonOf, writeWhole } from "./write.ts";

type Format = "npy" | "npz" | "safetensors";

const formats = "the endings are .npy, .npz and .safetensors";

/** Node reads at most 2 GiB at once. */
const maxBytes = 0x7fffffff;

/** One tensor of a file: the member of that name, or the only tensor there is. */
export function readTensorFile(path: string, member?: string): Tensor {
  const format = formatOf(path, "FOV0002");
  const bytes = readBytes(path);
  if (format === "npy") {
    if (member !== undefined) {
      fail("FOV0002", `\`${path}\` holds one tensor without a name, so none named \`${member}\``, {
        help: `leave out \`#${member}\``,
      });
    }
    return readNpy(bytes, path);
  }
  const names = format === "npz" ? namesOfNpz(bytes, path) : namesOfSafetensors(bytes, path);
  const name = member ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    return fail("FOV0002", `\`${path}\` holds ${names.length} tensors and none is named`, {
      notes: [listOf(names)],
      help: `name one: \`${path}#NAME\``,
    });
  }
  const tensor = parse(format, bytes, path, new Set([name])).tensors.get(name);
  if (tensor !== undefined) return tensor;
  return fail("FOV0002", `\`${path}\` has no tensor named \`${name}\``, { help: listOf(names) });
}

/** The tensors of a file by name; with `wanted`, only those. The one tensor of a .npy file has the name "". */
export function readTensors(path: string, wanted?: ReadonlySet<string>): Map<string, Tensor> {
  return readTensorsAndMetadata(path, wanted).tensors;
}

/** The names of a file's tensors, in its order; a .npy file has none. */
export function namesOfTensors(path: string): readonly string[] {
  const format = formatOf(path, "FOV0002");
  if (format === "npy") return [];
  const bytes = readBytes(path);
  return format === "npz" ? namesOfNpz(bytes, path) : namesOfSafetensors(bytes, path);
}

/** As readTensors, with the metadata of a .safetensors file; other formats have none. */
export function readTensorsAndMetadata(path: string, wanted?: ReadonlySet<string>): TensorFile {
  const format = formatOf(path, "FOV0002");
  return parse(format, readBytes(path), path, wanted);
}

/** Writes the tensors: .npy takes one, .npz and .safetensors any number; only .safetensors keeps metadata. */
export function writeTensorFile(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): void {
  writeWhole(path, encodeTensorFile(path, tensors, metadata));
}

/** The bytes that writeTensorFile would write to this path. */
export function encodeTensorFile(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  const format = formatOf(path, "FOV0003");
  if (format === "safetensors") return writeSafetensors(tensors, metadata);
  if (format === "npz") return writeNpz(tensors);
  const [only, second] = tensors;
  if (only === undefined || second !== undefined) {
    return fail("FOV0003", `\`${path}\` would have ${tensors.size} tensors, and a .npy file has one`, {
      help: "write a .npz or .safetensors file",
    });
  }
  return writeNpy(only[1], only[0]);
}

function formatOf(path: string, code: "FOV0002" | "FOV0003"): Format {
  const ending = extname(path).toLowerCase();
  if (ending === ".npy") return "npy";
  if (ending === ".npz") return "npz";
  if (ending === ".safetensors") return "safetensors";
  return fail(code, `\`${path}\` has an ending that names no tensor format`, { help: formats });
}

function parse(format: Format, bytes: Uint8Array, path: string, wanted?: ReadonlySet<string>): TensorFile {
  if (format === "safetensors") return readSafetensors(bytes, path, wanted);
  if (format === "npz") return { tensors: readNpz(bytes, path, wanted), metadata: new Map() };
  const skipped = wanted !== undefined && !wanted.has("");
  return { tensors: new Map(skipped ? [] : [["", readNpy(bytes, path)]]), metadata: new Map() };
}

function readBytes(path: string): Uint8Array {
  try {
    // Asked of the open file, so that what is measured is what is read. A pipe could keep both calls waiting for
    // ever, hence the flag, which Windows does not have.
    const flags: { O_RDONLY: number; O_NONBLOCK?: number } = constants;
    const file = openSync(path, flags.O_RDONLY | (flags.O_NONBLOCK ?? 0));
    try {
      const status = fstatSync(file);
      if (status.isDirectory()) fail("FOV0002", `\`${path}\` is a directory`, { help: "name a file" });
      if (!status.isFile()) fail("FOV0002", `\`${path}\` is no ordinary file`, { help: "copy it to a file first" });
      if (status.size > maxBytes) {
        malformed(path, `has ${status.size} bytes; the limit is ${maxBytes}`, "split it, one tensor a file");
      }
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    return fail("FOV0002", `\`${path}\` cannot be read: ${reasonOf(error)}`, {
      help: "check the path and its permissions",
    });
  }
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return "it has no tensors";
  const shown = names.slice(0, 12).map(quoted);
  return `it has ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}`;
}
