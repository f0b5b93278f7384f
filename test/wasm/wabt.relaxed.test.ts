/** wabt reads every relaxed module. */
import { secondOpinion } from "./wabt.ts";

secondOpinion("relaxed");
