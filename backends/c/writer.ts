/** Lines of C with their indentation, and the small forms that operations share. Takes Scalars, gives C lines. */
import { children, dependsOn, type Scalar } from "../../src/scalar/scalar.ts";
import type { View } from "../../src/tile/tile.ts";
import { address, bare, expression, flat } from "./scalar.ts";
import { elementTypes } from "./storage.ts";
import { ctypes, type Binding, type Context } from "./unit.ts";

export class Writer {
  readonly lines: string[] = [];
  #depth = 1;
  line(text: string): void {
    this.lines.push("  ".repeat(this.#depth) + text);
  }
  open(text: string): void {
    this.line(`${text} {`.trim());
    this.#depth++;
  }
  close(text = "}"): void {
    this.#depth--;
    this.line(text);
  }
  /** After a `} else {`. */
  reopen(): void {
    this.#depth++;
  }
  block(text: string, body: () => void): void {
    this.open(text);
    body();
    this.close();
  }
  count(name: string, to: string, body: () => void): void {
    this.block(`for (int32_t ${name} = 0; ${name} < ${to}; ${name}++)`, body);
  }
}

/** Leaves out constants that nothing uses; names are handed out once, so a name found later is a use. */
export function pruned(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  const seen = new Set<string>();
  for (const line of lines.toReversed()) {
    const name = /^\s*(?:const (?:int32_t|float|int|ptrdiff_t)|(?:float|int32_t) \*const) (\w+) = /.exec(line)?.[1];
    if (name !== undefined && !seen.has(name)) continue;
    for (const word of line.match(/\w+/g) ?? []) seen.add(word);
    kept.push(line);
  }
  return kept.reverse();
}

/** A number that is used often: itself where it is short, else a constant of its own. */
export function local(x: Scalar, stem: string, cx: Context, out: Writer): string {
  const text = bare(x, cx);
  if (/^\w+$/.test(text)) return text;
  const name = cx.unit.names.fresh(stem);
  out.line(`const ${ctypes[x.type]} ${name} = ${text};`);
  return name;
}

const elementVariable = (text: string): Binding => ({ text, type: "i32", wild: false });
/** The context of an element expression: `r` and `c` are bound. */
export const elementContext = (cx: Context): Context =>
  cx.with(
    new Map([
      ["r", elementVariable("r")],
      ["c", elementVariable("c")],
    ]),
  );

/** Writes what does not depend on the column once a row; gives the context in which these are names. */
export function hoistRow(values: readonly Scalar[], cx: Context, out: Writer): Context {
  const found = new Map<Scalar, string>();
  const go = (x: Scalar): void => {
    if (x.kind === "const" || x.kind === "var" || x.kind === "size") return;
    if (!dependsOn(x, "c")) {
      const text = bare(x, cx);
      const name = cx.unit.names.fresh("once");
      out.line(`const ${ctypes[x.type]} ${name} = ${text};`);
      found.set(x, name);
      return;
    }
    if (x.kind === "read" || x.kind === "call") children(x).forEach(go);
  };
  values.forEach(go);
  return found.size > 0 ? cx.with(new Map(), new Map([...cx.hoisted, ...found])) : cx;
}

/** Pointer to the first element of a view. */
export function viewPointer(view: View, cx: Context): string {
  const pointer = cx.pointer(view.buffer);
  const row = bare(view.row, cx);
  if (row === "0") return pointer;
  // In brackets, so that no pointer outside the buffer is made on the way.
  const place = address(view.buffer, row, view.columns ? "0" : undefined, cx).replace(/^0 \+ /, "");
  return `${pointer} + ${/^\w+$/.test(place) ? place : `(${place})`}`;
}

/** The element [r, c] of a view, as an lvalue. */
export function viewElement(view: View, cx: Context): string {
  const row = bare(view.row, cx);
  const place = row === "0" ? "r" : `${row} + r`;
  return `${cx.pointer(view.buffer)}[${address(view.buffer, place, view.columns ? "c" : undefined, cx)}]`;
}

export interface RowAccess {
  /** Pointer to the element at column 0; only used where `valid` is above 0. */
  readonly pointer: string;
  /** How many columns lie inside the tensor. */
  readonly valid: string;
}

/** An output's row where the last index is the column and the others do not depend on it; else undefined. */
export function rowAccess(
  tensor: string,
  at: readonly Scalar[],
  columns: string,
  cx: Context,
  out: Writer,
): RowAccess | undefined {
  const last = at.at(-1);
  const leading = at.slice(0, -1);
  if (last?.kind !== "var" || last.name !== "c" || leading.some((x) => dependsOn(x, "c"))) return undefined;
  const { unit } = cx;
  const { dtype, dims } = unit.tensor(tensor);
  const extents = dims.map((d) => expression(d, cx));
  const places = leading.map((x) => local(x, "place", cx, out));
  const inside =
    places.map((p, n) => (p === "0" ? `${extents[n]} > 0` : `${p} >= 0 && ${p} < ${extents[n]}`)).join(" && ") || "1";
  const width = extents.at(-1) ?? "0";
  const ctype = elementTypes[dtype];
  const pointer = unit.names.fresh("line");
  const valid = unit.names.fresh("valid");
  const minimum = width === columns ? columns : `${unit.helper("min_i32")}(${columns}, ${width})`;
  out.line(`const int32_t ${valid} = (${inside}) ? ${minimum} : 0;`);
  const base = unit.pointer(tensor);
  const offset = leading.length > 0 ? `(${flat(places, extents)}) * (size_t)(${width})` : "0";
  out.line(`${ctype} *restrict const ${pointer} = ${valid} > 0 ? ${base} + ${offset} : ${base};`);
  return { pointer, valid };
}
