/** The command line in this process: takes its words, gives its exit code and what it printed. */
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function command(...words: readonly string[]): Promise<Said> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const terminal: Terminal = {
    out: (text) => void stdout.push(String(text)),
    err: (text) => void stderr.push(text),
    input: () => new Uint8Array(),
    color: false,
    sources: new Map(),
  };
  const status = await main(words, terminal);
  return { status, stdout: stdout.join(""), stderr: stderr.join("") };
}
