/**
 * Level 2, the Spec: an attention with names resolved, a type on every expression, patterns expanded but
 * remembered (`origin`), defaults filled in. The oracle runs it as it is.
 *
 * Variables that its Scalars may use: `b h row i j s`; `bi`, `bj` are already `i div N`, `j div M`, `hk` the key
 * head. Where `i` and `j` are absolute positions; `i` is `position` with `row` in it.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import { printScalar } from "../scalar/print.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Dtype, RealDtype } from "../scalar/storage.ts";

export type Role = "batch" | "head" | "position" | "channel";

export interface SpecInput {
  readonly name: string;
  readonly dtype: Dtype;
  /** In terms of sizes; `L/32` is already rounded up. Empty for a scalar. The last one of an i4 tensor counts bytes. */
  readonly dims: readonly Scalar[];
  readonly quantised?: Quantised;
  readonly span: Span;
}

/** An operand of small integers: an element is (stored − zero) · scale. */
export interface Quantised {
  /** As declared: the last one of an i4 tensor counts elements. */
  readonly dims: readonly Scalar[];
  readonly scale: Granules;
  readonly zero?: Granules;
}

/** The input that holds a number for each granule: which of them is an element's, dimension by dimension of the input. */
export interface Granules {
  readonly input: string;
  /** The dimension of the operand, and how many neighbours along it share a number. */
  readonly at: readonly { readonly dimension: number; readonly per: number }[];
}

/** As its declaration has it: `k: i8[B, H, S, D] scale ks`. */
export function inputText({ name, dtype, dims: stored, quantised }: SpecInput): string {
  const dims = quantised?.dims ?? stored;
  const shape = dims.length === 0 ? "" : `[${dims.map((dim) => printScalar(dim)).join(", ")}]`;
  const by = (word: string, granules: Granules | undefined): string => (granules ? ` ${word} ${granules.input}` : "");
  return `${name}: ${dtype}${shape}${by("scale", quantised?.scale)}${by("zero", quantised?.zero)}`;
}

/** The extents of the roles; 1 where the operand has no such dimension. */
export interface Extents {
  readonly batch: Scalar;
  readonly head: Scalar;
  readonly keyHead: Scalar;
  readonly query: Scalar;
  readonly key: Scalar;
  readonly channel: Scalar;
  readonly valueChannel: Scalar;
}

/** An operand replaced by mixtures of its keys: x'[r] = Σ_j by[…, r, j] · x[j]. */
export interface Projection {
  readonly operand: "k" | "v";
  readonly by: string;
  /** What each dimension of `by` counts. */
  readonly at: readonly ("batch" | "head" | "mixture" | "key")[];
  /** How many mixtures there are, and of how many keys. */
  readonly rows: Scalar;
  readonly keys: Scalar;
}

/**
 * Pairs of channels of an operand turned by an angle that grows with the position (rotary embedding, Su et al. 2021,
 * equation 34): (x, y) becomes (x cos a − y sin a, y cos a + x sin a).
 */
export interface Rotation {
  readonly operand: "q" | "k";
  /**
   * f32, each operation rounded, of pair `t`: in terms of t, b and, for q, h, row and i, for k, j. Rounded, because that
   * is what models are trained with.
   */
  readonly angle: Scalar;
  /** How many pairs there are, beginning with channel `first`. */
  readonly pairs: Scalar;
  readonly first: Scalar;
  /** Pair t is made of channels t and t + pairs, or of 2 t and 2 t + 1. */
  readonly pairing: "halves" | "neighbours";
  /** Are frequencies made by `exp2`, which targets do not round alike? */
  readonly approximate: boolean;
}

export type Weights =
  | { readonly kind: "softmax"; /** Natural-unit logit, may depend on b, h, row, i. */ readonly sink?: Scalar }
  /** Plain sums without a normaliser: of 1 / (1 + e^−s), of max(s, 0). */
  | { readonly kind: "sigmoid" }
  | { readonly kind: "relu" }
  /**
   * φ(q) · φ(k), divided by their sum. `feature` is element `c` < `count` of φ of the row `featureRow`, f32; with
   * `exponent` e to its power is.
   */
  | {
      readonly kind: "linear";
      readonly phi: string;
      readonly feature: Scalar;
      readonly exponent: boolean;
      readonly count: Scalar;
    };

/** What a feature map reads the elements of its row from; no input has such a name. */
export const featureRow = "phi.x";

export interface SpecOutput {
  readonly name: string;
  /** `entropy`: −Σ p ln p of the row's weights p, the sink's among them; 0 where there are none. */
  readonly value: "o" | "lse" | "entropy";
  /** What it is rounded to when it is stored. */
  readonly dtype: RealDtype;
}

/** As `return` has it: `o`, `x = lse`, `o: f16`. */
export const outputText = ({ name, value, dtype }: SpecOutput): string =>
  `${name === value ? name : `${name} = ${value}`}${dtype === "f32" ? "" : `: ${dtype}`}`;

/** What a `schedule` asks for; what it leaves open the compiler chooses. */
export interface AskedSchedule {
  /** A backend (`wgsl`), or a device with `_` for `-` (`cortex_m55`). */
  readonly target: string;
  readonly span: Span;
  readonly rows?: number;
  readonly keys?: number;
  readonly superblock?: number;
  readonly lazy?: number;
  /** Threads that share a tile. */
  readonly threads?: number;
}

export type ExampleValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "segments"; readonly count: Scalar }
  | { readonly kind: "offsets"; readonly length: Scalar }
  | { readonly kind: "between"; readonly lo: Scalar; readonly hi: Scalar }
  | { readonly kind: "bernoulli"; readonly p: number }
  | { readonly kind: "file"; readonly path: string };

export interface Spec {
  readonly name: string;
  readonly path: string;
  readonly span: Span;
  /** Canonical text of the attention (formatted, with what it uses), what its hash is made of. */
  readonly text: string;
  readonly inputs: readonly SpecInput[];
  /** Free dimension names in order of first appearance. */
  readonly sizes: readonly string[];
  /** Sizes fixed by `--dim`; they appear in no Scalar any more. */
  readonly fixed: Readonly<Record<string, number>>;
  /** Role of each dimension of q, in order; k and v stand in the same order. */
  readonly roles: readonly Role[];
  readonly extents: Extents;
  /** `i` in terms of row (and of sizes, b, inputs): row + (S − L) unless `align` says otherwise. */
  readonly position: Scalar;
  readonly blocks?: { readonly rows: number; readonly columns: number };
  /** Factor on q·k, f32. */
  readonly scale: Scalar;
  /** f32 in terms of `s`, f32. */
  readonly score: Scalar;
  readonly mask: Scalar;
  readonly weights: Weights;
  /** In the order in which they apply, before any projection. */
  readonly rotations?: readonly Rotation[];
  /** `extents.key` then counts mixtures. */
  readonly projections?: readonly Projection[];
  /** f32 in terms of `o` (the weighted sum, divided where the weights have a normaliser) and its channel `c`. */
  readonly output?: Scalar;
  readonly outputs: readonly SpecOutput[];
  readonly where: readonly { readonly condition: Scalar; readonly text: string; readonly span: Span }[];
  readonly example: {
    readonly sizes: Readonly<Record<string, number>>;
    readonly values: Readonly<Record<string, ExampleValue>>;
  };
  readonly schedules?: readonly AskedSchedule[];
  /** Lines `clause text` for explain, defaults included and marked. */
  readonly clauses: readonly { readonly clause: string; readonly text: string; readonly default: boolean }[];
}

/** Sizes of one call, by dimension name. */
export type Sizes = Readonly<Record<string, number>>;
