/** Names of tensors that stages write: takes the inputs, gives for each name asked for one that nothing has yet. */
import type { SpecInput } from "../spec/spec.ts";

export type FreeName = (name: string) => string;

export function freeNames(inputs: readonly SpecInput[]): FreeName {
  const taken = new Set(inputs.map(({ name }) => name));
  const free: FreeName = (name) => {
    if (taken.has(name)) return free(`${name}_`);
    taken.add(name);
    return name;
  };
  return free;
}
