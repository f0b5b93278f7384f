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

/** Collects `NAME=NUMBER`, several times. */
export function collectNumbers(
  option: string,
  integer: boolean,
): (text: string, before: Record<string, number>) => Record<string, number> {
  return (text, before) => {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.+)$/.exec(text);
    const value = Number(match?.[2]);
    if (!match?.[1] || !Number.isFinite(value) || (integer && (!Number.isSafeInteger(value) || value < 0))) {
      return fail("FOV0001", `${option} needs NAME=${integer ? "a size" : "a number"}, not ${text}`, {
        help: `such as \`${option} ${integer ? "D=64" : "w=128"}\``,
      });
    }
    return { ...before, [match[1]]: value };
  };
}

export const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];
