/**
 * `--watch`: a command again whenever one of its files changes. Takes the paths of the command line and one run of it;
 * ends only with the process. A change while it runs is not missed; several within a moment are one.
 */
import { statSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fail } from "../diagnostics/diagnostic.ts";
import { reasonOf } from "../runtime/write.ts";
import type { Terminal } from "./terminal.ts";

/** Editors write a file in several steps. */
const settledMs = 60;

export async function watching(
  paths: readonly string[],
  terminal: Terminal,
  run: () => Promise<number>,
  ended?: AbortSignal,
): Promise<number> {
  if (paths.includes("-"))
    fail("FOV0001", "`--watch` has nothing to watch on standard input", { help: "name a file or a folder" });
  let changed: string | undefined;
  let wake = (): void => {};
  const watchers = paths.map((path) =>
    watcherOf(path, (name) => {
      changed ??= name;
      wake();
    }),
  );
  ended?.addEventListener("abort", () => wake());
  try {
    for (;;) {
      const code = await run();
      if (ended?.aborted) return code;
      terminal.err(`watching ${paths.join(", ")}; Ctrl-C ends\n`);
      if (changed === undefined) await new Promise<void>((resolve) => void (wake = resolve));
      if (ended?.aborted) return code;
      await pause(settledMs);
      terminal.err(`\n${changed ?? ""} has changed\n`);
      changed = undefined;
    }
  } finally {
    for (const each of watchers) each.close();
  }
}

/** A file is watched through its folder: what replaces it is not what was there. */
function watcherOf(path: string, tell: (name: string) => void): FSWatcher {
  try {
    const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const file = basename(path);
    const of = (name: string | null): void => {
      if (folder ? name?.endsWith(".attn") : name === file) tell(folder ? join(path, name ?? "") : path);
    };
    return watch(folder ? path : dirname(path), { recursive: folder }, (_, name) => of(name));
  } catch (error) {
    return fail("FOV0002", `\`${path}\` cannot be watched: ${reasonOf(error)}`, { help: "check the path" });
  }
}
