/** `fovea completion`: bash runs the script and completes what commander would take; the others name it all. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { failure, fovea, scratch } from "./support.ts";

const { folder, file } = scratch();
const scripts: Record<string, string> = {};
beforeAll(async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out, err } = await fovea("completion", shell);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    scripts[shell] = file(`completion.${shell}`, out);
  }
  mkdirSync(join(folder, "specs"));
  file("one.attn", "");
  file("specs/two.attn", "");
  file("notes.txt", "");
});

/** What bash offers for the last of the words. */
function completed(...words: readonly string[]): readonly string[] {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fovea; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync(
    "bash",
    ["-c", script, "bash", scripts["bash"] ?? "", "fovea", ...words],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.split("\n").filter(Boolean).toSorted();
}

/** The long options and the commands that a help text names. */
const optionsIn = (help: string): readonly string[] => [
  ...new Set(help.match(/^ {2}.*?--[a-z-]+/gm)?.map((line) => line.replace(/.*(--)/, "$1"))),
];
const commandsIn = (help: string): readonly string[] =>
  [...help.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, name = ""]) => name);

describe("bash", () => {
  test.each([
    [["comp"], ["compare", "compile", "completion"]],
    [
      ["view", ""],
      ["one.attn", "specs"],
    ],
    [["view", "specs/"], ["specs/two.attn"]],
    [
      ["run", "one.attn", "--target", "w"],
      ["wasm", "wgsl"],
    ],
    [["run", "one.attn", "--target", "o"], ["oracle"]],
    [
      ["compile", "one.attn", "--target", "wasm,w"],
      ["wasm,wasm", "wasm,wgsl"],
    ],
    [
      ["compile", "one.attn", "--simd", ""],
      ["both", "plain", "relaxed"],
    ],
    [["compile", "one.attn", "-o", ""], ["specs"]],
    [["run", "one.attn", "--inputs", "no"], ["notes.txt"]],
    [["explain", "--stop-after", "le"], ["legalise"]],
    [
      ["completion", ""],
      ["bash", "fish", "zsh"],
    ],
    [["compare", "--dim", ""], []],
  ] as const)("%j", (words, offered) => {
    expect(completed(...words)).toEqual(offered);
  });

  test("knows every command and every option that the help names", async () => {
    const { out } = await fovea("--help");
    const commands = commandsIn(out);
    expect(commands.length).toBeGreaterThan(10);
    expect(completed("")).toEqual(expect.arrayContaining([...commands]));
    for (const command of commands) {
      const { out } = await fovea(command, "--help");
      expect(completed(command, "--")).toEqual(optionsIn(out).toSorted());
    }
  });
});

test("zsh and fish know them too", async () => {
  const commands = commandsIn((await fovea("--help")).out);
  const [zsh, fish] = await Promise.all([fovea("completion", "zsh"), fovea("completion", "fish")]);
  for (const command of commands) {
    expect(fish.out).toContain(`-n __fish_use_subcommand -a ${command} `);
    const arm = zsh.out.split("\n").find((line) => line.startsWith(`    ${command}) _arguments`)) ?? "";
    for (const option of optionsIn((await fovea(command, "--help")).out)) {
      expect(arm).toContain(option);
      expect(fish.out).toMatch(new RegExp(`seen_subcommand_from ${command}' .*-l ${option.slice(2)} `));
    }
  }
});

test("another shell is wrong usage", async () => {
  const { code, diagnostics } = await failure("", "completion", "bsh");
  expect({ code, diagnostics }).toMatchObject({
    code: 2,
    diagnostics: [{ code: "FOV0001", notes: ["help: did you mean `bash`?"] }],
  });
});
