/**
 * The manifest `<a>.wasm.json`: what a caller of the module must know. The ABI: `run(inputs…, outputs…, sizes…,
 * workspace) -> status` takes byte addresses in `memory` (4-aligned; a scalar input is the address of 4 bytes, a
 * bool tensor has one byte an element), then the sizes in order, then a 64-aligned address with
 * `workspace_bytes(sizes…)` bytes behind it; status 0 is success.
 */
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { TensorRef, TileProgram } from "../../src/tile/tile.ts";
import type { EmitOptions } from "../backend.ts";

export function manifestOf(program: TileProgram, { fixed }: EmitOptions): object {
  const tensor = ({ name, type, dims }: TensorRef): object => ({ name, type, dims: dims.map(expression) });
  return {
    version: 1,
    attention: program.name,
    target: "wasm",
    fixed,
    free: program.sizes.filter((name) => !Object.hasOwn(fixed, name)),
    sizes: program.sizes,
    inputs: program.inputs.map(tensor),
    outputs: program.outputs.map(tensor),
    modules: { plain: `${program.name}.wasm`, relaxed: `${program.name}.relaxed.wasm` },
    abi: {
      memory: "exported as `memory`",
      run: ["inputs", "outputs", "sizes", "workspace"],
      workspace: "workspace_bytes(sizes)",
      status: { "0": "ok" },
    },
  };
}

const infix: Readonly<Record<string, string>> = { add: "+", sub: "-", mul: "*" };

/** A dimension as a JavaScript expression over the sizes `s`. */
export function expression(x: Scalar): string {
  if (x.kind === "const") return String(x.value);
  if (x.kind === "size") return `s[${JSON.stringify(x.name)}]`;
  if (x.kind !== "call") throw new Error(`wasm: a dimension of kind ${x.kind}`);
  const args = x.args.map(expression);
  const sign = infix[x.fn];
  if (sign) return `(${args.join(` ${sign} `)})`;
  if (x.fn === "min" || x.fn === "max") return `Math.${x.fn}(${args.join(", ")})`;
  if (x.fn === "idiv") return `(${args[1] ?? ""} === 0 ? 0 : Math.floor(${args.join(" / ")}))`;
  throw new Error(`wasm: a dimension with ${x.fn}`);
}
