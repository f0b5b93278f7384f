/** Expansions in plain modules. */
import { expansions } from "./expansions.ts";

expansions("plain");
