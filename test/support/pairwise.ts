/**
 * Rows that let every two choices meet. Takes factors by name, each a list of levels, each level a list of values that
 * count as the same (31 and 33 keys, say); gives rows of one value a factor in which every pair of levels of two
 * factors meets, as far as `most` rows go. The values of a level take turns. Same factors and seed, same rows.
 */
export type Factors<Row> = { readonly [Name in keyof Row]: readonly (readonly Row[Name][])[] };

/** mulberry32: enough to break ties with. */
export function draws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Levels = readonly number[];

const pairOf = (f: number, level: number, g: number, other: number): string =>
  f < g ? `${f}.${level} ${g}.${other}` : `${g}.${other} ${f}.${level}`;

/** Every pair of levels that is to meet. */
function allPairs(counts: Levels): Set<string> {
  const pairs = new Set<string>();
  for (let f = 0; f < counts.length; f++)
    for (let g = f + 1; g < counts.length; g++)
      for (let level = 0; level < counts[f]; level++)
        for (let other = 0; other < counts[g]; other++) pairs.add(pairOf(f, level, g, other));
  return pairs;
}

const pairsOf = (row: Levels): string[] =>
  row.flatMap((level, f) => row.slice(f + 1).map((other, n) => pairOf(f, level, f + 1 + n, other)));

/** One row, factor by factor in random order, each time the level that meets most of what is still open. */
function candidate(counts: Levels, open: ReadonlySet<string>, next: () => number): Levels {
  const order = counts.map((_, f) => ({ f, key: next() })).sort((a, b) => a.key - b.key);
  const row = counts.map(() => -1);
  for (const { f } of order) {
    let best = { level: 0, gain: -1, tie: 0 };
    for (let level = 0; level < counts[f]; level++) {
      // Where nothing is settled yet, a level is worth what it could still meet.
      const gain = row.reduce((sum, other, g) => {
        if (g === f) return sum;
        if (other >= 0) return sum + (open.has(pairOf(f, level, g, other)) ? 1000 : 0);
        let left = 0;
        for (let n = 0; n < counts[g]; n++) left += open.has(pairOf(f, level, g, n)) ? 1 : 0;
        return sum + left;
      }, 0);
      const tie = next();
      if (gain > best.gain || (gain === best.gain && tie > best.tie)) best = { level, gain, tie };
    }
    row[f] = best.level;
  }
  return row;
}

export interface Cover<Row> {
  readonly rows: readonly Row[];
  /** Share of the pairs that meet. */
  readonly covered: number;
}

const tries = 30;

export function pairwise<Row extends object>(
  factors: Factors<Row>,
  seed: number,
  most = Number.POSITIVE_INFINITY,
): Cover<Row> {
  const names = Object.keys(factors) as (keyof Row)[];
  const counts = names.map((name) => factors[name].length);
  const open = allPairs(counts);
  const all = open.size;
  const next = draws(seed);
  const turns = new Map<string, number>();
  const rows: Row[] = [];
  while (rows.length < most && (open.size > 0 || rows.length === 0)) {
    let best: { row: Levels; gain: number } | undefined;
    for (let n = 0; n < tries; n++) {
      const row = candidate(counts, open, next);
      const gain = pairsOf(row).filter((pair) => open.has(pair)).length;
      if (!best || gain > best.gain) best = { row, gain };
    }
    if (!best) break;
    for (const pair of pairsOf(best.row)) open.delete(pair);
    rows.push(valuesOf(best.row, names, factors, turns));
  }
  return { rows, covered: all === 0 ? 1 : 1 - open.size / all };
}

function valuesOf<Row extends object>(
  levels: Levels,
  names: readonly (keyof Row)[],
  factors: Factors<Row>,
  turns: Map<string, number>,
): Row {
  const row: Partial<Row> = {};
  for (const [f, name] of names.entries()) {
    const values = factors[name][levels[f]];
    const key = `${f}.${levels[f]}`;
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    row[name] = values[turn % values.length];
  }
  return row as Row;
}
