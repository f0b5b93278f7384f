/** Random specs through every stage; `valid-b.test.ts` has as many others. `npm run fuzz` draws more. */
import { validSpecs } from "./valid.ts";

validSpecs(1, 60);
