/** The apps in examples/apps, built by their own scripts as a reader builds them. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const apps = fileURLToPath(new URL("../../examples/apps/", import.meta.url));

/**
 * Runs a script of an app's package.json and gives what it said; the npm of this machine runs it, on the Node that these
 * tests run on.
 */
export function npmRun(app: string, script: string): string {
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  const { status, stdout, stderr } = spawnSync("npm", ["run", script], {
    cwd: join(apps, app),
    env: { ...process.env, PATH: path },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm run ${script} of ${app} ended with ${status}:\n${stdout}${stderr}`);
  return stdout + stderr;
}
