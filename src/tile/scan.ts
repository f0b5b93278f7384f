/**
 * The launch of a scan stage: S[n, m] = Σ φ(k_j)_m · (v_j, 1) over the keys before chunk n (Katharopoulos et al. 2020,
 * equations 10 to 12, a chunk at a time). Takes the stage; gives loops over batch, key head and ROWS features, each of
 * which goes through all keys in ascending order, KEYS at a time: φ(K)ᵀ is a load with its indices exchanged, so the sum
 * is a product. Exponents are summed relative to the largest so far, which moves as an online softmax's reference does.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { log2e, minusInfinity, rowBindings, tileRows, type Building } from "./building.ts";
import type { Free } from "./features.ts";
import { KEYS, ROWS } from "./parameters.ts";
import { loop, type Buffer, type Statement, type TensorRef, type View } from "./tile.ts";

export type Scan = Extract<Stage, { kind: "scan" }>;

const v = s.variable;
const [zero, one] = [s.int(0), s.int(1)];
const [r, c] = [v("r"), v("c")];
const bind = (name: string, value: Scalar): Statement => ({ kind: "let", name, value });
const view = (buffer: string, height: Scalar, columns?: Scalar): View => ({
  buffer,
  row: zero,
  rows: height,
  ...(columns ? { columns } : {}),
});

/** One state before each chunk of keys, and one after them all. */
export function stateTensor({ extents }: Plan, { to, count, exponent, chunk }: Scan): TensorRef {
  const states = chunk ? s.add(s.ceilDiv(extents.key, s.int(chunk)), one) : one;
  const width = s.add(extents.valueChannel, s.int(exponent ? 2 : 1));
  return { name: to, dtype: "f32", dims: [extents.batch, extents.keyHead, states, count, width] };
}

type Name = "features" | "values" | "line" | "state" | "sum" | "reference" | "next" | "factor";
const namesOf = (free: Free): Readonly<Record<Name, string>> => ({
  features: free("feature_tile"),
  values: free("value_tile"),
  line: free("key_line"),
  state: free("state_tile"),
  sum: free("state_sum"),
  reference: free("state_reference"),
  next: free("next_reference"),
  factor: free("state_factor"),
});

export function scanBuffers({ extents }: Plan, free: Free): readonly Buffer[] {
  const names = namesOf(free);
  const tile = (name: string, rows: Scalar, columns: Scalar): Buffer => ({ name, type: "f32", rows, columns });
  const vector = (name: string, rows: Scalar): Buffer => ({ name, type: "f32", rows });
  return [
    tile(names.features, ROWS, KEYS),
    tile(names.values, KEYS, extents.valueChannel),
    tile(names.line, one, KEYS),
    tile(names.state, ROWS, extents.valueChannel),
    vector(names.sum, ROWS),
    vector(names.reference, one),
    vector(names.next, one),
    vector(names.factor, ROWS),
  ];
}

