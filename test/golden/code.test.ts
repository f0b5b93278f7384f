/**
 * Code of four examples as text, one of each kind: a window in C, sinks in WGSL, the scores of ALiBi as a micro program
 * and grouped heads as a tile program. Read a difference before it is blessed.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { backends } from "../../backends/index.ts";
import { registers } from "../../backends/wasm/emit.ts";
import { lower } from "../../src/compile.ts";
import { blockRegisters } from "../../src/micro/block-registers.ts";
import { printMicroProgram } from "../../src/micro/print.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { host, wasm, webgpu } from "../../src/targets/index.ts";
import type { Device } from "../../src/targets/device.ts";
import { printTileProgram } from "../../src/tile/print.ts";
import { specsFrom } from "../support/examples.ts";

function example(file: string, name: string): Spec {
  const path = new URL(`../../examples/${file}`, import.meta.url);
  const found = specsFrom(readFileSync(path, "utf8"), file).find((spec) => spec.name === name);
  if (!found) throw new Error(`${file} has no ${name}`);
  return found;
}

async function emitted(spec: Spec, device: Device, ending: string): Promise<string> {
  const backend = await backends[device.backend]();
  const { files } = await backend.emit(lower(spec, device).program, { specText: spec.text, fixed: spec.fixed });
  const file = files.find(({ name }) => name === `${spec.name}${ending}`);
  if (typeof file?.content !== "string") throw new Error(`no text ${spec.name}${ending}`);
  return file.content;
}

test("a window of 64 in C", async () => {
  const text = await emitted(example("03-local.attn", "local64"), host, ".c");
  await expect(text).toMatchFileSnapshot("code/local64.c.txt");
});

test("sinks in WGSL", async () => {
  const text = await emitted(example("04-sinks.attn", "streaming"), webgpu, ".wgsl");
  await expect(text).toMatchFileSnapshot("code/streaming.wgsl.txt");
});

test("the scores of ALiBi as a micro program", async () => {
  const program = blockRegisters(lower(example("09-alibi.attn", "alibi"), wasm).program, registers.plain);
  // Those that take the slope of a head: the weights after them are the same for every attention.
  const functions = program.functions.filter(
    ({ name, params }) => name.startsWith("map_score_tile") && params.some((param) => param.name.startsWith("fixed")),
  );
  expect(functions.length).toBeGreaterThan(0);
  await expect(printMicroProgram({ ...program, functions })).toMatchFileSnapshot("code/alibi.micro.txt");
});

test("grouped heads as a tile program", async () => {
  const text = printTileProgram(lower(example("11-grouped.attn", "grouped"), host).program);
  await expect(text).toMatchFileSnapshot("code/grouped.tiles.txt");
});
