/**
 * A temporary copy of the compiler to extend: takes edits as a contributor would make them, remembers which files
 * they touch, runs the compiler of the copy and its type checker. `remove` leaves nothing behind.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Copy {
  readonly touched: ReadonlySet<string>;
  /** A new file. */
  readonly add: (path: string, text: string) => void;
  /** Puts `text` where `mark` stands, once. */
  readonly edit: (path: string, mark: string, text: string) => void;
  /** The copy's `fovea`, fed with a spec. */
  readonly fovea: (spec: string, ...args: readonly string[]) => Ran;
  readonly generate: () => void;
  /** Builds the copy; gives the files that the type checker complains about. */
  readonly misfits: () => readonly string[];
  readonly remove: () => void;
}

const parts = ["src", "grammar", "backends", "bin", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json"];

const build = "-p tsconfig.build.json --incremental --tsBuildInfoFile checked".split(" ");
const run = (root: string, input: string, ...args: readonly string[]): Ran => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, input, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
};
const compile = (root: string): string => run(root, "", "node_modules/typescript/bin/tsc", ...build).out;

/** The project as it is, built; a copy of it builds only what an edit concerns. */
let original: string | undefined;
function originalProject(): string {
  const root = mkdtempSync(join(tmpdir(), "fovea-extend-"));
  process.once("exit", () => rmSync(root, { recursive: true, force: true }));
  for (const part of parts) cpSync(part, join(root, part), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  const complaints = compile(root);
  if (complaints !== "") throw new Error(complaints);
  return root;
}

export function copyProject(): Copy {
  original ??= originalProject();
  const root = mkdtempSync(join(tmpdir(), "fovea-extend-"));
  cpSync(original, root, { recursive: true, verbatimSymlinks: true });
  const touched = new Set<string>();
  const put = (path: string, text: string): void => {
    touched.add(path);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  return {
    touched,
    add: put,
    edit: (path, mark, text) => {
      const before = readFileSync(join(root, path), "utf8");
      if (before.split(mark).length !== 2) throw new Error(`${path} does not hold ${JSON.stringify(mark)} once`);
      put(
        path,
        before.replace(mark, () => text),
      );
    },
    fovea: (spec, ...args) => run(root, spec, "bin/fovea.mjs", ...args),
    generate: () => {
      const { code, err } = run(root, "", "--import", "tsx", "scripts/generate-prelude.ts");
      if (code !== 0) throw new Error(err);
    },
    misfits: () => {
      const out = compile(root);
      return [...new Set([...out.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map((m) => m[1] ?? ""))].sort();
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
