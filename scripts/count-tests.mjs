// Prints `passed failed skipped` of a vitest JSON report, for the closing line of CI.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2] ?? "out/tests.json", "utf8"));
const failedFiles = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length;
console.log(
  `${report.numPassedTests} ${report.numFailedTests + failedFiles} ${report.numPendingTests + report.numTodoTests}`,
);
