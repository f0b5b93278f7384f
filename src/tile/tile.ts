/**
 * Level 4, the TileProgram: loops over tiles, buffers, and tile operations with logical extents. No attention
 * words: a backend that emits these statements emits every pattern. All Scalars may use the names bound by the
 * statements around them (`for`, `visit`, `let`), sizes, and reads of inputs; inside an element expression also
 * `r` and `c`, the row and column of the element, and reads of buffers by name (`S[r, c]`, `m[r]`).
 *
 * Tile sizes never depend on run-time lengths, so the rows of a call do not change when keys are appended.
 */
import type { Scalar, ScalarType } from "../scalar/scalar.ts";
import type { AskedSchedule } from "../spec/spec.ts";
import type { Dtype, SmallDtype } from "../scalar/storage.ts";
import type { Layout } from "../targets/device.ts";

/** `streamed`: never held; products read its tensor piece by piece. */
export type Space = "workspace" | "workgroup" | "private" | "streamed";

/**
 * A number that a later pass settles, written as a variable of that name until then: group-heads settles GROUP,
 * choose-schedule the others. An unsettled program runs with the trial values.
 */
export interface Parameter {
  readonly name: "GROUP" | "ROWS" | "KEYS" | "SUPERBLOCK" | "LAZY" | `PATCH${number}`;
  readonly trial: number;
  readonly value?: Scalar;
}

export interface Buffer {
  readonly name: string;
  readonly type: "f32" | "i32";
  /** Rank 1 or 2. Rows depend on parameters alone; columns may depend on sizes. */
  readonly rows: Scalar;
  readonly columns?: Scalar;
  /** Columns are padded to this many elements; the padding reads as zero. */
  readonly pad?: number;
  /** Absent until assign-spaces-and-layouts. */
  readonly space?: Space;
  readonly layout?: Layout;
}

/** `slots` lists of up to `capacity` half-open ranges; every list is sorted and disjoint. */
export interface RangeList {
  readonly name: string;
  readonly slots: Scalar;
  readonly capacity: Scalar;
}

/** Rows `row` … row + rows − 1 of a buffer, logical extents. A rank-1 buffer has no columns. */
export interface View {
  readonly buffer: string;
  readonly row: Scalar;
  readonly rows: Scalar;
  readonly columns?: Scalar;
}

/** `load` and reads widen an element to what expressions know, `store` rounds to it: nothing between knows its dtype. */
export interface TensorRef {
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: readonly Scalar[];
}

/** Integers of which an element is (integer − zero) · step; the two are of an element. i4: two a byte, low nibble first. */
export interface Small {
  readonly dtype: SmallDtype;
  readonly step: Scalar;
  readonly zero?: Scalar;
}

/** A run of keys asked for; `over` repeats it for each value of a variable. */
export interface RangeTerm {
  readonly when: Scalar;
  readonly lo: Scalar;
  readonly hi: Scalar;
  readonly over: readonly { readonly name: string; readonly from: Scalar; readonly to: Scalar }[];
}

