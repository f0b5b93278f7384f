/**
 * Plants mutants: takes mutants, copies the project once a worker, puts one mutant at a time into a copy, runs the quick
 * tests there in a process of their own and takes the mutant out again. Gives for each whether it was caught, by an
 * answer that is wrong, an error or a hang. A copy without a mutant has to pass first. Nothing is left behind.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutants.ts";

export interface Planted {
  readonly mutant: Mutant;
  /** `unfit`: its text does not stand in its file once. */
  readonly outcome: "caught" | "SURVIVED" | "unfit";
  /** The first line of what noticed it. */
  readonly by: string;
  readonly seconds: number;
}

/** Ten times what the quick tests take: what is not through by then hangs. */
const patience = 600_000;

const parts = ["src", "grammar", "backends", "examples", "test", "package.json", "tsconfig.json"];

function copyOf(): string {
  const root = mkdtempSync(join(tmpdir(), "fovea-mutant-"));
  for (const part of parts) cpSync(part, join(root, part), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  return root;
}

async function quickTests(root: string, on: Mutant["on"], random: number): Promise<{ passed: boolean; by: string }> {
  const args = ["--import", "tsx", "test/mutation/quick.ts", on.join(","), String(random)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  clearTimeout(timer);
  const first = said
    .split("\n")
    .find((line) => /wrong|differ|Error|oracle|without poison|though it sees|invalid/i.test(line));
  return { passed: code === 0, by: code === null ? "it hangs" : (first ?? said.split("\n")[0] ?? "").slice(0, 160) };
}

async function plant(root: string, mutant: Mutant, random: number): Promise<Planted> {
  const begun = performance.now();
  const path = join(root, mutant.file);
  const before = readFileSync(path, "utf8");
  const seconds = (): number => (performance.now() - begun) / 1000;
  if (before.split(mutant.old).length !== 2)
    return {
      mutant,
      outcome: "unfit",
      by: `${JSON.stringify(mutant.old)} does not stand there once`,
      seconds: seconds(),
    };
  try {
    writeFileSync(
      path,
      before.replace(mutant.old, () => mutant.new),
    );
    const { passed, by } = await quickTests(root, mutant.on, random);
    return { mutant, outcome: passed ? "SURVIVED" : "caught", by: passed ? "" : by, seconds: seconds() };
  } finally {
    writeFileSync(path, before);
  }
}

async function mustPass(root: string, stage: Mutant["on"][number], random: number): Promise<void> {
  const { passed, by } = await quickTests(root, [stage], random);
  if (!passed) throw new Error(`the quick tests fail on ${stage} without a mutant: ${by}`);
}

export async function plantAll(
  chosen: readonly Mutant[],
  workers: number,
  random: number,
  tell: (planted: Planted) => void = () => {},
): Promise<readonly Planted[]> {
  const results: Planted[] = [];
  const waiting = [...chosen];
  const stages = [...new Set(chosen.flatMap(({ on }) => on))];
  const roots = Array.from({ length: Math.min(workers, chosen.length) }, copyOf);
  try {
    const [first] = roots;
    if (first !== undefined) await Promise.all(stages.map((stage) => mustPass(first, stage, random)));
    const work = async (root: string): Promise<void> => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const planted = await plant(root, mutant, random);
        results.push(planted);
        tell(planted);
      }
    };
    await Promise.all(roots.map(work));
  } finally {
    for (const root of roots) rmSync(root, { recursive: true, force: true });
  }
  return results;
}
