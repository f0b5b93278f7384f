/** The command line in this process: words in, what it said and its exit code out. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { main } from "../../src/cli/main.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was written to stdout, byte for byte. */
  readonly bytes: Uint8Array;
}

/** `input` is what standard input holds. */
export async function foveaOf(input: string | Uint8Array, ...args: readonly string[]): Promise<Said> {
  const parts: Uint8Array[] = [];
  let err = "";
  const code = await main(args, {
    out: (content) => void parts.push(typeof content === "string" ? Buffer.from(content) : content),
    err: (text) => {
      err += text;
    },
    input: (most) => Buffer.from(input).subarray(0, most),
    color: false,
    sources: new Map(),
  });
  const bytes = Buffer.concat(parts);
  return { code, out: bytes.toString(), err, bytes };
}

export const fovea = (...args: readonly string[]): Promise<Said> => foveaOf("", ...args);

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly file: string | null;
  readonly span: {
    readonly start: number;
    readonly end: number;
    readonly line: number;
    readonly column: number;
  } | null;
  readonly notes: readonly string[];
  readonly fixes: readonly unknown[];
}

export interface Failure {
  readonly version: number;
  readonly ok: boolean;
  readonly diagnostics: readonly JsonDiagnostic[];
}

/** The document that a failing command prints under --json. */
export async function failure(input: string | Uint8Array, ...args: readonly string[]): Promise<Failure & Said> {
  const said = await foveaOf(input, ...args, "--json");
  return { ...said, ...(JSON.parse(said.out) as Failure) };
}

/** A folder of a test file's own, gone when its tests are. */
export function scratch(): {
  readonly folder: string;
  readonly file: (name: string, text: string | Uint8Array) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), "fovea-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    file: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
  };
}
