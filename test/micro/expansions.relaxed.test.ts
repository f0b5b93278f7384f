/** Expansions in relaxed modules. */
import { expansions } from "./expansions.ts";

expansions("relaxed");
