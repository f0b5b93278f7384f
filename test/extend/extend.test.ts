/** The table "to add X, touch Y" of ARCHITECTURE.md, held by doing it: in a copy, each X is added and used. */
import { afterEach, expect, test } from "vitest";
import { copyProject, type Copy } from "./copy.ts";

const spec = (clauses: string): string =>
  `attention near(q, k, v: f32[B, H, L, D]) { ${clauses} example B = 1, H = 2, L = 40, D = 8 }`;

const copies: Copy[] = [];
function copy(): Copy {
  const made = copyProject();
  copies.push(made);
  return made;
}
afterEach(() => copies.splice(0).forEach((made) => made.remove()));

const ok = (text: string): string[] => [...text.matchAll(/^(\S+) +ok /gm)].map((m) => m[1] ?? "");

test("a pattern is one line of the prelude", () => {
  const project = copy();
  project.edit(
    "grammar/prelude.attn",
    "pattern diagonal = bi == bj\n",
    "pattern diagonal = bi == bj\npattern near_end(n) = n * j >= (n - 1) * i and j <= i\n",
  );
  project.generate();
  expect(project.misfits()).toEqual([]);
  const { out, err } = project.fovea(spec("mask near_end(2)"), "verify", "-", "--target", "tiles,wasm,c");
  expect(ok(out), err).toEqual(["tiles", "wasm", "c"]);
  expect(project.fovea(spec("mask near_end(2)"), "explain", "-").out).toContain("near_end(2)");
  expect([...project.touched]).toEqual(["grammar/prelude.attn"]);
});

test("a pass is one file and its place in compile.ts", () => {
  const project = copy();
  project.add(
    "src/tile/spell-out.ts",
    `/** spell-out: an example. Gives every buffer's name an ending, wherever it stands. */
import type { TileProgram } from "./tile.ts";

export function spellOut(program: TileProgram): TileProgram {
  const names = new Set(program.buffers.map((b) => b.name));
  const text = JSON.stringify(program, (_, x: unknown) => (typeof x === "string" && names.has(x) ? x + "_spelt" : x === -Infinity ? "-inf" : x));
  return JSON.parse(text, (_, x: unknown) => (x === "-inf" ? -Infinity : x)) as TileProgram;
}
`,
  );
  project.edit(
    "src/compile.ts",
    "import type { TileProgram }",
    'import { spellOut } from "./tile/spell-out.ts";\nimport type { TileProgram }',
  );
  project.edit(
    "src/compile.ts",
    '  { name: "fuse", run: fuse },\n',
    '  { name: "fuse", run: fuse },\n  { name: "spell-out", run: spellOut },\n',
  );
  expect(project.misfits()).toEqual([]);
  const shown = project.fovea(spec("mask causal"), "compile", "-", "--target", "wasm", "--stop-after", "spell-out");
  expect(shown.out, shown.err).toContain("buffer score_tile_spelt: f32[32, 64]\n");
  const timed = project.fovea(spec("mask causal"), "explain", "-", "--time-passes", "--verify-each");
  expect(timed.code, timed.err).toBe(0);
  expect(timed.err).toMatch(/ ms {2}spell-out\n/);
  expect(ok(project.fovea(spec("mask causal"), "verify", "-", "--target", "wasm,c").out)).toEqual(["wasm", "c"]);
  expect([...project.touched]).toEqual(["src/tile/spell-out.ts", "src/compile.ts"]);
});

test("a backend is one folder and one line of the list", () => {
  const project = copy();
  project.add(
    "backends/text/index.ts",
    `/** The text backend: an example. Emits the tile program as text and runs it in the interpreter. */
import { host } from "../../src/targets/index.ts";
import { interpret } from "../../src/tile/interpret.ts";
import { printTileProgram } from "../../src/tile/print.ts";
import type { Backend, Outputs } from "../backend.ts";

export const text: Backend = {
  id: "text",
  title: "the tile program as text",
  device: { ...host, name: "text", backend: "text" },
  emit: (program) => Promise.resolve({ target: "text", files: [{ name: \`\${program.name}.txt\`, content: printTileProgram(program) }] }),
  workspaceBytes: () => Promise.resolve(0),
  prepare: (program, _options, { sizes, inputs }) => {
    const outputs = (): Outputs =>
      new Map([...interpret(program, sizes, inputs).outputs].map(([name, t]) => [name, { dims: t.dims, data: Float32Array.from(t.data) }]));
    return Promise.resolve({ time: (runs) => Promise.resolve(Array.from({ length: runs }, () => (outputs(), 1))), outputs: () => Promise.resolve(outputs()), dispose: () => {} });
  },
};
`,
  );
  project.edit(
    "backends/index.ts",
    "  c: async ()",
    '  text: async () => (await import("./text/index.ts")).text,\n  c: async ()',
  );
  expect(project.misfits()).toEqual([]);
  const source = spec("mask window(5)");
  const verified = project.fovea(source, "verify", "-", "--target", "text");
  expect(ok(verified.out), verified.err).toEqual(["text"]);
  const compiled = project.fovea(source, "compile", "-", "--target", "text", "-o", "made");
  expect(compiled.out, compiled.err).toContain("made/near.txt");
  expect([...project.touched]).toEqual(["backends/text/index.ts", "backends/index.ts"]);
});

