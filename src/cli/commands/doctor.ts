/**
 * `fovea doctor`: what this machine can run, found out by running it, and of each missing part what it is for and how
 * to get it here, by the package manager that this machine has.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { check } from "../../compile.ts";
import { FoveaError } from "../../diagnostics/diagnostic.ts";
import { compareRows } from "../../verify/rows.ts";
import { runSpec, targetOf, targets } from "../../verify/run.ts";
import { sampleInputs } from "../../verify/sample.ts";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface Finding {
  readonly what: string;
  readonly found: string | null;
  /** Without it: what does not run, or runs in another way. */
  readonly without: string;
  /** How to get it. */
  readonly help: string;
}

interface Ability {
  readonly target: string;
  readonly runs: boolean;
  /** Why it does not. */
  readonly reason: string | null;
  readonly notes: readonly string[];
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
  const abilities: Ability[] = [];
  for (const target of targets) abilities.push(await abilityOf(target));
  const findings = findingsHere();
  if (options.json) terminal.out(`${JSON.stringify({ version: 1, ok: true, targets: abilities, findings })}\n`);
  else terminal.out(textOf(abilities, findings));
  return exit.yes;
}

/** A small attention, run and held against the oracle. */
async function abilityOf(target: string): Promise<Ability> {
  const [spec] = check("attention small(q, k, v: f32[L, D]) { mask causal }", "doctor").specs;
  const sizes = { L: 4, D: 4 };
  try {
    if (!spec) return { target, runs: false, reason: "the compiler does not work", notes: [] };
    const inputs = sampleInputs(spec, sizes);
    const outputs = await runSpec(spec, target, sizes, inputs);
    const { ok, reason } = compareRows(spec, sizes, inputs, outputs, target === "wgsl" ? "gpu" : "f32");
    const notes = (await (await targetOf(target)).backend.notes?.()) ?? [];
    return { target, runs: ok, reason: ok ? null : (reason ?? "its result is wrong"), notes };
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    return { target, runs: false, reason: error.message, notes: [] };
  }
}

function findingsHere(): readonly Finding[] {
  const node = `Node ${process.version}`;
  const newer = (version: string): string => `install Node ${version} or later: https://nodejs.org or \`npx node@24\``;
  return [
    {
      what: "WASM SIMD",
      found: WebAssembly.validate(simd) ? node : null,
      without: "wasm does not run",
      help: newer("20.19"),
    },
    {
      what: "WASM relaxed SIMD",
      found: WebAssembly.validate(relaxed) ? node : null,
      without: "wasm runs in plain SIMD, which is slower",
      help: newer("22"),
    },
    {
      what: "C: gcc",
      found: versionOf("gcc"),
      without: "c runs by clang, where that is there",
      help: byManager({
        apt: "gcc",
        dnf: "gcc",
        pacman: "gcc",
        apk: "build-base",
        brew: "gcc",
        winget: "BrechtSanders.WinLibs.POSIX.UCRT",
      }),
    },
    {
      what: "C: clang",
      found: versionOf("clang-19") ?? versionOf("clang"),
      without: "c runs by gcc, where that is there; another compiler is named by CC",
      help: byManager({
        apt: "clang-19 libclang-rt-19-dev lld-19",
        dnf: "clang lld",
        pacman: "clang lld",
        apk: "clang lld",
        brew: "llvm",
        winget: "LLVM.LLVM",
      }),
    },
    {
      what: "WGSL: webgpu",
      found: webgpu(),
      without: "wgsl is compiled and not run here; browsers run it",
      help: "npm install webgpu",
    },
    {
      what: "WGSL: Vulkan driver",
      found: driver(),
      without: "wgsl has no adapter to run on",
      help:
        process.platform === "linux"
          ? `${byManager({ apt: "chromium", dnf: "mesa-vulkan-drivers", pacman: "vulkan-swrast", apk: "mesa-vulkan-swrast" })} (runs without a GPU), or the driver of your GPU`
          : "a driver of your GPU comes with the system",
    },
  ];
}

type Manager = "apt" | "dnf" | "pacman" | "apk" | "brew" | "winget";

const commands: Readonly<Record<Manager, readonly [program: string, command: string]>> = {
  apt: ["apt-get", "apt-get install"],
  dnf: ["dnf", "dnf install"],
  pacman: ["pacman", "pacman -S"],
  apk: ["apk", "apk add"],
  brew: ["brew", "brew install"],
  winget: ["winget.exe", "winget install"],
};

/** The command of the first package manager that is here; Debian's where none is. */
function byManager(packages: Readonly<Partial<Record<Manager, string>>>): string {
  const known = (Object.keys(commands) as Manager[]).filter((manager) => packages[manager] !== undefined);
  const manager = known.find((each) => onPath(commands[each][0])) ?? "apt";
  const root = manager === "brew" || manager === "winget" || process.getuid?.() === 0 ? "" : "sudo ";
  return `${root}${commands[manager][1]} ${packages[manager] ?? ""}`;
}

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
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

/** SwiftShader as Chromium has it, or what the system's Vulkan loader would find; other systems bring theirs. */
function driver(): string | null {
  if (process.platform !== "linux") return "the system's own";
  const files = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [],
  );
  const chromium = ["/usr/lib/chromium", "/usr/lib/chromium-browser"].map((path) => `${path}/vk_swiftshader_icd.json`);
  return [...files, ...chromium].find((path) => existsSync(path)) ?? null;
}

function textOf(abilities: readonly Ability[], findings: readonly Finding[]): string {
  const lines = ["Targets, tried on a small attention:"];
  for (const { target, runs, reason, notes } of abilities) {
    lines.push(`  ${runs ? "runs   " : "missing"}  ${target}${reason === null ? "" : `: ${reason}`}`);
    for (const note of notes) lines.push(`           ${note}`);
  }
  lines.push("", "What they run on:");
  for (const { what, found, without, help } of findings) {
    lines.push(
      `  ${found === null ? "missing" : "found  "}  ${what}${found === null ? `: without it ${without}` : `: ${found}`}`,
    );
    if (found === null) lines.push(`           get it: ${help}`);
  }
  return `${lines.join("\n")}\n`;
}
