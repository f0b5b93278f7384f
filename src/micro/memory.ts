/**
 * The flat memory that the micro interpreter runs over. Takes the regions that a program may touch; gives reads and
 * writes of 4-byte words and bytes. Guarantees: whatever does not lie whole in one region throws, naming who asked and
 * the address; so does a write to a region that is only read. Memory begins as all ones: as a float NaN, as an integer
 * −1, so that reading what was never written shows.
 */
export interface Region {
  readonly name: string;
  readonly bytes: number;
  readonly writable: boolean;
}

interface Placed extends Region {
  readonly at: number;
}

export interface Memory {
  readonly regions: readonly Placed[];
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  /** Throws unless `bytes` bytes at `at` lie in one region and are aligned to an element of `size` bytes. */
  readonly check: (who: string, at: number, bytes: number, writes: boolean, size?: number) => void;
}

/** Between regions, so that what steps out of one does not step into the next. */
const gap = 64;

export function memoryOf(regions: readonly Region[]): Memory {
  const placed: Placed[] = [];
  let end = gap;
  for (const region of regions) {
    placed.push({ ...region, at: end });
    end = Math.ceil((end + region.bytes) / gap) * gap + gap;
  }
  const buffer = new ArrayBuffer(end);
  const u8 = new Uint8Array(buffer).fill(0xff);
  // Which region each byte belongs to, from 1; the gap between two tells that an access leaves the first.
  const owners = new Uint16Array(end);
  placed.forEach((r, n) => owners.fill(n + 1, r.at, r.at + r.bytes));
  const writable = [false, ...placed.map((r) => r.writable)];
  const check = (who: string, at: number, bytes: number, writes: boolean, size = 4): void => {
    const owner = owners[at];
    const fits = owner !== 0 && owner !== undefined && owner === owners[at + bytes - 1];
    if (!fits || (writes && !writable[owner]) || at % size !== 0)
      throw new Error(
        `micro: ${who} ${writes ? "writes" : "reads"} ${bytes} bytes at ${at}, ${wrong(placed, at, bytes, size)}`,
      );
  };
  return {
    regions: placed,
    f32: new Float32Array(buffer),
    i32: new Int32Array(buffer),
    u8,
    i8: new Int8Array(buffer),
    u16: new Uint16Array(buffer),
    check,
  };
}

/** Why the place is not to be touched. */
function wrong(placed: readonly Placed[], at: number, bytes: number, size: number): string {
  const region = placed.findLast((r) => r.at <= at);
  if (!region) return "before everything";
  const past = at + bytes - region.at - region.bytes;
  if (past > 0) return `${past} past the end of ${region.name}`;
  return `${at % size !== 0 ? "not aligned" : "which is only read"}, in ${region.name}`;
}
