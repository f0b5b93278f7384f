/** Targets by name and devices from files: what is known, what is refused and by which words. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { backends } from "../../backends/index.ts";
import { check, lower } from "../../src/compile.ts";
import { FoveaError } from "../../src/diagnostics/diagnostic.ts";
import { deviceOf, devices, partsOf } from "../../src/targets/index.ts";
import { parseDevice } from "../../src/targets/read.ts";
import { targetOf } from "../../src/verify/run.ts";

const refusal = async (work: () => unknown): Promise<readonly string[]> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof FoveaError) return error.diagnostics.map((d) => `${d.code} ${d.message} | ${d.help ?? ""}`);
  }
  return [];
};

test("every backend has a device of its own, and every device names a backend", async () => {
  for (const id of Object.keys(backends)) expect((await targetOf(id)).device.backend).toBe(id);
  for (const { backend } of devices) expect(Object.keys(backends)).toContain(backend);
});

test("a target names its device after the colon; c is c:host", async () => {
  expect((await targetOf("c")).device).toBe(deviceOf("c:host"));
  for (const { name, backend } of devices) expect(deviceOf(`${backend}:${name}`).name).toBe(name);
  expect(partsOf("c:./a:b.json")).toEqual({ backend: "c", device: "./a:b.json" });
});

test("memories come fastest first, and no device is larger near than far", () => {
  for (const { memories } of devices)
    expect(memories.map((m) => m.bytes)).toEqual(memories.map((m) => m.bytes).sort((a, b) => a - b));
});

test.each([
  ["x", /^FOV5001 there is no target x \| there are c, wasm, wgsl$/],
  ["wgls", /^FOV5001 there is no target wgls \| did you mean `wgsl`\?$/],
  ["c:cortex-m5", /^FOV5001 .* \| did you mean `c:cortex-m/],
  ["c:abacus", /^FOV5001 .* \| there are c:host, c:aarch64, /],
  ["c:", /^FOV5001 /],
  ["wasm:fast", /^FOV5001 there is no target wasm:fast \| $/],
  ["c:./missing.json", /^FOV0002 /],
  ["constructor", /^FOV5001 /],
])("%s is refused", async (target, words) => {
  const found = await refusal(() => targetOf(target));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(words);
});

const mine = {
  name: "mine",
  vector: { lanes: 4, registers: 8 },
  memories: [{ name: "TCM", bytes: 65536, kind: "scratchpad" }],
};

describe("a description", () => {
  test("needs a name, a vector and memories; the rest follows", () => {
    const read = deviceOf("c:./mine.json", (path) => (path === "./mine.json" ? JSON.stringify(mine) : ""));
    expect(read).toEqual({
      ...mine,
      title: "as described by its owner",
      backend: "c",
      threads: 1,
      dma: false,
      versions: true,
      dot: [
        { along: "columns", b: { kind: "columns" } },
        { along: "rows", b: { kind: "rows" } },
      ],
    });
    const scalar = parseDevice(JSON.stringify({ ...mine, vector: { lanes: 1, registers: 32 } }), "mine.json");
    expect(scalar.dot[0]).toEqual({ along: "columns", b: { kind: "rows" } });
  });

  test("of every C device reads back as it is", () => {
    for (const device of devices.filter((d) => d.backend === "c"))
      expect(parseDevice(JSON.stringify(device), "x.json")).toEqual(device);
  });

  test("on the page of FOV5006 is one", () => {
    const page = readFileSync(new URL("../../docs/errors/FOV5006.md", import.meta.url), "utf8");
    expect(parseDevice(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "", "page").name).toBe("my-board");
  });

  const memory = mine.memories[0];
  test.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /this is no JSON/],
    ["a list", [], /the description is no object/],
    ["a field too many", { ...mine, vectr: {} }, /no field vectr \| did you mean `vector`\?/],
    ["no name", { ...mine, name: "Mine!" }, /name is no text of small letters/],
    ["another backend", { ...mine, backend: "wasm" }, /backend is not "c"/],
    ["threads", { ...mine, threads: 4 }, /threads is not 1/],
    ["a title with codes", { ...mine, title: "\u001b[31m" }, /title is no line/],
    ["dma as text", { ...mine, dma: "yes" }, /dma is neither/],
    ["versions as number", { ...mine, versions: 1 }, /versions is neither/],
    ["no vector", { ...mine, vector: undefined }, /vector is no object/],
    ["half a lane", { ...mine, vector: { lanes: 0.5, registers: 8 } }, /vector\.lanes is no whole number from 1 to/],
    ["no register", { ...mine, vector: { lanes: 4, registers: 0 } }, /vector\.registers/],
    ["no memory", { ...mine, memories: [] }, /memories is no list/],
    ["a tiny memory", { ...mine, memories: [{ ...memory, bytes: 12 }] }, /memories\[0\]\.bytes is no whole number/],
    ["workgroup memory", { ...mine, memories: [{ ...memory, kind: "workgroup" }] }, /kind is not one of scratchpad/],
    ["dot one way", { ...mine, dot: [{ along: "rows", b: { kind: "rows" } }] }, /dot has no form along columns/],
    [
      "values by columns",
      { ...mine, dot: [{ along: "rows", b: { kind: "columns" } }] },
      /dot\[0\]\.b\.kind is not rows \| correct the file/,
    ],
    [
      "panels",
      { ...mine, dot: [{ along: "columns", b: { kind: "panel", rows: 8 } }] },
      /dot\[0\]\.b has no field rows/,
    ],
  ])("with %s is refused by name", async (_, description, words) => {
    const text = typeof description === "string" ? description : JSON.stringify(description);
    const found = await refusal(() => parseDevice(text, "mine.json"));
    expect(found).toHaveLength(1);
    expect(found[0]?.replace(/ \| $/, "")).toMatch(/^FOV5006 mine\.json: /);
    expect(found[0]?.replace(/ \| $/, "")).toMatch(words);
  });
});

describe("what a device says changes the code", () => {
  const [spec] = check("attention dense(q, k, v: f32[L, D]) {}", "dense.attn").specs;
  const lowered = (bytes: number): Readonly<Record<string, unknown>> => {
    if (!spec) throw new Error("no spec");
    const memories = [{ name: "TCM", bytes, kind: "scratchpad" }];
    const { program } = lower(spec, parseDevice(JSON.stringify({ ...mine, memories }), "mine.json"));
    return Object.fromEntries(program.parameters.map(({ name, value }) => [name, value]));
  };

  test("half the memory is another schedule", () => {
    for (const bytes of [131072, 65536, 32768, 16384]) expect(lowered(bytes)).not.toEqual(lowered(bytes / 2));
  });

  test("too little of it is refused, with the bytes that are needed", async () => {
    expect((await refusal(() => lowered(1024)))[0]).toMatch(
      /^FOV5003 dense needs \d{4,} bytes of TCM; mine has 1024 \| /,
    );
  });
});
