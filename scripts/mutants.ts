/**
 * `npm run mutants`: plants each mutant of test/mutation in a copy of the project, one at a time, and runs the quick tests
 * there. Prints each with caught or SURVIVED, and the score. `--only TEXT` takes those whose file or description holds
 * it, `--workers N` works in so many copies, `--random N` adds that many random specs. Exit 1 below 90 %, or where a mutant does not fit.
 */
import { parseArgs } from "node:util";
import { mutants } from "../test/mutation/mutants.ts";
import { plantAll } from "../test/mutation/plant.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    workers: { type: "string", default: "2" },
    random: { type: "string", default: "25" },
  },
});

const chosen = mutants.filter(({ file, what }) => `${file}: ${what}`.includes(values.only));
const results = await plantAll(
  chosen,
  Number(values.workers),
  Number(values.random),
  ({ mutant, outcome, seconds, by }) => {
    process.stdout.write(
      `${outcome.padEnd(8)} ${seconds.toFixed(0).padStart(4)} s  ${mutant.file}: ${mutant.what}${by === "" ? "" : `\n               ${by}`}\n`,
    );
  },
);
const caught = results.filter(({ outcome }) => outcome === "caught").length;
const share = results.length === 0 ? 0 : caught / results.length;
process.stdout.write(`${caught} of ${results.length} mutants are caught: ${(100 * share).toFixed(1)} %\n`);
process.exit(share >= 0.9 && results.every(({ outcome }) => outcome !== "unfit") ? 0 : 1);
