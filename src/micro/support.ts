/**
 * Support functions: routines that micro programs call by name and do not hold, for work that is no hot loop. A target
 * brings its own code for each (the wasm backend: backends/wasm/support); here stands what they mean, over i32 words
 * of memory, as the micro interpreter runs it. A range list is a count, then pairs lo, hi of half-open ranges.
 * Guarantees: no list ever holds more than its capacity; a list that stays full widens its last range, so no key is
 * lost; a united list is sorted and disjoint, ranges that touch are joined.
 */
import type { Local } from "./micro.ts";

/** Memory as a support function sees it; whoever runs it checks the addresses. */
export interface Words {
  readonly get: (at: number) => number;
  readonly set: (at: number, value: number) => void;
}

export interface SupportFunction {
  readonly params: readonly Local[];
  readonly run: (memory: Words, args: readonly number[]) => void;
}

type Range = readonly [lo: number, hi: number];

const most = 0x7fffffff;

function readList(memory: Words, at: number): readonly Range[] {
  return Array.from({ length: memory.get(at) }, (_, n): Range => {
    const pair = at + 4 + 8 * n;
    return [memory.get(pair), memory.get(pair + 4)];
  });
}

function writeList(memory: Words, at: number, list: readonly Range[]): void {
  memory.set(at, list.length);
  list.forEach(([lo, hi], n) => {
    memory.set(at + 4 + 8 * n, lo);
    memory.set(at + 8 + 8 * n, hi);
  });
}

/** Cut to 0 … extent, rounded out to granules, cut again; sorted, what touches is joined. */
function united(list: readonly Range[], granule: number, extent: number): readonly Range[] {
  const rounded = list
    .map(([lo, hi]): Range => [Math.max(lo, 0), Math.min(hi, extent)])
    .filter(([lo, hi]) => lo < hi)
    .map(([lo, hi]): [number, number] => [
      Math.floor(lo / granule) * granule,
      Math.min(Math.ceil(hi / granule) * granule, extent),
    ])
    .sort(([a], [b]) => a - b);
  const joined: [number, number][] = [];
  for (const range of rounded) {
    const last = joined.at(-1);
    if (last && range[0] <= last[1]) last[1] = Math.max(last[1], range[1]);
    else joined.push(range);
  }
  return joined;
}

function added(list: readonly Range[], capacity: number, [lo, hi]: Range): readonly Range[] {
  if (lo >= hi) return list;
  if (capacity < 1) throw new Error("range_add: a list without room");
  const now = list.length < capacity ? list : united(list, 1, most);
  if (now.length < capacity) return [...now, [lo, hi]];
  return now.map((range, n) => (n < now.length - 1 ? range : [Math.min(lo, range[0]), Math.max(hi, range[1])]));
}

const int = (name: string): Local => ({ name, type: "i32" });
const pointer = (name: string): Local => ({ name, type: "ptr" });

export const support = {
  /** Appends lo … hi unless it is empty; the list may be unsorted, before and after. */
  range_add: {
    params: [pointer("list"), int("capacity"), int("lo"), int("hi")],
    run: (memory, [list = 0, capacity = 0, lo = 0, hi = 0]) =>
      writeList(memory, list, added(readList(memory, list), capacity, [lo, hi])),
  },
  range_unite: {
    params: [pointer("list"), int("granule"), int("extent")],
    run: (memory, [list = 0, granule = 1, extent = 0]) =>
      writeList(memory, list, united(readList(memory, list), granule, extent)),
  },
  /** list[slot] = the union of list[from] … list[to − 1], for lists that lie `stride` bytes apart. */
  range_join: {
    params: [pointer("lists"), int("stride"), int("capacity"), int("slot"), int("from"), int("to")],
    run: (memory, [lists = 0, stride = 0, capacity = 0, slot = 0, from = 0, to = 0]) => {
      let all: readonly Range[] = [];
      for (let source = from; source < to; source++)
        for (const range of readList(memory, lists + source * stride)) all = added(all, capacity, range);
      writeList(memory, lists + slot * stride, united(all, 1, most));
    },
  },
} as const satisfies Readonly<Record<string, SupportFunction>>;

export type SupportName = keyof typeof support;

export const isSupport = (name: string): name is SupportName => Object.hasOwn(support, name);
