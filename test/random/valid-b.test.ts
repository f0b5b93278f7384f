/** A thousand random specs through every stage; `valid-a.test.ts` has as many others. */
import { validSpecs } from "./valid.ts";

validSpecs(2, 1000);
