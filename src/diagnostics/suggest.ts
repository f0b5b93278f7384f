/**
 * "Did you mean": takes a name and the names that would have been right, gives the nearest by edit distance
 * (a swap of neighbours counts one), or undefined where none is near enough to be a likely slip.
 */
const longestName = 64;

/** Optimal string alignment: insert, delete, replace and swap of neighbours each cost 1. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2] + 1);
      current.push(cost);
    }
    before = last;
    last = current;
  }
  return last[b.length];
}

/** One slip in a word of up to five letters, one more for each three letters after that; none in a single letter. */
function slipsAllowed(name: string): number {
  if (name.length < 2) return 0;
  return name.length <= 5 ? 1 : Math.floor(name.length / 3);
}

export function closest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > longestName) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = slipsAllowed(name) + 1;
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= least) continue;
    const cost = distance(wanted, candidate.toLowerCase());
    if (cost < least && cost < candidate.length) {
      best = candidate;
      least = cost;
    }
  }
  return best;
}
