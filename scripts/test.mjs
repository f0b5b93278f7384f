// `npm test`: every test on the current Node that is a development dependency, then what needs no relaxed SIMD on the
// Node that runs npm, which may be as old as `engines` says. Words after `npm test --` go to the first leg, and
// there is no second.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const legs = [{ node: process.execPath, args: words }];
if (words.length === 0)
  legs.push({ node: process.env.npm_node_execpath ?? process.execPath, args: ["--config", "vitest.oldest.config.ts"] });

for (const report of ["tests.json", "tests-oldest.json", "failures.txt"])
  rmSync(`${root}/out/${report}`, { force: true });
let failed = false;
for (const { node, args } of legs) {
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  console.log(`\n== tests on Node ${stdout?.trim() ?? "that does not start"}`);
  const { status } = spawnSync(node, ["node_modules/vitest/vitest.mjs", "run", ...args], {
    cwd: root,
    stdio: "inherit",
  });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
