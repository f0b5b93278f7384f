/** The C backend: readable, freestanding C99 for any compiler; the host compiles and runs it with gcc. */
import { host } from "../../src/targets/index.ts";
import type { Backend } from "../backend.ts";
import { emit } from "./emit.ts";
import { run } from "./host.ts";

export const c: Backend = {
  id: "c",
  title: "C99, freestanding",
  device: host,
  emit,
  run: (program, options, call) => run(program, options, call),
};
