/**
 * Runs any MicroProgram as it stands, on flat memory, with as many lanes as it has. Takes the program, sizes and
 * inputs, gives every output: the tensors are placed, `workspace_bytes` is asked, `run` is called. Slow and plain on
 * purpose: it says whether blocking changed an answer. Guarantees: each f32 operation is rounded, a fma twice, so a
 * target that does the same operations gives the same bits; what is touched outside the tensors and the workspace,
 * or written to an input, throws.
 */
import { sizeValue } from "../scalar/evaluate.ts";
import { elementBytes, numbersOf } from "../scalar/storage.ts";
import type { Interpreted, Tensor } from "../tile/interpret.ts";
import type { TensorRef } from "../tile/tile.ts";
import { scalar, slotOf, vector, type Evaluation, type Frame, type Lanes, type Scalar } from "./evaluate.ts";
import { memoryOf, type Memory, type Region } from "./memory.ts";
import { isVector, partBytes, type Expr, type MicroFunction, type MicroProgram, type MicroStatement } from "./micro.ts";
import { isSupport, support, type SupportName, type Words } from "./support.ts";

export function interpretMicro(
  program: MicroProgram,
  sizes: Readonly<Record<string, number>>,
  inputs: ReadonlyMap<string, Tensor>,
): Interpreted {
  const dimsOf = ({ dims }: TensorRef): number[] => dims.map((d) => sizeValue(d, sizes));
  const region = (tensor: TensorRef, writable: boolean): Region => ({
    name: `the tensor ${tensor.name}`,
    bytes: dimsOf(tensor).reduce((a, d) => a * d, 1) * elementBytes[tensor.dtype],
    writable,
  });
  const list = program.sizes.map((name) => sizes[name] ?? missing(`the size ${name}`));
  const workspace = workspaceBytesOf(program, sizes);
  const memory = memoryOf([
    ...program.inputs.map((t) => region(t, false)),
    ...program.outputs.map((t) => region(t, true)),
    { name: "the workspace", bytes: workspace, writable: true },
  ]);
  const places = memory.regions.map((r) => r.at);
  const { f32, i32, u16, u8 } = memory;
  const words = { f32, i32, f16: u16, bf16: u16, i8: u8, u8, i4: u8, bool: u8 } as const;
  program.inputs.forEach(({ name, dtype }, n) => {
    const { data } = inputs.get(name) ?? missing(`the input ${name}`);
    words[dtype].set(Array.from(data, Number), places[n] / elementBytes[dtype]);
  });
  const status = callerOf(program, memory)("run", [...places.slice(0, -1), ...list, places[places.length - 1]]);
  if (status !== 0) throw new Error(`micro: run gave the status ${status}`);
  return {
    outputs: new Map(
      program.outputs.map((output, n) => {
        const dims = dimsOf(output);
        const first = places[program.inputs.length + n] / elementBytes[output.dtype];
        const stored = words[output.dtype].subarray(first, first + dims.reduce((a, d) => a * d, 1));
        const data = Float64Array.from(numbersOf(output.dtype, stored));
        return [output.name, { dims, data }];
      }),
    ),
  };
}

/** What the program's own `workspace_bytes` says for these sizes. */
export function workspaceBytesOf(program: MicroProgram, sizes: Readonly<Record<string, number>>): number {
  const list = program.sizes.map((name) => sizes[name] ?? missing(`the size ${name}`));
  return callerOf(program, memoryOf([]))("workspace_bytes", list) >>> 0;
}

const missing = (what: string): never => {
  throw new Error(`micro: ${what} is missing`);
};

type Caller = (name: string, args: readonly number[]) => number;
type Call = (args: readonly (number | Lanes)[]) => number;
/** Did it return? Then the result lies in the frame. */
type Step = (frame: Frame) => boolean;

function callerOf(program: MicroProgram, memory: Memory): Caller {
  const own = new Map(program.functions.map((f) => [f.name, f]));
  const made = new Map<string, Call>();
  const callOf = (name: string): Call => {
    const known = made.get(name);
    if (known) return known;
    const f = own.get(name);
    const call: Call = f
      ? compile(f, program.lanes, memory, callOf)
      : isSupport(name)
        ? supportCall(name, memory)
        : missing(`the function ${name}`);
    made.set(name, call);
    return call;
  };
  return (name, args) => callOf(name)(args);
}

