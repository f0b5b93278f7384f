/**
 * The module that a kernel is added to: the support routines (AssemblyScript, compiled into generated/support.ts), with
 * the caller's memory, `env.memory`, which is also the only export. Gives the module and, by the name that
 * micro programs call, the function's name inside. Guarantees: no other import; routines that no one calls go with
 * `remove-unused-module-elements`; no data, so memory belongs to the caller from its first byte.
 */
import { dataSegments, type Binaryen, type Module } from "./binaryen.ts";
import { supportModule } from "./generated/support.ts";

export interface Base {
  readonly m: Module;
  readonly routines: ReadonlyMap<string, string>;
}

export const supportBytes = (): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(supportModule), (character) => character.charCodeAt(0));

export function baseModule(binaryen: Binaryen): Base {
  const m = binaryen.readBinary(supportBytes());
  const exports = Array.from({ length: m.getNumExports() }, (_, n) => binaryen.getExportInfo(m.getExportByIndex(n)));
  const routines = new Map<string, string>();
  let memory = "0";
  for (const { name, value, kind } of exports) {
    m.removeExport(name);
    if (kind === binaryen.ExternalFunction) routines.set(name, value);
    if (kind === binaryen.ExternalMemory) memory = value;
  }
  if (dataSegments(m) > 0) throw new Error("wasm: the support routines hold data");
  // Imported without a maximum, so that any memory of the caller's will do; exported for who holds only the instance.
  m.setMemory(1, -1, "memory", [], false, false, memory);
  m.addMemoryImport(memory, "env", "memory");
  return { m, routines };
}
