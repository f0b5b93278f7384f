/**
 * build-tiles: from a Plan and a Schedule to a TileProgram. Takes the stages attend → fold; gives loops over
 * superblocks of query tiles that share one pass over the keys (FlashAttention's online softmax, Dao et al. 2022,
 * algorithm 1, with the rescale done lazily). Guarantees: per row, keys come in ascending order whatever the
 * superblock; a key is visited at most once; full pieces carry no mask; the workspace does not grow with lengths.
 *
 *     for each superblock:  load its queries, unite the ranges of each tile, join them
 *       for each chunk of keys in the join:  load keys and values once
 *         for each tile, for each piece of the chunk that the tile visits:  scores, weights, product
 *       for each tile:  finish and store
 */
import type { Plan, Range, Stage } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { attendPiece } from "./attend.ts";
import {
  log2e,
  minusInfinity,
  rowBindings,
  tileElement,
  tileRows,
  type Attend,
  type Building,
  type Names,
} from "./building.ts";
import type { Schedule } from "./schedule.ts";
import type { Buffer, Operation, RangeList, RangeTerm, Statement, TensorRef, TileProgram, View } from "./tile.ts";

type Fold = Extract<Stage, { kind: "fold" }>;

const v = s.variable;
const ln2 = s.float(Math.fround(Math.LN2));
export function buildTiles(plan: Plan, schedule: Schedule): TileProgram {
  const attend = plan.stages.find((stage) => stage.kind === "attend");
  const fold = plan.stages.find((stage) => stage.kind === "fold");
  if (!attend || !fold) throw new Error("build-tiles: the plan needs an attend and a fold stage");
  const building = prepare(plan, attend, schedule);
  return {
    name: plan.name,
    sizes: plan.sizes,
    inputs: plan.inputs.map((input): TensorRef => ({ name: input.name, type: input.dtype, dims: input.dims })),
    outputs: fold.outputs.map((output) => ({ name: output.name, type: "f32", dims: outputDims(plan, output.value) })),
    buffers: buffersOf(building),
    lists: [rangeList(building)],
    body: heads(building, superblock(building, fold)),
  };
}

function prepare(plan: Plan, attend: Attend, schedule: Schedule): Building {
  const { head, keyHead } = plan.extents;
  const grouped = !attend.visit.perHead && !s.sameScalar(head, keyHead);
  const taken = new Set(plan.inputs.map((input) => input.name));
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name);
  const names: Names = {
    query: free("query_tile"),
    key: free("key_tile"),
    value: free("value_tile"),
    scores: free("score_tile"),
    output: free("output_tile"),
    rowMax: free("row_max"),
    rowSum: free("row_sum"),
    pieceMax: free("piece_max"),
    factor: free("factor"),
    ranges: free("ranges"),
  };
  const scoreIsPlain = attend.score.kind === "var" && attend.score.name === "s";
  return { plan, attend, schedule, group: grouped ? s.idiv(head, keyHead) : s.int(1), names, scoreIsPlain };
}

function outputDims(plan: Plan, value: "o" | "lse"): readonly Scalar[] {
  const { batch, head, query, valueChannel } = plan.extents;
  const extent = { batch, head, position: query, channel: valueChannel };
  return plan.roles.filter((role) => value === "o" || role !== "channel").map((role) => extent[role]);
}

function buffersOf({ names, schedule, plan }: Building): readonly Buffer[] {
  const { rows, keys, superblock: tiles, pad } = schedule;
  const { channel, valueChannel } = plan.extents;
  const all = rows * tiles;
  const tile = (name: string, height: number, columns: Scalar): Buffer => ({
    name,
    type: "f32",
    rows: height,
    columns,
    pad,
  });
  const vector = (name: string, height: number): Buffer => ({ name, type: "f32", rows: height });
  return [
    tile(names.query, all, channel),
    tile(names.key, keys, channel),
    tile(names.value, keys, valueChannel),
    tile(names.scores, rows, s.int(keys)),
    tile(names.output, all, valueChannel),
    vector(names.rowMax, all),
    vector(names.rowSum, all),
    vector(names.pieceMax, rows),
    vector(names.factor, rows),
  ];
}

/** A tile can have at most one range a term, and one more for each value of the term's variables. */
function rangeList({ attend, schedule, names }: Building): RangeList {
  const firstTile = { i0: s.int(0), i1: s.int(schedule.rows - 1) };
  const counts = attend.visit.may.map((range) =>
    range.over.reduce(
      (count, over) => s.mul(count, s.add(s.substitute(s.sub(over.to, over.from), firstTile), s.int(1))),
      s.int(1),
    ),
  );
  const capacity = counts.reduce(s.add, s.int(0));
  return {
    name: names.ranges,
    slots: schedule.superblock + 1,
    capacity: s.max(s.int(1), s.mul(capacity, s.int(schedule.superblock))),
  };
}

/** The parallel loops: batch, then key heads with their group stacked, or every head where the visit depends on it. */
function heads(building: Building, body: readonly Statement[]): readonly Statement[] {
  const { plan, group, schedule } = building;
  const { batch, head, keyHead, query } = plan.extents;
  const rows = s.mul(query, group);
  const blocks: Statement = {
    kind: "for",
    name: "block",
    to: s.ceilDiv(rows, s.int(schedule.rows * schedule.superblock)),
    mode: "parallel",
    body,
  };
  const stacked = !s.isConst(group, 1);
  const inner: readonly Statement[] = stacked
    ? [blocks]
    : [
        {
          kind: "let",
          name: "hk",
          value: s.sameScalar(head, keyHead) ? v("h") : s.idiv(v("h"), s.idiv(head, keyHead)),
        },
        blocks,
      ];
  const overHeads: Statement = {
    kind: "for",
    name: stacked ? "hk" : "h",
    to: stacked ? keyHead : head,
    mode: "parallel",
    body: inner,
  };
  return [{ kind: "for", name: "b", to: batch, mode: "parallel", body: [overHeads] }];
}

