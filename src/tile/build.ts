/**
 * build-tiles: from a Plan to a TileProgram whose schedule is still open (ROWS, KEYS, SUPERBLOCK, GROUP, LAZY; see
 * building.ts). Takes the stages attend → fold; gives loops over superblocks of query tiles that share one pass over
 * the keys (FlashAttention's online softmax, Dao et al. 2022,
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
  GROUP,
  KEYS,
  log2e,
  minusInfinity,
  parameters,
  rowBindings,
  ROWS,
  SUPERBLOCK,
  tileElement,
  tileRows,
  type Attend,
  type Building,
  type Names,
} from "./building.ts";
import type { Buffer, Operation, RangeList, RangeTerm, Statement, TensorRef, TileProgram, View } from "./tile.ts";

type Fold = Extract<Stage, { kind: "fold" }>;

const v = s.variable;
const ln2 = s.float(Math.fround(Math.LN2));

export function buildTiles(plan: Plan): TileProgram {
  const attend = plan.stages.find((stage) => stage.kind === "attend");
  const fold = plan.stages.find((stage) => stage.kind === "fold");
  if (!attend || !fold) throw new Error("build-tiles: the plan needs an attend and a fold stage");
  const building = prepare(plan, attend);
  return {
    name: plan.name,
    sizes: plan.sizes,
    parameters,
    inputs: plan.inputs.map((input): TensorRef => ({ name: input.name, type: input.dtype, dims: input.dims })),
    outputs: fold.outputs.map((output) => ({ name: output.name, type: "f32", dims: outputDims(plan, output.value) })),
    buffers: buffersOf(building),
    lists: [rangeList(building)],
    body: heads(building, superblock(building, fold)),
  };
}

function prepare(plan: Plan, attend: Attend): Building {
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
  return { plan, attend, names, scoreIsPlain };
}

function outputDims(plan: Plan, value: "o" | "lse"): readonly Scalar[] {
  const { batch, head, query, valueChannel } = plan.extents;
  const extent = { batch, head, position: query, channel: valueChannel };
  return plan.roles.filter((role) => value === "o" || role !== "channel").map((role) => extent[role]);
}

function buffersOf({ names, plan }: Building): readonly Buffer[] {
  const { channel, valueChannel } = plan.extents;
  const all = s.mul(SUPERBLOCK, ROWS);
  const tile = (name: string, rows: Scalar, columns: Scalar): Buffer => ({ name, type: "f32", rows, columns });
  const vector = (name: string, rows: Scalar): Buffer => ({ name, type: "f32", rows });
  return [
    tile(names.query, all, channel),
    tile(names.key, KEYS, channel),
    tile(names.value, KEYS, valueChannel),
    tile(names.scores, ROWS, KEYS),
    tile(names.output, all, valueChannel),
    vector(names.rowMax, all),
    vector(names.rowSum, all),
    vector(names.pieceMax, ROWS),
    vector(names.factor, ROWS),
  ];
}

/** A tile can have at most one range a term, and one more for each value of the term's variables. */
function rangeList({ attend, names }: Building): RangeList {
  const firstTile = { i0: s.int(0), i1: s.sub(ROWS, s.int(1)) };
  const counts = attend.visit.may.map((range) =>
    range.over.reduce(
      (count, over) => s.mul(count, s.add(s.substitute(s.sub(over.to, over.from), firstTile), s.int(1))),
      s.int(1),
    ),
  );
  const capacity = counts.reduce(s.add, s.int(0));
  return {
    name: names.ranges,
    slots: s.add(SUPERBLOCK, s.int(1)),
    capacity: s.max(s.int(1), s.mul(capacity, SUPERBLOCK)),
  };
}

/** The parallel loops: batch, then heads (GROUP of them at a time), then blocks of query rows. */
function heads({ plan }: Building, body: readonly Statement[]): readonly Statement[] {
  const { batch, head, keyHead, query } = plan.extents;
  const parallel = (name: string, to: Scalar, inside: readonly Statement[]): Statement => ({
    kind: "for",
    name,
    to,
    mode: "parallel",
    body: inside,
  });
  const ratio = s.sameScalar(head, keyHead) ? s.int(1) : s.idiv(head, keyHead);
  const blocks = s.ceilDiv(s.mul(query, GROUP), s.mul(ROWS, SUPERBLOCK));
  return [
    parallel("b", batch, [
      parallel("head", s.idiv(head, GROUP), [
        { kind: "let", name: "h", value: s.mul(v("head"), GROUP) },
        { kind: "let", name: "hk", value: s.idiv(v("h"), ratio) },
        parallel("block", blocks, body),
      ]),
    ]),
  ];
}

function superblock(building: Building, fold: Fold): readonly Statement[] {
  const { names } = building;
  const forTiles = (body: readonly Statement[]): Statement => ({
    kind: "for",
    name: "t",
    to: SUPERBLOCK,
    mode: "serial",
    body,
  });
  return [
    { kind: "let", name: "first_tile", value: s.mul(v("block"), SUPERBLOCK) },
    forTiles(open(building)),
    { kind: "join", list: names.ranges, slot: SUPERBLOCK, from: s.int(0), to: SUPERBLOCK },
    {
      kind: "visit",
      list: names.ranges,
      slot: SUPERBLOCK,
      step: KEYS,
      lo: "chunk_lo",
      hi: "chunk_hi",
      body: [...loadChunk(building), forTiles(whereRows(building, attendPiece(building)))],
    },
    forTiles(whereRows(building, close(building, fold))),
  ];
}

/** Where tile `t` stands: its first flat row, how many rows it has, and their first and last position. */
function whereRows(building: Building, body: readonly Statement[]): readonly Statement[] {
  const { plan } = building;
  const rows = s.mul(plan.extents.query, GROUP);
  const positionOf = (flat: Scalar): Scalar => s.substitute(plan.position, { row: s.idiv(flat, GROUP) });
  return [
    { kind: "let", name: "row0", value: s.mul(s.add(v("first_tile"), v("t")), ROWS) },
    { kind: "let", name: "rows", value: s.max(s.int(0), s.min(ROWS, s.sub(rows, v("row0")))) },
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
  const roles = { batch: v("b"), head: bind.h, position: bind.row, channel: v("c") };
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
      to: tileRows(names.query, channel),
      tensor: "q",
      at: plan.roles.map((role) => roles[role]),
      scale: scoreIsPlain ? s.mul(attend.scale, log2e) : attend.scale,
    },
    { kind: "fill", to: tileRows(names.output, valueChannel), value: s.float(0) },
    { kind: "map", to: tileRows(names.rowMax), value: s.substitute(attend.state.init.reference, bind) },
    { kind: "map", to: tileRows(names.rowSum), value: s.substitute(attend.state.init.sum, bind) },
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
  const roles = { batch: v("b"), head: bind.h, position: bind.row, channel: v("c") };
  const sum = tileElement(names.rowSum);
  const noKey = s.call("eq", sum, s.float(0));
  const output = tileElement(names.output, v("c"));
  return fold.outputs.map((out): Statement => {
    const at = plan.roles.filter((role) => out.value === "o" || role !== "channel").map((role) => roles[role]);
    if (out.value === "o") {
      const value = attend.state.normalised ? s.select(noKey, s.float(0), s.call("div", output, sum)) : output;
      return { kind: "store", tensor: out.name, at, rows: v("rows"), columns: plan.extents.valueChannel, value };
    }
    const lse = s.mul(s.add(tileElement(names.rowMax), s.call("log2", sum)), ln2);
    return { kind: "store", tensor: out.name, at, rows: v("rows"), value: s.select(noKey, minusInfinity, lse) };
  });
}
