/**
 * `tsx bench/chart.ts RESULTS.json > chart.svg`: what `npm run bench -- --json` printed, as bars. For each case how
 * many times faster than the fastest peer Fovea is, by the least times, on a logarithmic axis.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

export interface Charted {
  readonly case: string;
  readonly rows: readonly { readonly name: string; readonly ratio?: { readonly min: number } }[];
}

const [left, right, bar, gap, top] = [170, 60, 12, 12, 34];
const width = 640;
const colours: Readonly<Record<string, string>> = { "fovea plain": "#5b8db8", "fovea relaxed": "#1f4e79" };

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

export function chart(results: readonly Charted[]): string {
  const groups = results
    .map(({ case: name, rows }) => ({
      name,
      bars: rows.flatMap(({ name: who, ratio }) => (ratio ? [{ who, times: ratio.min }] : [])),
    }))
    .filter(({ bars }) => bars.length > 0);
  const most = Math.max(2, ...groups.flatMap(({ bars }) => bars.map(({ times }) => times)));
  const x = (times: number): number => left + (Math.log(Math.max(1, times)) / Math.log(most)) * (width - left - right);
  const parts: string[] = [];
  let y = top;
  for (const { name, bars } of groups) {
    const middle = y + (bars.length * bar) / 2 + 4;
    parts.push(`<text x="${left - 8}" y="${middle}" text-anchor="end">${escaped(name)}</text>`);
    for (const { who, times } of bars) {
      const end = x(times).toFixed(1);
      parts.push(
        `<rect x="${left}" y="${y}" width="${(x(times) - left).toFixed(1)}" height="${bar - 1}" fill="${colours[who] ?? "#888"}"/>`,
        `<text x="${Number(end) + 4}" y="${y + 9}" font-size="10">${times.toFixed(2)}</text>`,
      );
      y += bar;
    }
    y += gap;
  }
  const key = Object.entries(colours).map(
    ([who, colour], n) =>
      `<rect x="${left + 130 * n}" y="10" width="10" height="10" fill="${colour}"/><text x="${left + 130 * n + 15}" y="19">${who}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="12">`,
    `<title>Times faster than the fastest operator of onnxruntime-web</title>`,
    `<rect width="${width}" height="${y}" fill="#fff"/>`,
    ...key,
    ...parts,
    `</svg>`,
    ``,
  ].join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { results } = JSON.parse(readFileSync(process.argv[2] ?? "/dev/stdin", "utf8")) as {
    readonly results: readonly Charted[];
  };
  process.stdout.write(chart(results));
}
