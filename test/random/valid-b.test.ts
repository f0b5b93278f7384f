/** Random specs through every stage; `valid-a.test.ts` has as many others. `npm run fuzz` draws more. */
import { validSpecs } from "./valid.ts";

validSpecs(2, 60);
