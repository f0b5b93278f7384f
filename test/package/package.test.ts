/** The package: what is in it, whether types and modules resolve, and its use in a project of somebody else. */
import { readFileSync, writeFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectLinks, follow, pages } from "./guide.ts";
import { install, manifestOf, run, tsc, type Installed } from "./installed.ts";

let installed: Installed;
beforeAll(async () => {
  installed = await install();
}, 400_000);
afterAll(() => installed?.remove());

const source = `attention local(q, k, v: f32[B, H, L, D]) {
  mask causal and window(w)
  param w = 4
  example B = 1, H = 2, L = 24, D = 8
}
`;

describe("the tarball", () => {
  it("is small, and holds what is built and what is read, no source and no test", async () => {
    const bytes = readFileSync(installed.tarball);
    const names = createPackageFromTarballData(bytes)
      .listFiles()
      .map((path) => path.replace("/node_modules/fovea/", ""));
    expect(bytes.length).toBeLessThan(1_000_000);
    expect(names).toEqual(expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md", "bin/fovea.mjs"]));
    expect(names.filter((name) => /(^|[^d])\.ts$|\.test\.|^(src|test|scripts|examples)\//.test(name))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(["dist/src/index.js", "dist/src/index.d.ts", "docs/errors/FOV1001.md"]),
    );
  });

  it("pleases publint", async () => {
    const { messages } = await publint({ pkgDir: installed.unpacked, strict: true, pack: false });
    expect(messages).toEqual([]);
  });

  it("has types that are right wherever ES modules resolve", async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(installed.tarball)));
    if (result.types === false) throw new Error("no types");
    expect(Object.keys(result.entrypoints)).toEqual([".", "./runtime", "./package.json"]);
    // The package is ES modules alone: TypeScript's old resolution, and `require` from CommonJS, are not promised.
    const promised = ["node16-esm", "bundler"];
    const faults = result.problems.filter(
      (each) => !("resolutionKind" in each) || promised.includes(each.resolutionKind),
    );
    expect(faults).toEqual([]);
  });
});

describe("in a project of somebody else", () => {
  it("the command line runs, on the Node that runs npm too", async () => {
    const { project } = installed;
    writeFileSync(join(project, "local.attn"), source);
    const nodes = new Set([process.execPath, process.env["npm_node_execpath"] ?? process.execPath]);
    for (const node of nodes) {
      const fovea = (...words: readonly string[]) => run(node, ["node_modules/.bin/fovea", ...words], project);
      expect((await fovea("--version")).stdout.trim()).toBe(manifestOf(installed.unpacked).version);
      const { stdout } = await fovea("compile", "local.attn", "--target", "wasm,c", "-o", "kernels");
      expect(stdout.split("\n")).toEqual(expect.arrayContaining(["kernels/local.wasm.mjs", "kernels/local.h"]));
      const verified = await fovea("verify", "local.attn", "--target", "wasm", "--strict", "--json");
      expect(JSON.parse(verified.stdout)).toMatchObject({ results: [{ target: "wasm", status: "ok" }] });
    }
  });

  it.each([
    ["nodenext", "nodenext"],
    ["node16", "node16"],
    ["esnext", "bundler"],
  ])("TypeScript with module %s and resolution %s finds types, and what it makes runs", async (module, resolution) => {
    const { project } = installed;
    cpSync(fileURLToPath(new URL("project/use.ts", import.meta.url)), join(project, "use.ts"));
    const manifest: object = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    writeFileSync(join(project, "package.json"), JSON.stringify({ ...manifest, type: "module" }));
    // Every declaration is checked, and none may need the types of Node or of WebGPU.
    writeFileSync(
      join(project, "node.d.ts"),
      'declare module "node:fs" { export function writeFileSync(path: string, text: string): void }\n',
    );
    const compilerOptions = {
      module,
      moduleResolution: resolution,
      target: "es2023",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      types: [],
      outDir: "built",
      rootDir: ".",
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts", "node.d.ts"] }));
    await run(process.execPath, [tsc, "-p", "."], project).catch(({ stdout }) => expect(stdout).toBe(""));
    cpSync(join(project, "kernels"), join(project, "built/kernels"), { recursive: true });
    await run(process.execPath, ["built/use.js"], project);
    expect(JSON.parse(readFileSync(join(project, "done.json"), "utf8"))).toMatchObject({ files: 15 });
  });
});

describe.each(pages)("docs/guide/%s", (page) => {
  it("can be typed as it is printed", async () => follow(page, installed.project));
  it("links to what is there", () => expectLinks(page));
});
