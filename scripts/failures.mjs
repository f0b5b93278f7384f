// A vitest reporter that keeps what failed in out/failures.txt, a line each, so that CI can end with it: names of tests,
// files that did not load, and errors outside any test, which no JSON report lists.
import { appendFileSync, mkdirSync } from "node:fs";

const file = "out/failures.txt";
const firstLine = (error) => String(error?.message ?? error).split("\n")[0];

export default class Failures {
  onTestRunEnd(modules, unhandled) {
    const lines = [];
    for (const module of modules) {
      for (const error of module.errors()) lines.push(`${module.relativeModuleId}: ${firstLine(error)}`);
      for (const test of module.children.allTests("failed"))
        lines.push(`${module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors[0])}`);
    }
    for (const error of unhandled) lines.push(`outside any test: ${firstLine(error)}`);
    if (lines.length === 0) return;
    mkdirSync("out", { recursive: true });
    appendFileSync(file, `${lines.join("\n")}\n`);
  }
}
