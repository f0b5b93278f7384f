/** `fovea run`: one attention on one target; outputs go to a tensor file or are summed up on stdout. */
import { fail } from "../../diagnostics/diagnostic.ts";
import { writeTensorFile } from "../../runtime/load.ts";
import type { Tensor } from "../../runtime/tensor.ts";
import { runSpec } from "../../verify/run.ts";
import { inputsOf, specsOf } from "../load.ts";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface RunOptions extends Common {
  readonly target: string;
  readonly out?: string;
  readonly output: string;
}

export async function runCommand(paths: readonly string[], options: RunOptions, terminal: Terminal): Promise<number> {
  const [spec] = specsOf(paths[0] ?? "-", options, terminal, true);
  if (!spec) return exit.no;
  const { sizes, inputs } = inputsOf(spec, options);
  const outputs = await runSpec(spec, options.target, sizes, inputs);
  const tensors = new Map(
    [...outputs].map(([name, { dims, data }]): [string, Tensor] => [
      name,
      { dtype: "f32", dims, data: Float32Array.from(data) },
    ]),
  );
  if (options.out?.endsWith(".npy")) {
    const one = tensors.get(options.output);
    if (!one)
      return fail("FOV0007", `${spec.name} has no output ${options.output}`, {
        help: `it returns ${[...tensors.keys()].join(", ")}`,
      });
    writeTensorFile(options.out, new Map([[options.output, one]]));
  } else if (options.out !== undefined) writeTensorFile(options.out, tensors);
  const described = [...tensors].map(([name, { dims, data }]) => ({
    name,
    dims,
    sum: Array.from(data).reduce((a, x) => a + x, 0),
  }));
  if (options.json)
    terminal.out(
      `${JSON.stringify({ version: 1, ok: true, attention: spec.name, target: options.target, dims: sizes, outputs: described })}\n`,
    );
  else
    for (const { name, dims, sum } of described)
      terminal.out(`${name}: f32[${dims.join(", ")}], sum ${sum.toPrecision(7)}\n`);
  return exit.yes;
}
