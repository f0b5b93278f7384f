/**
 * What must hold of the sizes of any call of a Spec, as Scalars: its `where`, and the head sizes that kernels are
 * made for. Gives each with the code and the words of its diagnostic, so that loaders can check it by themselves.
 */
import { call, int, isConst, type Scalar } from "../scalar/scalar.ts";
import { printScalar } from "../scalar/print.ts";
import { maxHeadSize } from "./inputs.ts";
import type { Spec } from "./spec.ts";

export interface Condition {
  readonly code: "FOV2106" | "FOV2108" | "FOV4005";
  readonly condition: Scalar;
  readonly text: string;
}

export function conditionsOf({ where, extents }: Spec): readonly Condition[] {
  const { channel, valueChannel } = extents;
  const names = new Map([channel, valueChannel].map((extent) => [printScalar(extent), extent]));
  const heads = [...names].flatMap(([name, extent]): readonly Condition[] => [
    { code: "FOV2106", condition: call("gt", extent, int(0)), text: `${name} > 0` },
    { code: "FOV4005", condition: call("le", extent, int(maxHeadSize)), text: `${name} <= ${maxHeadSize}` },
  ]);
  const said = where.map(({ condition, text }): Condition => ({ code: "FOV2108", condition, text }));
  return [...said, ...heads].filter(({ condition }) => !isConst(condition) || condition.value === 0);
}
