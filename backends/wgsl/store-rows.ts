/**
 * Rows of halves, two in a word. Takes a store whose last index is the column; 32 columns at a time go through
 * workgroup memory, and then a thread makes whole words of them. Guarantees: each word is written by one invocation but
 * where a row begins or ends in the middle of it; there each half goes alone and leaves the other as it is.
 */
import type { Scalar } from "../../src/scalar/scalar.ts";
import { dependsOn } from "../../src/scalar/scalar.ts";
import type { Operation } from "../../src/tile/tile.ts";
import { chunk, threads, type Context } from "./context.ts";
import { identifier } from "./scalar.ts";
import { storedAs, storeOf } from "./storage.ts";

type Store = Extract<Operation, { kind: "store" }>;

/** Is the last index the column, and do the others not depend on it? */
export const isRow = (at: readonly Scalar[]): boolean => {
  const last = at.at(-1);
  return last?.kind === "var" && last.name === "c" && !at.slice(0, -1).some((x) => dependsOn(x, "c"));
};

const stride = chunk + 1;
/** Words that 32 halves may lie in. */
const words = chunk / 2 + 1;
/** Rows that the stage holds in any program. */
const least = 8;

/** `owner`: the buffer in the threads' registers that the value reads. */
export function storeRows(op: Store, columns: Scalar, owner: string | undefined, cx: Context): void {
  const { printer } = cx;
  const placed = owner === undefined ? undefined : cx.of(owner);
  const rows = placed ? placed.rowsPerThread * 8 : least;
  const dtype = printer.dtype(op.tensor);
  const bits = (own?: string): string => printer.needed(storedAs(dtype, cx.print(op.value, { r: "r", c: "c" }, own)));
  cx.touches(cx.buffersIn(op.value), ["stage_a"]);
  cx.line(`let height = ${cx.print(op.rows)};`);
  cx.line(`let width = ${cx.print(columns)};`);
  cx.block(`for (var top = 0; top < height; top += ${rows})`, () =>
    cx.block(`for (var block = 0; block * ${chunk} < width; block++)`, () => {
      if (placed) {
        cx.block(`for (var n = 0; n < ${placed.rowsPerThread * 4}; n++)`, () => {
          cx.line(`let r = ty * ${placed.rowsPerThread} + n / 4;`);
          cx.line(`let c = block * ${chunk} + n % 4 * 8 + tx;`);
          cx.line(`let own = (n / 4 * ${placed.name}_across + block) * 4 + n % 4;`);
          cx.block("if (r < height && c < width)", () =>
            cx.line(`stage_a[r * ${stride} + n % 4 * 8 + tx] = f32(${bits("own")});`),
          );
        });
      } else {
        cx.block(`for (var e = lane; e < ${rows * chunk}; e += ${threads})`, () => {
          cx.line(`let r = top + e / ${chunk};`);
          cx.line(`let c = block * ${chunk} + e % ${chunk};`);
          cx.block("if (r < height && c < width)", () =>
            cx.line(`stage_a[e / ${chunk} * ${stride} + e % ${chunk}] = f32(${bits()});`),
          );
        });
      }
      cx.line("workgroupBarrier();");
      writeWords(op, rows, cx);
      cx.line("workgroupBarrier();");
    }),
  );
}

/** From the stage, where bits stand as numbers, into the tensor. */
function writeWords(op: Store, rows: number, cx: Context): void {
  const { printer } = cx;
  const dtype = printer.dtype(op.tensor);
  const tensor = identifier("t", op.tensor);
  cx.line(`let count = min(${chunk}, width - block * ${chunk});`);
  cx.block(`for (var e = lane; e < min(height - top, ${rows}) * ${words}; e += ${threads})`, () => {
    cx.line(`let staged = e / ${words};`);
    cx.line("let r = top + staged;");
    const first = op.at.map((x) => (dependsOn(x, "c") ? `block * ${chunk}` : cx.print(x, { r: "r" })));
    cx.line(`let first = ${printer.flat(op.tensor, first)};`);
    cx.line(`let word = (first >> 1u) + e % ${words};`);
    cx.line("let low = word * 2 - first;");
    const half = (c: string): string => `u32(stage_a[staged * ${stride} + ${c}])`;
    const alone = (c: string): string => storeOf(dtype, tensor, `(first + ${c})`, half(c), printer.flavour);
    cx.block("if (low >= 0 && low + 1 < count)", () =>
      cx.line(`atomicStore(&${tensor}[word], ${half("low")} | (${half("low + 1")} << 16u));`),
    );
    cx.block("else if (low == -1)", () => cx.line(alone("0")));
    cx.block("else if (low >= 0 && low < count)", () => cx.line(alone("low")));
  });
}
