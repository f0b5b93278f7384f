/** A quarter of the random specs of `npm test`, through every stage. `npm run fuzz` draws more. */
import { validSpecs } from "./valid.ts";

validSpecs(2, 500);
