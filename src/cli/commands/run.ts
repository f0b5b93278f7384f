/** `fovea run`: one attention on one target; outputs go to a tensor file or are summed up on stdout. */
import { fail } from "../../diagnostics/diagnostic.ts";
import { encodeTensorFile, writeTensorFile } from "../../runtime/load.ts";
import { toNumbers, type Tensor } from "../../runtime/tensor.ts";
import { refuseUnwritable } from "../../runtime/write.ts";
import { storedAs } from "../../scalar/storage.ts";
import type { Spec } from "../../spec/spec.ts";
import { runSpec } from "../../verify/run.ts";
import { inputsOf } from "../inputs.ts";
import { specOf } from "../load.ts";
import type { Common } from "../options.ts";
import { needOf } from "../targets.ts";
import { exit, type Terminal } from "../terminal.ts";

interface RunOptions extends Common {
  readonly target: string;
  readonly out?: string;
  readonly output?: string;
}

export async function runCommand(paths: readonly string[], options: RunOptions, terminal: Terminal): Promise<number> {
  const spec = specOf(paths, options, terminal);
  const need = await needOf(options.target);
  refuseOutput(spec, options);
  const { sizes, inputs } = inputsOf(spec, options, need);
  const outputs = await runSpec(spec, options.target, sizes, inputs);
  const tensors = new Map(
    [...outputs].map(([name, { dims, data }]): [string, Tensor] => {
      const dtype = spec.outputs.find((output) => output.name === name)?.dtype ?? "f32";
      return [name, { dtype, dims, data: storedAs(dtype, data) }];
    }),
  );
  const written = chosen(tensors, options);
  if (options.out !== undefined && options.out !== "-") writeTensorFile(options.out, written);
  if (options.out === "-") terminal.out(encodeTensorFile("-.npy", written));
  const described = [...tensors].map(([name, { dtype, dims, data }]) => ({
    name,
    dtype,
    dims,
    sum: toNumbers({ dtype, dims, data }).reduce((a, x) => a + x, 0),
  }));
  const text = options.json
    ? `${JSON.stringify({ version: 1, ok: true, attention: spec.name, target: options.target, dims: sizes, outputs: described })}\n`
    : described
        .map(({ name, dtype, dims, sum }) => `${name}: ${dtype}[${dims.join(", ")}], sum ${sum.toPrecision(7)}\n`)
        .join("");
  // Where the tensor itself is the result, what is said about it is not.
  if (options.out === "-") terminal.err(text);
  else terminal.out(text);
  return exit.yes;
}

/** One output for a .npy and for stdout, all where the format can hold them and none is named. */
function chosen(tensors: ReadonlyMap<string, Tensor>, { out, output }: RunOptions): ReadonlyMap<string, Tensor> {
  const single = output ?? (out === "-" || out?.toLowerCase().endsWith(".npy") ? firstOf(tensors) : undefined);
  return new Map([...tensors].filter(([name]) => single === undefined || name === single));
}

const firstOf = (tensors: ReadonlyMap<string, Tensor>): string | undefined =>
  tensors.has("o") ? "o" : [...tensors.keys()][0];

/** Before the work: a name that is no output, a file that could not be written. */
function refuseOutput(spec: Spec, { out, output }: RunOptions): void {
  const names = spec.outputs.map(({ name }) => name);
  if (output !== undefined && !names.includes(output)) {
    fail("FOV0007", `${spec.name} has no output \`${output}\``, {
      help: `it returns ${names.join(", ")}`,
    });
  }
  if (out === undefined || out === "-") return;
  if (!/\.(npy|npz|safetensors)$/i.test(out)) {
    fail("FOV0003", `\`${out}\` has an ending that names no tensor format`, {
      help: "the endings are .npy, .npz and .safetensors",
    });
  }
  refuseUnwritable(out);
}
