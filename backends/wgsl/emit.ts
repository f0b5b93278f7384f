/**
 * TileProgram → one WGSL module. The leading `parallel` loops become workgroups, the rest is serial code that all
 * 64 threads follow. Sizes that buffers depend on (head sizes) are constants of the module, which whoever makes
 * the pipeline replaces for a call (`specialise`); all others stand in one uniform buffer.
 */
import { fail } from "../../src/diagnostics/diagnostic.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { sizeValue } from "../../src/scalar/evaluate.ts";
import { substitute } from "../../src/scalar/scalar.ts";
import { settled, tensorsOf, type Statement, type TensorRef, type TileProgram } from "../../src/tile/tile.ts";
import { chunk, Context, threads, type Placed } from "./context.ts";
import { library } from "./library.ts";
import { emitGuardedDot, emitOperation } from "./operations.ts";
import { declareList, listName } from "./ranges.ts";
import { identifier, Printer, sizesIn } from "./scalar.ts";
import { arrayType, type Flavour } from "./storage.ts";

export interface Module {
  readonly text: string;
  /** Sizes that are `const` in the text, and those of the uniform buffer in its order (before the four of the launch). */
  readonly constants: readonly string[];
  readonly uniforms: readonly string[];
  /** One after the other. */
  readonly launches: readonly {
    readonly entryPoint: string;
    /** Workgroups = the product of these; each depends on sizes alone. */
    readonly grid: readonly Scalar[];
  }[];
  /** Storage buffers in binding order, from binding 1. */
  readonly bindings: readonly {
    readonly tensor: TensorRef;
    readonly use: "input" | "output" | "intermediate";
  }[];
}

const defaultSize = 64;
const maxStorageBuffers = 8;

interface Launch {
  readonly loops: readonly { readonly name: string; readonly to: Scalar }[];
  /** Lets and loops as they stand. */
  readonly order: readonly (
    | { readonly kind: "let"; readonly name: string; readonly value: Scalar }
    | { readonly kind: "loop"; readonly name: string }
  )[];
  readonly body: readonly Statement[];
}

/** Takes the leading parallel loops off, with the lets between them. */
function launchOf(body: readonly Statement[]): Launch {
  const loops: { name: string; to: Scalar }[] = [];
  const order: Launch["order"][number][] = [];
  const lets: Record<string, Scalar> = {};
  let rest = body;
  for (;;) {
    const last = rest.at(-1);
    const before = rest.slice(0, -1);
    if (last?.kind !== "for" || last.mode !== "parallel" || !before.every((x) => x.kind === "let")) break;
    for (const x of before) {
      order.push(x);
      lets[x.name] = substitute(x.value, lets);
    }
    loops.push({ name: last.name, to: substitute(last.to, lets) });
    order.push({ kind: "loop", name: last.name });
    rest = last.body;
  }
  return { loops, order, body: rest };
}

function statements(list: readonly Statement[], cx: Context): void {
  for (const x of list) statement(x, cx);
}

function statement(x: Statement, cx: Context): void {
  switch (x.kind) {
    case "let": {
      const value = cx.print(x.value);
      cx.line(`let ${cx.bind(x.name)} = ${value};`);
      return;
    }
    case "for": {
      if (x.mode === "parallel") fail("FOV5003", `wgsl: the parallel loop over ${x.name} does not lead`);
      cx.barrier();
      const to = cx.print(x.to);
      const outer = cx.fresh(identifier("v", x.name));
      cx.block(`for (var ${outer} = 0; ${outer} < ${to}; ${outer}++)`, () => {
        cx.bind(x.name, outer);
        statements(x.body, cx);
        cx.barrier();
      });
      return;
    }
    case "if": {
      const guarded = guardedProduct(x);
      if (guarded) {
        emitGuardedDot(guarded, cx.print(x.when), cx);
        return;
      }
      cx.barrier();
      const when = cx.print(x.when);
      const branch = (body: readonly Statement[]) => (): void => {
        statements(body, cx);
        cx.barrier();
      };
      if (x.then.length > 0) cx.block(`if (${when})`, branch(x.then));
      if (x.otherwise.length > 0) cx.block(`if (!${when})`, branch(x.otherwise));
      return;
    }
    case "visit": {
      cx.barrier();
      const list = listName(x.list);
      const [slot, n, lo, hi, from, to] = ["slot", "piece", x.lo, x.hi, "from", "to"].map((name) =>
        cx.fresh(identifier("v", name)),
      );
      const range = `${list}[${slot} * ${list}_capacity + ${n}]`;
      const within = x.within && { lo: cx.print(x.within.lo), hi: cx.print(x.within.hi) };
      cx.line(`let ${slot} = ${cx.print(x.slot)}; // visit ${x.list} in steps of ${settled(x.step)}`);
      cx.block(`for (var ${n} = 0; ${n} < ${list}_count[${slot}]; ${n}++)`, () => {
        cx.line(`let ${from} = ${within ? `max(${range}.x, ${within.lo})` : `${range}.x`};`);
        cx.line(`let ${to} = ${within ? `min(${range}.y, ${within.hi})` : `${range}.y`};`);
        cx.block(`for (var ${lo} = ${from}; ${lo} < ${to}; ${lo} += ${settled(x.step)})`, () => {
          cx.line(`let ${hi} = min(${lo} + ${settled(x.step)}, ${to});`);
          cx.bind(x.lo, lo);
          cx.bind(x.hi, hi);
          statements(x.body, cx);
          cx.barrier();
        });
      });
      return;
    }
    default:
      emitOperation(x, cx);
  }
}

