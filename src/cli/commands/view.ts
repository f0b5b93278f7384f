/** `fovea view`: the mask of one head as a picture, in the terminal or as SVG; large masks are sampled. */
import { lower } from "../../compile.ts";
import { sourceOf } from "../../plan/count.ts";
import { rangesOfTile } from "../../plan/tiles.ts";
import { evaluate } from "../../scalar/evaluate.ts";
import type { Scalar } from "../../scalar/scalar.ts";
import { host } from "../../targets/index.ts";
import { chosen } from "../../tile/tile.ts";
import { maskSvg, maskText, type Cell, type Grid } from "../../view/mask.ts";
import { writeWhole } from "../../runtime/write.ts";
import { inputsOf, readsOfMask } from "../inputs.ts";
import { specOf } from "../load.ts";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface ViewOptions extends Common {
  readonly out?: string;
}

export async function viewCommand(paths: readonly string[], options: ViewOptions, terminal: Terminal): Promise<number> {
  const spec = specOf(paths, options, terminal);
  const { sizes, inputs } = inputsOf(spec, options, readsOfMask(spec));
  const { plan, program } = lower(spec, host);
  const tile = chosen(program, "ROWS");
  const source = sourceOf(plan, sizes, Object.fromEntries([...inputs].map(([name, t]) => [name, t.data])));
  const value = (x: Scalar, variables: Readonly<Record<string, number>>): number =>
    evaluate(x, { ...source, variables }, "f32");
  const [L, S] = [value(spec.extents.query, {}), value(spec.extents.key, {})];
  const most = options.out === undefined ? 64 : 128;
  const [rows, columns] = [Math.min(L, most), Math.min(S, most)];
  const head = { b: 0, h: 0, hk: 0 };
  const positionOf = (row: number): number => value(spec.position, { ...head, row });
  const visits = Array.from({ length: Math.ceil(L / tile) }, (_, n) => {
    const first = n * tile;
    return rangesOfTile(
      plan,
      { ...source, variables: head },
      positionOf(first),
      positionOf(Math.min(L, first + tile) - 1),
    ).may;
  });
  const cell = (r: number, c: number): Cell => {
    const row = Math.floor((r * L) / rows);
    const j = Math.floor((c * S) / columns);
    if (value(spec.mask, { ...head, row, i: positionOf(row), j })) return "kept";
    return (visits[Math.floor(row / tile)] ?? []).some(([lo, hi]) => lo <= j && j < hi) ? "visited" : "skipped";
  };
  const grid: Grid = { title: `${spec.name}, L = ${L}, S = ${S}`, rows, columns, cell };
  if (options.out === undefined) terminal.out(maskText(grid));
  else if (options.out === "-") terminal.out(maskSvg(grid));
  else writeWhole(options.out, maskSvg(grid));
  return exit.yes;
}
