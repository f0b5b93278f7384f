/**
 * `fovea completion`: a script that completes commands, options and files in a shell. Takes the tree of commands as
 * commander has it, so that whatever can be typed is in it; gives the text for bash, zsh or fish.
 */
import type { Argument, Command, Option } from "commander";
import { fail } from "../../diagnostics/diagnostic.ts";
import { closest } from "../../diagnostics/suggest.ts";
import { passes } from "../../compile.ts";
import { targets } from "../../verify/run.ts";
import { exit, type Terminal } from "../terminal.ts";

/** What may stand in a place: one of some words, several with commas, a file of an ending, a folder, or anything. */
type Takes =
  | { readonly kind: "words"; readonly words: readonly string[]; readonly several: boolean }
  | { readonly kind: "files"; readonly ending: string }
  | { readonly kind: "folders" }
  | { readonly kind: "anything" };

interface Choice {
  /** `-o`, `--out` */
  readonly flags: readonly string[];
  readonly description: string;
  /** Undefined: it takes nothing. */
  readonly takes: Takes | undefined;
}

interface Branch {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Choice[];
  readonly takes: Takes | undefined;
}

const shells = ["bash", "zsh", "fish"] as const;
const words = (words: readonly string[], several = false): Takes => ({ kind: "words", words, several });

/** By the word that stands for the value in the help. */
const values: Readonly<Record<string, Takes>> = {
  target: words(targets),
  "target|oracle|tiles": words([...targets, "oracle", "tiles"]),
  targets: words([...targets, "all"], true),
  which: words(["both", "plain", "relaxed"]),
  standard: words(["c99", "c11"]),
  pass: words(["all", "spec", "plan", "build-tiles", ...passes.map((pass) => pass.name)]),
  shell: words(shells),
  dir: { kind: "folders" },
  picture: { kind: "files", ending: "" },
  tensors: { kind: "files", ending: "" },
  file: { kind: "files", ending: ".attn" },
  path: { kind: "files", ending: ".attn" },
};

const takesOf = (placeholder: string): Takes =>
  values[placeholder.replaceAll(/[<>[\].]/g, "").trim()] ?? { kind: "anything" };

function branchOf(command: Command): Branch {
  const option = ({ short, long, flags, description, required, optional }: Option): Choice => ({
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    takes: required || optional ? takesOf(flags.split(" ").at(-1) ?? "") : undefined,
  });
  const [argument]: readonly Argument[] = command.registeredArguments;
  const help: Choice = { flags: ["-h", "--help"], description: "print the help of the command", takes: undefined };
  return {
    name: command.name(),
    description: command.description(),
    options: [...command.options.map(option), help],
    takes: argument && takesOf(argument.name()),
  };
}

function completionOf(program: Command, shell: string): string {
  const branches = program.commands.map(branchOf);
  const name = program.name();
  const head = `# Completion of ${name} for ${shell}, made by \`${name} completion ${shell}\`.`;
  switch (shell) {
    case "bash":
      return bash(name, head, branches);
    case "zsh":
      return zsh(name, head, branches);
    case "fish":
      return fish(name, head, branches);
    default: {
      const near = closest(shell, shells);
      return fail("FOV0001", `there is no completion for the shell \`${shell}\``, {
        help: near ? `did you mean \`${near}\`?` : `there are ${shells.join(", ")}`,
      });
    }
  }
}

export const completionCommand =
  (program: Command) =>
  async ([shell = ""]: readonly string[], _options: object, terminal: Terminal): Promise<number> => {
    terminal.out(completionOf(program, shell));
    return exit.yes;
  };