function superblock(building: Building, fold: Fold): readonly Statement[] {
  const { schedule, names } = building;
  const tiles = s.int(schedule.superblock);
  const forTiles = (body: readonly Statement[]): Statement => ({
    kind: "for",
    name: "t",
    to: tiles,
    mode: "serial",
    body,
  });
  return [
    { kind: "let", name: "first_tile", value: s.mul(v("block"), tiles) },
    forTiles(open(building)),
    { kind: "join", list: names.ranges, slot: tiles, from: s.int(0), to: tiles },
    {
      kind: "visit",
      list: names.ranges,
      slot: tiles,
      step: schedule.keys,
      lo: "chunk_lo",
      hi: "chunk_hi",
      body: [...loadChunk(building), forTiles(whereRows(building, attendPiece(building)))],
    },
    forTiles(whereRows(building, close(building, fold))),
  ];
}

/** Where tile `t` stands: its first flat row, how many rows it has, and their first and last position. */
function whereRows(building: Building, body: readonly Statement[]): readonly Statement[] {
  const { plan, group, schedule } = building;
  const rows = s.mul(plan.extents.query, group);
  const positionOf = (flat: Scalar): Scalar => s.substitute(plan.position, { row: s.idiv(flat, group) });
  return [
    { kind: "let", name: "row0", value: s.mul(s.add(v("first_tile"), v("t")), s.int(schedule.rows)) },
    { kind: "let", name: "rows", value: s.max(s.int(0), s.min(s.int(schedule.rows), s.sub(rows, v("row0")))) },
    {
      kind: "if",
      when: s.call("gt", v("rows"), s.int(0)),
      then: [
        { kind: "let", name: "i0", value: positionOf(v("row0")) },
        { kind: "let", name: "i1", value: positionOf(s.sub(s.add(v("row0"), v("rows")), s.int(1))) },
        ...body,
      ],
      otherwise: [],
    },
  ];
}

function open(building: Building): readonly Statement[] {
  const { attend, names, plan, scoreIsPlain } = building;
  const { channel, valueChannel, key } = plan.extents;
  const bind = rowBindings(building);
  const roles = { batch: v("b"), head: bind["h"] ?? v("h"), position: bind["row"] ?? v("row"), channel: v("c") };
  const empty: Operation = {
    kind: "unite",
    list: names.ranges,
    slot: v("t"),
    terms: [],
    granule: attend.visit.granule,
    extent: key,
  };
  const body = whereRows(building, [
    {
      kind: "load",
      to: tileRows(building, names.query, channel),
      tensor: "q",
      at: plan.roles.map((role) => roles[role]),
      scale: scoreIsPlain ? s.mul(attend.scale, log2e) : attend.scale,
    },
    { kind: "fill", to: tileRows(building, names.output, valueChannel), value: s.float(0) },
    { kind: "map", to: tileRows(building, names.rowMax), value: s.substitute(attend.state.init.reference, bind) },
    { kind: "map", to: tileRows(building, names.rowSum), value: s.substitute(attend.state.init.sum, bind) },
    {
      kind: "unite",
      list: names.ranges,
      slot: v("t"),
      terms: attend.visit.may.map(termOf),
      granule: attend.visit.granule,
      extent: key,
    },
  ]);
  return [empty, ...body];
}

const termOf = ({ when, lo, hi, over }: Range): RangeTerm => ({ when, lo, hi, over });

function loadChunk({ plan, names }: Building): readonly Statement[] {
  const { channel, valueChannel } = plan.extents;
  const roles = { batch: v("b"), head: v("hk"), position: s.add(v("chunk_lo"), v("r")), channel: v("c") };
  const at = plan.roles.map((role) => roles[role]);
  const rows = s.sub(v("chunk_hi"), v("chunk_lo"));
  const view = (buffer: string, columns: Scalar): View => ({ buffer, row: s.int(0), rows, columns });
  return [
    { kind: "load", to: view(names.key, channel), tensor: "k", at },
    { kind: "load", to: view(names.value, valueChannel), tensor: "v", at },
    { kind: "finite", flag: "values_finite", of: view(names.value, valueChannel) },
  ];
}

function close(building: Building, fold: Fold): readonly Statement[] {
  const { attend, names, plan } = building;
  const bind = rowBindings(building);
  const roles = { batch: v("b"), head: bind["h"] ?? v("h"), position: bind["row"] ?? v("row"), channel: v("c") };
  const sum = tileElement(building, names.rowSum);
  const noKey = s.call("eq", sum, s.float(0));
  const output = tileElement(building, names.output, v("c"));
  return fold.outputs.map((out): Statement => {
    const at = plan.roles.filter((role) => out.value === "o" || role !== "channel").map((role) => roles[role]);
    if (out.value === "o") {
      const value = attend.state.normalised ? s.select(noKey, s.float(0), s.call("div", output, sum)) : output;
      return { kind: "store", tensor: out.name, at, rows: v("rows"), columns: plan.extents.valueChannel, value };
    }
    const lse = s.mul(s.add(tileElement(building, names.rowMax), s.call("log2", sum)), ln2);
    return { kind: "store", tensor: out.name, at, rows: v("rows"), value: s.select(noKey, minusInfinity, lse) };
  });
}
