/**
 * build-tiles: from a Plan to a TileProgram whose schedule is still open (see parameters.ts). Takes the stages
 * attend → … → merge → fold; gives loops over superblocks of query tiles that share one pass over the keys
 * (FlashAttention's online softmax, Dao et al. 2022, algorithm 1, with the rescale done lazily). Attends one after the
 * other add to the same state, which is their merge. Guarantees: per row and attend, keys come in ascending order
 * whatever the superblock; a key is visited at most once; full pieces carry no mask; the workspace does not grow with
 * lengths.
 *
 *     for each superblock:  load its queries
 *       for each attend:  unite the ranges of each tile, join them
 *         for each chunk of keys in the join:  load keys and values once
 *           for each tile, for each piece of the chunk that the tile visits:  scores, weights, product
 *       for each tile:  finish and store
 */
import type { Plan, Stage } from "../plan/plan.ts";
import type { SpecOutput } from "../spec/spec.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import { attendPiece, attendPieces } from "./attend.ts";
import { buffersOf, freeName, namesFor, rangeList } from "./buffers.ts";
import { asNumbers } from "./as-numbers.ts";
import {
  log2e,
  minusInfinity,
  rowBindings,
  tileElement,
  tileRows,
  type Attend,
  type Building,
  type StateName,
} from "./building.ts";
import { keysOf } from "./keys.ts";
import { distinct, launchOf } from "./launches.ts";
import { orderOf, regrouped, spansOf, superblocks } from "./order.ts";
import { GROUP, KEYS, parametersFor, SUPERBLOCK } from "./parameters.ts";
import { beginFrom } from "./scan.ts";
import { loop, type Operation, type Statement, type TensorRef, type TileProgram, type View } from "./tile.ts";
import { everyStatement, uses } from "./walk.ts";

type Fold = Extract<Stage, { kind: "fold" }>;

const v = s.variable;
const ln2 = s.float(Math.fround(Math.LN2));

export function buildTiles(plan: Plan): TileProgram {
  const attends = plan.stages.filter((stage) => stage.kind === "attend");
  const fold = plan.stages.find((stage) => stage.kind === "fold");
  if (attends.length === 0 || !fold) throw new Error("build-tiles: the plan needs an attend and a fold stage");
  const buildings = attends.map((attend) => prepare(plan, attend));
  const before = plan.stages.flatMap((stage) => launchOf(plan, stage));
  const tensors = before.map(({ tensor }) => tensor);
  const launches = [...before.map(({ launch }) => launch), ...heads(plan, superblock(buildings, fold))];
  const body = asNumbers(launches, plan.inputs);
  const buffers = distinct([...before.flatMap((launch) => launch.buffers), ...buffersOf(buildings)]);
  const visits = [...everyStatement(body)].some((x) => x.kind === "visit");
  return {
    name: plan.name,
    ...(plan.schedules ? { schedules: plan.schedules } : {}),
    sizes: plan.sizes,
    parameters: parametersFor(spansOf(plan)),
    inputs: plan.inputs.map(({ name, dtype, dims }): TensorRef => ({ name, dtype, dims })),
    outputs: fold.outputs.map(({ name, dtype, value }) => ({ name, dtype, dims: outputDims(plan, value) })),
    ...(tensors.length > 0 ? { intermediates: tensors } : {}),
    buffers: buffers.filter(({ name }) => uses(body, name)),
    lists: visits ? [rangeList(buildings)] : [],
    body,
  };
}

function prepare(plan: Plan, attend: Attend): Building {
  const keys = keysOf(plan, attend);
  const residues = attend.split?.residues;
  const order = residues ? regrouped(plan, residues) : orderOf(plan);
  const scoreIsPlain = attend.score.kind === "var" && attend.score.name === "s";
  return { plan, attend, keys, order, names: namesFor(plan, attend, keys, order), scoreIsPlain };
}

function outputDims(plan: Plan, value: SpecOutput["value"]): readonly Scalar[] {
  const { batch, head, query, valueChannel } = plan.extents;
  const extent = { batch, head, position: query, channel: valueChannel };
  return plan.roles.filter((role) => value === "o" || role !== "channel").map((role) => extent[role]);
}

