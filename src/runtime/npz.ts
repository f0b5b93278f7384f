/**
 * The .npz format of numpy: a zip archive of .npy members.
 * Takes the bytes of an archive or tensors by name; gives tensors by name or the bytes.
 * Guarantees: sizes, ranges and checksums of members are checked before and after unpacking, so that a damaged
 * or hostile archive is FOV2107; a member is unpacked only if it is wanted; names never become object keys.
 */
import { inflateSync, zipSync } from "fflate";
import type { Zippable } from "fflate";
import { crc32 } from "./crc.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { malformed, quoted } from "./stored.ts";
import type { Tensor } from "./tensor.ts";

/** The most that the members of one archive may unpack to, together. */
const maxUnpacked = 2 ** 30;

/** Deflate cannot make anything smaller than this many times; a member that claims more is lying. */
const maxRatio = 1032;

const cutOff = "the file was cut off or damaged: copy or write it again";

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly start: number;
}

/** The tensors of an archive; with `wanted`, only those. A member that is no .npy file is passed over. */
export function readNpz(bytes: Uint8Array, file: string, wanted?: ReadonlySet<string>): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  let total = 0;
  for (const [name, member] of membersOf(bytes, file)) {
    if (wanted !== undefined && !wanted.has(name)) continue;
    total += member.unpacked;
    if (total > maxUnpacked) {
      malformed(file, `unpacks to more than ${maxUnpacked} bytes`, "store the tensors in a .safetensors file");
    }
    tensors.set(name, readNpy(unpack(bytes, file, member), `${file}#${quoted(name).slice(1, -1)}`));
  }
  return tensors;
}

/** The names of an archive's tensors, in its order. */
export function namesOfNpz(bytes: Uint8Array, file: string): string[] {
  return [...membersOf(bytes, file).keys()];
}

export function writeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  // Without a prototype, so that a tensor named `__proto__` is a key like any other.
  const members = Object.create(null) as Zippable;
  // A fixed date keeps the archive the same for the same tensors. Stored, as np.savez does: numbers hardly shrink.
  for (const [name, tensor] of tensors) {
    members[`${name}.npy`] = [writeNpy(tensor, name), { level: 0, mtime: "1980-01-01T12:00:00" }];
  }
  return zipSync(members);
}

/** The .npy members of the central directory, by the name without its ending. */
function membersOf(bytes: Uint8Array, file: string): Map<string, Member> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecord(view, file);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) {
    malformed(file, "is a zip archive of the 64-bit kind", "store the tensors in a .safetensors file");
  }
  const members = new Map<string, Member>();
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) {
      malformed(file, "has a damaged directory", cutOff);
    }
    const nameLength = view.getUint16(at + 28, true);
    const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) malformed(file, "has a damaged directory", cutOff);
    const path = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const name = path.replace(/\.npy$/, "");
    if (name !== path) {
      if (members.has(name)) malformed(file, `has two members ${quoted(name)}`, "write the file again");
      if (view.getUint16(at + 8, true) & 1) malformed(file, "is encrypted", "write the file without a password");
      members.set(name, memberAt(view, file, name, at));
    }
    at = next;
  }
  return members;
}

/** The record at the end of every zip archive; only a comment may come after it. */
function endRecord(view: DataView, file: string): number {
  const lowest = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= lowest; at--) {
    if (view.getUint32(at, true) === 0x06054b50 && at + 22 + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  }
  return malformed(file, "is not a whole zip archive, which a .npz file is", cutOff);
}

function memberAt(view: DataView, file: string, name: string, at: number): Member {
  const local = view.getUint32(at + 42, true);
  const packed = view.getUint32(at + 20, true);
  const unpacked = view.getUint32(at + 24, true);
  if (local + 30 > view.byteLength || view.getUint32(local, true) !== 0x04034b50) {
    malformed(file, `has a directory that does not lead to member ${quoted(name)}`, cutOff);
  }
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + packed > view.byteLength) malformed(file, `ends inside member ${quoted(name)}`, cutOff);
  return { name, method: view.getUint16(at + 10, true), crc: view.getUint32(at + 16, true), packed, unpacked, start };
}

function unpack(bytes: Uint8Array, file: string, member: Member): Uint8Array {
  const { name, method, packed, unpacked } = member;
  const raw = bytes.subarray(member.start, member.start + packed);
  let data: Uint8Array;
  if (method === 0) {
    data = raw;
  } else if (method === 8) {
    if (unpacked > packed * maxRatio + 64) {
      malformed(file, `claims a size for member ${quoted(name)} that its ${packed} bytes cannot unpack to`, cutOff);
    }
    try {
      data = inflateSync(raw, { out: new Uint8Array(unpacked) });
    } catch {
      return malformed(file, `has a member ${quoted(name)} that does not unpack`, cutOff);
    }
  } else {
    return malformed(
      file,
      `packs member ${quoted(name)} by method ${method}, which is not read`,
      "write it with `np.savez`",
    );
  }
  if (data.length !== unpacked || crc32(data) !== member.crc) {
    malformed(file, `has a member ${quoted(name)} whose checksum is wrong`, cutOff);
  }
  return data;
}
