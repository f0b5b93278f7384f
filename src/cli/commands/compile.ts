/** `fovea compile`: writes kernels and their loaders; prints the paths. All are made before the first is written. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactFile } from "../../../backends/backend.ts";
import { fail } from "../../diagnostics/diagnostic.ts";
import type { Spec } from "../../spec/spec.ts";
import { targetOf } from "../../verify/run.ts";
import { trialOf, type Trial } from "../../verify/each.ts";
import { filesOf, inputsOf, reasonOf, specsOf } from "../load.ts";
import type { Common } from "../options.ts";
import { lowerSeen, type StageOptions } from "../stages.ts";
import { exit, type Terminal } from "../terminal.ts";

interface CompileOptions extends Common, StageOptions {
  readonly target: string;
  readonly out: string;
}

export async function compileCommand(
  paths: readonly string[],
  options: CompileOptions,
  terminal: Terminal,
): Promise<number> {
  const made = new Map<string, string | Uint8Array>();
  for (const path of filesOf(paths)) {
    for (const spec of specsOf(path, options, terminal)) {
      for (const target of options.target.split(",")) {
        const { backend, device } = await targetOf(target);
        const trial = (): Trial => {
          const { sizes, inputs } = inputsOf(spec, options);
          return trialOf(spec, sizes, inputs);
        };
        const lowered = await lowerSeen(spec, backend, device, options, terminal, trial);
        if (!lowered) continue;
        const { program } = lowered;
        const artifact = await backend.emit(program, { specText: spec.text, fixed: spec.fixed });
        for (const file of artifact.files) made.set(join(options.out, file.name), stamped(file, spec));
      }
    }
  }
  if (options.stopAfter !== undefined) return exit.yes;
  for (const path of made.keys()) if (path.endsWith(".json")) refuseOther(path, made.get(path));
  try {
    mkdirSync(options.out, { recursive: true });
    for (const [path, content] of made) {
      writeFileSync(`${path}.part`, content);
      renameSync(`${path}.part`, path);
    }
  } catch (error) {
    fail("FOV0003", `${options.out} cannot be written: ${reasonOf(error)}`, {
      help: "choose another folder with `-o`",
    });
  }
  const all = [...made.keys()];
  terminal.out(options.json ? `${JSON.stringify({ version: 1, ok: true, files: all })}\n` : `${all.join("\n")}\n`);
  return exit.yes;
}

/** Manifests say which spec they were made from, fixed sizes included. */
function stamped({ name, content }: ArtifactFile, spec: Spec): string | Uint8Array {
  if (!name.endsWith(".json") || typeof content !== "string") return content;
  const manifest: unknown = JSON.parse(content);
  const specHash = createHash("sha256")
    .update(JSON.stringify([spec.text, spec.fixed]))
    .digest("hex");
  return `${JSON.stringify({ ...(manifest as object), specHash }, null, 2)}\n`;
}

/** A manifest of another spec under the same name means that its kernel would be lost. */
function refuseOther(path: string, content: string | Uint8Array | undefined): void {
  if (!existsSync(path) || typeof content !== "string") return;
  const hash = (text: string): unknown => {
    try {
      const parsed: unknown = JSON.parse(text);
      return parsed && typeof parsed === "object" && "specHash" in parsed ? parsed.specHash : undefined;
    } catch {
      return undefined;
    }
  };
  const [before, after] = [hash(readFileSync(path, "utf8")), hash(content)];
  if (before !== undefined && after !== undefined && before !== after) {
    fail("FOV0006", `${path} was made from another spec`, {
      help: "choose another folder with `-o`, rename the attention, or delete the file",
    });
  }
}
