/** What a target asks of the inputs of a call; an unknown one is FOV5001 before any work. */
import { targetOf } from "../verify/run.ts";
import type { Need } from "../verify/call.ts";

/** Targets that need no backend: the float64 oracle and the interpreter of tile programs. */
const interpreters: readonly string[] = ["oracle", "tiles"];

export async function needOf(target: string): Promise<Need> {
  const reads = (): boolean => true;
  if (interpreters.includes(target)) return { reads };
  return { reads, mostBytes: (await targetOf(target)).backend.mostBytes };
}
