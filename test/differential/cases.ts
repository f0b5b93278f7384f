/**
 * Awkward calls of a Spec: takes a Spec, gives calls that together let every two awkward things meet (a tile short of
 * a row and an odd head size, hot logits and NaN in a masked key, …), each with the oracle's answer and its limit.
 */
import { dequantise } from "../../src/oracle/dequantise.ts";
import { oracle, type OracleResult, type Values } from "../../src/oracle/oracle.ts";
import type { Role, Sizes, Spec } from "../../src/spec/spec.ts";
import { checkInputs, inputDims } from "../../src/spec/inputs.ts";
import { compare, limitFor, limitOf, roomOfTurns, type Accuracy } from "../../src/verify/compare.ts";
import { numbersOf, storedAs } from "../../src/scalar/storage.ts";
import { sampleInputs, type SampleTensor } from "../../src/verify/sample.ts";
import type { Inputs, Kernel, Results } from "../support/kernels.ts";
import { pairwise, type Cover, type Factors } from "../support/pairwise.ts";
import { dtypeIn, firstSpoilt, offset, poison, type Poisoned } from "../support/poison.ts";
import { fill, fillsOf, type Fill } from "../support/values.ts";
import { visible } from "../support/visible.ts";

export type Shape = Readonly<Record<string, number | string | boolean>>;

export interface Levels {
  readonly queries: readonly (readonly number[])[];
  readonly keys: readonly (readonly number[])[];
  readonly channels: readonly (readonly number[])[];
  readonly valueChannels: readonly (readonly number[])[];
  readonly batches: readonly (readonly number[])[];
  readonly groups: readonly (readonly number[])[];
}

/** Around 32 rows and 64 keys, the tiles of today; wherever a schedule puts its edges, some of these straddle one. */
export const cpuLevels: Levels = {
  queries: [[0], [1], [31], [32], [33], [77, 130, 259]],
  keys: [
    [0, 1],
    [31, 33],
    [64, 65],
    [130, 270],
  ],
  channels: [[1, 3], [15], [64, 80], [128, 256]],
  valueChannels: [[1, 5], [16], [72]],
  batches: [[1], [2]],
  groups: [[1], [2], [7]],
};

/** Fewer sizes, where calls are dear. */
export const fewLevels: Levels = {
  queries: [[0, 1], [31, 33], [70]],
  keys: [[0, 1], [33, 64], [70]],
  channels: [[3, 15], [64], [80]],
  valueChannels: [[5], [40]],
  batches: [[1, 2]],
  groups: [[1, 2], [7]],
};

/** Fewer sizes, and as long as the first ones: for specs whose mask is what is new about them. */
export const maskLevels: Levels = {
  ...fewLevels,
  queries: [[0, 1], [31, 33], [130], [259]],
  keys: [[0, 1], [33, 64], [270]],
  channels: [[3, 15], [80]],
};

/**
 * For WGSL, which makes a pipeline for each head size, and a software GPU takes seconds for one: a single head size an
 * attention, another one for each in turn.
 */
export const gpuLevels = (turn: number): Levels => ({
  ...fewLevels,
  channels: [[[3], [15], [80], [33], [1]][turn % 5]],
  valueChannels: [[[40], [5]][turn % 2]],
});

/** Which awkward things a Spec can have, by what it declares. */
function factorsOf(spec: Spec, levels: Levels): Factors<Record<string, number | string | boolean>> {
  const has = (name: string): boolean => spec.sizes.includes(name);
  return {
    ...(has("L") ? { L: levels.queries } : {}),
    ...(has("S") ? { S: levels.keys } : {}),
    ...(has("D") ? { D: levels.channels } : {}),
    ...(has("Dv") ? { Dv: levels.valueChannels } : {}),
    ...(has("B") ? { B: levels.batches } : {}),
    ...(has("H") ? { group: levels.groups } : {}),
    logits: [["order 1"], ["to 30"]],
    poison: [[false], [true]],
    ...Object.fromEntries(
      spec.inputs.flatMap(({ name }) => (Object.hasOwn(fillsOf, name) ? [[name, fillsOf[name]] as const] : [])),
    ),
  };
}

export const shapesOf = (spec: Spec, levels: Levels, most: number): Cover<Shape> =>
  pairwise(factorsOf(spec, levels), 1, most);

function sizesOf(spec: Spec, shape: Shape): Sizes {
  const group = Number(shape["group"] ?? 1);
  // Seven heads a group are many rows already.
  const keyHeads = group === 7 ? 1 : 2;
  const heads: Shape = spec.sizes.includes("Hkv")
    ? { Hkv: keyHeads, H: group * keyHeads }
    : { H: group === 7 ? 3 : group };
  const known: Shape = { ...spec.example.sizes, ...shape, ...heads };
  return Object.fromEntries(spec.sizes.map((name) => [name, Number(known[name] ?? 1)]));
}

export interface Case {
  readonly title: string;
  readonly sizes: Sizes;
  readonly inputs: Inputs;
  readonly poisoned?: Poisoned;
  readonly right: OracleResult;
  readonly hot: boolean;
}

