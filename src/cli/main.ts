/**
 * The command line: words to calls. Each command is a file in commands/; here stand the options and the exit codes
 * (0 yes, 1 no, 2 wrong usage, 70 our own mistake).
 */
import { Command, CommanderError } from "commander";
import { diagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { benchCommand } from "./commands/bench.ts";
import { checkCommand } from "./commands/check.ts";
import { compareCommand } from "./commands/compare.ts";
import { compileCommand } from "./commands/compile.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { formatCommand } from "./commands/fmt.ts";
import { runCommand } from "./commands/run.ts";
import { verifyCommand } from "./commands/verify.ts";
import { viewCommand } from "./commands/view.ts";
import { examples } from "./examples.ts";
import { collect, collectNumbers, defaults, seedOf } from "./options.ts";
import { exit, guarded, processTerminal, report, type Terminal } from "./terminal.ts";
import { collectLists } from "./variants.ts";
import { version } from "./version.ts";
import { watching } from "./watch.ts";

type Run<O> = (paths: readonly string[], options: O, terminal: Terminal) => Promise<number>;

/** Which of the shared options a command has: those of a spec (--name --dim --set), of its tensors too, of several. */
type Shares = "nothing" | "spec" | "tensors" | "several";

export async function main(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const json = args.includes("--json");
  let code: number = exit.yes;
  const program = new Command("fovea")
    .description("Compiles attention specs to WASM SIMD, WGSL and C kernels")
    .version(version(), "--version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: (text) => (json ? undefined : terminal.err(text)),
      // Said below, with its code.
      outputError: () => {},
    })
    .addHelpText("after", examplesOf("fovea"));
  const add = <O>(name: string, description: string, run: Run<O>, shares: Shares, argument = "<file...>"): Command => {
    const command = program
      .command(`${name} ${argument}`.trim())
      .description(description)
      .option("--json", "print one JSON document")
      .addHelpText("after", examplesOf(name));
    if (shares !== "nothing") addSpecOptions(command, shares === "several");
    if (shares === "tensors" || shares === "several") addTensorOptions(command);
    return command.action(async (...words: readonly unknown[]) => {
      const given = argument ? ([] as unknown[]).concat(words[0]).map(String) : [];
      const options = { ...defaults, written: new Set<string>(), ...(words[argument ? 1 : 0] as object) } as O;
      const once = (): Promise<number> => guarded(terminal, { json, args }, () => run(given, options, terminal));
      const { watch } = options as { readonly watch?: boolean };
      code = await (watch === true ? watching(given, terminal, once) : once());
    });
  };
  const again = ["-W, --watch", "again whenever a file changes"] as const;
  add("check", "say what is wrong with a spec", checkCommand, "spec").option(...again);
  add("fmt", "print the canonical layout", formatCommand, "nothing")
    .option("--check", "only say whether it is so already")
    .option("-w, --write", "write it back");
  const seeing = (command: Command): Command =>
    command
      .option("--dump <pass>", "print to stderr what a pass made, or `all`")
      .option("--stop-after <pass>", "print what a pass made and stop there")
      .option("--time-passes", "print how long each pass took")
      .option("--verify-each", "run what each pass made and compare it with the oracle");
  seeing(add("explain", "what each clause decided and what it saves", explainCommand, "tensors", "<file>")).option(
    "--target <target>",
    "for whose tiles",
    "wasm",
  );
  seeing(add("compile", "write kernels", compileCommand, "tensors"))
    .requiredOption("--target <targets>", "wasm, wgsl, c")
    .option("-o, --out <dir>", "where to", ".")
    .option("--simd <which>", "wasm modules to make: both, plain or relaxed", "both")
    .option("--prefix <name>", "what stands before the names of C files and functions")
    .option("--std <standard>", "what the C may take for granted: c99 or c11", "c99")
    .option("--force", "write over files that were made from another spec")
    .option(...again);
  add("run", "run a kernel", runCommand, "tensors", "<file>")
    .requiredOption("--target <target|oracle|tiles>", "wasm, wgsl, c, or an interpreter: oracle, tiles")
    .option("-o, --out <tensors>", "where outputs go: .npy, .npz or .safetensors; `-` is stdout")
    .option("--output <name>", "only this output (a .npy gets `o` if not said)");
  add("verify", "run targets against the oracle", verifyCommand, "tensors", "<path...>")
    .option("--target <targets>", "targets, or `all`", "all")
    .option("--strict", "a skipped target fails");
  add("bench", "time kernels on this machine", benchCommand, "tensors")
    .option("--target <targets>", "targets, or `all`", "wasm")
    .option("--threads <n>", "threads of a kernel", "1")
    .option("--page <dir>", "write a page that runs the same kernels in a browser");
  add("compare", "patterns side by side: what they keep, cost and lose", compareCommand, "several").option(
    "--target <target>",
    "where they run",
    "wasm",
  );
  add("view", "draw the mask", viewCommand, "tensors", "<file>").option(
    "-o, --out <picture>",
    "write a picture: .svg or .png; `-` is SVG on stdout",
  );
  add("doctor", "what this machine can run", doctorCommand, "nothing", "");
  add("completion", "what a shell needs to complete commands", completionCommand(program), "nothing", "<shell>");
  return guarded(terminal, { json, args }, async () => {
    try {
      await program.parseAsync([...args], { from: "user" });
      return code;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return exit.yes;
      // Without a command commander has printed the help.
      if (error.code === "commander.help" && !json) return exit.usage;
      return report(terminal, [usage(error)], json);
    }
  });
}

const examplesOf = (name: string): string =>
  ["", "Examples:", ...(examples[name] ?? []).map((line) => `  ${line}`)].join("\n");

function addSpecOptions(command: Command, several: boolean): void {
  command
    .option(
      several ? "--name <a,b>" : "--name <attention>",
      several ? "only these attentions" : "which attention of the file",
    )
    .option("--dim <name=size>", "fix a dimension", collectNumbers("--dim", true));
  if (several) command.option("--set <param=values>", "a row for each value: `w=64,128,256`", collectLists);
  else command.option("--set <param=value>", "override a param", collectNumbers("--set", false));
}

function addTensorOptions(command: Command): void {
  command
    .option("--input <name=file>", "a tensor: .npy, .npz#member, .safetensors#member", collect)
    .option("--inputs <tensors>", "tensors by name from a .npz or .safetensors")
    .option("--seed <n>", "seed of sampled inputs (0 if not said)", seedOf);
}

/** `error: unknown command 'chek'` and, on a line of its own, `(Did you mean check?)`. */
function usage({ code, message }: CommanderError): Diagnostic {
  if (code === "commander.help")
    return diagnostic("FOV0001", "no command is given", { help: "`fovea --help` lists them" });
  const [first = "", ...more] = message.replace(/^error: /, "").split("\n");
  const suggestion = /\(Did you mean (?:one of )?(.+)\?\)/.exec(more.join(" "))?.[1];
  return diagnostic("FOV0001", first.replaceAll("'", "`"), {
    help: suggestion ? `did you mean \`${suggestion}\`?` : "`fovea --help` lists the commands and their options",
  });
}
