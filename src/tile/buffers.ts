/**
 * The buffers and the list of a program. Takes its attends; gives names that no input has, and how large each is.
 * Attends share what they can: the state of a superblock, the chunk of keys, the scores of a tile.
 */
import type { Plan } from "../plan/plan.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { Attend, Building, Names } from "./building.ts";
import type { Keys } from "./keys.ts";
import type { Order } from "./order.ts";
import { KEYS, ROWS, SUPERBLOCK } from "./parameters.ts";
import type { Buffer, RangeList } from "./tile.ts";

/** The name, or one like it that no tensor has. */
export const freeName = (plan: Plan, name: string): string =>
  plan.inputs.some((input) => input.name === name) ? freeName(plan, `${name}_`) : name;

export function namesFor(plan: Plan, { mask, score }: Attend, keys: Keys, order: Order): Names {
  const free = (name: string): string => freeName(plan, name);
  const own = order.regroups ? "_regrouped" : "";
  const spoken = ["j", ...Object.keys(keys.digits(s.int(0)))];
  const held = keys.even ? [] : spoken.filter((name) => [mask, score].some((x) => s.dependsOn(x, name)));
  return {
    query: free("query_tile"),
    key: free("key_tile"),
    value: free("value_tile"),
    scores: free("score_tile"),
    output: free(`output_tile${own}`),
    rowMax: free(`row_max${own}`),
    rowSum: free(`row_sum${own}`),
    rowEntropy: free(`row_entropy${own}`),
    terms: free("entropy_terms"),
    pieceMax: free("piece_max"),
    factor: free("factor"),
    ranges: free("ranges"),
    ofKeys: Object.fromEntries(held.map((name) => [name, free(`key_${name}`)])),
  };
}

export function buffersOf(buildings: readonly Building[]): readonly Buffer[] {
  const all = new Map<string, Buffer>();
  for (const { plan, attend, names } of buildings) {
    const { valueChannel } = plan.extents;
    const channel = attend.channels ?? plan.extents.channel;
    const places = s.mul(SUPERBLOCK, ROWS);
    const tile = (name: string, rows: Scalar, columns: Scalar): Buffer => ({ name, type: "f32", rows, columns });
    const vector = (name: string, rows: Scalar, type: Buffer["type"] = "f32"): Buffer => ({ name, type, rows });
    for (const buffer of [
      tile(names.query, places, channel),
      tile(names.key, KEYS, channel),
      tile(names.value, KEYS, valueChannel),
      tile(names.scores, ROWS, KEYS),
      tile(names.output, places, valueChannel),
      vector(names.rowMax, places),
      vector(names.rowSum, places),
      vector(names.rowEntropy, places),
      tile(names.terms, ROWS, KEYS),
      vector(names.pieceMax, ROWS),
      vector(names.factor, ROWS),
      ...Object.values(names.ofKeys).map((name) => vector(name, KEYS, "i32")),
    ])
      all.set(buffer.name, buffer);
  }
  return [...all.values()];
}

/** A tile can have at most one range a term, and one more for each value of the term's variables. */
export function rangeList(buildings: readonly Building[]): RangeList {
  const firstTile = { i0: s.int(0), i1: s.sub(ROWS, s.int(1)) };
  const capacities = buildings.map(({ attend }) =>
    attend.visit.may
      .map((range) =>
        range.over.reduce(
          (count, over) => s.mul(count, s.add(s.substitute(s.sub(over.to, over.from), firstTile), s.int(1))),
          s.int(1),
        ),
      )
      .reduce(s.add, s.int(0)),
  );
  return {
    name: buildings[0]?.names.ranges ?? "ranges",
    slots: s.add(SUPERBLOCK, s.int(1)),
    capacity: s.max(s.int(1), s.mul(capacities.reduce(s.max), SUPERBLOCK)),
  };
}
