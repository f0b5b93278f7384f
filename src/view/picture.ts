/**
 * The picture of a mask: takes a grid, gives a scene with a title, the axes and what the colours mean. The more of a
 * cell is kept, the darker it is; a cell of which anything is kept is never as light as one of which nothing is.
 */
import { isWhole, scaleOf, type Cell, type Grid } from "./mask.ts";
import { hex, type Colour, type Rectangle, type Scene, type Text } from "./scene.ts";

const colours = {
  paper: [255, 255, 255],
  ink: [32, 38, 46],
  faint: [104, 112, 122],
  frame: [150, 158, 168],
  kept: [21, 101, 128],
  visited: [246, 190, 130],
  skipped: [240, 242, 244],
} as const satisfies Readonly<Record<string, Colour>>;

const mix = (from: Colour, to: Colour, share: number): Colour => [
  Math.round(from[0] + (to[0] - from[0]) * share),
  Math.round(from[1] + (to[1] - from[1]) * share),
  Math.round(from[2] + (to[2] - from[2]) * share),
];

/** In eight steps, so that neighbours which differ by little are one rectangle. */
function colourOf({ kept, visited }: Cell): Colour {
  const steps = (share: number): number => Math.ceil(share * 8 - 1e-9) / 8;
  const under = mix(colours.skipped, colours.visited, visited > 0 ? 0.3 + 0.7 * steps(visited) : 0);
  return kept > 0 ? mix(under, colours.kept, 0.2 + 0.8 * steps(kept)) : under;
}

const margin = { left: 64, top: 74, right: 24, side: 24 };
/** Pixels of the longer side of the mask, about. */
const wide = 512;

/** Room for one cell: whole pixels, at most 24, and enough for a side of few cells to be seen. */
function cellSizes({ rows, columns }: Grid): readonly [width: number, height: number] {
  const even = Math.max(1, Math.min(24, Math.floor(wide / Math.max(1, rows, columns))));
  const atLeast = (count: number): number =>
    count * even < 48 ? Math.min(24, Math.ceil(48 / Math.max(1, count))) : even;
  return [atLeast(columns), atLeast(rows)];
}

export function pictureOf(grid: Grid): Scene {
  const [width, height] = cellSizes(grid);
  const area = { x: margin.left, y: margin.top, width: grid.columns * width, height: grid.rows * height };
  const legend = legendOf(grid, area.y + area.height + 22);
  const bottom = area.y + area.height + 22 + 20 * legend.length;
  const axes = axesOf(grid, area);
  const letters = { title: 9, body: 6 };
  const whole = Math.max(
    area.x + area.width + margin.right,
    ...[...axes, ...legend.map((row) => row.text)].map(({ x, text, size, anchor }) =>
      anchor === "end" ? 0 : x + text.length * letters[size] + margin.side,
    ),
  );
  const paper: Rectangle = { x: 0, y: 0, width: whole, height: bottom, colour: colours.paper };
  const frame: Rectangle = {
    x: area.x - 1,
    y: area.y - 1,
    width: area.width + 2,
    height: area.height + 2,
    colour: colours.frame,
  };
  const under: Rectangle = { ...area, colour: colours.skipped };
  return {
    width: whole,
    height: bottom,
    rectangles: [
      paper,
      frame,
      under,
      ...cellsOf(grid, area, width, height),
      ...legend.flatMap((row) => row.rectangles),
    ],
    texts: [...axes, ...legend.map((row) => row.text)],
  };
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Neighbours of one colour in a row are one rectangle. */
function cellsOf(grid: Grid, { x, y }: Area, width: number, height: number): readonly Rectangle[] {
  const found: Rectangle[] = [];
  const skipped = hex(colours.skipped);
  for (let r = 0; r < grid.rows; r++) {
    const row = Array.from({ length: grid.columns }, (_, c) => colourOf(grid.cell(r, c)));
    for (let from = 0, c = 1; c <= row.length; c++) {
      const colour = row[from] ?? colours.skipped;
      const next = row[c];
      if (next && hex(next) === hex(colour)) continue;
      if (hex(colour) !== skipped)
        found.push({ x: x + from * width, y: y + r * height, width: (c - from) * width, height, colour });
      from = c;
    }
  }
  return found;
}

function axesOf(grid: Grid, area: Area): readonly Text[] {
  const body = { size: "body", colour: colours.faint } as const;
  const last = (n: number): string => String(Math.max(0, n - 1));
  return [
    { x: margin.side, y: 26, text: grid.title, size: "title", colour: colours.ink, anchor: "start" },
    { x: margin.side, y: 45, text: `queries down, keys across; ${scaleOf(grid)}`, ...body, anchor: "start" },
    { x: area.x, y: area.y - 7, text: "0", ...body, anchor: "start" },
    ...(area.width < 48
      ? []
      : [{ x: area.x + area.width, y: area.y - 7, text: last(grid.keys), ...body, anchor: "end" } as const]),
    { x: area.x - 7, y: area.y + 10, text: "0", ...body, anchor: "end" },
    ...(grid.queries < 2
      ? []
      : [{ x: area.x - 7, y: area.y + area.height - 1, text: last(grid.queries), ...body, anchor: "end" } as const]),
  ];
}

interface LegendRow {
  readonly rectangles: readonly Rectangle[];
  readonly text: Text;
}

function legendOf(grid: Grid, top: number): readonly LegendRow[] {
  const entries: readonly (readonly [readonly Cell[], string])[] = [
    [[{ kept: 1, visited: 1 }], "kept: the query sees the key"],
    ...(isWhole(grid)
      ? []
      : ([[[0.125, 0.5, 0.875].map((kept) => ({ kept, visited: 1 })), "kept in part: the darker, the more"]] as const)),
    [[{ kept: 0, visited: 1 }], "looked at, because a neighbour needs it, and masked"],
    [[{ kept: 0, visited: 0 }], "never looked at"],
  ];
  return entries.map(([cells, text], n) => {
    const y = top + 20 * n;
    const swatches = cells.flatMap((cell, at): readonly Rectangle[] => {
      const [x, width] = [margin.left + (at * 24) / cells.length, 24 / cells.length];
      return [{ x, y, width, height: 12, colour: colourOf(cell) }];
    });
    const border = { x: margin.left - 1, y: y - 1, width: 26, height: 14, colour: colours.frame };
    return {
      rectangles: [border, ...swatches],
      text: { x: margin.left + 34, y: y + 10, text, size: "body", colour: colours.ink, anchor: "start" },
    };
  });
}
