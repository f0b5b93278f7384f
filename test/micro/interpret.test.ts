/** The micro interpreter itself: what each operation means, and that no access goes astray unseen. */
import { describe, expect, it } from "vitest";
import { interpretMicro } from "../../src/micro/interpret.ts";
import { f32, fma, i32, load, local, op, splat, vf32, type Expr, type MicroProgram } from "../../src/micro/micro.ts";
import type { MicroStatement } from "../../src/micro/micro.ts";
import { printMicroProgram } from "../../src/micro/print.ts";
import { validateMicro } from "../../src/micro/validate.ts";
import { int, size } from "../../src/scalar/scalar.ts";

const x = local("x", "ptr");
const y = local("y", "ptr");

/** y[N] from x[N], both f32; a helper `touch` takes an address. */
function program(body: readonly MicroStatement[], lanes = 4, helper: readonly MicroStatement[] = []): MicroProgram {
  const sizes = [{ name: "n", type: "i32" as const }];
  const pointers = [x, y, local("workspace", "ptr")].map((p) => ({
    name: p.kind === "var" ? p.name : "",
    type: "ptr" as const,
  }));
  const [first, second, last] = pointers;
  if (!first || !second || !last) throw new Error("three pointers");
  const locals = [
    { name: "i", type: "i32" as const },
    { name: "v", type: "vf32" as const },
    { name: "w", type: "vi32" as const },
  ];
  const end: MicroStatement = { kind: "return", value: i32(0) };
  return {
    name: "probe",
    lanes,
    sizes: ["N"],
    inputs: [{ name: "x", dtype: "f32", dims: [size("N")] }],
    outputs: [{ name: "y", dtype: "f32", dims: [int(8)] }],
    functions: [
      { name: "touch", params: [{ name: "at", type: "ptr" }], locals: [], body: helper, exported: false },
      {
        name: "workspace_bytes",
        params: sizes,
        result: "i32",
        locals: [],
        body: [{ kind: "return", value: i32(16) }],
        exported: true,
      },
      {
        name: "run",
        params: [first, second, ...sizes, last],
        result: "i32",
        locals,
        body: [...body, end],
        exported: true,
      },
    ],
  };
}

const run = (p: MicroProgram, values: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8]): number[] => {
  const inputs = new Map([["x", { dims: [values.length], data: Float32Array.from(values) }]]);
  return Array.from(interpretMicro(p, { N: values.length }, inputs).outputs.get("y")?.data ?? []);
};

const keep = (value: Expr, at = 0): MicroStatement => ({ kind: "store", at: y, offset: at, value });
const one = (value: Expr): number | undefined => run(program([keep(value)]))[0];
const lanes = (value: Expr): number[] => run(program([keep(value)])).slice(0, 4);

describe("operations", () => {
  const big = f32(16777216);
  it("round every f32 operation", () => {
    expect(one(op("add", op("add", big, f32(1)), f32(1)))).toBe(16777216);
    expect(lanes(fma(vf32(1 + 2 ** -12), vf32(1 + 2 ** -12), vf32(-1)))).toEqual([
      2 ** -11,
      2 ** -11,
      2 ** -11,
      2 ** -11,
    ]);
    expect(one(op("div", f32(1), f32(3)))).toBe(Math.fround(1 / 3));
  });
  it("give the second operand of min and max where they do not compare", () => {
    const nan = f32(Number.NaN);
    expect(one(op("min", nan, f32(1)))).toBe(1);
    expect(one(op("max", f32(1), nan))).toBeNaN();
    expect(one(op("max", f32(-0), f32(0)))).toBe(0);
    expect(one(op("max", f32(0), f32(-0)))).toBe(-0);
  });
  it("wrap integers to 32 bits and trap as a machine does", () => {
    const least = i32(-0x80000000);
    const real = (e: Expr): Expr => op("float", e);
    expect(one(real(op("mul", op("xor", i32(0x12345678), i32(0)), i32(0x1000))))).toBe(Math.fround(0x45678000));
    expect(one(real(op("sub", least, i32(1))))).toBe(Math.fround(0x7fffffff));
    expect(one(real(op("rem", i32(-7), i32(4))))).toBe(-3);
    expect(one(real(op("quot", i32(-7), i32(4))))).toBe(-1);
    expect(one(real(op("rem", least, i32(-1))))).toBe(0);
    expect(() => one(real(op("quot", least, i32(-1))))).toThrow("-2147483648 divided by -1");
    expect(() => one(real(op("rem", i32(1), i32(0))))).toThrow("1 divided by 0");
  });
  it("compare lanes to masks and select by them", () => {
    const v = load("vf32", x);
    const mask = op("gt", v, vf32(2));
    expect(lanes({ kind: "select", type: "vf32", when: mask, a: v, b: vf32(0) })).toEqual([0, 0, 3, 4]);
    expect(lanes(op("value", op("and", op("bits", v), mask)))).toEqual([0, 0, 3, 4]);
    expect(lanes(op("float", mask))).toEqual([0, 0, -1, -1]);
  });
  it("join lanes neighbours first", () => {
    const reduce: Expr = { kind: "vreduce", type: "f32", op: "add", of: load("vf32", x) };
    const values = [2 ** 24, 1, 1, 1];
    expect(run(program([keep(reduce)]), values)[0]).toBe(Math.fround(2 ** 24 + 2));
    expect(run(program([keep(reduce)], 2), values)[0]).toBe(2 ** 24);
  });
  it("take as many lanes as the program has", () => {
    expect(run(program([keep(splat(load("f32", x)))], 8))).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(run(program([keep({ kind: "loadsplat", type: "vf32", at: x, offset: 4 })], 2)).slice(0, 2)).toEqual([2, 2]);
  });
  it("count with for as far as the bound, and keep the counter", () => {
    const i = local("i", "i32");
    const to = op("add", y, op("shl", i, i32(2)));
    const body: MicroStatement[] = [
      {
        kind: "for",
        name: "i",
        from: i32(1),
        to: i32(6),
        step: 2,
        body: [{ kind: "store", at: to, offset: 0, value: op("float", i) }],
      },
      keep(op("float", i), 0),
    ];
    expect(run(program(body)).slice(0, 6)).toEqual([7, 1, Number.NaN, 3, Number.NaN, 5]);
  });
});

