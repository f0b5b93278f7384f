/**
 * Level 3, the Plan: stages over axes; which keys each attend stage must visit; which state it accumulates.
 * Ranges are Scalars over `i0`, `i1` (first and last absolute position of the query tile, both included),
 * `b`, `h`, `hk`, sizes and inputs, so nothing depends on a tile count and no mask is ever built.
 * `may` over-approximates the keys that any row of the tile sees, `must` under-approximates those that all see.
 */
import type { Scalar } from "../scalar/scalar.ts";
import type { AskedSchedule, Extents, Role, SpecInput, SpecOutput } from "../spec/spec.ts";

/** x = by · outer + inner. `blocks N` is a split by N. */
export interface Axis {
  readonly name: string;
  readonly extent: Scalar;
  readonly split?: { readonly by: Scalar; readonly outer: Axis; readonly inner: Axis };
}

/**
 * Half open, on key positions; empty where lo >= hi. With `over` the range stands once for each value
 * from <= name < to of the named variables, the first outermost; `when`, `lo` and `hi` may use them.
 */
export interface Range {
  readonly when: Scalar;
  readonly lo: Scalar;
  readonly hi: Scalar;
  readonly over: readonly { readonly name: string; readonly from: Scalar; readonly to: Scalar }[];
  /** The clause that asked for it, as written. */
  readonly origin: string;
}

/**
 * Three-valued answer for a pair of tiles, for what the ranges could not settle: Scalars over i0, i1, j0, j1
 * (all included) and, for each summary, its four bounds as variables.
 */
export interface Verdict {
  readonly may: Scalar;
  readonly must: Scalar;
  readonly summaries: readonly Summary[];
}

/** Min and max of `value` (a read in terms of `i` or of `j`) over the tile's rows or keys; names the variables. */
export interface Summary {
  readonly side: "query" | "key";
  readonly value: Scalar;
  readonly min: string;
  readonly max: string;
}

export interface Visit {
  readonly may: readonly Range[];
  readonly must: readonly Range[];
  readonly verdict?: Verdict;
  /** Keys are visited in runs of whole granules. */
  readonly granule: number;
  /** Does any range or verdict depend on `h`? Then heads of a group may not share a visit. */
  readonly perHead: boolean;
}

/**
 * An attend whose keys are told apart by digits. `visit` then holds ranges of the outermost digit of `keys`; each further
 * digit has one range, the same for all rows of a tile. What the ranges span is enumerated as one long row of keys.
 * Names in use: `i`, `j`, the digits of both, i0 and i1; where tiles are patches, `DIGIT.min` and `DIGIT.max` of the
 * rows' digits.
 */
export interface Split {
  readonly query: Axis;
  readonly keys: Axis;
  readonly inner: readonly Side[];
  /**
   * What rows make a tile: those of the plan's order, or rows that are the same modulo `by`, which are regrouped
   * within their superblock.
   */
  readonly residues?: Scalar;
  /** The clauses that asked for it, as written. */
  readonly origin: string;
}

/** One digit's range, and where all rows see all of its values. */
export interface Side {
  readonly lo: Scalar;
  readonly hi: Scalar;
  readonly must: readonly Range[];
}

/**
 * In which order rows make tiles: a tile has one value of each digit in `classes` and spans the others, which are a
 * run where it is one digit and a patch where there are several.
 */
export interface RowOrder {
  readonly axis: Axis;
  readonly classes: readonly string[];
}

/** A row of plan/weights.ts: how scores become weights and what is accumulated. All formulas in base-2 logits. */
export interface State {
  readonly kind: string;
  readonly reference: "max" | "none";
  /** Initial reference (base-2 logit) and initial sum. */
  readonly init: { readonly reference: Scalar; readonly sum: Scalar };
  /** f32 weight of a base-2 logit `s` under the reference `m`; must give exactly 0 for s = −∞. */
  readonly weight: Scalar;
  /** Is the result divided by the sum? */
  readonly normalised: boolean;
  readonly strategy: "online";
}

export interface Operands {
  readonly q: string;
  readonly k: string;
  readonly v: string;
}

export type Stage =
  /**
   * to[…, x, c] = value for each row x of an operand (`row` of q, `j` of k), written once. `value` is f32 in terms
   * of b, h (of keys: hk), row and i, or j, and the channel c; it reads the operand as `from`.
   */
  | {
      readonly kind: "transform";
      readonly to: string;
      readonly from: string;
      readonly operand: "q" | "k";
      readonly rows: Scalar;
      readonly value: Scalar;
    }
  /** to[…, m, c] = Σ_j by[…, m, j] · operand[…, j, c] for each batch and key head; `at` says what by's dimensions count. */
  | {
      readonly kind: "contract";
      readonly to: string;
      readonly operand: "k" | "v";
      /** The tensor that holds the operand. */
      readonly from: string;
      readonly by: string;
      readonly at: readonly ("batch" | "head" | "mixture" | "key")[];
      readonly rows: Scalar;
      readonly keys: Scalar;
    }
  /**
   * to[…, i, m] = feature m < count of row i of an operand times `scale`, the row as `featureRow`. With `exponent`, e to
   * it less the largest of the row; of keys that largest stands behind the features.
   */
  | {
      readonly kind: "features";
      readonly to: string;
      readonly operand: string;
      readonly side: "query" | "key";
      readonly feature: Scalar;
      readonly exponent: boolean;
      readonly count: Scalar;
      readonly scale: Scalar;
    }
  /**
   * to[b, hk, n, m] = Σ over the keys j before chunk n of features[j, m] · (values[j], 1): the values' channels, then the
   * sum of features, then, with `exponent`, the reference that both are relative to. Without `chunk` of all keys, n = 0.
   */
  | {
      readonly kind: "scan";
      readonly to: string;
      readonly features: string;
      readonly values: string;
      readonly count: Scalar;
      readonly exponent: boolean;
      readonly chunk?: number;
    }
  | {
      readonly kind: "attend";
      readonly visit: Visit;
      readonly mask: Scalar;
      readonly scale: Scalar;
      /** Natural-unit score in terms of `s`. */
      readonly score: Scalar;
      readonly state: State;
      /** Is Σ w log2 w of the weights w summed beside Σ w? */
      readonly entropy?: boolean;
      readonly split?: Split;
      /** The tensors of queries, keys and values, where they are not those that were passed. */
      readonly operands?: Operands;
      /** How many channels queries and keys have, where not as many as those that were passed. */
      readonly channels?: Scalar;
      /** Rows begin with what a scan summed, the one of number `chunk` (in terms of i0), and not with nothing. */
      readonly initial?: { readonly state: string; readonly chunk: Scalar; readonly exponent: boolean };
    }
  /**
   * Joins the states of the attends before it, which see disjoint pairs of the same rows. An online state that one
   * attend after the other adds to is joined as it grows.
   */
  | { readonly kind: "merge"; readonly parts: number }
  | { readonly kind: "fold"; readonly output?: Scalar; readonly outputs: readonly SpecOutput[] };

export interface Plan {
  readonly name: string;
  /** What tiles someone asks for, by target. */
  readonly schedules?: readonly AskedSchedule[];
  readonly inputs: readonly SpecInput[];
  readonly sizes: readonly string[];
  readonly roles: readonly Role[];
  readonly extents: Extents;
  readonly position: Scalar;
  readonly axes: { readonly query: Axis; readonly key: Axis };
  /** Which pairs are kept, where the attends' masks share it out. */
  readonly mask?: Scalar;
  /** Absent: rows in their own order. */
  readonly rows?: RowOrder;
  readonly stages: readonly Stage[];
}
