/**
 * NaN and Inf where they may not matter. Takes a call; gives it again with the keys and values of some keys spoilt
 * (those that no row sees, and one run more that only some rows see), and which rows see a spoilt key. What a row
 * does not see must change no bit of it. Either whole keys and values are spoilt, or the last channel of the values
 * alone: then scores stay finite, and what weighs nothing still carries a NaN to the rows that see it.
 */
import { sizeValue } from "../../src/scalar/evaluate.ts";
import { isSmall, numbersOf, storedAs, type Dtype } from "../../src/scalar/storage.ts";
import type { Role, Sizes, Spec, SpecOutput } from "../../src/spec/spec.ts";
import type { SampleTensor } from "../../src/verify/sample.ts";
import type { Inputs, Results } from "./kernels.ts";
import { draws } from "./pairwise.ts";
import { visible } from "./visible.ts";

export interface Poisoned {
  readonly inputs: Inputs;
  /** Does the row see a spoilt key? */
  readonly sees: (b: number, h: number, row: number) => boolean;
  /** Does NaN get to that channel of a row that sees one? */
  readonly reaches: (value: SpecOutput["value"], channel: number) => boolean;
}

type Spoiling = "whole" | "last channel";

export const dtypeIn = (spec: Spec, name: string): Dtype =>
  spec.inputs.find((input) => input.name === name)?.dtype ?? "f32";

type Place = Readonly<Record<Role, number>>;

/** Where an element stands in a tensor whose dimensions have these roles. */
export const offset = (roles: readonly Role[], dims: readonly number[], at: Place): number =>
  roles.reduce((flat, role, n) => flat * (dims[n] ?? 1) + at[role], 0);

export function poison(spec: Spec, sizes: Sizes, inputs: Inputs, seed: number, spoiling: Spoiling = "whole"): Poisoned {
  const all = visible(spec, sizes, inputs);
  const { batches, heads, keyHeads, queries, keys } = all;
  const group = Math.max(1, heads / Math.max(1, keyHeads));
  const next = draws(seed);
  const at = Math.floor(next() * keys);
  const run = [at, at + 1 + Math.floor(next() * 9)] as const;
  const spoilt = (b: number, hk: number, j: number): number | undefined => {
    let seen = false;
    for (let h = hk * group; h < (hk + 1) * group && !seen; h++)
      for (let row = 0; row < queries && !seen; row++) seen = all.sees(b, h, row, j);
    if (!seen) return [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][(j + hk) % 3];
    return run[0] <= j && j < run[1] ? Number.NaN : undefined;
  };
  const changed = new Map(inputs);
  const victims = new Set<string>();
  const last = spoiling === "last channel";
  const valueChannels = inputs.get("v")?.dims[spec.roles.indexOf("channel")] ?? 1;
  for (const name of last ? ["v"] : ["k", "v"]) {
    const { dims, data } = inputs.get(name) ?? { dims: [], data: new Float32Array() };
    const dtype = dtypeIn(spec, name);
    if (isSmall(dtype)) {
      for (const victim of spoilGranules(spec, sizes, name, changed, (at) => spoilt(at.batch, at.head, at.position)))
        victims.add([victim.batch, victim.head, victim.position].join(" "));
      continue;
    }
    const copy = Float32Array.from(numbersOf(dtype, data));
    const channels = dims[spec.roles.indexOf("channel")] ?? 1;
    for (let b = 0; b < batches; b++)
      for (let hk = 0; hk < keyHeads; hk++)
        for (let j = 0; j < keys; j++) {
          const bad = spoilt(b, hk, j);
          if (bad === undefined) continue;
          victims.add(`${b} ${hk} ${j}`);
          for (let channel = last ? channels - 1 : 0; channel < channels; channel++)
            copy[offset(spec.roles, dims, { batch: b, head: hk, position: j, channel })] = bad;
        }
    changed.set(name, { dims, data: storedAs(dtype, copy) });
  }
  const sees = (b: number, h: number, row: number): boolean => {
    for (let j = 0; j < keys; j++)
      if (victims.has(`${b} ${Math.floor(h / group)} ${j}`) && all.sees(b, h, row, j)) return true;
    return false;
  };
  const reaches: Poisoned["reaches"] = (value, channel) => !last || (value === "o" && channel === valueChannels - 1);
  return { inputs: changed, sees, reaches };
}

