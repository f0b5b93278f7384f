/**
 * block-registers: from a TileProgram to a MicroProgram. Each tile operation becomes a function over vector
 * registers, loops and conditions become the function `run`. Takes what the target's registers are good for. Guarantees:
 * `run(inputs…, outputs…, sizes…, workspace)` gives 0 and touches only its tensors and `workspace_bytes(sizes…)`
 * bytes from `workspace` on (16-aligned); per element, terms are added in the order of the tile program's k.
 */
import { elementBytes } from "../scalar/storage.ts";
import { settled, type Operation, type OperationTable, type Statement, type TileProgram } from "../tile/tile.ts";
import { Builder } from "./builder.ts";
import { emitMap, emitRescale } from "./elements.ts";
import { i32, local, op, type Expr, type Local, type MicroFunction, type MicroProgram } from "./micro.ts";
import { emitJoin, emitUnite, emitVisit } from "./ranges.ts";
import { emitBounds, emitDot, emitFinite, emitReduce } from "./rows.ts";
import { lowerScalar } from "./scalars.ts";
import { panelRows, scopeOf, variableName, type RegisterTarget, type Scope } from "./scope.ts";
import { emitLoad, emitStore } from "./transfers.ts";

export function blockRegisters(program: TileProgram, target: RegisterTarget): MicroProgram {
  if (panelRows % target.lanes !== 0) throw new Error(`micro: ${target.lanes} lanes do not divide a panel`);
  const scope = scopeOf(program, target, panelsOf(program));
  const sizes = program.sizes.map((name): Local => ({ name: `size.${name}`, type: "i32" }));
  const tensors = [...program.inputs, ...program.outputs].map((t): Local => ({
    name: `tensor.${t.name}`,
    type: "ptr",
  }));

  const measure = new Builder();
  const end = layOut(program, scope, measure, i32(0));
  measure.emit({ kind: "return", value: end });
  const workspace = measure.finish("workspace_bytes", "i32", sizes, true);

  const b = new Builder();
  layOut(program, scope, b, local("workspace", "ptr"));
  emitAll(scope, b, program.body);
  b.emit({ kind: "return", value: i32(0) });
  const params: Local[] = [...tensors, ...sizes, { name: "workspace", type: "ptr" }];
  const run = b.finish("run", "i32", params, true);
  const { name, inputs, outputs } = program;
  const functions = [...scope.functions.values(), workspace, run];
  return { name, lanes: target.lanes, sizes: program.sizes, inputs, outputs, functions };
}

const panelsOf = (program: TileProgram): ReadonlySet<string> =>
  new Set(program.buffers.filter((x) => x.layout?.kind === "panel").map((x) => x.name));

/** Sets the place and stride of every buffer and list; gives the first byte after them. */
function layOut(program: TileProgram, scope: Scope, b: Builder, base: Expr): Expr {
  const end = b.fresh("ptr", "end");
  b.set(end, base);
  const aligned = (bytes: Expr): Expr => op("and", op("add", bytes, i32(63)), i32(-64));
  for (const buffer of program.buffers) {
    const at = b.declare(`${buffer.name}.at`, "ptr");
    b.set(at, end);
    let elements: Expr = i32(Math.ceil(settled(buffer.rows) / panelRows) * panelRows);
    if (buffer.columns) {
      const stride = b.declare(`${buffer.name}.stride`, "i32");
      // Reductions take two vectors at a time.
      const pad = i32(-Math.max(panelRows, 2 * scope.lanes, buffer.pad ?? 1));
      const columns = lowerScalar(scope, b, buffer.columns);
      b.set(stride, op("and", op("add", columns, op("sub", i32(-1), pad)), pad));
      elements = op("mul", stride, elements);
    }
    b.set(end, op("add", end, aligned(op("shl", elements, i32(2)))));
  }
  for (const tensor of program.intermediates ?? []) {
    const at = b.declare(`tensor.${tensor.name}`, "ptr");
    b.set(at, end);
    const extents = tensor.dims.map((d) => op("max", lowerScalar(scope, b, d), i32(0)));
    const elements = extents.reduce((all, extent) => b.let(op("mul", all, extent)), i32(1));
    b.set(end, op("add", end, aligned(op("mul", elements, i32(elementBytes[tensor.dtype])))));
  }
  for (const list of program.lists) {
    const at = b.declare(`${list.name}.list`, "ptr");
    const bytes = b.declare(`${list.name}.bytes`, "i32");
    b.set(at, end);
    b.set(bytes, op("add", op("shl", lowerScalar(scope, b, list.capacity), i32(3)), i32(4)));
    b.set(end, op("add", end, aligned(op("mul", bytes, i32(settled(list.slots))))));
  }
  return op("add", end, i32(64));
}

