/** `fovea verify examples --strict` on C and WASM; wgsl.test.ts runs it for WGSL, to use the pipelines again. */
import { test } from "vitest";
import { verifyExamples } from "./command.ts";

test("every example verifies on c and wasm", () => verifyExamples("c", "wasm"), 900_000);
