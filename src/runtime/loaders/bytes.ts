/**
 * The bytes of a file beside the loader, and their SHA-256. The hash is computed here because `crypto.subtle` is
 * missing on pages that are not served securely. Guarantees: a file that cannot be had is FOV0002.
 */
import { refuse } from "./errors.ts";

/** The text of whatever was thrown. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The place of a file beside the loader; there is none where the loader itself has no hierarchical address. */
export function beside(urlOf: () => URL): URL {
  try {
    return urlOf();
  } catch (error) {
    return refuse("FOV0002", `nothing stands beside ${import.meta.url}; give create the file: ${reason(error)}`);
  }
}

export async function bytesOf(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // Asked for, not imported: bundlers for the web refuse a module of Node, also one that is never reached there.
    const files = url.protocol === "file:" ? globalThis.process?.getBuiltinModule?.("node:fs/promises") : undefined;
    if (files) return new Uint8Array(await files.readFile(url));
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    return refuse("FOV0002", `${url} cannot be read: status ${response.status}`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "FOV0002") throw error;
    return refuse("FOV0002", `${url} cannot be read: ${reason(error)}`);
  }
}

/** The first 32 bits behind the point of a root of the first primes; 53 bits of a double hold them exactly enough. */
function rootBits(count: number, root: (x: number) => number): Uint32Array {
  const bits = new Uint32Array(count);
  for (let found = 0, candidate = 2; found < count; candidate++) {
    let prime = true;
    for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) prime = false;
    if (prime) bits[found++] = Math.floor((root(candidate) % 1) * 2 ** 32);
  }
  return bits;
}

/** FIPS 180-4, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  const rounds = rootBits(64, Math.cbrt);
  const state = rootBits(8, Math.sqrt);
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const words = new DataView(padded.buffer);
  words.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  words.setUint32(padded.length - 4, bytes.length * 8);
  const w = new Uint32Array(64);
  const at = (list: Uint32Array, n: number): number => list[n] ?? 0;
  const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by));
  for (let block = 0; block < padded.length; block += 64) {
    for (let n = 0; n < 16; n++) w[n] = words.getUint32(block + 4 * n);
    for (let n = 16; n < 64; n++) {
      const [early, late] = [at(w, n - 15), at(w, n - 2)];
      const mixed =
        (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) + (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10));
      w[n] = at(w, n - 16) + at(w, n - 7) + mixed;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let n = 0; n < 64; n++) {
      const choose = (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g));
      const one = (h + choose + at(rounds, n) + at(w, n)) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((x, n) => (state[n] = at(state, n) + x));
  }
  return [...state].map((x) => x.toString(16).padStart(8, "0")).join("");
}
