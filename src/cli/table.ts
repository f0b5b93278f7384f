/** A table in plain text: the first column stands left, the others right, two spaces apart; no line ends in spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => (row[n] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, n) => (n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line), ""].join("\n");
}

/** 12.3 k, 4.56 M: three digits and the thousands as a letter. */
export function short(x: number): string {
  const power = x < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(x) / 3));
  const scaled = x / 1000 ** power;
  const digits = power === 0 && Number.isInteger(x) ? String(x) : scaled.toPrecision(3);
  return `${Number(digits) >= 1000 ? Math.round(scaled) : digits} ${["", "k", "M", "G", "T"][power] ?? ""}`;
}
