/**
 * The long run: `npm run fuzz -- --runs 100000` draws that many random specs and puts each through every stage, in two
 * processes, and ten times as many texts that are nearly specs through the compiler. Prints what it did every minute and
 * each failure with the smallest spec that has it and one line that runs it again. `--seed N` begins elsewhere,
 * `--path P` runs one case of that seed, `--texts` runs texts alone, `--workers N` takes more processes. Exit 1 where
 * something failed.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { newTextTally, nearly, textFault } from "../test/random/nearly.ts";
import { randomSpec } from "../test/random/specs.ts";
import { newTally, trouble } from "../test/random/stages.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    path: { type: "string" },
    texts: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
    worker: { type: "boolean", default: false },
  },
});

/** Specs of one seed: a failure is found again in no longer than these take to draw. */
const chunk = 200;
const [runs, first, workers] = [Number(values.runs), Number(values.seed), Number(values.workers)];
if (![runs, first, workers].every(Number.isSafeInteger)) {
  process.stderr.write("--runs, --seed and --workers take integers\n");
  process.exit(2);
}

const again = (seed: number, path: string | null, texts: boolean): string =>
  `npm run fuzz -- --seed ${seed} --path ${path ?? "0"}${texts ? " --texts" : ""}`;

/** Runs one seed; gives the failures that it printed, 0 or 1. */
async function specsOf(
  seed: number,
  numRuns: number,
  tally: ReturnType<typeof newTally>,
  path?: string,
): Promise<number> {
  const property = fc.asyncProperty(randomSpec(2), async (spec) => {
    const wrong = await trouble(spec, tally);
    if (wrong !== undefined) throw new Error(wrong);
  });
  const found = await fc.check(property, { seed, numRuns, ...(path === undefined ? {} : { path }) });
  if (!found.failed) return 0;
  const [spec] = found.counterexample ?? [];
  const reason = found.errorInstance instanceof Error ? (found.errorInstance.stack ?? "") : String(found.errorInstance);
  process.stdout.write(
    `FAILED ${reason}\n${spec?.text ?? ""}${JSON.stringify(spec?.calls)}\n${again(seed, found.counterexamplePath, false)}\n\n`,
  );
  return 1;
}

function textsOf(seed: number, numRuns: number, tally: ReturnType<typeof newTextTally>, path?: string): number {
  const language = readFileSync(new URL("../test/syntax/language.attn", import.meta.url), "utf8");
  const texts = [
    ...language.split(/\n\n+/),
    ...fc.sample(randomSpec(1), { seed, numRuns: 50 }).map(({ text }) => text),
  ];
  const property = fc.property(nearly(texts), (text) => {
    const begun = performance.now();
    const wrong = textFault(text, tally);
    slowest = Math.max(slowest, performance.now() - begun);
    if (wrong !== undefined) throw new Error(wrong);
  });
  const found = fc.check(property, { seed, numRuns, ...(path === undefined ? {} : { path }) });
  if (!found.failed) return 0;
  process.stdout.write(
    `FAILED ${String(found.errorInstance)}\n${JSON.stringify(found.counterexample)}\n${again(seed, found.counterexamplePath, true)}\n\n`,
  );
  return 1;
}

let slowest = 0;

async function work(): Promise<number> {
  const [tally, texts] = [newTally(), newTextTally()];
  let failures = 0;
  let told = performance.now();
  const tell = (): void => {
    const stages = [...tally.runs].map(([name, count]) => `${name} ${count}`).join(", ");
    process.stdout.write(
      `${tally.specs} specs, ${tally.calls} calls (${tally.refused} refused), ${texts.texts} texts (slowest ${slowest.toFixed(0)} ms), ${failures} failures; runs: ${stages}\n`,
    );
    told = performance.now();
  };
  for (let done = 0, seed = first; done < runs; done += chunk, seed += workers) {
    const count = Math.min(chunk, runs - done);
    if (!values.texts) failures += await specsOf(seed, count, tally, values.path);
    if (values.texts || values.path === undefined) failures += textsOf(seed, 10 * count, texts, values.path);
    if (performance.now() - told > 60_000) tell();
  }
  tell();
  return failures;
}

async function share(): Promise<number> {
  const self = fileURLToPath(import.meta.url);
  const codes = await Promise.all(
    Array.from({ length: workers }, (_, n) => {
      const args = [
        "--runs",
        String(Math.ceil(runs / workers)),
        "--seed",
        String(first + n),
        "--workers",
        String(workers),
      ];
      const child = spawn(
        process.execPath,
        [...process.execArgv, self, ...args, ...(values.texts ? ["--texts"] : []), "--worker"],
        {
          stdio: ["ignore", "inherit", "inherit"],
        },
      );
      return new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
    }),
  );
  return codes.filter((code) => code !== 0).length;
}

const failed = values.worker || values.path !== undefined ? await work() : await share();
// The GPU's threads would keep the process alive.
process.exit(failed > 0 ? 1 : 0);