describe("accesses", () => {
  const call = (at: Expr): MicroStatement => ({ kind: "call", fn: "touch", args: [at] });
  const write: MicroStatement = { kind: "store", at: local("at", "ptr"), offset: 0, value: f32(1) };
  it("outside their tensor throw, with the function and the address", () => {
    expect(() => run(program([keep(load("vf32", x, 20))]))).toThrow(
      /^micro: run reads 16 bytes at 84, 4 past the end of the tensor x$/,
    );
    expect(() => run(program([call(op("add", y, i32(32)))], 4, [write]))).toThrow(
      /^micro: touch writes 4 bytes at \d+, 4 past the end of the tensor y$/,
    );
    expect(() => run(program([call(i32(0))], 4, [write]))).toThrow(
      "micro: touch writes 4 bytes at 0, before everything",
    );
    expect(() => run(program([call(i32(-4))], 4, [write]))).toThrow("at -4, before everything");
    expect(() => run(program([call(op("add", local("workspace", "ptr"), i32(16)))], 4, [write]))).toThrow(
      "past the end of the workspace",
    );
  });
  it("to an input or off a word throw", () => {
    expect(() => run(program([call(x)], 4, [write]))).toThrow("which is only read, in the tensor x");
    expect(() => run(program([call(op("add", y, i32(2)))], 4, [write]))).toThrow("not aligned, in the tensor y");
  });
  it("of support functions are checked too", () => {
    const body: MicroStatement[] = [{ kind: "call", fn: "range_unite", args: [x, i32(1), i32(8)] }];
    expect(() => run(program(body), [1])).toThrow(/^micro: range_unite reads 4 bytes at/);
  });
  it("to what was never written show", () => {
    expect(run(program([keep(load("f32", local("workspace", "ptr")))]))[0]).toBeNaN();
    expect(() => run(program([keep(local("v", "vf32"))]))).toThrow("micro: run reads v before it is set");
  });
});

describe("validate", () => {
  const problems = (...body: MicroStatement[]): readonly string[] => validateMicro(program(body));
  it("passes what is right", () => expect(problems(keep(load("vf32", x)))).toEqual([]));
  it.each<[string, MicroStatement]>([
    ["run: z is not declared", { kind: "set", name: "z", value: i32(0) }],
    ["run: v is vf32 and set to f32", { kind: "set", name: "v", value: f32(0) }],
    ["run: nothing is called gone", { kind: "call", fn: "gone", args: [] }],
    ["run: touch takes 1 arguments, not 0", { kind: "call", fn: "touch", args: [] }],
    ["run: extent of range_unite is i32, not f32", { kind: "call", fn: "range_unite", args: [x, i32(1), f32(1)] }],
    ["run: lane 4 of f32, vf32", keep({ kind: "lane", type: "f32", of: local("v", "vf32"), lane: 4 })],
    ["run: add of f32, f32, i32", keep(op("add", f32(1), i32(1)))],
    ["run: v is vf32, not vi32", keep(local("v", "vi32"))],
    ["run: returns f32 instead of i32", { kind: "return", value: f32(0) }],
    [
      "run: the counter i or its bound changes in the body",
      {
        kind: "for",
        name: "i",
        from: i32(0),
        to: local("n", "i32"),
        step: 1,
        body: [{ kind: "set", name: "n", value: i32(0) }],
      },
    ],
  ])("says: %s", (problem, statement) => expect(problems(statement)).toEqual([problem]));
  it("wants a return at the end of a function with a result", () => {
    const p = program([]);
    const cut = p.functions.map((f) => (f.name === "run" ? { ...f, body: [] } : f));
    expect(validateMicro({ ...p, functions: cut })).toEqual(["run: does not end with a return"]);
  });
});

it("prints statements, operands in parentheses where they need them, and constants that read back", () => {
  const i = local("i", "i32");
  const text = printMicroProgram(
    program([
      {
        kind: "for",
        name: "i",
        from: i32(0),
        to: local("n", "i32"),
        step: 4,
        body: [keep(op("mul", op("add", load("vf32", x, 16), vf32(-0)), splat(load("f32", x))))],
      },
      {
        kind: "if",
        when: op("lt", i, i32(3)),
        then: [{ kind: "set", name: "v", value: vf32(1e-40) }],
        otherwise: [{ kind: "call", fn: "touch", args: [y] }],
      },
    ]),
  );
  expect(text).toBe(
    [
      "micro probe, 4 lanes, tensors x: f32, y: f32, sizes N",
      "",
      "fn touch(at: ptr)",
      "",
      "export fn workspace_bytes(n: i32) -> i32",
      "  return 16",
      "",
      "export fn run(x: ptr, y: ptr, n: i32, workspace: ptr) -> i32",
      "  var i32 i",
      "  var vf32 v",
      "  var vi32 w",
      "  for i = 0 .. n by 4",
      "    vf32[y] = (vf32[x + 16] + splat(-0.0)) * splat(f32[x])",
      "  if i < 3",
      "    v = splat(1e-40)",
      "  else",
      "    touch(y)",
      "  return 0",
      "",
    ].join("\n"),
  );
});
