/** Options that commands share, parsed into plain records; a malformed one is a usage error (exit 2). */
import { fail } from "../diagnostics/diagnostic.ts";

export interface Common {
  readonly json?: boolean;
  readonly name?: string;
  readonly dim: Readonly<Record<string, number>>;
  readonly set: Readonly<Record<string, number>>;
  readonly input: readonly string[];
  readonly inputs?: string;
  readonly seed: number;
}

/** What stands where a command has no such option, or it was not given. */
export const defaults: Common = { dim: {}, set: {}, input: [], seed: 0 };

/** Collects `NAME=NUMBER`, several times, each name once. */
export function collectNumbers(
  option: string,
  integer: boolean,
): (text: string, before?: Readonly<Record<string, number>>) => Readonly<Record<string, number>> {
  return (text, before = {}) => {
    const [, name, number = ""] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
    const value = numberOf(number);
    if (name === undefined || value === undefined || (integer && (!Number.isSafeInteger(value) || value < 0))) {
      return fail("FOV0001", `${option} needs NAME=${integer ? "a size" : "a number"}, not \`${text}\``, {
        help: `such as \`${option} ${integer ? "D=64" : "w=128"}\``,
      });
    }
    if (Object.hasOwn(before, name) && before[name] !== value) {
      return fail("FOV0001", `${option} gives \`${name}\` twice, as ${before[name]} and as ${value}`, {
        help: "give it once",
      });
    }
    return { ...before, [name]: value };
  };
}

/** A finite number as people write one; `Number` alone would also take spaces for 0. */
function numberOf(text: string): number | undefined {
  if (!/^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

export function seedOf(text: string): number {
  const value = numberOf(text);
  if (value === undefined || !Number.isSafeInteger(value))
    return fail("FOV0001", `--seed needs an integer, not \`${text}\``, { help: "such as `--seed 7`" });
  return value;
}

export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** `wasm,c` as a list without repeats. */
export function targetsOf(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    fail("FOV0001", `--target needs names with commas between them, not \`${text}\``, {
      help: "such as `--target wasm,c`",
    });
  return [...new Set(names)];
}
