/** `fovea compile`: writes kernels and their loaders; prints the paths. All are made before the first is written. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { artifactsOf, isPrefix, specHashOf, type Wanted } from "../../artifacts.ts";
import { fail } from "../../diagnostics/diagnostic.ts";
import { makeFolder, writeWhole } from "../../runtime/write.ts";
import { trialOf, type Trial } from "../../verify/each.ts";
import { inputsOf } from "../inputs.ts";
import { filesOf, reasonOf, specsOf } from "../load.ts";
import type { Common } from "../options.ts";
import { lowerSeen, type StageOptions } from "../stages.ts";
import { exit, type Terminal } from "../terminal.ts";

interface CompileOptions extends Common, StageOptions {
  readonly target: string;
  readonly out: string;
  readonly simd: string;
  readonly prefix?: string;
  readonly std: string;
  /** Write over files of another spec. */
  readonly force?: boolean;
  /** What this process has written before, under `--watch`: its own to write over. */
  readonly written: Set<string>;
}

/** A file to write, and the manifest that says of which spec it is. */
interface Made {
  readonly content: string | Uint8Array;
  readonly manifest: string;
  /** The source of the spec. */
  readonly from: string;
}

export async function compileCommand(
  paths: readonly string[],
  options: CompileOptions,
  terminal: Terminal,
): Promise<number> {
  const wanted = wantedOf(options);
  if (options.out === "-")
    fail("FOV0001", "compile writes several files, which `-` cannot take", { help: "name a folder: `-o out`" });
  const made = new Map<string, Made>();
  for (const path of filesOf(paths)) {
    for (const spec of specsOf(path, options, terminal)) {
      const trial = (): Trial => {
        const { sizes, inputs } = inputsOf(spec, options);
        return trialOf(spec, sizes, inputs);
      };
      const artifacts = await artifactsOf(spec, options.target.split(","), wanted, (backend, device) =>
        lowerSeen(spec, backend, device, options, terminal, trial),
      );
      for (const files of artifacts) {
        const own = files.find(({ name }) => name.endsWith(".json"))?.name ?? `${spec.name}.wasm.json`;
        const manifest = join(options.out, own);
        for (const { name, content } of files) {
          const file = join(options.out, name);
          refuseTwice(file, content, path, made.get(file));
          made.set(file, { content, manifest, from: path });
        }
      }
    }
  }
  if (options.stopAfter !== undefined) return exit.yes;
  for (const [path, { content, manifest }] of made) {
    if (options.force === true || options.written.has(path)) continue;
    refuseOther(path, content, manifest, made.get(manifest)?.content);
  }
  makeFolder(options.out);
  for (const [path, { content }] of made) {
    writeWhole(path, content);
    options.written.add(path);
  }
  const all = [...made.keys()];
  terminal.out(options.json ? `${JSON.stringify({ version: 1, ok: true, files: all })}\n` : `${all.join("\n")}\n`);
  return exit.yes;
}

/** What the words of the options mean; another word is a wrong use. */
function wantedOf({ simd, prefix, std }: CompileOptions): Wanted {
  if (simd !== "both" && simd !== "plain" && simd !== "relaxed")
    return fail("FOV0001", `--simd is both, plain or relaxed, not ${simd}`);
  if (std !== "c99" && std !== "c11") return fail("FOV0001", `--std is c99 or c11, not ${std}`);
  if (prefix !== undefined && !isPrefix(prefix)) return fail("FOV0001", `--prefix is a name of C, not ${prefix}`);
  return { simd, c: { std, ...(prefix === undefined ? {} : { prefix }) } };
}

/** Two attentions of one name, of two sources: the second would silently take the place of the first. */
function refuseTwice(file: string, content: string | Uint8Array, from: string, before: Made | undefined): void {
  if (!before || Buffer.from(before.content).equals(Buffer.from(content))) return;
  fail("FOV0006", `${file} would be written twice, from ${before.from} and from ${from}`, {
    help: "give the attentions other names, or compile the files into folders of their own with `-o`",
  });
}

/** What is there already; nothing where no file is. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (!existsSync(path)) return undefined;
    return fail("FOV0003", `${path} cannot be written over: ${reasonOf(error)}`, {
      help: "choose another folder with `-o`, or take it away",
    });
  }
}

/**
 * A file that is there is only written over where the manifest beside it says that it is of the same spec. A header
 * that all kernels share has no manifest of its own: it is known by its first line.
 */
function refuseOther(
  path: string,
  content: string | Uint8Array,
  manifestPath: string,
  manifest: string | Uint8Array | undefined,
): void {
  const before = contentOf(path);
  if (!before || before.equals(Buffer.from(content))) return;
  const beside = contentOf(manifestPath);
  const known = beside && specHashOf(beside.toString("utf8"));
  if (known !== undefined && typeof manifest === "string" && known === specHashOf(manifest)) return;
  const shared =
    path.endsWith("fovea_dma.h") && /^.*SPDX-License-Identifier: 0BSD/.test(before.toString("utf8", 0, 80));
  if (shared) return;
  fail(
    "FOV0006",
    known === undefined ? `${path} is there and no manifest says what it is of` : `${path} was made from another spec`,
    {
      help: "choose another folder with `-o`, or let `--force` write over it",
    },
  );
}
