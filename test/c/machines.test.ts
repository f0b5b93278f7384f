/**
 * The same kernels on other processors, emulated: Cortex-M55 without an operating system, AArch64, RISC-V with
 * vectors and Hexagon. Without contraction of a product and a sum into one rounding the bits are those of this
 * machine; with what a compiler does by itself the numbers stay within the limits.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { oracle } from "../../src/oracle/oracle.ts";
import { compare, limitOf } from "../../src/verify/compare.ts";
import { known, specOf } from "./cases.ts";
import { compile, machines, parallel, runCases, writeCases, type Report } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-c-machines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// One kernel for a machine with vectors and a copy engine, one for a machine with neither and little memory.
const cases = [
  known(specOf("grouped"), { target: "c:cortex-m55", sizes: { L: 60 } }),
  known(specOf("bigbird"), { target: "c:generic-scratchpad", sizes: { L: 60 } }),
  known(specOf("capped"), { target: "c:cortex-m4", sizes: { L: 60 } }),
];

interface Machine {
  readonly name: string;
  readonly flags: readonly string[];
  readonly system: string;
  readonly run: (program: string) => readonly string[];
  /** Exact unless products and sums may be contracted. */
  readonly contract: boolean;
}

const linked = ["-ffreestanding", "-nostdlib", "-static", "-fuse-ld=lld"];
const list: readonly Machine[] = [
  { name: "host", flags: [], system: "host.c", run: (x) => [x], contract: false },
  {
    name: "cortex-m55",
    flags: [
      "--target=arm-none-eabi",
      "-mcpu=cortex-m55",
      "-mfloat-abi=hard",
      "-mthumb",
      `-T${machines}m55.ld`,
      ...linked,
    ],
    system: "m55.c",
    run: (x) =>
      "qemu-system-arm -M mps3-an547 -nographic -semihosting-config enable=on,target=native -kernel"
        .split(" ")
        .concat(x),
    contract: false,
  },
  {
    name: "aarch64",
    flags: ["--target=aarch64-none-elf", ...linked],
    system: "linux.c",
    run: (x) => ["qemu-aarch64", "-cpu", "max", x],
    contract: false,
  },
  {
    name: "aarch64, contracted",
    flags: ["--target=aarch64-none-elf", "-DNUMBERS", ...linked],
    system: "linux.c",
    run: (x) => ["qemu-aarch64", "-cpu", "max", x],
    contract: true,
  },
  {
    name: "rv64gcv",
    flags: ["--target=riscv64-none-elf", "-march=rv64gcv", "-mabi=lp64d", "-mcmodel=medany", ...linked],
    system: "linux.c",
    run: (x) => ["qemu-riscv64", "-cpu", "rv64,v=true,vlen=256,vext_spec=v1.0", x],
    contract: false,
  },
  {
    name: "hexagon",
    flags: ["--target=hexagon-unknown-none-elf", "-mcpu=hexagonv67", "-G0", "-fno-unroll-loops", ...linked],
    system: "linux.c",
    run: (x) => ["qemu-hexagon", x],
    contract: false,
  },
];

const reports = new Map<string, ReadonlyMap<string, Report>>();

beforeAll(async () => {
  const kernels = await writeCases(folder, cases);
  await parallel(
    list.map((machine, n) => async (): Promise<void> => {
      const program = `./trial-${n}`;
      const all = ["-std=c99", "-O2", `-ffp-contract=${machine.contract ? "on" : "off"}`, `-I${machines}`];
      const files = [...kernels, "main.c", "blob.S", machines + machine.system, "-o", program];
      await compile(folder, ["clang-19", ...machine.flags, ...all, ...files]);
      reports.set(machine.name, await runCases(folder, machine.run(program)));
    }),
  );
}, 240_000);

const hashes = (machine: string, kernel: string): readonly string[] =>
  [...(reports.get(machine)?.get(kernel)?.outputs ?? [])].map(([name, { hash }]) => `${name} ${hash}`);

describe.each(list.filter((m) => m.name !== "host").map((m) => [m.name, m] as const))("%s", (name, machine) => {
  test.each(cases.map((c) => [c.program.name, c] as const))("%s", (kernel, each) => {
    const report = reports.get(name)?.get(kernel);
    expect(report).toMatchObject({ status: 0, same: true, failed: 6, failures: 6 });
    if (machine.contract) {
      const right = oracle(each.spec, each.sizes, each.inputs);
      const outputs = report?.outputs ?? new Map<string, never>();
      expect(compare(each.spec, right, outputs, limitOf("f32", false, 20))).toMatchObject({ ok: true });
    } else expect(hashes(name, kernel)).toEqual(hashes("host", kernel));
    expect(hashes("host", kernel).length).toBe(each.spec.outputs.length);
  });
});