export function caseOf(spec: Spec, shape: Shape, seed: number): Case {
  const sizes = sizesOf(spec, shape);
  const dims = inputDims(spec, sizes);
  const inputs = new Map<string, SampleTensor>(sampleInputs(spec, sizes, { seed }));
  for (const { name } of spec.inputs) {
    const how = shape[name];
    const shapeOf = dims.get(name) ?? [];
    const data = how === undefined ? undefined : fill(name, how as Fill, shapeOf, sizes, seed);
    if (data) inputs.set(name, { dims: shapeOf, data });
  }
  const { diagnostics } = checkInputs(spec, sizes, inputs);
  if (diagnostics.length > 0)
    throw new Error(`a launch would refuse ${JSON.stringify(shape)}: ${diagnostics[0]?.message}`);
  const hot = shape["logits"] === "to 30";
  if (hot) heat(spec, sizes, inputs);
  return {
    title: Object.entries({ ...shape, ...sizes })
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    sizes,
    inputs,
    // Mixtures of keys have no masked ones among them.
    ...(shape["poison"] && !spec.projections ? { poisoned: poison(spec, sizes, inputs, seed) } : {}),
    right: oracle(spec, sizes, inputs),
    hot,
  };
}

/** Scales the queries so that the largest logit of all, masked or not, is 30. */
function heat(spec: Spec, sizes: Sizes, inputs: Map<string, SampleTensor>): void {
  const numbers = new Map<string, Values>(
    [...inputs].map(([name, { dims, data }]) => [name, { dims, data: numbersOf(dtypeIn(spec, name), data) }]),
  );
  dequantise(spec, sizes, numbers);
  const [q, k] = [numbers.get("q"), numbers.get("k")];
  if (!q || !k) return;
  const extent = (x: Values, role: Role): number => x.dims[spec.roles.indexOf(role)] ?? 1;
  const { heads, keyHeads } = visible(spec, sizes, inputs);
  const [qs, ks] = [q.data, k.data];
  const group = Math.max(1, heads / keyHeads);
  const channels = extent(q, "channel");
  const step = spec.roles.slice(spec.roles.indexOf("channel") + 1).reduce((a, role) => a * extent(q, role), 1);
  const stepK = spec.roles.slice(spec.roles.indexOf("channel") + 1).reduce((a, role) => a * extent(k, role), 1);
  let most = 0;
  for (let batch = 0; batch < extent(q, "batch"); batch++)
    for (let head = 0; head < heads; head++)
      for (let row = 0; row < extent(q, "position"); row++) {
        const at = offset(spec.roles, q.dims, { batch, head, position: row, channel: 0 });
        for (let j = 0; j < extent(k, "position"); j++) {
          const atK = offset(spec.roles, k.dims, { batch, head: Math.floor(head / group), position: j, channel: 0 });
          let dot = 0;
          for (let c = 0; c < channels; c++) dot += qs[at + c * step] * ks[atK + c * stepK];
          most = Math.max(most, Math.abs(dot));
        }
      }
  const scale = spec.scale.kind === "const" ? spec.scale.value : 1 / Math.sqrt(channels);
  const factor = most === 0 ? 1 : 30 / scale / most;
  const hot = spec.inputs.find(({ name }) => name === "q")?.quantised?.scale.input ?? "q";
  const given = numbers.get(hot);
  if (!given) return;
  inputs.set(hot, {
    dims: given.dims,
    data: storedAs(
      dtypeIn(spec, hot),
      Array.from(given.data, (x) => x * factor),
    ),
  });
}

/**
 * Beside 2e-6 · max(1, |lse|), four units in the last place of a logit of 30: where large products cancel, no float32
 * kernel can know a small logit any better.
 */
const hotLse = 4 * 2 ** -19;

function wrongLse(spec: Spec, { right, hot }: Case, found: Results): string | undefined {
  for (const { name, value } of spec.outputs) {
    if (value !== "lse") continue;
    for (const [n, want] of (right.outputs.get(name)?.data ?? []).entries()) {
      const got = Number(found.get(name)?.data[n]);
      const limit = 2e-6 * Math.max(1, Math.abs(want)) + (hot ? hotLse : 0);
      if (!Object.is(got, want) && !(Math.abs(got - want) <= limit))
        return `${name}[${n}] is ${got}, the oracle says ${want}`;
    }
  }
  return undefined;
}

/** What is wrong with the kernel's answer to this case; undefined where nothing is. `slack` widens the limit of `o`. */
export async function wrong(
  spec: Spec,
  kernel: Kernel,
  each: Case,
  accuracy: Accuracy,
  slack: number,
): Promise<string | undefined> {
  const { sizes, inputs, right, hot, poisoned, title } = each;
  const found = await kernel.call(sizes, inputs);
  const headSize = Number(sizes["D"] ?? 1);
  // A spec that scales, scores or mixes in its own way has logits of its own size; nothing is promised of those over 30.
  const mixed = spec.projections !== undefined;
  const own = mixed || (spec.weights.kind === "linear" && spec.weights.exponent);
  const beyond = mixed ? Math.max(1, right.bounds.logit / 30) : 1;
  const plain = spec.score.kind === "var" && spec.scale.kind !== "const" && !own;
  const room = limitOf(accuracy, hot, headSize) + roomOfTurns(right);
  const limit = slack * beyond * (hot || plain ? room : limitFor(accuracy, right, headSize));
  const outputs = spec.outputs.filter(({ value }) => value === "o");
  const { ok, maxError, reason } = compare({ ...spec, outputs }, right, found, limit);
  if (!ok) return `${title}: error ${maxError} over ${limit}: ${reason}`;
  const lse = wrongLse(spec, each, found);
  if (lse !== undefined) return `${title}: ${lse}`;
  if (!poisoned) return undefined;
  const spoilt = firstSpoilt(spec, poisoned, found, await kernel.call(sizes, poisoned.inputs), accuracy === "f32");
  return spoilt === undefined ? undefined : `${title}, poisoned: ${spoilt}`;
}
