/** `fovea doctor`: what this machine can run, and how to get what is missing. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface Finding {
  readonly what: string;
  readonly found: string | null;
  /** How to get it. */
  readonly help: string;
}

/** `(func (result v128) …)`: the smallest modules with an instruction of SIMD, and of relaxed SIMD. */
const moduleOf = (...code: readonly number[]): Uint8Array<ArrayBuffer> => {
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];
  return new Uint8Array([...head, code.length + 4, 1, code.length + 2, 0, ...code, 11]);
};
const splat = [65, 0, 253, 15];
const simd = moduleOf(...splat, 253, 98);
const relaxed = moduleOf(...splat, ...splat, 253, 0x80, 2);

export async function doctorCommand(_paths: readonly string[], options: Common, terminal: Terminal): Promise<number> {
  const node = `Node ${process.version}`;
  const findings: readonly Finding[] = [
    { what: "WASM SIMD", found: WebAssembly.validate(simd) ? node : null, help: "use Node 20.19 or later" },
    {
      what: "WASM relaxed SIMD",
      found: WebAssembly.validate(relaxed) ? node : null,
      help: "use Node 22 or later; without it kernels run in plain SIMD",
    },
    { what: "C: gcc", found: versionOf("gcc"), help: "apt-get install gcc" },
    { what: "C: clang-19", found: versionOf("clang-19"), help: "apt-get install clang-19 libclang-rt-19-dev lld-19" },
    { what: "WGSL: webgpu", found: webgpu(), help: "npm install webgpu" },
    {
      what: "WGSL: Vulkan driver",
      found: driver(),
      help: "apt-get install chromium (its SwiftShader driver runs without a GPU)",
    },
  ];
  if (options.json) terminal.out(`${JSON.stringify({ version: 1, ok: true, findings })}\n`);
  else
    for (const { what, found, help } of findings)
      terminal.out(`${found ? "ok     " : "missing"} ${what.padEnd(20)} ${found ?? help}\n`);
  return exit.yes;
}

function versionOf(command: string): string | null {
  try {
    const out = execFileSync(command, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return out.split("\n")[0] ?? null;
  } catch {
    return null;
  }
}

function webgpu(): string | null {
  try {
    return import.meta.resolve("webgpu") && "the package is installed";
  } catch {
    return null;
  }
}

/** SwiftShader as Chromium has it, or what the system's Vulkan loader would find. */
function driver(): string | null {
  const files = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [],
  );
  const chromium = ["/usr/lib/chromium", "/usr/lib/chromium-browser"].map((path) => `${path}/vk_swiftshader_icd.json`);
  return [...files, ...chromium].find((path) => existsSync(path)) ?? null;
}
