/** `fovea compile`: writes kernels and their loaders; prints the paths. All are made before the first is written. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { artifactsOf, isPrefix, specHashOf, type Wanted } from "../../artifacts.ts";
import { fail, FoveaError } from "../../diagnostics/diagnostic.ts";
import { writeWhole } from "../../runtime/write.ts";
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
}

export async function compileCommand(
  paths: readonly string[],
  options: CompileOptions,
  terminal: Terminal,
): Promise<number> {
  const wanted = wantedOf(options);
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
        for (const { name, content } of files) made.set(join(options.out, name), { content, manifest });
      }
    }
  }
  if (options.stopAfter !== undefined) return exit.yes;
  for (const [path, { content, manifest }] of made) {
    if (options.force === true || options.written.has(path)) continue;
    refuseOther(path, content, manifest, made.get(manifest)?.content);
  }
  try {
    mkdirSync(options.out, { recursive: true });
    for (const [path, { content }] of made) {
      writeWhole(path, content);
      options.written.add(path);
    }
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    fail("FOV0003", `${options.out} cannot be written: ${reasonOf(error)}`, {
      help: "choose another folder with `-o`",
    });
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
  if (!existsSync(path)) return;
  const before = readFileSync(path);
  if (before.equals(Buffer.from(content))) return;
  const known = existsSync(manifestPath) ? specHashOf(readFileSync(manifestPath, "utf8")) : undefined;
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
