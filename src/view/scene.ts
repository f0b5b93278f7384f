/** A picture as filled rectangles and lines of text, in pixels from the top left corner; and the same as SVG. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly colour: Colour;
}

export interface Text {
  readonly x: number;
  /** Where the letters stand: their base line. */
  readonly y: number;
  readonly text: string;
  readonly colour: Colour;
  readonly size: "title" | "body";
  readonly anchor: "start" | "end";
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** Later ones lie on earlier ones. */
  readonly rectangles: readonly Rectangle[];
  readonly texts: readonly Text[];
}

export const hex = (colour: Colour): string =>
  `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

const fontSizes = { title: 15, body: 12 } as const;

export function svgOf({ width, height, rectangles, texts }: Scene): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" shape-rendering="crispEdges">`,
    ...rectangles.map(
      (r) => `<rect x="${r.x}" y="${r.y}" width="${r.width}" height="${r.height}" fill="${hex(r.colour)}"/>`,
    ),
    ...texts.map(({ x, y, text, colour, size, anchor }) => {
      const end = anchor === "end" ? ' text-anchor="end"' : "";
      const weight = size === "title" ? ' font-weight="600"' : "";
      return `<text x="${x}" y="${y}" font-size="${fontSizes[size]}" fill="${hex(colour)}"${end}${weight}>${escape(text)}</text>`;
    }),
    "</svg>",
    "",
  ].join("\n");
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