test("a tile operation is its type and its row, and a type error in each backend until it is emitted", () => {
  const project = copy();
  project.edit(
    "src/tile/tile.ts",
    "  /** to[r, c] *= by[r]; skipped where every factor is 1. */",
    `  /** to[r, c] *= by */
  | { readonly kind: "amplify"; readonly to: View; readonly by: Scalar }
  /** to[r, c] *= by[r]; skipped where every factor is 1. */`,
  );
  project.add(
    "src/tile/operations/amplify.ts",
    `/** amplify: an example. Every element of a view times one number. */
import { each, place } from "../machine.ts";
import { scalarText, viewText } from "../text.ts";
import * as s from "../../scalar/scalar.ts";
import type { Of, OperationRow } from "./row.ts";

export const amplify: OperationRow<"amplify"> = {
  parts: (op, p) => ({ ...op, to: p.view(op.to, "own", 2), by: p.scalar(op.by) }),
  print: (op) => [\`amplify \${viewText(op.to)} by \${scalarText(op.by)}\`],
  run: (op, machine) => {
    const [to, by] = [place(op.to, machine), machine.value(op.by)];
    each(to, machine, (r, c) => to.put(r, c, to.get(r, c) * by));
  },
};

/** The same as a map, for backends that have nothing better. */
export const asMap = ({ to, by }: Of<"amplify">): Of<"map"> => ({
  kind: "map",
  to,
  value: s.mul(s.read(to.buffer, "f32", [s.add(to.row, s.variable("r")), s.variable("c")]), by),
});
`,
  );
  expect(project.misfits()).toContain("src/tile/operations/index.ts");
  project.edit("src/tile/operations/index.ts", "  rescale,\n  finite,", "  rescale,\n  amplify,\n  finite,");
  project.edit(
    "src/tile/operations/index.ts",
    "import { fill,",
    'import { amplify } from "./amplify.ts";\nimport { fill,',
  );
  const emitters = ["backends/c/operations.ts", "backends/wgsl/operations.ts", "src/micro/block-registers.ts"];
  expect(project.misfits()).toEqual(emitters);

  const row = "/src/tile/operations/amplify.ts";
  const [c, wgsl, micro] = emitters as [string, string, string];
  const takes = 'op: Extract<Operation, { kind: "amplify" }>, cx, out';
  project.edit(
    c,
    "  reduce,\n  dot,\n",
    `  reduce,\n  amplify: (${takes}) => map(op.to, asMap(op).value, cx, out),\n  dot,\n`,
  );
  project.edit(c, "import { bare,", `import { asMap } from "../..${row}";\nimport { bare,`);
  project.edit(
    wgsl,
    "const emitters: Emitters = {\n",
    "const emitters: Emitters = {\n  amplify: (op, cx) => emitters.map(asMap(op), cx),\n",
  );
  project.edit(wgsl, "import { fail } from", `import { asMap } from "../..${row}";\nimport { fail } from`);
  project.edit(
    micro,
    "  dot: emitDot,\n",
    "  amplify: (scope, b, s) => emitOperation(scope, b, asMap(s)),\n  dot: emitDot,\n",
  );
  project.edit(micro, "import { Builder } from", `import { asMap } from "..${row.slice(4)}";\nimport { Builder } from`);
  expect(project.misfits()).toEqual([]);
  const touched = ["src/tile/tile.ts", `${row.slice(1)}`, "src/tile/operations/index.ts", ...emitters];
  expect([...project.touched].sort()).toEqual(touched.sort());

  // It is used: queries are loaded at half their scale, and the scores are doubled again.
  project.edit("src/tile/build.ts", "    scale: scoreIsPlain ?", "    scale: s.mul(s.float(0.5), scoreIsPlain ?");
  project.edit(
    "src/tile/build.ts",
    "s.mul(attend.scale, log2e) : attend.scale,",
    "s.mul(attend.scale, log2e) : attend.scale),",
  );
  expect(project.misfits()).toEqual([]);
  const source = spec("mask causal");
  expect(project.fovea(source, "verify", "-", "--target", "c").out).toMatch(/^c +fail /);
  project.edit(
    "src/tile/attend.ts",
    "    ...maskAndScore(building, scores),",
    '    { kind: "amplify", to: scores, by: s.float(2) },\n    ...maskAndScore(building, scores),',
  );
  expect(project.misfits()).toEqual([]);
  const shown = project.fovea(source, "compile", "-", "--target", "wasm", "--stop-after", "fuse");
  expect(shown.out, shown.err).toContain("amplify score_tile[0 +rows, hi - lo] by 2.0\n");
  const verified = project.fovea(source, "verify", "-", "--target", "c,wasm,wgsl");
  expect(ok(verified.out), verified.out + verified.err).toEqual(["c", "wasm", "wgsl"]);
});
