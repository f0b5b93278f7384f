/**
 * Pictures of a mask: which pairs are kept, which are visited without being kept, and which are never looked at.
 * Takes a grid of cells; gives an SVG or half-block characters for a terminal. Rows are queries, columns keys.
 */
export type Cell = "kept" | "visited" | "skipped";

export interface Grid {
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  readonly cell: (row: number, column: number) => Cell;
}

const colour: Readonly<Record<Cell, string>> = { kept: "#1f6f8b", visited: "#f2b880", skipped: "#f4f4f2" };

export function maskSvg({ title, rows, columns, cell }: Grid): string {
  const size = 4;
  const top = 34;
  const runs: string[] = [];
  for (let r = 0; r < rows; r++) {
    let from = 0;
    for (let c = 1; c <= columns; c++) {
      if (c < columns && cell(r, c) === cell(r, from)) continue;
      const kind = cell(r, from);
      if (kind !== "skipped")
        runs.push(
          `<rect x="${from * size}" y="${top + r * size}" width="${(c - from) * size}" height="${size}" fill="${colour[kind]}"/>`,
        );
      from = c;
    }
  }
  const width = Math.max(columns * size, 330);
  const key = (["kept", "visited", "skipped"] as const)
    .map(
      (kind, n) =>
        `<rect x="${n * 110}" y="${top + rows * size + 12}" width="12" height="12" fill="${colour[kind]}" stroke="#888" stroke-width="0.5"/><text x="${n * 110 + 18}" y="${top + rows * size + 22}">${kind === "visited" ? "visited only" : kind}</text>`,
    )
    .join("");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top + rows * size + 34}" font-family="system-ui, sans-serif" font-size="12">`,
    `<text x="0" y="14" font-weight="bold">${escape(title)}</text><text x="0" y="29" fill="#666">queries down, keys across</text>`,
    `<rect x="0" y="${top}" width="${columns * size}" height="${rows * size}" fill="${colour.skipped}"/>`,
    ...runs,
    key,
    "</svg>",
    "",
  ].join("\n");
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const shade: Readonly<Record<Cell, string>> = { kept: "█", visited: "▒", skipped: "·" };

export function maskText({ title, rows, columns, cell }: Grid): string {
  const lines = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (__, c) => shade[cell(r, c)]).join(""),
  );
  return [title, ...lines, "█ kept  ▒ visited only  · skipped", ""].join("\n");
}

const sign: Readonly<Record<Cell, string>> = { kept: "#", visited: "+", skipped: "." };

/** A string a row, for programs. */
export const maskCells = ({ rows, columns, cell }: Grid): readonly string[] =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (__, c) => sign[cell(r, c)]).join(""));
