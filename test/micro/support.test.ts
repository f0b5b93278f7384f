/**
 * The support functions on random lists: what src/micro/support.ts says they mean, against a brute force that marks
 * keys one by one; and the AssemblyScript that ships, against that meaning, the same words in memory.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { supportBytes } from "../../backends/wasm/base.ts";
import { support, type SupportName, type Words } from "../../src/micro/support.ts";

type Range = readonly [lo: number, hi: number];

/** Both run over the same words: a memory for AssemblyScript, an array for the reference. */
interface Machine extends Words {
  readonly call: (fn: SupportName, ...args: readonly number[]) => void;
}

const words = 4096;

function reference(): Machine {
  const memory = new Int32Array(words);
  const self: Words = {
    get: (at) => memory[at / 4] ?? Number.NaN,
    set: (at, value) => {
      memory[at / 4] = value;
    },
  };
  return { ...self, call: (fn, ...args) => support[fn].run(self, args) };
}

const compiled = new WebAssembly.Module(supportBytes());

function assembly(): Machine {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  const view = new Int32Array(memory.buffer);
  return {
    get: (at) => view[at / 4] ?? Number.NaN,
    set: (at, value) => {
      view[at / 4] = value;
    },
    call: (fn, ...args) => {
      const found = exports[fn];
      if (typeof found !== "function") throw new Error(`no ${fn}`);
      Reflect.apply(found, undefined, args);
    },
  };
}

const list = 64;
const put = (m: Words, at: number, ranges: readonly Range[]): void => {
  m.set(at, ranges.length);
  ranges.flat().forEach((x, n) => m.set(at + 4 + 4 * n, x));
};
const get = (m: Words, at: number): Range[] =>
  Array.from({ length: m.get(at) }, (_, n): Range => [m.get(at + 4 + 8 * n), m.get(at + 8 + 8 * n)]);

/** The keys that a set of ranges asks for, and the sorted, disjoint ranges of a set of keys. */
const keysOf = (ranges: readonly Range[]): Set<number> =>
  new Set(ranges.flatMap(([lo, hi]) => Array.from({ length: Math.max(0, hi - lo) }, (_, n) => lo + n)));
function rangesOf(keys: ReadonlySet<number>): Range[] {
  const found: [number, number][] = [];
  for (const key of [...keys].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last?.[1] === key) last[1] = key + 1;
    else found.push([key, key + 1]);
  }
  return found;
}

const range = fc
  .tuple(fc.integer({ min: -30, max: 130 }), fc.integer({ min: -4, max: 30 }))
  .map(([lo, length]): Range => [lo, lo + length]);
const ranges = fc.array(range, { maxLength: 40 });

describe.each([
  ["the reference", reference],
  ["AssemblyScript", assembly],
] as const)("%s", (_, machine) => {
  it("unites: cut, rounded out, cut, sorted and joined", () => {
    const sizes = fc.record({ granule: fc.integer({ min: 1, max: 17 }), extent: fc.integer({ min: 0, max: 110 }) });
    fc.assert(
      fc.property(ranges, sizes, (asked, { granule, extent }) => {
        const m = machine();
        put(m, list, asked);
        m.call("range_unite", list, granule, extent);
        const keys = [...keysOf(asked)].filter((key) => key >= 0 && key < extent);
        const rounded = keys.flatMap((key) => {
          const first = Math.floor(key / granule) * granule;
          return Array.from({ length: granule }, (__, n) => first + n).filter((k) => k < extent);
        });
        expect(get(m, list)).toEqual(rangesOf(new Set(rounded)));
      }),
      { numRuns: 300 },
    );
  });

  it("adds what a list has room for and then widens, losing no key and writing no further", () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 12 }), (asked, capacity) => {
        const m = machine();
        const behind = list + 4 + 8 * capacity;
        m.set(behind, 12345);
        put(m, list, []);
        for (const [lo, hi] of asked) m.call("range_add", list, capacity, lo, hi);
        expect(m.get(list)).toBeLessThanOrEqual(capacity);
        expect(m.get(behind)).toBe(12345);
        const kept = keysOf(get(m, list));
        const wanted = [...keysOf(asked)].filter((key) => key >= 0);
        expect(wanted.filter((key) => !kept.has(key))).toEqual([]);
        // Nothing is widened where the distinct pieces fit.
        if (asked.length <= capacity) expect(kept).toEqual(keysOf(asked));
      }),
      { numRuns: 300 },
    );
  });

  it("joins slots to their union", () => {
    fc.assert(
      fc.property(fc.array(ranges, { minLength: 1, maxLength: 6 }), fc.nat(5), (slots, skipped) => {
        const m = machine();
        const capacity = 240;
        const stride = 4 + 8 * capacity;
        slots.forEach((asked, n) => {
          put(m, list + n * stride, asked);
          m.call("range_unite", list + n * stride, 1, 100);
        });
        const from = Math.min(skipped, slots.length);
        const all = slots.slice(from).flatMap((__, n) => get(m, list + (from + n) * stride));
        m.call("range_join", list, stride, capacity, slots.length, from, slots.length);
        expect(get(m, list + slots.length * stride)).toEqual(rangesOf(keysOf(all)));
      }),
      { numRuns: 100 },
    );
  });

  it("reaches the ends of the integers without wrapping", () => {
    const m = machine();
    const most = 0x7fffffff;
    put(m, list, [
      [most - 3, most],
      [-0x80000000, 5],
    ]);
    m.call("range_unite", list, 8, most - 1);
    expect(get(m, list)).toEqual([
      [0, 8],
      [most - 7, most - 1],
    ]);
  });
});

it("AssemblyScript leaves the words of the reference, call after call", () => {
  const call = fc.oneof(
    fc.tuple(fc.constant("add" as const), range),
    fc.tuple(fc.constant("unite" as const), fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 120 }))),
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (calls, capacity) => {
      const [a, b] = [reference(), assembly()];
      for (const [kind, [p, q]] of calls) {
        for (const m of [a, b])
          if (kind === "add") m.call("range_add", list, capacity, p, q);
          else m.call("range_unite", list, p, q);
        expect(get(b, list)).toEqual(get(a, list));
      }
    }),
    { numRuns: 300 },
  );
});

it("a list without room stops both", () => {
  for (const m of [reference(), assembly()]) expect(() => m.call("range_add", list, 0, 1, 2)).toThrow();
});