export type Operation =
  /** to[r, c] = scale · tensor[at(r, c)]; columns beyond the extents become 0. */
  | {
      readonly kind: "load";
      readonly to: View;
      readonly tensor: string;
      readonly at: readonly Scalar[];
      /** The tensor holds small integers, and `at` counts these. */
      readonly small?: Small;
      readonly scale?: Scalar;
    }
  /** tensor[at(r, c)] = value(r, c) */
  | {
      readonly kind: "store";
      readonly tensor: string;
      readonly at: readonly Scalar[];
      readonly rows: Scalar;
      readonly columns?: Scalar;
      readonly value: Scalar;
    }
  | { readonly kind: "fill"; readonly to: View; readonly value: Scalar }
  /**
   * to[r, c] = value(r, c); `value` may read the element that it replaces. With `reduce`, each row of the result is
   * joined too, as the operation `reduce` right after it would.
   */
  | {
      readonly kind: "map";
      readonly to: View;
      readonly value: Scalar;
      readonly reduce?: { readonly op: "max" | "sum"; readonly to: View; readonly accumulate: boolean };
    }
  /** to[r] = op over c of from[r, c], joined with to[r] where `accumulate`. */
  | {
      readonly kind: "reduce";
      readonly op: "max" | "sum";
      readonly to: View;
      readonly from: View;
      readonly accumulate: boolean;
    }
  /** to[r, c] (= | +=) Σ_k a[r, k] · b[c, k] (`b: columns`) or b[k, c] (`b: rows`). With `guard`, terms whose a is +0 add nothing; −0 is a number like any other. */
  | {
      readonly kind: "dot";
      readonly to: View;
      readonly a: View;
      readonly b: View;
      readonly along: "columns" | "rows";
      readonly start: "zero" | "add";
      readonly guard: boolean;
    }
  /** to[r, c] *= by[r]; skipped where every factor is 1. */
  | { readonly kind: "rescale"; readonly to: View; readonly by: View }
  /** Sets the bool variable `flag` to: are all elements of the view finite? */
  | { readonly kind: "finite"; readonly flag: string; readonly of: View }
  /** Least and greatest of `value(r)` over r < rows, as two variables of its type. */
  | {
      readonly kind: "bounds";
      readonly min: string;
      readonly max: string;
      readonly type: ScalarType;
      readonly rows: Scalar;
      readonly value: Scalar;
    }
  /** list[slot] = the terms, rounded out to `granule`, cut to [0, extent), sorted and joined. */
  | {
      readonly kind: "unite";
      readonly list: string;
      readonly slot: Scalar;
      readonly terms: readonly RangeTerm[];
      readonly granule: number;
      readonly extent: Scalar;
    }
  /** list[slot] = the union of the lists in slots from … to − 1. */
  | { readonly kind: "join"; readonly list: string; readonly slot: Scalar; readonly from: Scalar; readonly to: Scalar };

export type Statement =
  | Operation
  | { readonly kind: "let"; readonly name: string; readonly value: Scalar }
  | {
      readonly kind: "for";
      readonly name: string;
      readonly to: Scalar;
      readonly mode: "serial" | "parallel";
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "if";
      readonly when: Scalar;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  /** For each range of list[slot], cut to `within`, in steps of at most `step`: lo and hi name the piece's bounds. */
  | {
      readonly kind: "visit";
      readonly list: string;
      readonly slot: Scalar;
      readonly within?: { readonly lo: Scalar; readonly hi: Scalar };
      readonly step: Scalar;
      readonly lo: string;
      readonly hi: string;
      readonly body: readonly Statement[];
    };

export const loop = (name: string, to: Scalar, mode: "serial" | "parallel", body: readonly Statement[]): Statement => ({
  kind: "for",
  name,
  to,
  mode,
  body,
});

export const isOperation = (statement: Statement): statement is Operation =>
  !["let", "for", "if", "visit"].includes(statement.kind);

export interface TileProgram {
  readonly name: string;
  readonly sizes: readonly string[];
  readonly parameters: readonly Parameter[];
  /** What someone asks choose-schedule for. */
  readonly schedules?: readonly AskedSchedule[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
  /** Tensors that one launch writes whole and later ones read; no caller sees them. */
  readonly intermediates?: readonly TensorRef[];
  readonly buffers: readonly Buffer[];
  readonly lists: readonly RangeList[];
  /** Each statement is a launch: it begins when those before it are done. */
  readonly body: readonly Statement[];
}

export const tensorsOf = ({ inputs, outputs, intermediates = [] }: TileProgram): readonly TensorRef[] => [
  ...inputs,
  ...outputs,
  ...intermediates,
];

/** The number that a Scalar is once every parameter is settled. */
export function settled(x: Scalar): number {
  if (x.kind !== "const") throw new Error("tile: a parameter is not settled yet");
  return x.value;
}

/** The number that a parameter was settled to. */
export function chosen(program: TileProgram, name: Parameter["name"]): number {
  const value = program.parameters.find((p) => p.name === name)?.value;
  return value ? settled(value) : 0;
}

/** How large the tiles are that a settled program works on. */
export const tileOf = (program: TileProgram): { rows: number; keys: number; superblock: number } => ({
  rows: chosen(program, "ROWS"),
  keys: chosen(program, "KEYS"),
  superblock: chosen(program, "SUPERBLOCK"),
});

export type OperationKind = Operation["kind"];

/** A backend's emitters, one for each operation: a missing row is a type error. */
export type OperationTable<Emit> = Readonly<Record<OperationKind, Emit>>;