function supportCall(name: SupportName, memory: Memory): Call {
  const words: Words = {
    get: (at) => {
      memory.check(name, at, 4, false);
      return memory.i32[at >> 2];
    },
    set: (at, value) => {
      memory.check(name, at, 4, true);
      memory.i32[at >> 2] = value;
    },
  };
  return (args) => {
    support[name].run(words, args.map(Number));
    return 0;
  };
}

/** Slot 0 of the scalars holds the result. */
function compile(f: MicroFunction, lanes: number, memory: Memory, callOf: (name: string) => Call): Call {
  const variables = [...f.params, ...f.locals];
  const slots = new Map(variables.map((v, n) => [v.name, n + 1]));
  const argument = (x: Expr): ((frame: Frame) => number | Lanes) =>
    isVector(x.type) ? vector(x, evaluation) : scalar(x, evaluation);
  const call = (name: string, args: readonly Expr[]): Scalar => {
    const values = args.map(argument);
    return (frame) => callOf(name)(values.map((value) => value(frame)));
  };
  const evaluation: Evaluation = { who: f.name, lanes, memory, slots, call };
  const body = sequence(f.body, evaluation);
  return (args) => {
    const frame: Frame = { scalars: [0], vectors: [] };
    args.forEach((value, n) => {
      if (typeof value === "number") frame.scalars[n + 1] = value;
      else frame.vectors[n + 1] = value;
    });
    body(frame);
    return frame.scalars[0];
  };
}

function sequence(list: readonly MicroStatement[], at: Evaluation): Step {
  const steps = list.map((s) => step(s, at));
  return (frame) => {
    for (const one of steps) if (one(frame)) return true;
    return false;
  };
}

function step(s: MicroStatement, at: Evaluation): Step {
  switch (s.kind) {
    case "set": {
      const slot = slotOf(at, s.name);
      if (isVector(s.value.type)) {
        const value = vector(s.value, at);
        return (f) => ((f.vectors[slot] = value(f)), false);
      }
      const value = scalar(s.value, at);
      return (f) => ((f.scalars[slot] = value(f)), false);
    }
    case "store":
      return store(s, at);
    case "for": {
      const [slot, from, to] = [slotOf(at, s.name), scalar(s.from, at), scalar(s.to, at)];
      const body = sequence(s.body, at);
      return (f) => {
        for (f.scalars[slot] = from(f); f.scalars[slot] < to(f); f.scalars[slot] = (f.scalars[slot] + s.step) | 0)
          if (body(f)) return true;
        return false;
      };
    }
    case "while": {
      const [when, body] = [scalar(s.when, at), sequence(s.body, at)];
      return (f) => {
        while (when(f) !== 0) if (body(f)) return true;
        return false;
      };
    }
    case "if": {
      const [when, then, otherwise] = [scalar(s.when, at), sequence(s.then, at), sequence(s.otherwise, at)];
      return (f) => (when(f) !== 0 ? then(f) : otherwise(f));
    }
    case "call": {
      const call = at.call(s.fn, s.args);
      return (f) => (call(f), false);
    }
    case "return": {
      const value = scalar(s.value, at);
      return (f) => ((f.scalars[0] = value(f)), true);
    }
  }
}

function store(s: MicroStatement & { kind: "store" }, at: Evaluation): Step {
  const { who, memory, lanes } = at;
  const place = scalar(s.at, at);
  const size = s.part ? partBytes[s.part] : 4;
  const bytes = isVector(s.value.type) ? size * lanes : size;
  const target = (f: Frame): number => {
    const found = place(f) + s.offset;
    memory.check(who, found, bytes, true, size);
    return found;
  };
  const words = s.value.type === "f32" || s.value.type === "vf32" ? memory.f32 : memory.i32;
  if (isVector(s.value.type)) {
    const value = vector(s.value, at);
    if (s.part) return (f) => (memory.u16.set(value(f), target(f) >> 1), false);
    return (f) => (words.set(value(f), target(f) >> 2), false);
  }
  const value = scalar(s.value, at);
  if (s.part === "byte") return (f) => ((memory.u8[target(f)] = value(f)), false);
  if (s.part === "half") return (f) => ((memory.u16[target(f) >> 1] = value(f)), false);
  return (f) => ((words[target(f) >> 2] = value(f)), false);
}