export function scanLaunch(plan: Plan, stage: Scan, free: Free): Statement {
  const { extents } = plan;
  const names = namesOf(free);
  const [feature, rows, first, depth] = ["feature", "rows", "first", "depth"].map((x) => v(x));
  const width = extents.valueChannel;
  const at = (position: Scalar, channel: Scalar): readonly Scalar[] => {
    const own = { batch: v("b"), head: v("hk"), position, channel };
    return plan.roles.map((role) => own[role]);
  };
  const stateAt = (channel: Scalar): readonly Scalar[] => [v("b"), v("hk"), v("chunk"), s.add(feature, r), channel];
  const element = (buffer: string, ...indices: readonly Scalar[]): Scalar => s.read(buffer, "f32", indices);
  const reference = element(names.reference, zero);
  const stores: readonly Statement[] = [
    { kind: "store", tensor: stage.to, at: stateAt(c), rows, columns: width, value: element(names.state, r, c) },
    { kind: "store", tensor: stage.to, at: stateAt(width), rows, value: element(names.sum, r) },
    ...(stage.exponent
      ? [{ kind: "store", tensor: stage.to, at: stateAt(s.add(width, one)), rows, value: reference } as const]
      : []),
  ];
  const features = view(names.features, rows, depth);
  const line = view(names.line, one, depth);
  const next = element(names.next, zero);
  const safe = s.select(s.call("eq", reference, minusInfinity), s.float(0), reference);
  const moved = s.select(s.call("eq", reference, minusInfinity), s.float(0), s.call("exp", s.sub(reference, next)));
  const move: readonly Statement[] = [
    { kind: "load", to: line, tensor: stage.features, at: at(s.add(first, c), stage.count) },
    { kind: "map", to: view(names.next, one), value: reference },
    { kind: "reduce", op: "max", to: view(names.next, one), from: line, accumulate: true },
    { kind: "map", to: view(names.factor, rows), value: moved },
    { kind: "map", to: view(names.reference, one), value: next },
    { kind: "rescale", to: view(names.state, rows, width), by: view(names.factor, rows) },
    { kind: "rescale", to: view(names.sum, rows), by: view(names.factor, rows) },
    { kind: "map", to: line, value: s.call("exp", s.sub(element(names.line, r, c), safe)) },
  ];
  const scaled = s.mul(element(names.features, r, c), element(names.line, zero, c));
  const addPiece: readonly Statement[] = [
    ...(stage.exponent ? move : []),
    { kind: "load", to: features, tensor: stage.features, at: at(s.add(first, c), s.add(feature, r)) },
    ...(stage.exponent ? [{ kind: "map", to: features, value: scaled } as const] : []),
    { kind: "reduce", op: "sum", to: view(names.sum, rows), from: features, accumulate: true },
    { kind: "load", to: view(names.values, depth, width), tensor: stage.values, at: at(s.add(first, r), c) },
    {
      kind: "dot",
      to: view(names.state, rows, width),
      a: features,
      b: view(names.values, depth, width),
      along: "rows",
      start: "add",
      guard: false,
    },
  ];
  const length = stage.chunk ? s.int(stage.chunk) : extents.key;
  const before = s.mul(v("piece"), KEYS);
  const pieces = loop("piece", s.ceilDiv(length, KEYS), "serial", [
    bind("first", s.add(s.mul(v("chunk"), length), before)),
    bind("depth", s.min(KEYS, s.min(s.sub(length, before), s.sub(extents.key, first)))),
    { kind: "if", when: s.call("gt", depth, zero), then: addPiece, otherwise: [] },
  ]);
  const states = stateTensor(plan, stage).dims[2] ?? one;
  return loop("b", extents.batch, "parallel", [
    loop("hk", extents.keyHead, "parallel", [
      loop("block", s.ceilDiv(stage.count, ROWS), "parallel", [
        bind("feature", s.mul(v("block"), ROWS)),
        bind("rows", s.min(ROWS, s.sub(stage.count, feature))),
        { kind: "fill", to: view(names.state, rows, width), value: s.float(0) },
        { kind: "fill", to: view(names.sum, rows), value: s.float(0) },
        ...(stage.exponent ? [{ kind: "fill", to: view(names.reference, one), value: minusInfinity } as const] : []),
        loop("chunk", states, "serial", stage.chunk ? [...stores, pieces] : [pieces, ...stores]),
      ]),
    ]),
  ]);
}

/**
 * The state with which the rows of a tile begin: o = φ(q) · S, the sum φ(q) · z, and the reference of both. What q's
 * features are relative to cancels in the quotient and is left out.
 */
export function beginFrom(building: Building, free: Free): readonly Statement[] {
  const { attend, names, plan } = building;
  const { initial, channels } = attend;
  if (!initial || !channels) return [];
  const own = namesOf(free);
  const width = plan.extents.valueChannel;
  const [f0, columns, rows] = [v("f0"), v("width"), v("rows")];
  const query = rowBindings(building);
  const roles = { batch: v("b"), head: query["h"], position: query["row"], channel: s.add(f0, c) };
  const stateAt = (feature: Scalar, channel: Scalar): readonly Scalar[] => [
    v("b"),
    v("hk"),
    v("state_of"),
    feature,
    channel,
  ];
  // Scores of a tile come later, so their buffer is free.
  const features = view(names.scores, rows, columns);
  const line = view(own.line, one, columns);
  const sum = tileRows(building, names.rowSum);
  const reference = s.read(initial.state, "f32", stateAt(zero, s.add(width, one)));
  const logit = s.select(s.call("eq", reference, minusInfinity), minusInfinity, s.mul(reference, log2e));
  const product = s.mul(s.read(names.scores, "f32", [r, c]), s.read(own.line, "f32", [zero, c]));
  return [
    bind("state_of", initial.chunk),
    ...(initial.exponent ? [{ kind: "map", to: tileRows(building, names.rowMax), value: logit } as const] : []),
    loop("piece", s.ceilDiv(channels, KEYS), "serial", [
      bind("f0", s.mul(v("piece"), KEYS)),
      bind("width", s.min(KEYS, s.sub(channels, f0))),
      { kind: "load", to: features, tensor: attend.operands?.q ?? "q", at: plan.roles.map((role) => roles[role] ?? c) },
      { kind: "load", to: view(names.value, columns, width), tensor: initial.state, at: stateAt(s.add(f0, r), c) },
      {
        kind: "dot",
        to: tileRows(building, names.output, width),
        a: features,
        b: view(names.value, columns, width),
        along: "rows",
        start: "add",
        guard: false,
      },
      { kind: "load", to: line, tensor: initial.state, at: stateAt(s.add(f0, c), width) },
      { kind: "map", to: features, value: product },
      { kind: "reduce", op: "sum", to: sum, from: features, accumulate: true },
    ]),
  ];
}
