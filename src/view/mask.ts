/**
 * A mask as a grid of cells, for people and for programs. Where a mask is larger than the picture a cell stands for
 * many pairs, and says which share of them is kept and which share is looked at. Rows are queries, columns keys.
 */
export interface Cell {
  /** Share of its pairs that the mask keeps. */
  readonly kept: number;
  /** Share that a kernel looks at; never less than what is kept. */
  readonly visited: number;
}

export interface Grid {
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** How many queries and keys there are: `rows` and `columns`, or more. */
  readonly queries: number;
  readonly keys: number;
  readonly cell: (row: number, column: number) => Cell;
}

export const isWhole = ({ rows, columns, queries, keys }: Grid): boolean => rows === queries && columns === keys;

/** What one cell stands for, in words. */
export const scaleOf = (grid: Grid): string => {
  const each = (all: number, parts: number): string =>
    parts === 0 ? "0" : String(Math.round((10 * all) / parts) / 10);
  return isWhole(grid)
    ? "one cell a pair"
    : `one cell is ${counted(each(grid.queries, grid.rows), "query", "queries")} by ${counted(each(grid.keys, grid.columns), "key", "keys")}`;
};

export const counted = (n: string | number, one: string, many: string): string =>
  `${n} ${String(n) === "1" ? one : many}`;

type Kind = "kept" | "part" | "visited" | "skipped";

function kindOf({ kept, visited }: Cell): Kind {
  if (kept >= 1) return "kept";
  if (kept > 0) return "part";
  return visited > 0 ? "visited" : "skipped";
}

const shade: Readonly<Record<Kind, string>> = { kept: "█", part: "▓", visited: "▒", skipped: "·" };

export function maskText(grid: Grid): string {
  const legend = ["█ kept", ...(isWhole(grid) ? [] : ["▓ kept in part"]), "▒ looked at, not kept", "· never looked at"];
  return [`${grid.title}, ${scaleOf(grid)}`, ...lines(grid, shade), legend.join("  "), ""].join("\n");
}

const sign: Readonly<Record<Kind, string>> = { kept: "#", part: "o", visited: "+", skipped: "." };

/** A string a row, for programs. */
export const maskCells = (grid: Grid): readonly string[] => lines(grid, sign);

const lines = ({ rows, columns, cell }: Grid, signs: Readonly<Record<Kind, string>>): readonly string[] =>
  Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (__, c) => signs[kindOf(cell(r, c))]).join(""),
  );
