/**
 * `fovea view`: the mask of one head as a picture: in the terminal, as SVG or as PNG. What is larger than the picture
 * is drawn in cells of several pairs, which say how much of them is kept.
 */
import { lower } from "../../compile.ts";
import { fail } from "../../diagnostics/diagnostic.ts";
import { refuseUnwritable, writeWhole } from "../../runtime/write.ts";
import { host } from "../../targets/index.ts";
import { tileOf } from "../../tile/tile.ts";
import { gridOf } from "../../view/grid.ts";
import { maskCells, maskText } from "../../view/mask.ts";
import { pictureOf } from "../../view/picture.ts";
import { pngOf } from "../../view/png.ts";
import { svgOf } from "../../view/scene.ts";
import { readsOfMask } from "../../verify/call.ts";
import { inputsOf } from "../inputs.ts";
import { specOf } from "../load.ts";
import type { Common } from "../options.ts";
import { exit, type Terminal } from "../terminal.ts";

interface ViewOptions extends Common {
  readonly out?: string;
}

/** Cells of a side at most: what a terminal shows, what a picture does. */
const most = { text: 64, svg: 128, png: 256 };

type Format = keyof typeof most;

/** By the ending of the file; standard output gets SVG. */
function formatOf(out: string | undefined): Format {
  if (out === undefined) return "text";
  if (out === "-" || /\.svg$/i.test(out)) return "svg";
  if (/\.png$/i.test(out)) return "png";
  return fail("FOV0003", `\`${out}\` has an ending that names no format of pictures`, {
    help: "the endings are .svg and .png; without `-o` it is drawn in the terminal",
  });
}

export async function viewCommand(paths: readonly string[], options: ViewOptions, terminal: Terminal): Promise<number> {
  const spec = specOf(paths, options, terminal);
  const format = formatOf(options.out);
  if (options.out !== undefined && options.out !== "-") refuseUnwritable(options.out);
  const { sizes, inputs } = inputsOf(spec, options, readsOfMask(spec));
  const { plan, program } = lower(spec, host);
  const tile = tileOf(program);
  const data = Object.fromEntries([...inputs].map(([name, tensor]) => [name, tensor.data]));
  const grid = gridOf({ spec, plan, sizes, inputs: data, tile }, most[format]);
  const content =
    format === "text" ? maskText(grid) : format === "svg" ? svgOf(pictureOf(grid)) : pngOf(pictureOf(grid));
  if (options.out !== undefined && options.out !== "-") writeWhole(options.out, content);
  if (options.json) {
    const { rows, columns, queries, keys } = grid;
    const said = { version: 1, ok: true, attention: spec.name, dims: sizes, rows, columns, queries, keys };
    terminal.out(`${JSON.stringify({ ...said, cells: maskCells(grid) })}\n`);
  } else if (options.out === undefined || options.out === "-") terminal.out(content);
  return exit.yes;
}