/**
 * Integers are all numbers: what can be NaN is their scale and their zero. Spoils those whose elements are all of keys to
 * be spoilt, and gives these keys.
 */
function spoilGranules(
  spec: Spec,
  sizes: Sizes,
  name: string,
  inputs: Map<string, SampleTensor>,
  spoilt: (at: Place) => number | undefined,
): readonly Place[] {
  const input = spec.inputs.find((each) => each.name === name);
  const victims: Place[] = [];
  const { dims: declared = [], scale, zero } = input?.quantised ?? {};
  const dims = declared.map((x) => sizeValue(x, sizes));
  for (const granules of [scale, zero]) {
    const given = granules && inputs.get(granules.input);
    if (!granules || !given) continue;
    const dtype = dtypeIn(spec, granules.input);
    const copy = Float32Array.from(numbersOf(dtype, given.data));
    const bad = new Map<number, number | undefined>();
    const places = new Map<number, Place[]>();
    for (let n = 0; n < dims.reduce((a, d) => a * d, 1); n++) {
      const index: number[] = [];
      for (let d = dims.length - 1, left = n; d >= 0; left = Math.floor(left / dims[d--])) index[d] = left % dims[d];
      const of = (role: Role): number => index[spec.roles.indexOf(role)] ?? 0;
      const at = { batch: of("batch"), head: of("head"), position: of("position"), channel: of("channel") };
      const flat = granules.at.reduce(
        (f, { dimension, per }, d) => f * given.dims[d] + Math.floor(index[dimension] / per),
        0,
      );
      bad.set(flat, bad.has(flat) ? worse(bad.get(flat), spoilt(at)) : spoilt(at));
      const list = places.get(flat) ?? [];
      if (list.at(-1)?.position !== at.position || list.at(-1)?.head !== at.head || list.at(-1)?.batch !== at.batch)
        list.push(at);
      places.set(flat, list);
    }
    for (const [flat, value] of bad) {
      if (value === undefined) continue;
      copy[flat] = value;
      victims.push(...(places.get(flat) ?? []));
    }
    inputs.set(granules.input, { dims: given.dims, data: storedAs(dtype, copy) });
  }
  return victims;
}

/** Undefined where one of them is left as it is; NaN where one of them is, for a row may see it. */
const worse = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : Number.isNaN(a) ? a : b;

/** The first element that differs from the clean run in a row that sees no spoilt key, or is a number in one that does. */
export function firstSpoilt(
  spec: Spec,
  { sees, reaches }: Poisoned,
  clean: Results,
  found: Results,
  carriesNaN: boolean,
): string | undefined {
  for (const { name, value } of spec.outputs) {
    const roles = value === "o" ? spec.roles : spec.roles.filter((role) => role !== "channel");
    const [right, got] = [clean.get(name), found.get(name)];
    if (!right || !got) return `${name} is missing`;
    const extent = (role: Role): number => right.dims[roles.indexOf(role)] ?? 1;
    const channels = value === "o" ? extent("channel") : 1;
    for (let batch = 0; batch < extent("batch"); batch++)
      for (let head = 0; head < extent("head"); head++)
        for (let position = 0; position < extent("position"); position++) {
          const spoilt = sees(batch, head, position);
          for (let channel = 0; channel < channels; channel++) {
            const at = offset(roles, right.dims, { batch, head, position, channel });
            const place = `${name}[b ${batch}, h ${head}, row ${position}, channel ${channel}]`;
            if (!spoilt && !Object.is(right.data[at], got.data[at]))
              return `${place} is ${got.data[at]}, without poison ${right.data[at]}`;
            if (spoilt && carriesNaN && reaches(value, channel) && !Number.isNaN(got.data[at]))
              return `${place} is ${got.data[at]}, though it sees a NaN`;
          }
        }
  }
  return undefined;
}
