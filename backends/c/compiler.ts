/**
 * The C compiler of this machine: the one that CC names, else the first of the usual ones that answers. Gives a
 * command with the flags for a fast kernel; runs it. FOV5002 says what to install or name where there is none, and
 * FOV9001 quotes the compiler where it refuses what Fovea wrote.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fail } from "../../src/diagnostics/diagnostic.ts";

const start = promisify(execFile);
const usual = ["cc", "gcc", "clang", "clang-19"];
const wayOut = "install gcc or clang, or name a C compiler in the environment: `CC=clang-19`";

/** What a processor's own instructions are asked for with. */
const tuned: Partial<Record<string, readonly string[]>> = { x64: ["-march=native"], arm64: ["-mcpu=native"] };

export async function hostCompiler(env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const named = (env["CC"] ?? "").split(" ").filter((word) => word !== "");
  const fast = ["-O3", ...(tuned[process.arch] ?? [])];
  if (named[0] !== undefined) {
    if (!(await answers(named[0])))
      fail("FOV5002", `the C compiler ${named[0]}, which CC names, does not answer on this machine`, { help: wayOut });
    return [...named, ...fast];
  }
  for (const command of usual) if (await answers(command)) return [command, ...fast];
  return fail("FOV5002", "there is no C compiler on this machine", {
    notes: [`none of ${usual.join(", ")} answers`],
    help: wayOut,
  });
}

const answers = (command: string): Promise<boolean> =>
  start(command, ["--version"]).then(
    () => true,
    () => false,
  );

export async function compile([command = "cc", ...flags]: readonly string[], more: readonly string[]): Promise<void> {
  try {
    await start(command, [...flags, ...more], { maxBuffer: 1 << 26 });
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES"))
      fail("FOV5002", `the C compiler ${command} is not on this machine`, { help: wayOut });
    const words = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    const lines = words.split("\n").filter((line) => /error|fatal/i.test(line));
    fail("FOV9001", `${command} refuses the C that was made`, { notes: lines.slice(0, 5) });
  }
}