function bash(name: string, head: string, branches: readonly Branch[]): string {
  const words = (list: readonly string[]): string => `_${name}_words "${list.join(" ")}"`;
  const reply = (takes: Takes | undefined): string => {
    switch (takes?.kind) {
      case "words":
        return takes.several ? `_${name}_list "${takes.words.join(" ")}"` : words(takes.words);
      case "files":
        return `_${name}_files "${takes.ending}"`;
      case "folders":
        return `_${name}_folders`;
      case "anything":
      case undefined:
        return ":";
    }
  };
  const valued = branches.flatMap((branch) =>
    branch.options
      .filter((option) => option.takes)
      .map(
        (option) =>
          `    ${option.flags.map((flag) => `"${branch.name} ${flag}"`).join(" | ")}) ${reply(option.takes)}; return ;;`,
      ),
  );
  const plain = branches.map(
    ({ name, options, takes }) =>
      `    ${name}) case "$current" in -*) ${words(options.flatMap((option) => option.flags))} ;; *) ${reply(takes)} ;; esac ;;`,
  );
  return `${head}
_${name}_words() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}
# Names with commas between them: only the last is completed.
_${name}_list() {
  COMPREPLY=($(compgen -P "\${current%"\${current##*,}"}" -W "$1" -- "\${current##*,}"))
}
_${name}_files() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen -d -- "$current"; compgen -f -X "!*$1" -- "$current" | while read -r path; do [ -d "$path" ] || echo "$path"; done))
}
_${name}_folders() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen -d -- "$current"))
}
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    ${words([...branches.map((branch) => branch.name), "--help", "--version"])}
    return
  fi
  case "\${COMP_WORDS[1]} $previous" in
${valued.join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${plain.join("\n")}
  esac
}
complete -F _${name} ${name}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(name: string, head: string, branches: readonly Branch[]): string {
  const bare = (text: string): string => text.replaceAll(/[[\]:\\]/g, (sign) => `\\${sign}`);
  const action = (takes: Takes): string => {
    switch (takes.kind) {
      case "words":
        return takes.several ? `_values -s , value ${takes.words.join(" ")}` : `(${takes.words.join(" ")})`;
      case "files":
        return takes.ending ? `_files -g "*${takes.ending}"` : "_files";
      case "folders":
        return "_files -/";
      case "anything":
        return " ";
    }
  };
  const option = ({ flags, description, takes }: Choice): string => {
    const value = takes ? `:value:${action(takes)}` : "";
    const said = `[${bare(description)}]${value}`;
    if (flags.length > 1) return `'(${flags.join(" ")})'{${flags.join(",")}}${quoted(said)}`;
    // What takes any value, such as --dim, may stand there again.
    return quoted(`${takes?.kind === "anything" ? "*" : ""}${flags.join("")}${said}`);
  };
  const commands = branches.map((branch) => `    ${quoted(`${branch.name}:${branch.description}`)}`);
  const cases = branches.map(
    ({ name, options, takes }) =>
      `    ${name}) _arguments ${[...options.map(option), ...(takes ? [quoted(`*:value:${action(takes)}`)] : [])].join(" ")} ;;`,
  );
  return `#compdef ${name}
${head}
_${name}() {
  local -a commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _${name} ${name}
`;
}

function fish(name: string, head: string, branches: readonly Branch[]): string {
  const given = (takes: Takes | undefined): string => {
    switch (takes?.kind) {
      case "words":
        return ` -x -a ${quoted(takes.words.join(" "))}`;
      case "files":
        return takes.ending ? ` -r -F -a ${quoted(`(__fish_complete_suffix ${takes.ending})`)}` : " -r -F";
      case "folders":
        return ` -x -a '(__fish_complete_directories)'`;
      case "anything":
        return " -x";
      case undefined:
        return "";
    }
  };
  const lines = branches.flatMap((branch) => {
    const when = `-n ${quoted(`__fish_seen_subcommand_from ${branch.name}`)}`;
    const options = branch.options.map(({ flags, description, takes }) => {
      const spelt = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      return `complete -c ${name} ${when} ${spelt.join(" ")} -d ${quoted(description)}${given(takes)}`;
    });
    const argument = branch.takes ? [`complete -c ${name} ${when}${given(branch.takes).replace(" -r", "")}`] : [];
    return [
      `complete -c ${name} -n __fish_use_subcommand -a ${branch.name} -d ${quoted(branch.description)}`,
      ...argument,
      ...options,
    ];
  });
  return `${[head, `complete -c ${name} -f`, ...lines].join("\n")}\n`;
}
