// Prints `passed failed skipped` over vitest JSON reports, for the closing line of CI.
import { readFileSync } from "node:fs";

const counts = [0, 0, 0];
for (const path of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  // A file that does not even load has no test that could fail.
  const broken = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length;
  counts[0] += report.numPassedTests;
  counts[1] += report.numFailedTests + broken;
  counts[2] += report.numPendingTests + report.numTodoTests;
}
console.log(counts.join(" "));
