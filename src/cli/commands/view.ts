/** `fovea view`: the mask of one head as a picture, in the terminal or as SVG; large masks are sampled. */
import { lower } from "../../compile.ts";
import { sourceOf } from "../../plan/count.ts";
import type { Plan } from "../../plan/plan.ts";
import { rangesOfTile, type Keys } from "../../plan/tiles.ts";
import { writeWhole } from "../../runtime/write.ts";
import { evaluate, type Source } from "../../scalar/evaluate.ts";
import type { Scalar } from "../../scalar/scalar.ts";
import type { Spec } from "../../spec/spec.ts";
import { host } from "../../targets/index.ts";
import { chosen } from "../../tile/tile.ts";
import { maskCells, maskSvg, maskText, type Cell, type Grid } from "../../view/mask.ts";
import { inputsOf, readsOfMask } from "../inputs.ts";
import { specOf } from "../load.ts";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface ViewOptions extends Common {
  readonly out?: string;
}

const head = { b: 0, h: 0, hk: 0 };
/** Rows and columns of a picture at most: what a terminal shows, what an SVG does. */
const most = { text: 64, svg: 128 };

export async function viewCommand(paths: readonly string[], options: ViewOptions, terminal: Terminal): Promise<number> {
  const spec = specOf(paths, options, terminal);
  const { sizes, inputs } = inputsOf(spec, options, readsOfMask(spec));
  const { plan, program } = lower(spec, host);
  const source = sourceOf(plan, sizes, Object.fromEntries([...inputs].map(([name, t]) => [name, t.data])));
  const grid = gridOf(spec, plan, source, chosen(program, "ROWS"), options.out === undefined ? most.text : most.svg);
  if (options.out !== undefined && options.out !== "-") writeWhole(options.out, maskSvg(grid));
  if (options.json) {
    const { rows, columns } = grid;
    const said = { version: 1, ok: true, attention: spec.name, dims: sizes, rows, columns, cells: maskCells(grid) };
    terminal.out(`${JSON.stringify(said)}\n`);
  } else if (options.out === "-") terminal.out(maskSvg(grid));
  else if (options.out === undefined) terminal.out(maskText(grid));
  return exit.yes;
}

function gridOf(spec: Spec, plan: Plan, source: Source, tile: number, limit: number): Grid {
  const value = (x: Scalar, variables: Readonly<Record<string, number>>): number =>
    evaluate(x, { ...source, variables }, "f32");
  const [L, S] = [value(spec.extents.query, {}), value(spec.extents.key, {})];
  const [rows, columns] = [Math.min(L, limit), Math.min(S, limit)];
  const positionOf = (row: number): number => value(spec.position, { ...head, row });
  const known = new Map<number, readonly Keys[]>();
  const visitOf = (n: number): readonly Keys[] => {
    const [first, last] = [n * tile, Math.min(L, (n + 1) * tile) - 1];
    const made =
      known.get(n) ?? rangesOfTile(plan, { ...source, variables: head }, positionOf(first), positionOf(last)).may;
    known.set(n, made);
    return made;
  };
  const cell = (r: number, c: number): Cell => {
    const [row, j] = [Math.floor((r * L) / rows), Math.floor((c * S) / columns)];
    if (value(spec.mask, { ...head, row, i: positionOf(row), j })) return "kept";
    return visitOf(Math.floor(row / tile)).some(([lo, hi]) => lo <= j && j < hi) ? "visited" : "skipped";
  };
  const sampled = rows < L || columns < S ? `, one in ${Math.ceil(Math.max(L / rows, S / columns))} of each` : "";
  return { title: `${spec.name}, L = ${L}, S = ${S}${sampled}`, rows, columns, cell };
}