/** The parallel loops: batch, then heads (GROUP of them at a time), then superblocks of query rows. */
function heads(plan: Plan, body: readonly Statement[]): readonly Statement[] {
  const { batch, head, keyHead } = plan.extents;
  const ratio = s.sameScalar(head, keyHead) ? s.int(1) : s.idiv(head, keyHead);
  return [
    loop("b", batch, "parallel", [
      loop("head", s.idiv(head, GROUP), "parallel", [
        { kind: "let", name: "h", value: s.mul(v("head"), GROUP) },
        { kind: "let", name: "hk", value: s.idiv(v("h"), ratio) },
        superblocks(plan, body),
      ]),
    ]),
  ];
}

function superblock(buildings: readonly Building[], fold: Fold): readonly Statement[] {
  const [first] = buildings;
  const last = buildings.at(-1);
  if (!first || !last) return [];
  const body = buildings.flatMap((building, n): readonly Statement[] => {
    const previous = buildings[n - 1];
    if (!visitsKeys(building.attend)) return [building.order.tiles(open(building))];
    if (!previous) {
      const plain = !building.attend.split;
      const unites = plain ? uniteRanges(building) : undefined;
      return [
        ...inSets(building, [building.order.tiles([...open(building), ...(unites?.ranges ?? [])], unites?.empty)]),
        ...(unites ? visitShared(building) : visit(building)),
      ];
    }
    const moved = building.order.regroups && !previous.order.regroups;
    return [...(moved ? regroup(previous, building) : []), ...visit(building)];
  });
  return [
    { kind: "let", name: "first_tile", value: s.mul(v("block"), SUPERBLOCK) },
    ...body,
    ...inSets(last, [last.order.tiles(close(last, fold))]),
  ];
}

/** What begins with the sum of all keys visits none. */
const visitsKeys = ({ initial, visit: { may } }: Attend): boolean => !initial || may.length > 0;

/** Rows that are regrouped are told apart by set, all others by tile alone. */
const inSets = ({ order }: Building, body: readonly Statement[]): readonly Statement[] =>
  order.regroups ? order.sets(body) : body;

/** The pass over the keys of one attend. */
function visit(building: Building): readonly Statement[] {
  const { keys, names, order } = building;
  const { ranges, empty } = uniteRanges(building);
  if (!keys.own) {
    // Regrouped rows are other rows in each set: their queries are loaded where they are used.
    const load = order.regroups ? [loadQueries(building)] : [];
    const body = [order.tiles([...load, ...ranges], empty), ...visitShared(building)];
    return building.attend.split ? order.sets([...keys.lets, ...body]) : body;
  }
  const inChunk: readonly Statement[] = [
    { kind: "let", name: "lo", value: v("chunk_lo") },
    { kind: "let", name: "hi", value: v("chunk_hi") },
    ...attendPiece(building),
  ];
  return [
    order.tiles([
      ...keys.lets,
      ...ranges,
      {
        kind: "visit",
        list: names.ranges,
        slot: v("t"),
        step: KEYS,
        lo: "chunk_lo",
        hi: "chunk_hi",
        body: [...loadChunk(building), ...inChunk],
      },
    ]),
  ];
}

/** Chunks of what any tile visits, loaded once for all of them. */
function visitShared(building: Building): readonly Statement[] {
  const { names, order } = building;
  return [
    { kind: "join", list: names.ranges, slot: SUPERBLOCK, from: s.int(0), to: order.most },
    {
      kind: "visit",
      list: names.ranges,
      slot: SUPERBLOCK,
      step: KEYS,
      lo: "chunk_lo",
      hi: "chunk_hi",
      body: [...loadChunk(building), order.tiles(attendPieces(building))],
    },
  ];
}

function uniteRanges({ attend, keys, names }: Building): {
  readonly ranges: readonly Statement[];
  readonly empty: readonly Statement[];
} {
  const common = { kind: "unite", list: names.ranges, slot: v("t"), granule: attend.visit.granule } as const;
  return {
    ranges: [{ ...common, terms: keys.terms, extent: keys.extent }],
    empty: [{ ...common, terms: [], extent: keys.extent }],
  };
}

function loadQueries(building: Building): Operation {
  const { attend, names, plan, scoreIsPlain } = building;
  const bind = rowBindings(building);
  const roles = { batch: v("b"), head: bind["h"], position: bind["row"], channel: v("c") };
  const at = plan.roles.map((role) => roles[role] ?? v("c"));
  const tensor = attend.operands?.q ?? "q";
  return {
    kind: "load",
    to: tileRows(building, names.query, attend.channels ?? plan.extents.channel),
    tensor,
    at,
    scale: scoreIsPlain ? s.mul(attend.scale, log2e) : attend.scale,
  };
}

