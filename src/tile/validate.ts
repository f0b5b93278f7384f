/**
 * What must hold of a TileProgram whoever made it: every name is bound before it is used, views name buffers of
 * the right rank, operations agree on rank, lists and tensors exist, index counts equal ranks. Gives one sentence
 * for each violation; a violation is a mistake of the compiler, never of the user.
 */
import { children, type Scalar } from "../scalar/scalar.ts";
import { bindsOf, mapParts } from "./operations/index.ts";
import { isOperation, tensorsOf, type Operation, type Statement, type TileProgram } from "./tile.ts";

interface Scope {
  readonly program: TileProgram;
  readonly ranks: ReadonlyMap<string, number>;
  readonly problems: string[];
}

export function validate(program: TileProgram): readonly string[] {
  const tensors = tensorsOf(program).map((t) => [t.name, t.dims.length] as const);
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
    else if (isOperation(statement)) bindsOf(statement).forEach((name) => bound.add(name));
  }
}

const element = ["r", "c"];

function check(statement: Statement, bound: ReadonlySet<string>, scope: Scope): void {
  const use = (x: Scalar): void => expression(x, bound, scope);
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
      return operation(statement, bound, scope);
  }
}

function operation(op: Operation, bound: ReadonlySet<string>, scope: Scope): void {
  const use = (x: Scalar, more: readonly string[] = []): Scalar => {
    expression(x, more.length ? new Set([...bound, ...more]) : bound, scope);
    return x;
  };
  mapParts(op, {
    scalar: use,
    element: (x) => use(x, element),
    index: (tensor, at) => {
      indexed(tensor, at, scope);
      return at.map((x) => use(x, element));
    },
    list: (name) => {
      listed(name, scope);
      return name;
    },
    view: (view, _, rank) => {
      const found = scope.program.buffers.find((b) => b.name === view.buffer);
      if (!found) scope.problems.push(`${op.kind} names the buffer ${view.buffer}, which the program does not have`);
      const own = view.columns ? 2 : 1;
      if (found && own !== (found.columns ? 2 : 1))
        scope.problems.push(`${op.kind} sees ${view.buffer} with the wrong rank`);
      if (rank !== undefined && own !== rank) scope.problems.push(`${op.kind} needs ${view.buffer} of rank ${rank}`);
      for (const x of [view.row, view.rows, view.columns]) if (x) use(x);
      return view;
    },
  });
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
