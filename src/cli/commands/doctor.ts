/** `fovea doctor`: what this machine can run, and how to get what is missing. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface Finding {
  readonly what: string;
  readonly found: string | null;
  readonly help: string;
}

export async function doctorCommand(_paths: readonly string[], options: Common, terminal: Terminal): Promise<number> {
  const version = (command: string): string | null => {
    try {
      return (
        execFileSync(command, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(
          "\n",
        )[0] ?? null
      );
    } catch {
      return null;
    }
  };
  const simd = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
  ]);
  const driver =
    ["/usr/lib/chromium/vk_swiftshader_icd.json", "/usr/share/vulkan/icd.d"].find((path) => existsSync(path)) ?? null;
  const findings: readonly Finding[] = [
    {
      what: "WASM SIMD",
      found: WebAssembly.validate(simd) ? `Node ${process.version}` : null,
      help: "use Node 20.19 or later",
    },
    { what: "C: gcc", found: version("gcc"), help: "apt-get install gcc" },
    { what: "C: clang-19", found: version("clang-19"), help: "apt-get install clang-19 libclang-rt-19-dev lld-19" },
    {
      what: "WGSL: Vulkan driver",
      found: driver,
      help: "apt-get install chromium (its SwiftShader driver runs without a GPU)",
    },
  ];
  if (options.json) terminal.out(`${JSON.stringify({ version: 1, findings })}\n`);
  else
    for (const { what, found, help } of findings)
      terminal.out(`${found ? "ok     " : "missing"} ${what.padEnd(20)} ${found ?? help}\n`);
  return exit.yes;
}
