/** A thousand random specs through every stage; `valid-b.test.ts` has as many others. */
import { validSpecs } from "./valid.ts";

validSpecs(1, 1000);
