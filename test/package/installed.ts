/**
 * The package as somebody else gets it. Packs a copy of what is packed, by `npm pack` with its scripts, and installs
 * the tarball into a project that `npm init -y` made. Needs no network: what the package depends on is taken from
 * the checkout's node_modules, and npm is told to stay offline with an empty cache.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const start = promisify(execFile);

export interface Installed {
  readonly tarball: string;
  /** A folder with what is in the tarball. */
  readonly unpacked: string;
  readonly project: string;
  readonly remove: () => void;
}

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/** As a user's shell would, not as a script of npm. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

export const run = (command: string, args: readonly string[], cwd: string): Promise<Said> =>
  start(command, args, { cwd, env: environment, maxBuffer: 2 ** 26 });

export const tsc = join(checkout, "node_modules/typescript/bin/tsc");

const packed = ["src", "backends", "grammar", "bin", "docs", "scripts", "README.md", "LICENSE", "CHANGELOG.md"];
const configured = ["package.json", "tsconfig.json", "tsconfig.build.json"];

export async function install(): Promise<Installed> {
  const folder = mkdtempSync(join(tmpdir(), "fovea-package-"));
  const [source, project] = [join(folder, "source"), join(folder, "project")];
  for (const path of [source, project]) mkdirSync(path);
  for (const name of [...packed, ...configured]) cpSync(join(checkout, name), join(source, name), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(source, "node_modules"));
  await run("npm", ["pack", "--pack-destination", folder, "--loglevel", "error", "--foreground-scripts"], source);
  const { version, dependencies } = manifestOf(source);
  const tarball = join(folder, `fovea-${version}.tgz`);
  await run("npm", ["init", "-y"], project);
  // Linked, as npm links every folder outside of a project: it leaves what lies in them alone.
  const linked = Object.keys(dependencies).map((name) => join(checkout, "node_modules", name));
  const offline = ["--offline", "--cache", join(folder, "cache"), "--no-audit", "--no-fund"];
  await run("npm", ["install", tarball, ...linked, ...offline], project);
  const unpacked = join(project, "node_modules/fovea");
  return { tarball, unpacked, project, remove: () => rmSync(folder, { recursive: true }) };
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

export function manifestOf(folder: string): Manifest {
  const read: Partial<Manifest> = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { version: read.version ?? "", dependencies: read.dependencies ?? {} };
}
