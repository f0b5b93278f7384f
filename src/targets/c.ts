/**
 * Devices that compile C. A memory is what a kernel may plan with on a common part of that family; a part with more
 * or less is a JSON file of the same shape (`c:./file.json`). Only what f32 code can use is told: Hexagon's vector
 * unit has no IEEE float before v68, so its kernels count as scalar.
 */
import type { Device, DotForm } from "./device.ts";

const KiB = 1024;

/** Vector units want the keys of a chunk side by side: the inner loop runs along them, contiguous in both operands. */
const vectorDot: readonly DotForm[] = [
  { along: "columns", b: { kind: "columns" } },
  { along: "columns", b: { kind: "rows" } },
  { along: "rows", b: { kind: "rows" } },
];
/** Without vectors a dot along rows costs the same, and a copy engine can fill the tile as it is. */
const scalarDot: readonly DotForm[] = [
  { along: "columns", b: { kind: "rows" } },
  { along: "columns", b: { kind: "columns" } },
  { along: "rows", b: { kind: "rows" } },
];

export const host: Device = {
  name: "host",
  title: "this machine's C compiler",
  backend: "c",
  vector: { lanes: 8, registers: 16 },
  threads: 1,
  memories: [
    { name: "L1", bytes: 64 * KiB, kind: "cache" },
    { name: "L2", bytes: 256 * KiB, kind: "cache" },
    { name: "memory", bytes: 2 ** 40, kind: "main" },
  ],
  dma: false,
  dot: vectorDot,
  versions: true,
};

const aarch64: Device = {
  ...host,
  name: "aarch64",
  title: "64-bit Arm with NEON",
  vector: { lanes: 4, registers: 32 },
  memories: [
    { name: "L1", bytes: 64 * KiB, kind: "cache" },
    { name: "L2", bytes: 512 * KiB, kind: "cache" },
    { name: "memory", bytes: 2 ** 40, kind: "main" },
  ],
};

const rv64gcv: Device = {
  ...host,
  name: "rv64gcv",
  title: "64-bit RISC-V with vectors of at least 128 bits",
  vector: { lanes: 4, registers: 32 },
  memories: [
    { name: "L1", bytes: 32 * KiB, kind: "cache" },
    { name: "L2", bytes: 512 * KiB, kind: "cache" },
    { name: "memory", bytes: 2 ** 40, kind: "main" },
  ],
};

const cortexM55: Device = {
  name: "cortex-m55",
  title: "Arm Cortex-M55 with Helium, tiles in tightly coupled memory",
  backend: "c",
  vector: { lanes: 4, registers: 8 },
  threads: 1,
  memories: [
    { name: "DTCM", bytes: 128 * KiB, kind: "scratchpad" },
    { name: "SRAM", bytes: 2048 * KiB, kind: "main" },
  ],
  dma: true,
  dot: vectorDot,
  versions: true,
};

const cortexM4: Device = {
  name: "cortex-m4",
  title: "Arm Cortex-M4 with its single-precision unit",
  backend: "c",
  vector: { lanes: 1, registers: 32 },
  threads: 1,
  memories: [{ name: "SRAM", bytes: 64 * KiB, kind: "scratchpad" }],
  dma: false,
  dot: scalarDot,
  versions: false,
};

const hexagon: Device = {
  name: "hexagon",
  title: "Qualcomm Hexagon, scalar float",
  backend: "c",
  vector: { lanes: 1, registers: 32 },
  threads: 1,
  memories: [
    { name: "L1", bytes: 32 * KiB, kind: "cache" },
    { name: "L2", bytes: 512 * KiB, kind: "cache" },
    { name: "memory", bytes: 2 ** 32, kind: "main" },
  ],
  dma: false,
  dot: scalarDot,
  versions: true,
};

const genericScratchpad: Device = {
  name: "generic-scratchpad",
  title: "a made-up accelerator core with 16 KiB of its own and a copy engine",
  backend: "c",
  vector: { lanes: 4, registers: 16 },
  threads: 1,
  memories: [
    { name: "scratchpad", bytes: 16 * KiB, kind: "scratchpad" },
    { name: "memory", bytes: 2 ** 32, kind: "main" },
  ],
  dma: true,
  dot: scalarDot,
  versions: false,
};

export const cDevices: readonly Device[] = [host, aarch64, rv64gcv, cortexM55, cortexM4, hexagon, genericScratchpad];