/**
 * `if plain then dot else the same dot, guarded`: the guarded one, otherwise undefined. What makes kept zeros −0 before
 * it is left out, for an implementation of WGSL need not tell −0 from +0: only CPUs are held to NaN of weightless keys.
 */
function guardedProduct(x: Extract<Statement, { kind: "if" }>): Extract<Statement, { kind: "dot" }> | undefined {
  const [then, otherwise] = [x.then[0], x.otherwise.at(-1)];
  if (x.then.length !== 1 || then?.kind !== "dot" || otherwise?.kind !== "dot") return undefined;
  const marks = x.otherwise.slice(0, -1);
  if (!marks.every((y) => y.kind === "let" || (y.kind === "map" && y.to.buffer === otherwise.a.buffer)))
    return undefined;
  const same = JSON.stringify({ ...then, guard: true }) === JSON.stringify(otherwise);
  return same ? otherwise : undefined;
}

function declareBuffer({ buffer, name, place, rowsPerThread }: Placed, printer: Printer): string {
  const columns = buffer.columns ? printer.constant(buffer.columns) : undefined;
  if (place === "streamed") return `// ${buffer.name}: streamed, ${chunk} channels at a time`;
  if (columns === undefined) return `var<workgroup> ${name}: array<${buffer.type}, ${settled(buffer.rows)}>;`;
  if (place === "workgroup")
    return `const ${name}_stride: i32 = ${columns} + 1;\nvar<workgroup> ${name}: array<${buffer.type}, ${settled(buffer.rows)} * ${name}_stride>;`;
  return (
    `const ${name}_across: i32 = (${columns} + ${chunk - 1}) / ${chunk};\nconst ${name}_count: i32 = ${rowsPerThread} * ${name}_across;\n` +
    `var<private> ${name}: array<vec4<${buffer.type}>, ${name}_count>; // thread (ty, tx): ${rowsPerThread} rows, every eighth column`
  );
}

/** What products and reductions share besides the buffers, in elements. */
const stagesOf = (rowsPerThread: number): Readonly<Record<"stage_a" | "stage_b" | "partial", number>> => ({
  stage_a: rowsPerThread * 8 * (chunk + 1),
  stage_b: chunk * (chunk + 1),
  partial: rowsPerThread * 8 * 9,
});

/** Bytes of workgroup memory that the module declares. */
export function workgroupBytes({ buffers }: TileProgram, sizes: Readonly<Record<string, number>>): number {
  const rowsOf = ({ rows }: TileProgram["buffers"][number]): number => settled(rows);
  const held = buffers
    .filter(({ space }) => space === "workgroup")
    .map((b) => rowsOf(b) * (b.columns ? sizeValue(b.columns, sizes) + 1 : 1));
  const rowsPerThread = Math.max(1, ...buffers.map((b) => Math.ceil(rowsOf(b) / 8)));
  const verdict = 1;
  return 4 * [...held, ...Object.values(stagesOf(rowsPerThread)), threads, verdict].reduce((a, n) => a + n, 0);
}

