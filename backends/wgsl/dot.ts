/**
 * to[r, c] (= | +=) Σ_k a[r, k] · b[c, k] or b[k, c], as a register tile: thread (ty, tx) has rowsPerThread rows and
 * the four columns tx, tx + 8, tx + 16, tx + 24 of a block of 32 columns, in one vec4 a row.
 */
import { fail } from "../../src/diagnostics/diagnostic.ts";
import { int, isConst } from "../../src/scalar/scalar.ts";
import type { Operation, View } from "../../src/tile/tile.ts";
import { chunk, threads, type Context } from "./context.ts";

const stride = chunk + 1;

/** `plain`: where this bool holds at run time, the guard is left out. */
export function emitDot(op: Extract<Operation, { kind: "dot" }>, cx: Context, plain?: string): void {
  const [to, a, b] = [cx.of(op.to.buffer), cx.of(op.a.buffer), cx.of(op.b.buffer)];
  const rowCount = to.rowsPerThread;
  if (to.place === "streamed" || a.place === "private" || b.place === "private")
    fail("FOV5003", `wgsl: no place for the product ${op.to.buffer} = ${op.a.buffer} · ${op.b.buffer}`);
  const along = op.along === "columns";
  const rows = Array.from({ length: rowCount }, (_, n) => n);
  const four = [0, 8, 16, 24];
  const workgroup = [a, b].filter((p) => p.place === "workgroup").map((p) => p.buffer.name);
  const staged = [...(a.place === "streamed" ? ["stage_a"] : []), ...(b.place === "streamed" ? ["stage_b"] : [])];
  const row = (view: View): string => (isConst(view.row, 0) ? "" : `${cx.print(view.row)} + `);
  const columnOf = (n: number): string => `block * ${chunk} + tx${n ? ` + ${n}` : ""}`;
  const held = (r: number): string => `${to.name}[${r} * ${to.name}_across + block]`;
  const start = (r: number): string => {
    if (!adds) return "vec4<f32>()";
    if (to.place === "private") return held(r);
    return `vec4<f32>(${four.map((n) => cx.element(to, `${row(op.to)}ty * ${rowCount} + ${r}`, columnOf(n))).join(", ")})`;
  };

  cx.line(`let height = ${cx.print(op.to.rows)};`);
  cx.line(`let width = ${cx.print(op.to.columns ?? int(1))};`);
  cx.line(`let depth = ${cx.print((along ? op.a.columns : op.b.rows) ?? int(1))};`);
  const adds = op.start === "add";
  cx.touches(
    [...workgroup, ...(adds && to.place === "workgroup" ? [op.to.buffer] : [])],
    to.place === "workgroup" ? [op.to.buffer, ...staged] : staged,
  );
  cx.block(`for (var block = 0; block * ${chunk} < width; block++)`, () => {
    for (const r of rows) cx.line(`var sum${r} = ${start(r)};`);
    cx.block(`for (var k0 = 0; k0 < depth; k0 += ${chunk})`, () => {
      if (a.place === "streamed")
        stage(cx, "stage_a", rowCount * 8, () => cx.streamed(op.a, "(e / 32)", "(k0 + e % 32)"));
      if (b.place === "streamed")
        stage(cx, "stage_b", chunk, () =>
          along
            ? cx.streamed(op.b, "(block * 32 + e / 32)", "(k0 + e % 32)")
            : cx.streamed(op.b, "(k0 + e / 32)", "(block * 32 + e % 32)"),
        );
      if (staged.length > 0) cx.line("workgroupBarrier();");
      cx.line(`let steps = min(${chunk}, depth - k0);`);
      const accumulate = (guard: boolean): void =>
        cx.block("for (var k = 0; k < steps; k++)", () => {
          const bs = four.map((n) => {
            if (b.place === "streamed")
              return along ? `stage_b[(tx + ${n}) * ${stride} + k]` : `stage_b[k * ${stride} + tx + ${n}]`;
            return along
              ? cx.element(b, `${row(op.b)}${columnOf(n)}`, "k0 + k")
              : cx.element(b, `${row(op.b)}k0 + k`, columnOf(n));
          });
          cx.line(`let b = vec4<f32>(${bs.join(", ")});`);
          for (const r of rows) {
            const at = `ty * ${rowCount} + ${r}`;
            cx.line(
              `let a${r} = ${a.place === "streamed" ? `stage_a[(${at}) * ${stride} + k]` : cx.element(a, `${row(op.a)}${at}`, "k0 + k")};`,
            );
            cx.line(guard ? `sum${r} += select(a${r} * b, vec4<f32>(), a${r} == 0.0);` : `sum${r} += a${r} * b;`);
          }
        });
      if (op.guard && plain !== undefined) {
        cx.block(`if (${plain})`, () => accumulate(false));
        cx.block("else", () => accumulate(true));
      } else accumulate(op.guard);
      if (staged.length > 0) cx.line("workgroupBarrier();");
    });
    if (to.place === "private") for (const r of rows) cx.line(`${held(r)} = sum${r};`);
    else storeSums(cx, op.to);
  });
}

/** The sums into workgroup memory, by loops: shader compilers take seconds for each store written out. */
function storeSums(cx: Context, view: View): void {
  const to = cx.of(view.buffer);
  const rowCount = to.rowsPerThread;
  const rows = Array.from({ length: rowCount }, (_, n) => `sum${n}`);
  cx.line(`let sums = array<vec4<f32>, ${rowCount}>(${rows.join(", ")});`);
  cx.block(`for (var n = 0; n < ${rowCount * 4}; n++)`, () => {
    cx.line(`let r = ty * ${rowCount} + n / 4;`);
    cx.line(`let c = block * ${chunk} + n % 4 * 8 + tx;`);
    const place = cx.element(to, isConst(view.row, 0) ? "r" : `${cx.print(view.row)} + r`, "c");
    cx.line(`if (r < height && c < width) { ${place} = sums[n / 4][n % 4]; }`);
  });
}

/** Copies a piece of at most `height` rows × 32 into workgroup memory; beyond the extents it is 0. */
function stage(cx: Context, name: string, height: number, element: () => string): void {
  cx.block(`for (var e = lane; e < ${height * chunk}; e += ${threads})`, () => {
    const value = element();
    cx.line(`${name}[e / 32 * ${stride} + e % 32] = ${value};`);
  });
}
