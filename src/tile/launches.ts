/**
 * The launches before the attends: stages that write a tensor which later ones read. Takes the Plan and a stage; gives
 * the tensor, the buffers and the loops that it adds to a program, or nothing for a stage that is no launch of its own.
 */
import type { Plan, Stage } from "../plan/plan.ts";
import { freeName } from "./buffers.ts";
import { contractBuffers, contractLaunch, intermediateOf } from "./contract.ts";
import { featuresBuffers, featuresLaunch, featuresTensor, type Free } from "./features.ts";
import { scanBuffers, scanLaunch, stateTensor } from "./scan.ts";
import { transformedTensor, transformLaunch } from "./transform.ts";
import type { Buffer, Statement, TensorRef } from "./tile.ts";

interface Launch {
  readonly tensor: TensorRef;
  readonly buffers: readonly Buffer[];
  readonly launch: Statement;
}

/** What a stage before the attends adds to a program; they are stages that write a tensor. */
export function launchOf(plan: Plan, stage: Stage): readonly Launch[] {
  const free: Free = (name) => freeName(plan, name);
  switch (stage.kind) {
    case "contract":
      return [
        {
          tensor: intermediateOf(plan, stage),
          buffers: contractBuffers(plan, stage),
          launch: contractLaunch(plan, stage),
        },
      ];
    case "transform":
      return [{ tensor: transformedTensor(plan, stage), buffers: [], launch: transformLaunch(plan, stage) }];
    case "features":
      return [
        {
          tensor: featuresTensor(plan, stage),
          buffers: featuresBuffers(stage, free),
          launch: featuresLaunch(plan, stage, free),
        },
      ];
    case "scan":
      return [
        { tensor: stateTensor(plan, stage), buffers: scanBuffers(plan, free), launch: scanLaunch(plan, stage, free) },
      ];
    default:
      return [];
  }
}

/** Launches share the buffers that they name alike, which then are alike. */
export const distinct = (buffers: readonly Buffer[]): readonly Buffer[] => [
  ...new Map(buffers.map((buffer) => [buffer.name, buffer])).values(),
];
