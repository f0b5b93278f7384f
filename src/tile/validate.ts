/**
 * What must hold of a TileProgram whoever made it: every name is bound before it is used, views name buffers of
 * the right rank, operations agree on rank, lists and tensors exist, index counts equal ranks. Gives one sentence
 * for each violation; a violation is a mistake of the compiler, never of the user.
 */
import { children, type Scalar } from "../scalar/scalar.ts";
import type { Operation, Statement, TileProgram, View } from "./tile.ts";

interface Scope {
  readonly program: TileProgram;
  readonly ranks: ReadonlyMap<string, number>;
  readonly problems: string[];
}

export function validate(program: TileProgram): readonly string[] {
  const tensors = [...program.inputs, ...program.outputs].map((t) => [t.name, t.dims.length] as const);
  const buffers = program.buffers.map((b) => [b.name, b.columns ? 2 : 1] as const);
  const names = [...tensors, ...buffers].map(([name]) => name);
  const scope: Scope = { program, ranks: new Map([...tensors, ...buffers]), problems: [] };
  for (const name of names)
    if (names.indexOf(name) !== names.lastIndexOf(name))
      scope.problems.push(`two tensors or buffers are named ${name}`);
  const open = new Set(program.parameters.filter((p) => !p.value).map((p) => p.name));
  for (const { rows, columns } of program.buffers) for (const x of [rows, columns]) if (x) expression(x, open, scope);
  for (const { slots, capacity } of program.lists) [slots, capacity].forEach((x) => expression(x, open, scope));
  block(program.body, open, scope);
  return [...new Set(scope.problems)];
}

/** `bound` is copied: what a block binds is seen by the statements after it in the block, and inside them. */
function block(statements: readonly Statement[], outer: ReadonlySet<string>, scope: Scope): void {
  const bound = new Set(outer);
  for (const statement of statements) {
    check(statement, bound, scope);
    if (statement.kind === "let") bound.add(statement.name);
    if (statement.kind === "finite") bound.add(statement.flag);
    if (statement.kind === "bounds") {
      bound.add(statement.min);
      bound.add(statement.max);
    }
  }
}

const element = ["r", "c"];

function check(statement: Statement, bound: ReadonlySet<string>, scope: Scope): void {
  const use = (x: Scalar, ...more: readonly string[]): void =>
    expression(x, more.length ? new Set([...bound, ...more]) : bound, scope);
  switch (statement.kind) {
    case "let":
      return use(statement.value);
    case "for":
      use(statement.to);
      return block(statement.body, new Set([...bound, statement.name]), scope);
    case "if":
      use(statement.when);
      block(statement.then, bound, scope);
      return block(statement.otherwise, bound, scope);
    case "visit":
      listed(statement.list, scope);
      use(statement.slot);
      if (statement.within) [statement.within.lo, statement.within.hi].forEach((x) => use(x));
      use(statement.step);
      if (statement.step.kind === "const" && statement.step.value <= 0)
        scope.problems.push("a visit needs a positive step");
      return block(statement.body, new Set([...bound, statement.lo, statement.hi]), scope);
    default:
      return operation(statement, bound, scope, use);
  }
}

function operation(
  op: Operation,
  bound: ReadonlySet<string>,
  scope: Scope,
  use: (x: Scalar, ...more: readonly string[]) => void,
): void {
  const see = (view: View, rank?: number): void => {
    const found = scope.program.buffers.find((b) => b.name === view.buffer);
    if (!found) scope.problems.push(`${op.kind} names the buffer ${view.buffer}, which the program does not have`);
    const own = view.columns ? 2 : 1;
    if (found && own !== (found.columns ? 2 : 1))
      scope.problems.push(`${op.kind} sees ${view.buffer} with the wrong rank`);
    if (rank !== undefined && own !== rank) scope.problems.push(`${op.kind} needs ${view.buffer} of rank ${rank}`);
    use(view.row);
    use(view.rows);
    if (view.columns) use(view.columns);
  };
  switch (op.kind) {
    case "load":
      see(op.to);
      indexed(op.tensor, op.at, scope);
      op.at.forEach((x) => use(x, ...element));
      return op.scale ? use(op.scale) : undefined;
    case "store":
      indexed(op.tensor, op.at, scope);
      [...op.at, op.value].forEach((x) => use(x, ...element));
      use(op.rows);
      return op.columns ? use(op.columns) : undefined;
    case "fill":
    case "map":
      see(op.to);
      if (op.kind === "map" && op.reduce) see(op.reduce.to, 1);
      return use(op.value, ...element);
    case "reduce":
      see(op.to, 1);
      return see(op.from, 2);
    case "dot":
      return [op.to, op.a, op.b].forEach((view) => see(view, 2));
    case "rescale":
      see(op.to);
      return see(op.by, 1);
    case "finite":
      return see(op.of);
    case "bounds":
      use(op.rows);
      return use(op.value, "r");
    case "unite":
      listed(op.list, scope);
      [op.slot, op.extent].forEach((x) => use(x));
      for (const term of op.terms) {
        const names = term.over.map((o) => o.name);
        for (const [n, o] of term.over.entries()) [o.from, o.to].forEach((x) => use(x, ...names.slice(0, n)));
        [term.when, term.lo, term.hi].forEach((x) => use(x, ...names));
      }
      return;
    case "join":
      listed(op.list, scope);
      return [op.slot, op.from, op.to].forEach((x) => use(x));
  }
  op satisfies never;
  void bound;
}

function listed(name: string, { program, problems }: Scope): void {
  if (!program.lists.some((l) => l.name === name)) problems.push(`the list ${name} does not exist`);
}

function indexed(tensor: string, at: readonly Scalar[], { ranks, problems }: Scope): void {
  const rank = ranks.get(tensor);
  if (rank === undefined) problems.push(`the tensor ${tensor} does not exist`);
  else if (rank !== at.length) problems.push(`${tensor} has rank ${rank} and is indexed with ${at.length}`);
}

function expression(x: Scalar, bound: ReadonlySet<string>, scope: Scope): void {
  if (x.kind === "var" && !bound.has(x.name))
    scope.problems.push(`the variable ${x.name} is used where it is not bound`);
  if (x.kind === "size" && !scope.program.sizes.includes(x.name))
    scope.problems.push(`the size ${x.name} does not exist`);
  if (x.kind === "read") indexed(x.tensor, x.indices, scope);
  const inner = x.kind === "any" || x.kind === "sum" ? new Set([...bound, x.name]) : bound;
  for (const child of children(x)) expression(child, inner, scope);
}