function emitAll(scope: Scope, b: Builder, statements: readonly Statement[]): void {
  for (const statement of statements) emitOne(scope, b, statement);
}

function emitOne(scope: Scope, b: Builder, s: Statement): void {
  switch (s.kind) {
    case "let": {
      const value = lowerScalar(scope, b, s.value);
      return b.set(b.declare(variableName(s.name, s.value.type), s.value.type), value);
    }
    case "for": {
      const counter = b.declare(variableName(s.name, "i32"), "i32");
      const to = b.let(lowerScalar(scope, b, s.to), "to");
      return b.for(counter, i32(0), to, 1, () => emitAll(scope, b, s.body));
    }
    case "if":
      return b.if(
        lowerScalar(scope, b, s.when),
        () => emitAll(scope, b, s.then),
        () => emitAll(scope, b, s.otherwise),
      );
    case "visit":
      return emitVisit(scope, b, s, () => emitAll(scope, b, s.body));
    default:
      return emitOperation(scope, b, s);
  }
}

type Emitters = {
  readonly [K in Operation["kind"]]: (scope: Scope, b: Builder, s: Extract<Operation, { kind: K }>) => void;
};

const emitters = {
  load: (scope, b, s) => outlined(scope, b, `load_${s.to.buffer}`, (inner) => emitLoad(scope, inner, s)),
  store: (scope, b, s) => outlined(scope, b, `store_${s.tensor}`, (inner) => emitStore(scope, inner, s)),
  fill: (scope, b, s) => outlined(scope, b, `fill_${s.to.buffer}`, (inner) => emitMap(scope, inner, s.to, s.value)),
  map: (scope, b, s) =>
    outlined(scope, b, `map_${s.to.buffer}`, (inner) => emitMap(scope, inner, s.to, s.value, s.reduce)),
  reduce: (scope, b, s) => outlined(scope, b, `${s.op}_${s.from.buffer}`, (inner) => emitReduce(scope, inner, s)),
  rescale: (scope, b, s) => outlined(scope, b, `rescale_${s.to.buffer}`, (inner) => emitRescale(scope, inner, s)),
  dot: emitDot,
  finite: (scope, b, s) => {
    const made = outline(scope, `finite_${s.of.buffer}`, (inner) => emitFinite(scope, inner, s), true);
    b.set(b.declare(variableName(s.flag, "bool"), "bool"), { kind: "call", type: "bool", ...made });
  },
  bounds: emitBounds,
  unite: emitUnite,
  join: emitJoin,
} satisfies Emitters & OperationTable<unknown>;

function emitOperation(scope: Scope, b: Builder, s: Operation): void {
  const emit = emitters[s.kind] as (scope: Scope, b: Builder, s: Operation) => void;
  emit(scope, b, s);
}

/**
 * A function of its own: short functions keep their values in registers and are compiled at once. Operations that
 * differ in the names of what they take alone share one, called after the first.
 */
function outline(scope: Scope, name: string, build: (inner: Builder) => void, truth = false): Outlined {
  const inner = new Builder();
  build(inner);
  const made = inner.finish(`${name}_${scope.counter.value}`, truth ? "bool" : undefined);
  const args = made.params.map((p) => local(p.name, p.type));
  const shape = shapeOf(made);
  const known = scope.shapes.get(shape);
  if (known !== undefined) return { fn: known, args };
  scope.counter.value++;
  scope.shapes.set(shape, made.name);
  scope.functions.set(made.name, made);
  return { fn: made.name, args };
}

interface Outlined {
  readonly fn: string;
  readonly args: readonly Expr[];
}

/** The text of a function without its name, its parameters by their number: equal texts do the same. */
function shapeOf({ params, result, locals, body }: MicroFunction): string {
  const numbers = new Map(params.map((p, n) => [p.name, n]));
  const named = (key: string, value: unknown): unknown => {
    if (key === "name" && typeof value === "string") return numbers.get(value) ?? value;
    return Object.is(value, -0) ? "-0" : typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  };
  return JSON.stringify({ types: params.map((p) => p.type), result, locals, body }, named);
}

function outlined(scope: Scope, b: Builder, name: string, build: (inner: Builder) => void): void {
  b.emit({ kind: "call", ...outline(scope, name, build) });
}
