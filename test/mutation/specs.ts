/**
 * Specs that between them use every part that mutants are planted in: those that every target takes, the commonest
 * first; those that only the planner needs, with the pairs it may visit; and those with NaN in values alone.
 */
const over = (
  clauses: string,
  inputs = "",
  operands = "q: f32[B, H, L, D], k: f32[B, Hkv, S, D], v: f32[B, Hkv, S, Dv]",
): string => `attention a(${operands}${inputs}) { ${clauses} }`;
const self = "q, k, v: f32[B, H, L, D]";

export const written: readonly string[] = [
  over("mask causal and window(9) score s * 3 return o, lse"),
  over("mask causal and (window(5) or stride(4)) return o, lse", "", self),
  over("mask doc[b, i] == doc[b, j] return o, lse example doc = segments(4)", ", doc: i32[B, L]", self),
  over("mask abs(i div 9 - j div 9) <= 1 and abs(i mod 9 - j mod 9) <= 2", "", self),
  over("blocks 4 mask bj in table[h, bi] return o, lse example table = between(0, 19)", ", table: i32[H, 40, 2]"),
  over(
    "mask ok[b, j] weights softmax(sink: gate[h]) return o, lse example ok = bernoulli(0.3)",
    ", ok: bool[B, S], gate: f32[H]",
  ),
  over("mask segment(cu, i) == segment(cu, j) example cu = offsets(L)", ", cu: i32[5]", self),
  over("mask causal and i - j < 5 * (h + 1) score 6 * s", "", self),
  over("weights sigmoid mask abs(i - j) <= 11 return o: f16", "", "q: f16[L, H, D], k: bf16[S, H, D], v: f16[S, H, D]"),
  over("mask (i - j + 3) mod 8 == 0 or j mod 5 == 2 return o: bf16", "", self),
  over("align start mask i div 8 == j div 8 or (i - j) mod 3 == 0 and j <= i return o, lse"),
  over("mask i div n == j div n or doc[b, j] == 2 example n = 6, doc = segments(4)", ", n: i32, doc: i32[B, S]"),
  over("mask i mod 11 == j mod 11 and j div 4 mod 2 != 0 or j < 3", "", self),
  over("blocks 8 mask abs(bi - bj) <= 1 and not bj == 2 output o * gate[h] + c", ", gate: f32[H]"),
  over("mask neighbour(i div 12, j div 12, 11, 5, 1, 2) and neighbour(i mod 12, j mod 12, 12, 3, 2, 1)", "", self),
  over(
    "mask near(i div 30, j div 30, 5, 3, 1) and abs(i div 6 mod 5 - j div 6 mod 5) <= 1 and i mod 6 >= j mod 6",
    "",
    self,
  ),
  over("mask (i - j) mod (h + 2) == 0 and j <= i", "", self),
  // Blocks whose last key is the first of a granule, which rounding does not add by itself.
  over("mask i div 11 == j div 11", "", self),
  over("mask i div (h + 11) == j div (h + 11)", "", self),
  over("mask max(i - 9, 3) <= j and j < min(i + 4, 60) and abs(j - i) mod 7 < 5 weights relu", "", self),
];

export interface Planned {
  readonly text: string;
  /** The share of the pairs that tiles of 8 rows and 16 keys may visit, of 75 rows and 77 keys (75 where they are the same). */
  readonly most: number;
}

/** What planning alone can get wrong, on two small calls; a bound that is only looser than it was shows in the pairs. */
export const planned: readonly Planned[] = [
  // A tensor that no other part of the mask says is sorted.
  { text: over("mask doc[b, j] >= 1 example doc = between(0, 3)", ", doc: i32[B, S]"), most: 1 },
  // Blocks of keys that one block of a tile's rows sees and the others do not.
  { text: over("blocks 8 mask bj == table[h, bi] example table = between(0, 10)", ", table: i32[H, 10]"), most: 0.19 },
  // Entries that end one key after a granule does.
  { text: over("blocks 9 mask bj == table[h, bi] example table = between(0, 9)", ", table: i32[H, 9]"), most: 1 },
  // A tile of rows that are one residue sees one digit of the keys.
  { text: over("mask (i - j) mod 8 == 0", "", self), most: 0.134 },
  { text: over("mask i mod 11 == j mod 11 and j <= i", "", self), most: 0.094 },
  // The sum stands on the side of the keys.
  { text: over("mask (j - i + 3) mod 8 == 0", "", self), most: 0.134 },
  // Two ranges of one digit.
  { text: over("mask abs(j mod 11 - 5) <= 3 and j mod 11 != 5", "", self), most: 0.654 },
  // Limits that the digit's weight does not divide.
  { text: over("mask i mod 8 == j mod 8 and i - j <= 20 and j <= i", "", self), most: 0.111 },
  { text: over("mask i mod 4 == j mod 4 and 2 * (i div 4 - j div 4) <= 5 and j <= i", "", self), most: 0.159 },
  // A digit and 1, which is as much as its divisor.
  { text: over("mask (j + 1) mod 5 <= 1 and i mod 5 == j mod 5", "", self), most: 0.081 },
  // Distances both ways that no inequality of positions says.
  { text: over("mask abs(i - j) * abs(i - j) <= 200", "", self), most: 0.54 },
];

/** Weights of 0 for keys that are seen, and channels beyond the first eight. */
export const spoilt: readonly string[] = [over("mask abs(i - j) <= 11 weights relu", "")];
