/**
 * The folder that `bench --page` writes: a page, kernels with their loaders, the tensors of each call and what the
 * oracle says of a few rows. It holds all that it needs and asks for nothing else. Same cases, same bytes. A folder
 * that holds anything but such a page is left alone (FOV0006).
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Backend } from "../../backends/backend.ts";
import { fail } from "../diagnostics/diagnostic.ts";
import { pageHtml, pageScript, pageStyle } from "../page/generated/text.ts";
import type { Case, Check, Tensor } from "../page/measure.ts";
import { makeFolder, reasonOf, writeWhole } from "../runtime/write.ts";
import { sizeValue } from "../scalar/evaluate.ts";
import { rounded } from "../scalar/storage.ts";
import { outputDims } from "../spec/inputs.ts";
import type { Sizes, Spec } from "../spec/spec.ts";
import type { Device } from "../targets/device.ts";
import type { TileProgram } from "../tile/tile.ts";
import { limitFor, measureOf, type Accuracy } from "../verify/compare.ts";
import { sampleRows } from "../verify/rows.ts";
import { emitOptionsOf } from "../verify/run.ts";
import type { SampleTensor } from "../verify/sample.ts";

/** An attention on a target with the call that is timed. */
export interface Benched {
  readonly file: string;
  readonly spec: Spec;
  readonly target: string;
  readonly backend: Backend;
  readonly device: Device;
  readonly program: TileProgram;
  readonly sizes: Sizes;
  readonly inputs: ReadonlyMap<string, SampleTensor>;
  /** Operations of the pairs that are kept. */
  readonly flops: number;
  readonly visitedPairs: number;
  readonly accuracy: Accuracy;
}

export interface Result {
  readonly file: string;
  readonly attention: string;
  readonly target: string;
  readonly dims: Sizes;
  readonly threads: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly runs: number;
  /** Of the pairs that the mask keeps, by the median. */
  readonly gflops: number;
  readonly visitedPairs: number;
}

export interface Machine {
  readonly cpu: string;
  readonly [fact: string]: string | number;
}

export const targetsOfPage: readonly string[] = ["wasm", "wgsl"];

type Files = Map<string, string | Uint8Array>;

/** What tells the folder of a page from any other. */
const mark = "attention kernels in a browser";

export function refusePage(folder: string): void {
  if (!existsSync(folder)) return;
  let ours: boolean;
  try {
    const cases = join(folder, "cases.json");
    ours = readdirSync(folder).length === 0 || (existsSync(cases) && readFileSync(cases, "utf8").includes(mark));
  } catch (error) {
    return fail("FOV0003", `\`${folder}\` cannot be written: ${reasonOf(error)}`, { help: "name another folder" });
  }
  if (!ours)
    fail("FOV0006", `\`${folder}\` holds other files than such a page`, { help: "name a new folder with `--page`" });
}

/** Gives the path of the page. */
export async function writePage(
  folder: string,
  cases: readonly Benched[],
  results: readonly Result[],
  machine: Machine,
): Promise<string> {
  const files: Files = new Map<string, string | Uint8Array>([
    ["index.html", pageHtml],
    ["style.css", pageStyle],
    ["page.mjs", pageScript],
  ]);
  const made: Case[] = [];
  for (const [n, benched] of cases.entries()) {
    const here = results.find(
      (r) => r.file === benched.file && r.attention === benched.spec.name && r.target === benched.target,
    );
    made.push(await caseOf(benched, `kernels/${n + 1}-${benched.spec.name}`, here?.medianMs ?? null, files));
  }
  files.set("cases.json", `${JSON.stringify({ version: 1, holds: mark, machine, cases: made }, null, 1)}\n`);
  for (const [name, content] of files) {
    const path = join(folder, name);
    makeFolder(dirname(path));
    writeWhole(path, content);
  }
  return join(folder, "index.html");
}

async function caseOf(benched: Benched, place: string, elsewhereMs: number | null, files: Files): Promise<Case> {
  const { file, spec, target, backend, device, program, sizes, inputs, flops, visitedPairs } = benched;
  const { files: kernel } = await backend.emit(program, emitOptionsOf(spec, device));
  for (const { name, content } of kernel) files.set(`${place}/${name}`, content);
  const loader = kernel.find(({ name }) => name.endsWith(".mjs"));
  return {
    file,
    attention: spec.name,
    target,
    dims: sizes,
    threads: 1,
    loader: `${place}/${loader?.name ?? ""}`,
    inputs: [...inputs].map(([name, tensor]) => tensorOf(name, tensor, files)),
    checks: checksOf(benched),
    flops,
    visitedPairs,
    elsewhereMs,
  };
}

/** Attentions that share a tensor share its file. */
function tensorOf(name: string, { dims, data }: SampleTensor, files: Files): Tensor {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const file = `tensors/${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}.bin`;
  files.set(file, bytes);
  const arrays = ["Float32Array", "Int32Array", "Uint8Array", "Uint16Array"] as const;
  const array = arrays.find((each) => each === data.constructor.name) ?? "Float32Array";
  return { name, array, file, scalar: dims.length === 0 };
}

function checksOf({ spec, sizes, inputs, accuracy }: Benched): readonly Check[] {
  const { right, placesIn } = sampleRows(spec, sizes, inputs);
  const limit = limitFor(accuracy, right, sizeValue(spec.extents.channel, sizes));
  const dims = outputDims(spec, sizes);
  return spec.outputs.map((output) => {
    const { within } = measureOf(spec, output, right, limit);
    const want = [...(right.outputs.get(output.name)?.data ?? [])].map((x) => {
      const stored = rounded(output.dtype, x);
      return Number.isFinite(stored) ? x : stored;
    });
    return {
      output: output.name,
      at: placesIn(output, dims.get(output.name) ?? []),
      want: want.map((x) => (Number.isFinite(x) ? x : String(x))),
      within: want.map((x) => (Number.isFinite(x) ? within(x) : 0)),
    };
  });
}
