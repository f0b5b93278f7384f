/** The small pieces of a program's text that statements and operations share. */
import { printScalar } from "../scalar/print.ts";
import type { Scalar } from "../scalar/scalar.ts";
import type { View } from "./tile.ts";

export const scalarText = (x: Scalar): string => printScalar(x);
export const listText = (all: readonly Scalar[]): string => all.map(scalarText).join(", ");
export const viewText = ({ buffer, row, rows, columns }: View): string =>
  `${buffer}[${scalarText(row)} +${scalarText(rows)}${columns ? `, ${scalarText(columns)}` : ""}]`;
