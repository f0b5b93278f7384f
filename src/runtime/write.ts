/**
 * Files that are whole or not there at all. Takes a path and all of a file's bytes; a reader of the path sees the old
 * file or the new one, never a part. Guarantees: what cannot be written is FOV0003 and leaves no draft behind; a
 * device or pipe is written to, never replaced by a file.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fail, FoveaError } from "../diagnostics/diagnostic.ts";

export function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): void {
  const status = statusOf(path);
  if (status?.isDirectory()) {
    fail("FOV0003", `\`${path}\` cannot be written: it is a directory`, { help: "name a file in it" });
  }
  const draft = join(dirname(path), `.fovea-${randomBytes(6).toString("hex")}.tmp`);
  try {
    if (status && !status.isFile()) return writeFileSync(path, content);
    // Exclusive: a file or link that already waits under the draft's name is never followed.
    writeFileSync(draft, content, { flag: "wx", flush: true, mode });
    renameSync(draft, path);
  } catch (error) {
    remove(draft);
    refuse(path, error);
  }
}

function remove(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // It was never there: not even its name could be looked up.
  }
}

/**
 * A folder with all that it lies in, one after the other: asked to make them by itself, Node never returns from a file
 * system (/proc) that has no room for folders.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  try {
    for (let at = resolve(path); statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at))
      missing.push(at);
    if (missing.length === 0 && !statSync(path).isDirectory()) refuseFolder(path, { code: "ENOTDIR" });
    for (const folder of missing.toReversed()) mkdirSync(folder);
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    refuseFolder(path, error);
  }
}

const refuseFolder = (path: string, error: unknown): never =>
  fail("FOV0003", `the folder \`${path}\` cannot be made: ${reasonOf(error)}`, { help: "name another folder" });

/** Says that a file cannot be written before the work for it is done; what only the write can tell is left to it. */
export function refuseUnwritable(path: string): void {
  const folder = dirname(path);
  try {
    if (!statSync(folder).isDirectory()) refuse(path, { code: "ENOTDIR" });
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    refuse(path, error);
  }
}

function refuse(path: string, error: unknown): never {
  return fail("FOV0003", `\`${path}\` cannot be written: ${reasonOf(error)}`, {
    help: "check that the directory exists, is writable and has room",
  });
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // The write itself says why.
    return undefined;
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or directory"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EISDIR", "it is a directory"],
  ["ENOTDIR", "a part of the path is no directory"],
  ["ENOSPC", "the disk is full"],
  ["EROFS", "the file system is read-only"],
  ["ELOOP", "its links lead in a circle"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENXIO", "there is nothing behind it"],
  ["ERR_INVALID_ARG_VALUE", "the path has a NUL in it"],
]);

/** Why the file system refused, in words. */
export function reasonOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown error";
  return reasons.get(code) ?? code;
}
