/**
 * Where the Scalars of a Plan find what they read: takes sizes and inputs (flat, row-major, f16 and bf16 as their
 * bits); gives numbers, halves decoded once.
 */
import { evaluate, type Source } from "../scalar/evaluate.ts";
import { isHalf, numbersOf } from "../scalar/storage.ts";
import type { Sizes } from "../spec/spec.ts";
import type { Plan } from "./plan.ts";

export type Inputs = Readonly<Record<string, ArrayLike<number>>>;

export function sourceOf(plan: Plan, sizes: Sizes, inputs: Inputs): Source {
  const none: Source = { sizes, read: () => 0, dims: () => [] };
  const dims = new Map(
    plan.inputs.map((input) => [input.name, input.dims.map((x) => evaluate(x, { ...none, variables: {} }, "f32"))]),
  );
  const decoded = new Map<string, ArrayLike<number>>();
  const numbers = (tensor: string): ArrayLike<number> | undefined => {
    const known = decoded.get(tensor) ?? inputs[tensor];
    const dtype = plan.inputs.find((input) => input.name === tensor)?.dtype;
    if (!known || decoded.has(tensor) || !dtype || !isHalf(dtype)) return known;
    const made = numbersOf(dtype, known);
    decoded.set(tensor, made);
    return made;
  };
  const shape = (tensor: string): readonly number[] => dims.get(tensor) ?? [];
  return {
    sizes,
    dims: shape,
    read: (tensor, indices) => {
      const data = numbers(tensor);
      if (!data) throw new Error(`the plan ${plan.name} reads ${tensor}, which is not given`);
      const extents = shape(tensor);
      let at = 0;
      for (let n = 0; n < indices.length; n++) at = at * extents[n] + indices[n];
      return Number(data[at]);
    },
  };
}
