/**
 * From a Spec to the files of its kernels. Takes a Spec, targets and a way to lower; gives one list of files a
 * target, and one more where wasm and WGSL are both among them: the loader that picks. Every manifest says which
 * spec it was made from, fixed sizes included. Writes nothing.
 */
import { createHash } from "node:crypto";
import type { ArtifactFile, Backend, EmitOptions } from "../backends/backend.ts";
import { combined } from "../backends/index.ts";
import type { Lowered } from "./compile.ts";
import { countsOf } from "./cost/counts.ts";
import type { Spec } from "./spec/spec.ts";
import type { Device } from "./targets/device.ts";
import { emitOptionsOf, targetOf } from "./verify/run.ts";

export type Wanted = Required<Pick<EmitOptions, "simd" | "c">>;

/** A prefix becomes part of names and of file names. */
export const isPrefix = (text: string): boolean => /^[A-Za-z][A-Za-z0-9_]*$/.test(text);

/** `lower` gives nothing where a target is to be left out. */
export async function artifactsOf(
  spec: Spec,
  targets: readonly string[],
  wanted: Wanted,
  lower: (backend: Backend, device: Device) => Lowered | undefined,
): Promise<readonly (readonly ArtifactFile[])[]> {
  const specHash = createHash("sha256")
    .update(JSON.stringify([spec.text, spec.fixed]))
    .digest("hex");
  const artifacts: (readonly ArtifactFile[])[] = [];
  const both = new Set<string>();
  for (const target of targets) {
    const { backend, device } = await targetOf(target);
    const lowered = lower(backend, device);
    if (!lowered) continue;
    const { plan, program } = lowered;
    const work = countsOf(spec, plan, program);
    const emit: EmitOptions = {
      ...emitOptionsOf(spec, device),
      ...wanted,
      stamp: { specHash, ...(work ? { work } : {}) },
    };
    const { files } = await backend.emit(program, emit);
    artifacts.push(files.map((file) => stamped(file, specHash)));
    if (backend.id !== "wasm" && backend.id !== "wgsl") continue;
    both.add(backend.id);
    if (both.size === 2) artifacts.push(await combined(program, emit));
  }
  return artifacts;
}

function stamped(file: ArtifactFile, specHash: string): ArtifactFile {
  const { name, content } = file;
  if (!name.endsWith(".json") || typeof content !== "string" || specHashOf(content) !== undefined) return file;
  const manifest: unknown = JSON.parse(content);
  return { name, content: `${JSON.stringify({ ...(manifest as object), specHash }, null, 2)}\n` };
}

/** What a manifest says of its spec; nothing where the text is no manifest. */
export function specHashOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed && typeof parsed === "object" && "specHash" in parsed ? parsed.specHash : undefined;
  } catch {
    return undefined;
  }
}
