/**
 * choose-schedule: settles ROWS, KEYS, SUPERBLOCK and LAZY from the device. The working set of one tile must fit the
 * device's first memory, that of a superblock the second (the same one where a scratchpad is all there is). Of what
 * fits, the schedule with the least traffic wins: keys and values come from far once for ROWS · SUPERBLOCK rows, a
 * tile's queries and outputs come from near once for KEYS keys. Sizes that are not fixed count as `usual`.
 * What a `schedule` of the text says for the device stands instead; it may overflow a cache, and nothing else.
 * A schedule changes no answer beyond rounding.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { patchSizes } from "../plan/row-tiles.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import * as s from "../scalar/scalar.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { AskedSchedule } from "../spec/spec.ts";
import type { Device } from "../targets/device.ts";
import { spaceOf } from "./assign-spaces-and-layouts.ts";
import { settle } from "./simplify.ts";
import type { Buffer, TileProgram } from "./tile.ts";
import { uses } from "./walk.ts";

export interface Schedule {
  /** Query rows of a tile; with grouped heads, rows × heads of the group are counted together. */
  readonly rows: number;
  /** Keys of a chunk. */
  readonly keys: number;
  /** Query tiles that share one pass over the keys. */
  readonly superblock: number;
  /** The reference moves only when a row's maximum rises by more than this many base-2 units (0: always). */
  readonly lazy: number;
}

/** More rows than 32 or keys than 64 make windows visit what no row sees; nothing is gained above 8 tiles. */
const candidates = { rows: [32, 16, 8, 4, 2, 1], keys: [64, 32, 16, 8], superblock: [8, 4, 2, 1] } as const;
/** Head sizes are at most this in nearly every model; a kernel runs with larger ones, only less well. */
const usual = 64;
/** Threads of a workgroup stage operands of this many channels. */
const staged = 33;

export function chooseSchedule(program: TileProgram, device: Device): TileProgram {
  const { rows, keys, superblock, lazy } = scheduleFor(program, device);
  const values = { ROWS: s.int(rows), KEYS: s.int(keys), SUPERBLOCK: s.int(superblock), LAZY: s.float(lazy) };
  return settle(program, { ...values, ...patchesOf(program, rows) });
}

function patchesOf({ parameters }: TileProgram, rows: number): Readonly<Record<string, Scalar>> {
  const names = parameters.map((p) => p.name).filter((name) => name.startsWith("PATCH"));
  const [, ...inner] = patchSizes(rows, names.length + 1);
  return Object.fromEntries(names.map((name, n) => [name, s.int(inner[n] ?? 1)]));
}

export function scheduleFor(program: TileProgram, device: Device): Schedule {
  const [near, far = near] = device.memories.filter((m) => m.kind !== "main");
  const asked = askedOf(program, device);
  const lazy = asked?.lazy ?? (device.threads === 1 ? 8 : 0);
  const footprint = footprintOf(program, device);
  const fits = (schedule: Schedule): boolean =>
    !near || (footprint({ ...schedule, superblock: 1 }) <= near.bytes && footprint(schedule) <= (far ?? near).bytes);
  const possible = schedulesOf(asked, device).map(({ rows, keys, superblock }) => ({ rows, keys, superblock, lazy }));
  const best = possible.toSorted((a, b) => trafficOf(a) - trafficOf(b)).find(fits);
  if (best) return best;
  const least = possible
    .map((schedule) => ({ schedule, bytes: footprint(schedule) }))
    .reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const cached = [near, far].every((memory) => memory?.kind === "cache");
  if (asked && cached) return least.schedule;
  const needs = `needs ${least.bytes} bytes of ${near?.name ?? "memory"}; ${device.name} has ${near?.bytes ?? 0}`;
  if (asked) {
    const help = "ask for smaller tiles, or fix a smaller head size with `--dim`";
    return fail("FOV5010", `the schedule of ${program.name} for ${asked.target} ${needs}`, { span: asked.span, help });
  }
  const help = "fix a smaller head size with `--dim`, or choose a device with more memory";
  return fail("FOV5003", `${program.name} ${needs}`, { help });
}

/** Every schedule to choose from; what the text asks for is the only choice. */
function schedulesOf(asked: AskedSchedule | undefined, device: Device): readonly Omit<Schedule, "lazy">[] {
  const one = <T>(x: T | undefined, others: readonly T[]): readonly T[] => (x === undefined ? others : [x]);
  const superblocks = one(asked?.superblock, device.threads === 1 ? candidates.superblock : [1]);
  return one(asked?.rows, candidates.rows).flatMap((rows) =>
    one(asked?.keys, candidates.keys).flatMap((keys) => superblocks.map((superblock) => ({ rows, keys, superblock }))),
  );
}

/** What a query row costs in traffic: keys and values from far, eight times as dear as near. */
const trafficOf = ({ rows, keys, superblock }: Schedule): number => 8 / (rows * superblock) + 1 / keys + 1 / rows;

/** The schedule for this very device, or else for its backend, once it is known that tiles can be made so. */
function askedOf({ name, schedules = [] }: TileProgram, device: Device): AskedSchedule | undefined {
  const own = device.name.replaceAll("-", "_");
  const found = schedules.find(({ target }) => target === own) ?? schedules.find((x) => x.target === device.backend);
  if (!found) return undefined;
  const { target, threads = device.threads, superblock = 1, span } = found;
  const refuse = (what: string, help: string): never =>
    fail("FOV5010", `the schedule of ${name} for ${target} asks for ${what}`, { span, help });
  if (threads !== device.threads)
    refuse(
      `${threads} threads a tile; ${device.name} has ${device.threads}`,
      `leave out \`workgroup\`, or write ${device.threads}`,
    );
  if (device.threads > 1 && superblock > 1)
    refuse(`${superblock} tiles a superblock; threads that share a tile work on one`, "leave out `superblock`");
  return found;
}

/** Bytes of the buffers and of what threads stage, in the memory that tiles are planned into. */
function footprintOf(program: TileProgram, device: Device): (tried: Omit<Schedule, "lazy">) => number {
  const sizes = Object.fromEntries(program.sizes.map((name) => [name, usual]));
  const held = program.buffers.filter((b) => ["workspace", "workgroup"].includes(spaceOf(b, program, device)));
  // What one launch works on is out of a cache when the next one begins; elsewhere all buffers have a place of their own.
  const cached = device.memories[0]?.kind === "cache";
  const together = cached ? program.body.map((x) => held.filter((b) => uses([x], b.name))) : [held];
  return ({ rows, keys, superblock }) => {
    const variables = { ROWS: rows, KEYS: keys, SUPERBLOCK: superblock };
    const value = (x: Scalar): number => sizeValue(x, sizes, variables);
    const bytesOf = (sum: number, b: Buffer): number => sum + 4 * value(b.rows) * (b.columns ? value(b.columns) : 1);
    const bytes = Math.max(...together.map((buffers) => buffers.reduce(bytesOf, 0)));
    return device.threads === 1 ? bytes : bytes + 4 * staged * (rows + keys);
  };
}