export function emitModule(
  program: TileProgram,
  fixed: Readonly<Record<string, number>>,
  flavour: Flavour = { nativeF16: false },
): Module {
  const bindings: Module["bindings"] = [
    ...program.inputs.map((tensor) => ({ tensor, use: "input" as const })),
    ...program.outputs.map((tensor) => ({ tensor, use: "output" as const })),
    ...(program.intermediates ?? []).map((tensor) => ({ tensor, use: "intermediate" as const })),
  ];
  if (bindings.length > maxStorageBuffers)
    fail(
      "FOV5003",
      `wgsl: ${program.name} has ${bindings.length} tensors, WebGPU promises ${maxStorageBuffers} storage buffers`,
    );
  const shaping = program.buffers.flatMap((b) => (b.columns ? [b.columns] : []));
  const constant = new Set([
    ...Object.keys(fixed).filter((n) => program.sizes.includes(n)),
    ...shaping.flatMap((x) => [...sizesIn(x)]),
  ]);
  const constants = program.sizes.filter((n) => constant.has(n));
  const uniforms = program.sizes.filter((n) => !constant.has(n));
  const sizeText = (n: string): string => (constant.has(n) ? identifier("n", n) : `u.${identifier("n", n)}`);
  const printer = new Printer(tensorsOf(program), sizeText, flavour);
  const lists = program.lists.map((list) => declareList(list));
  const launches = program.body.map((nest, n) => {
    const launch = launchOf([nest]);
    const cx = new Context(program, printer);
    emitLaunch(launch, cx);
    const entryPoint = program.body.length === 1 ? "main" : `main_${n + 1}`;
    const used = lists.filter(({ name }) => cx.lines.some((line) => line.includes(name)));
    return {
      launch,
      entryPoint,
      text: entryText(
        entryPoint,
        cx,
        used.flatMap((l) => l.local),
      ),
      placed: cx.placed,
    };
  });
  const placed = [...(launches[0]?.placed.values() ?? [])];
  const rowsPerThread = Math.max(1, ...placed.map((p) => p.rowsPerThread));
  const text = [
    ...(flavour.nativeF16 ? ["// For devices with the feature shader-f16.", "enable f16;"] : []),
    `// ${program.name}: one workgroup of ${threads} threads (8 × 8) for each ${launches.map((x) => x.launch.loops.map((l) => l.name).join(", ")).join("; then for each ")}`,
    ...constants.map((n) => `const ${identifier("n", n)}: i32 = ${Object.hasOwn(fixed, n) ? fixed[n] : defaultSize};`),
    `struct Sizes {\n${[...uniforms.map((n) => `  ${identifier("n", n)}: i32,`), "  total: i32,", "  grid_width: i32,", "  minus_infinity_bits: u32,", "  nan_bits: u32,"].join("\n")}\n}`,
    "@group(0) @binding(0) var<uniform> u: Sizes;",
    ...bindings.map(({ tensor, use }, n) => {
      const type = arrayType(tensor.dtype, use === "output", flavour);
      return `@group(0) @binding(${n + 1}) var<storage, ${use === "input" ? "read" : "read_write"}> ${identifier("t", tensor.name)}: ${type};`;
    }),
    "",
    ...placed.map((p) => declareBuffer(p, printer)),
    ...Object.entries(stagesOf(rowsPerThread)).map(([name, n]) => `var<workgroup> ${name}: array<f32, ${n}>;`),
    `var<workgroup> votes: array<u32, ${threads}>;`,
    "var<workgroup> verdict: u32;",
    "",
    library.trimEnd(),
    ...lists.map((l) => l.module),
    ...printer.functions,
    "",
    ...launches.flatMap((x) => x.text),
    "",
  ].join("\n");
  const grids = launches.map(({ entryPoint, launch }) => ({ entryPoint, grid: launch.loops.map((l) => l.to) }));
  return { text, constants, uniforms, launches: grids, bindings };
}

/** Which element of its loops a workgroup is, then the serial code. */
function emitLaunch({ loops, order, body }: Launch, cx: Context): void {
  cx.line("var rest = place;");
  const indices = new Map<string, string>();
  for (const { name, to } of [...loops].reverse()) {
    const extent = cx.printer.print(to, { names: new Map(), element: () => undefined });
    const index = cx.fresh(identifier("v", name));
    indices.set(name, index);
    cx.line(`let ${index} = rest % ${extent};`);
    cx.line(`rest = rest / ${extent};`);
  }
  for (const x of order) {
    if (x.kind === "loop") cx.bind(x.name, indices.get(x.name));
    else statement(x, cx);
  }
  statements(body, cx);
}

const entryText = (entryPoint: string, cx: Context, lists: readonly string[]): readonly string[] => [
  `@compute @workgroup_size(${threads})`,
  `fn ${entryPoint}(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {`,
  "  let place = i32(group.x + group.y * u32(u.grid_width));",
  "  if (place >= u.total) { return; }",
  "  let lane = i32(thread);",
  "  let ty = lane / 8;",
  "  let tx = lane % 8;",
  ...[...lists, ...cx.declared].map((line) => `  ${line}`),
  ...cx.lines,
  "}",
];

/** The module with the sizes of a call in place of its constants. */
export function specialise(module: Module, sizes: Readonly<Record<string, number>>): string {
  return module.constants.reduce(
    (text, n) =>
      text.replace(
        new RegExp(`^const ${identifier("n", n)}: i32 = \\d+;`, "m"),
        `const ${identifier("n", n)}: i32 = ${Object.hasOwn(sizes, n) ? sizes[n] : 0};`,
      ),
    module.text,
  );
}