function open(building: Building): readonly Statement[] {
  const { attend, names, order, plan } = building;
  const bind = rowBindings(building);
  return [
    ...(order.regroups || !visitsKeys(attend) ? [] : [loadQueries(building)]),
    { kind: "fill", to: tileRows(building, names.output, plan.extents.valueChannel), value: s.float(0) },
    { kind: "map", to: tileRows(building, names.rowMax), value: s.substitute(attend.state.init.reference, bind) },
    { kind: "map", to: tileRows(building, names.rowSum), value: s.substitute(attend.state.init.sum, bind) },
    ...(attend.entropy ? [{ kind: "fill", to: tileRows(building, names.rowEntropy), value: s.float(0) } as const] : []),
    ...beginFrom(building, (name) => freeName(plan, name)),
  ];
}

/** The state of the superblock's rows in another order. */
function regroup(from: Building, to: Building): readonly Statement[] {
  const copied = (name: StateName, columns?: Scalar): Statement => ({
    kind: "map",
    to: tileRows(to, to.names[name], columns),
    value: s.read(from.names[name], "f32", [to.order.before, ...(columns ? [v("c")] : [])]),
  });
  const { valueChannel } = to.plan.extents;
  const entropy = to.attend.entropy ? [copied("rowEntropy")] : [];
  return inSets(to, [to.order.tiles([copied("output", valueChannel), copied("rowMax"), copied("rowSum"), ...entropy])]);
}

function loadChunk({ plan, attend, keys, names }: Building): readonly Statement[] {
  const { valueChannel, key } = plan.extents;
  const channel = attend.channels ?? plan.extents.channel;
  const number = s.add(v("chunk_lo"), v("r"));
  const position =
    keys.even && s.sameScalar(keys.at(number), number) ? number : s.min(keys.at(number), s.sub(key, s.int(1)));
  const roles = { batch: v("b"), head: v("hk"), position, channel: v("c") };
  const at = plan.roles.map((role) => roles[role]);
  const rows = s.sub(v("chunk_hi"), v("chunk_lo"));
  const view = (buffer: string, columns?: Scalar): View => ({
    buffer,
    row: s.int(0),
    rows,
    ...(columns ? { columns } : {}),
  });
  const load = (buffer: string, columns: Scalar, tensor: string): Operation => ({
    kind: "load",
    to: view(buffer, columns),
    tensor,
    at,
  });
  const digits: Readonly<Record<string, Scalar>> = { j: keys.at(number), ...keys.digits(number) };
  return [
    load(names.key, channel, attend.operands?.k ?? "k"),
    load(names.value, valueChannel, attend.operands?.v ?? "v"),
    { kind: "finite", flag: "values_finite", of: view(names.value, valueChannel) },
    ...Object.entries(names.ofKeys).map(([name, buffer]): Statement => ({
      kind: "map",
      to: view(buffer),
      value: digits[name] ?? number,
    })),
  ];
}

function close(building: Building, fold: Fold): readonly Statement[] {
  const { attend, names, plan } = building;
  const bind = rowBindings(building);
  const roles = { batch: v("b"), head: bind["h"], position: bind["row"], channel: v("c") };
  const sum = tileElement(building, names.rowSum);
  const noKey = s.call("eq", sum, s.float(0));
  const output = tileElement(building, names.output, v("c"));
  return fold.outputs.map((out): Statement => {
    const at = plan.roles
      .filter((role) => out.value === "o" || role !== "channel")
      .map((role) => roles[role] ?? v("c"));
    if (out.value === "o") {
      const o = attend.state.normalised ? s.select(noKey, s.float(0), s.call("div", output, sum)) : output;
      const value = fold.output ? s.substitute(fold.output, { ...bind, o }) : o;
      return { kind: "store", tensor: out.name, at, rows: v("rows"), columns: plan.extents.valueChannel, value };
    }
    if (out.value === "entropy") {
      // −Σ p log2 p for p = w / Σ w.
      const bits = s.sub(s.call("log2", sum), s.call("div", tileElement(building, names.rowEntropy), sum));
      return {
        kind: "store",
        tensor: out.name,
        at,
        rows: v("rows"),
        value: s.select(noKey, s.float(0), s.mul(bits, ln2)),
      };
    }
    const lse = s.mul(s.add(tileElement(building, names.rowMax), s.call("log2", sum)), ln2);
    return { kind: "store", tensor: out.name, at, rows: v("rows"), value: s.select(noKey, minusInfinity, lse) };
  });
}
