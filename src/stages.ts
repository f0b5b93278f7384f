/** The text of what a stage of the pipeline made: a Plan or a TileProgram. */
import type { Plan } from "./plan/plan.ts";
import { printPlan } from "./plan/print.ts";
import { printTileProgram } from "./tile/print.ts";
import type { TileProgram } from "./tile/tile.ts";

export const printStage = (made: Plan | TileProgram): string =>
  "stages" in made ? printPlan(made) : printTileProgram(made);
