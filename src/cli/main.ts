/**
 * The command line: words to calls. Each command is a file in commands/; here stand the options and the exit codes
 * (0 yes, 1 no, 2 wrong usage, 70 our own mistake).
 */
import { Command, CommanderError, Option } from "commander";
import { FoveaError } from "../diagnostics/diagnostic.ts";
import { checkCommand } from "./commands/check.ts";
import { compileCommand } from "./commands/compile.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { formatCommand } from "./commands/fmt.ts";
import { runCommand } from "./commands/run.ts";
import { verifyCommand } from "./commands/verify.ts";
import { viewCommand } from "./commands/view.ts";
import { collect, collectNumbers } from "./options.ts";
import { exit, guarded, report, type Terminal } from "./terminal.ts";

export async function main(args: readonly string[]): Promise<number> {
  const terminal: Terminal = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    color: Boolean(process.stderr.isTTY) && !process.env["NO_COLOR"],
    sources: new Map(),
  };
  const json = args.includes("--json");
  let code: number = exit.yes;
  const program = new Command("fovea")
    .description("Compiles attention specs to WASM SIMD, WGSL and C kernels")
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: (text) => (json ? undefined : terminal.err(text)) });
  const add = <O>(
    name: string,
    description: string,
    run: (paths: readonly string[], options: O, terminal: Terminal) => Promise<number>,
    argument = "<file...>",
  ): Command =>
    program
      .command(`${name} ${argument}`.trim())
      .description(description)
      .option("--json", "print one JSON document")
      .option("--name <attention>", "which attention of the file")
      .option("--dim <name=size>", "fix or give a dimension", collectNumbers("--dim", true), {})
      .option("--set <param=value>", "override a param", collectNumbers("--set", false), {})
      .option("--input <name=file>", "a tensor: .npy, .npz#member, .safetensors#member", collect, [])
      .option("--inputs <file>", "tensors by name from a .npz or .safetensors")
      .addOption(new Option("--seed <n>", "seed of sampled inputs").argParser(Number).default(0))
      .action(async (first: string | readonly string[] | O, second: O) => {
        const given = argument ? ([] as string[]).concat(first as string | string[]) : [];
        const options = (argument ? second : first) as O;
        code = await guarded(terminal, json, () => run(given, options, terminal));
      });
  add("check", "say what is wrong with a spec", checkCommand);
  add("fmt", "print the canonical layout", formatCommand)
    .option("--check", "only say whether it is so already")
    .option("-w, --write", "write it back");
  const seeing = (command: Command): Command =>
    command
      .option("--dump <pass>", "print to stderr what a pass made, or `all`")
      .option("--stop-after <pass>", "print what a pass made and stop there")
      .option("--time-passes", "print how long each pass took")
      .option("--verify-each", "run what each pass made and compare it with the oracle");
  seeing(add("explain", "what each clause decided and what it saves", explainCommand, "<file>")).option(
    "--target <target>",
    "for whose tiles",
    "wasm",
  );
  seeing(add("compile", "write kernels", compileCommand))
    .requiredOption("--target <targets>", "wasm, wgsl, c")
    .option("-o, --out <dir>", "where to", ".")
    .option("--simd <which>", "wasm modules to make: both, plain or relaxed", "both");
  add("run", "run a kernel", runCommand, "<file>")
    .requiredOption("--target <target>", "wasm, wgsl, c, oracle, tiles")
    .option("-o, --out <file>", "where outputs go: .npy or .npz")
    .option("--output <name>", "which output a .npy gets", "o");
  add("verify", "run targets against the oracle", verifyCommand, "<path...>")
    .option("--target <targets>", "targets, or `all`", "all")
    .option("--strict", "a skipped target fails");
  add("view", "draw the mask", viewCommand, "<file>").option("-o, --out <file.svg>", "write an SVG");
  add("doctor", "what this machine can run", doctorCommand, "");
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof FoveaError) return report(terminal, error.diagnostics, json);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exit.yes;
    if (json) terminal.out(`${JSON.stringify({ version: 1, ok: false, diagnostics: [usage(error.message)] })}\n`);
    return exit.usage;
  }
  return code;
}

const usage = (message: string): object => ({
  code: "FOV0001",
  severity: "error",
  message: message.replace(/^error: /, ""),
  file: null,
  span: null,
  notes: [],
  fixes: [],
});
