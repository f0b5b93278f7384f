/** The generated module of support routines, and what of it a kernel takes along. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { supportBytes } from "../../backends/wasm/base.ts";
import { emitWasm } from "../../backends/wasm/emit.ts";
import { i32, type MicroProgram, type MicroStatement } from "../../src/micro/micro.ts";
import { support, type SupportName } from "../../src/micro/support.ts";
import { supportText } from "../../scripts/generate-support.ts";

describe("the generated module", () => {
  it("is what AssemblyScript makes of backends/wasm/support today", async () => {
    const file = new URL("../../backends/wasm/generated/support.ts", import.meta.url);
    expect(readFileSync(file, "utf8")).toBe(await supportText());
  });

  it("imports a memory alone and exports each support function, with its parameters", () => {
    const module = new WebAssembly.Module(supportBytes());
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const arity = (f: unknown): number => (typeof f === "function" ? f.length : -1);
    const functions = Object.entries(exports).filter(([, f]) => typeof f === "function");
    expect(Object.fromEntries(functions.map(([name, f]) => [name, arity(f)]))).toEqual(
      Object.fromEntries(Object.entries(support).map(([name, { params }]) => [name, params.length])),
    );
  });
});

/** A kernel that calls these and does nothing else. */
function kernel(...names: readonly SupportName[]): MicroProgram {
  const calls = names.map((fn): MicroStatement => {
    const args = support[fn].params.map(() => i32(64));
    return { kind: "call", fn, args };
  });
  const body: MicroStatement[] = [...calls, { kind: "return", value: i32(0) }];
  const run = { name: "run", params: [], result: "i32" as const, locals: [], body, exported: true };
  return { name: "calls", lanes: 4, sizes: [], inputs: [], outputs: [], functions: [run] };
}

async function functionNames(program: MicroProgram): Promise<string> {
  const bytes = new Uint8Array(await emitWasm(program, "plain"));
  const module = new WebAssembly.Module(bytes);
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  expect(WebAssembly.Module.exports(module)).toEqual([
    { name: "memory", kind: "memory" },
    { name: "run", kind: "function" },
  ]);
  return WebAssembly.Module.customSections(module, "name")
    .map((section) => Buffer.from(section).toString("latin1"))
    .join("");
}

describe("a kernel", () => {
  it("takes along what it calls, and no other routine", async () => {
    expect(await functionNames(kernel())).not.toMatch(/ranges/);
    const unite = await functionNames(kernel("range_unite"));
    expect(unite).toContain("ranges/range_unite");
    expect(unite).not.toMatch(/ranges\/range_(add|join)/);
    expect(await functionNames(kernel("range_join"))).toContain("ranges/range_add");
  });

  it("is refused where it calls what nobody has", async () => {
    const program = kernel();
    const wrong = program.functions.map((f) => ({
      ...f,
      body: [{ kind: "call" as const, fn: "gone", args: [] }, ...f.body],
    }));
    await expect(emitWasm({ ...program, functions: wrong }, "plain")).rejects.toThrow("nothing is called gone");
  });
});
