/**
 * Is a MicroProgram well formed? Takes the program, gives what is wrong with it, nothing where all is right: every name
 * is declared once and used with its type, calls name a function of the program or a support function and fit it,
 * operands have the types that the operation wants, lanes exist, and a loop's body changes neither its counter nor its
 * bound.
 */
import { isVector, type Expr, type MicroFunction, type MicroProgram, type MicroStatement } from "./micro.ts";
import type { Local, MicroType } from "./micro.ts";
import { isSupport, support } from "./support.ts";
import { operands, parts } from "./walk.ts";

interface Signature {
  readonly params: readonly Local[];
  readonly result?: MicroType;
}

interface Place {
  readonly lanes: number;
  readonly signature: (fn: string) => Signature | undefined;
  readonly types: ReadonlyMap<string, MicroType>;
  readonly result: MicroType | undefined;
  readonly say: (problem: string) => void;
}

export function validateMicro(program: MicroProgram): readonly string[] {
  const problems: string[] = [];
  const own = new Map<string, MicroFunction>();
  for (const f of program.functions) {
    if (own.has(f.name) || isSupport(f.name)) problems.push(`two functions are called ${f.name}`);
    own.set(f.name, f);
  }
  const signature = (fn: string): Signature | undefined => own.get(fn) ?? (isSupport(fn) ? support[fn] : undefined);
  for (const f of program.functions) {
    const say = (problem: string): void => void problems.push(`${f.name}: ${problem}`);
    const types = new Map<string, MicroType>();
    for (const { name, type } of [...f.params, ...f.locals]) {
      if (types.has(name)) say(`${name} is declared twice`);
      types.set(name, type);
    }
    if (f.result !== undefined && f.body.at(-1)?.kind !== "return") say("does not end with a return");
    checkBody(f.body, { lanes: program.lanes, signature, types, result: f.result, say });
  }
  return problems;
}

/** Pointers, integers and truths are all numbers of a scalar register. */
const alike = (a: MicroType, b: MicroType): boolean => a === b || (isNumber(a) && isNumber(b));
const isNumber = (type: MicroType): boolean => type === "i32" || type === "ptr" || type === "bool";

function checkBody(body: readonly MicroStatement[], place: Place): void {
  for (const s of body) {
    for (const x of operands(s)) checkExpr(x, place);
    checkStatement(s, place);
    if (s.kind === "for" || s.kind === "while") checkBody(s.body, place);
    if (s.kind === "if") [s.then, s.otherwise].forEach((side) => checkBody(side, place));
  }
}

function checkStatement(s: MicroStatement, place: Place): void {
  const { types, say } = place;
  switch (s.kind) {
    case "set": {
      const type = types.get(s.name);
      if (type === undefined) say(`${s.name} is not declared`);
      else if (!alike(type, s.value.type)) say(`${s.name} is ${type} and set to ${s.value.type}`);
      return;
    }
    case "store":
      if (!isNumber(s.at.type)) say(`stores at an address of type ${s.at.type}`);
      return;
    case "for": {
      if (!isNumber(types.get(s.name) ?? "f32")) say(`${s.name} counts and is no declared integer`);
      if (!(s.step > 0)) say(`${s.name} does not count upwards`);
      const kept = new Set(s.to.kind === "var" ? [s.name, s.to.name] : [s.name]);
      if (assigns(s.body, kept)) say(`the counter ${s.name} or its bound changes in the body`);
      return;
    }
    case "while":
    case "if":
      if (!isNumber(s.when.type)) say(`a condition of type ${s.when.type}`);
      return;
    case "call":
      return checkCall(s.fn, s.args, undefined, place);
    case "return":
      if (place.result === undefined || !alike(place.result, s.value.type))
        say(`returns ${s.value.type} instead of ${place.result ?? "nothing"}`);
      return;
  }
  s satisfies never;
}

function assigns(body: readonly MicroStatement[], names: ReadonlySet<string>): boolean {
  return body.some((s) => {
    if (s.kind === "set") return names.has(s.name);
    if (s.kind === "for") return names.has(s.name) || assigns(s.body, names);
    if (s.kind === "while") return assigns(s.body, names);
    return s.kind === "if" && (assigns(s.then, names) || assigns(s.otherwise, names));
  });
}

function checkCall(fn: string, args: readonly Expr[], wanted: MicroType | undefined, place: Place): void {
  const called = place.signature(fn);
  if (!called) return place.say(`nothing is called ${fn}`);
  const { params, result } = called;
  if (params.length !== args.length) place.say(`${fn} takes ${params.length} arguments, not ${args.length}`);
  params.forEach(({ name, type }, n) => {
    const given = args[n]?.type ?? type;
    if (!alike(type, given)) place.say(`${name} of ${fn} is ${type}, not ${given}`);
  });
  const fits = wanted === undefined ? result === undefined : result !== undefined && alike(result, wanted);
  if (!fits) place.say(`${fn} gives ${result ?? "nothing"}, not ${wanted ?? "nothing"}`);
}

function checkExpr(x: Expr, place: Place): void {
  const { lanes, types, say } = place;
  for (const part of parts(x)) checkExpr(part, place);
  const want = (what: string, right: boolean): void => {
    if (!right) say(`${what} of ${[x.type, ...parts(x).map((y) => y.type)].join(", ")}`);
  };
  const element = (type: MicroType): boolean => (type === "vf32" ? x.type === "f32" : isNumber(x.type));
  switch (x.kind) {
    case "const":
      return;
    case "var":
      if (!alike(types.get(x.name) ?? "f32", x.type))
        say(`${x.name} is ${types.get(x.name) ?? "undeclared"}, not ${x.type}`);
      return;
    case "load":
    case "loadsplat":
      want(x.kind, isNumber(x.at.type) && (x.kind === "load" || x.type === "vf32"));
      return;
    case "splat":
      want("splat", isVector(x.type) && (x.type === "vf32" ? x.of.type === "f32" : isNumber(x.of.type)));
      return;
    case "gather":
      want(
        "gather",
        x.of.length === lanes && x.of.every((y) => (x.type === "vf32" ? y.type === "f32" : isNumber(y.type))),
      );
      return;
    case "lane":
      want(`lane ${x.lane}`, x.lane >= 0 && x.lane < lanes && isVector(x.of.type) && element(x.of.type));
      return;
    case "vreduce":
      want("vreduce", x.of.type === "vf32" && x.type === "f32");
      return;
    case "fma":
      want("fma", x.type === "vf32" && parts(x).every((y) => y.type === "vf32"));
      return;
    case "select": {
      const mask = x.when.type === "vi32" ? isVector(x.type) : isNumber(x.when.type);
      want("select", mask && alike(x.a.type, x.b.type) && alike(x.type, x.a.type));
      return;
    }
    case "call":
      return checkCall(x.fn, x.args, x.type, place);
    case "op": {
      const [a, b] = x.args;
      // Shifts move all lanes by one amount.
      const amount = (x.op === "shl" || x.op === "shr") && b !== undefined && isNumber(b.type);
      want(x.op, a !== undefined && (b === undefined || amount || alike(a.type, b.type)));
      return;
    }
  }
  x satisfies never;
}
