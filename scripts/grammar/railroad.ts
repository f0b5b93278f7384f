/**
 * The grammar as railroad diagrams on one static page: what a track passes through, from left to right, is a text that
 * the rule takes. Takes the rules; gives HTML with SVG in it, without a script and without anything from elsewhere.
 */
import { rules, type Node } from "./rules.ts";

/** A part of a track. It is entered on the left and left on the right, both at height 0. */
interface Part {
  readonly width: number;
  /** How far it reaches above and below the line that it is entered on. */
  readonly up: number;
  readonly down: number;
  readonly draw: (x: number, y: number) => string;
}

const gap = 10;
const bend = 10;
const letter = 7.9;

const line = (x: number, y: number, to: number): string => (x === to ? "" : `<path d="M${n(x)} ${n(y)}H${n(to)}"/>`);
const n = (x: number): string => String(Math.round(10 * x) / 10);
const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const nothing: Part = { width: 0, up: 0, down: 0, draw: () => "" };

function box(text: string, kind: "literal" | "class" | "rule"): Part {
  const width = text.length * letter + 20;
  return {
    width,
    up: 13,
    down: 13,
    draw: (x, y) => {
      const round = kind === "rule" ? 3 : 13;
      const shape = `<rect class="${kind}" x="${n(x)}" y="${n(y - 13)}" width="${n(width)}" height="26" rx="${round}"/>`;
      const label = `<text x="${n(x + width / 2)}" y="${n(y + 4.5)}">${escape(text)}</text>`;
      return kind === "rule" ? `<a href="#${text}">${shape}${label}</a>` : shape + label;
    },
  };
}

function row(items: readonly Part[]): Part {
  const width = items.reduce((sum, item) => sum + item.width, gap * Math.max(0, items.length - 1));
  return {
    width,
    up: Math.max(0, ...items.map((item) => item.up)),
    down: Math.max(0, ...items.map((item) => item.down)),
    draw: (x, y) => {
      let at = x;
      return items
        .map((item, index) => {
          const between = index === 0 ? "" : line(at, y, at + gap);
          if (index > 0) at += gap;
          const drawn = between + item.draw(at, y);
          at += item.width;
          return drawn;
        })
        .join("");
    },
  };
}

/** The first on the line, the others below it. */
function fork(items: readonly Part[]): Part {
  const [first = nothing, ...rest] = items;
  const inner = Math.max(...items.map((item) => item.width));
  const width = inner + 4 * bend;
  const places: number[] = [];
  let depth = first.down;
  for (const item of rest) {
    depth += gap + item.up;
    places.push(Math.max(depth, 2 * bend));
    depth = Math.max(depth, 2 * bend) + item.down;
  }
  return {
    width,
    up: first.up,
    down: depth,
    draw: (x, y) => {
      const from = x + 2 * bend;
      const through = (item: Part, at: number): string =>
        item.draw(from, at) + line(from + item.width, at, from + inner);
      const others = rest.map((item, index) => {
        const at = y + (places[index] ?? 0);
        const into = `<path d="M${n(x)} ${n(y)}q${bend} 0 ${bend} ${bend}V${n(at - bend)}q0 ${bend} ${bend} ${bend}"/>`;
        const out = `<path d="M${n(from + inner)} ${n(at)}q${bend} 0 ${bend} ${-bend}V${n(y + bend)}q0 ${-bend} ${bend} ${-bend}"/>`;
        return into + through(item, at) + out;
      });
      return [line(x, y, from), through(first, y), line(from + inner, y, x + width), ...others].join("");
    },
  };
}

/** The item on the line, and below it the way back, through what separates two of them. */
function loop(item: Part, back: Part): Part {
  const inner = Math.max(item.width, back.width);
  const width = inner + 4 * bend;
  const depth = Math.max(2 * bend, item.down + gap + back.up);
  return {
    width,
    up: item.up,
    down: depth + back.down,
    draw: (x, y) => {
      const [from, at] = [x + 2 * bend, y + depth];
      const to = from + inner;
      return [
        line(x, y, from),
        item.draw(from, y),
        line(from + item.width, y, x + width),
        `<path d="M${n(to)} ${n(y)}q${bend} 0 ${bend} ${bend}V${n(at - bend)}q0 ${bend} ${-bend} ${bend}"/>`,
        back.draw(from, at),
        line(from + back.width, at, to),
        `<path class="back" d="M${n(from)} ${n(at)}q${-bend} 0 ${-bend} ${-bend}V${n(y + bend)}q0 ${-bend} ${bend} ${-bend}"/>`,
      ].join("");
    },
  };
}

function partOf(node: Node): Part {
  switch (node.kind) {
    case "literal":
      return box(node.text, "literal");
    case "class":
    case "rule":
      return box(node.name, node.kind);
    case "sequence":
      return row(node.items.map(partOf));
    case "choice":
      return fork(node.items.map(partOf));
    case "optional":
      return fork([nothing, partOf(node.item)]);
    case "repeated": {
      const some = loop(partOf(node.item), node.separator ? partOf(node.separator) : nothing);
      return node.least === 1 ? some : fork([nothing, some]);
    }
    default:
      return node satisfies never;
  }
}

function diagram(node: Node): string {
  const track = row([nothing, partOf(node), nothing]);
  const [width, height] = [track.width + 40, track.up + track.down + 24];
  const y = track.up + 12;
  const ends = `<path d="M10 ${n(y - 8)}v16M${n(width - 10)} ${n(y - 8)}v16"/>`;
  const drawn = ends + line(10, y, 20) + track.draw(20, y) + line(20 + track.width, y, width - 10);
  return `<svg viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}">${drawn}</svg>`;
}

const style = `
      :root { color-scheme: light dark; --paper: #fff; --ink: #1b222b; --faint: #5d6874; --track: #6b7683; --rule: #e3eef2; --word: #fdebd5; --class: #eceff2; }
      @media (prefers-color-scheme: dark) {
        :root { --paper: #14181d; --ink: #e8ecf1; --faint: #9aa6b2; --track: #8b97a3; --rule: #1e3a45; --word: #4a3623; --class: #2a323b; }
      }
      body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.5rem; margin: 0; }
      h2 { font: 600 1rem ui-monospace, monospace; margin: 1.6rem 0 0.2rem; }
      p, nav { color: var(--faint); }
      a { color: inherit; }
      .track { overflow-x: auto; }
      svg { display: block; font: 13px ui-monospace, monospace; text-anchor: middle; }
      svg path { fill: none; stroke: var(--track); stroke-width: 1.5; }
      svg rect { stroke: var(--track); }
      svg text { fill: var(--ink); }
      rect.rule { fill: var(--rule); }
      rect.literal { fill: var(--word); }
      rect.class { fill: var(--class); }
      svg a { text-decoration: none; cursor: pointer; }
    `;

export function railroad(): string {
  const all = rules();
  const sections = all.map(
    ({ name, body }) => `    <section id="${name}"><h2>${name}</h2><div class="track">${diagram(body)}</div></section>`,
  );
  return `<!doctype html>
<!-- Made from grammar/*.ts by npm run generate; do not edit. -->
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>The grammar of .attn files</title>
    <style>${style}</style>
  </head>
  <body>
    <h1>The grammar of .attn files</h1>
    <p>Follow a track from left to right: what it passes through is what the rule takes. Round boxes stand in the text
    as they are, or are a NAME, a NUMBER or a STRING; square ones are rules.</p>
    <nav>${all.map(({ name }) => `<a href="#${name}">${name}</a>`).join(" &middot; ")}</nav>
${sections.join("\n")}
  </body>
</html>
`;
}
