/** The help: each command has examples under it, and each of them does what it says, as it stands there. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { examples } from "../../src/cli/examples.ts";
import { fovea, scratch } from "./support.ts";

const { folder } = scratch();

test("every command has examples in its help, and no example is of another", async () => {
  const { out } = await fovea("--help");
  const commands = [...out.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name = ""]) => name);
  expect(Object.keys(examples).toSorted()).toEqual(["fovea", ...commands].toSorted());
  for (const command of commands) {
    const { out: help } = await fovea(command, "--help");
    for (const line of examples[command] ?? []) {
      expect(line).toMatch(new RegExp(`^fovea ${command}( |$)`));
      expect(help).toContain(`\n  ${line}\n`);
    }
  }
});

// `doctor` is tried on its own.
const lines = Object.values(examples)
  .flat()
  .filter((line) => line !== "fovea doctor");
test.each(lines)("%s", async (line) => {
  const [, ...words] = line.replace(/ *[>#].*$/, "").split(" ");
  const { code, err } = await fovea(...words.map((word) => word.replace(/^out\b/, join(folder, "out"))));
  expect({ code, err: err.match(/error.*/) }).toEqual({ code: 0, err: null });
});
