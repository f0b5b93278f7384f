/**
 * What the emitters of operations share: the text so far, names in scope, where each buffer lives, which loads
 * are pending (a streamed buffer is read through its load when a product needs it), and which workgroup memory was
 * touched since the last barrier, so that a barrier stands exactly where one operation depends on another.
 */
import { fail } from "../../src/diagnostics/diagnostic.ts";
import type { Scalar } from "../../src/scalar/scalar.ts";
import { children } from "../../src/scalar/scalar.ts";
import { elementOf } from "../../src/tile/loaded.ts";
import { settled, type Buffer, type Operation, type TileProgram, type View } from "../../src/tile/tile.ts";
import { freeVariables, identifier, Printer, type Scope } from "./scalar.ts";

/** Threads of a workgroup: an 8 × 8 grid (`ty`, `tx`), `lane` counts them. */
export const threads = 64;
/** Channels (or columns) that are staged in workgroup memory at a time. */
export const chunk = 32;

export interface Placed {
  readonly buffer: Buffer;
  /** `streamed`: never held; products read its tensor in chunks of channels. */
  readonly place: "workgroup" | "private" | "streamed";
  readonly name: string;
  /** Rows of each thread, for register tiles. */
  readonly rowsPerThread: number;
}

/** An element of a private buffer in the thread's registers; `own` counts them, four to a vector. */
export const registerOf = (placed: Placed, own: string): string => `${placed.name}[${own} / 4][${own} % 4]`;

/** A load whose buffer is streamed: its element as WGSL text in terms of two names. */
export interface Pending {
  readonly row: string;
  readonly element: (r: string, c: string) => string;
}

export class Context {
  readonly program: TileProgram;
  readonly printer: Printer;
  readonly placed: ReadonlyMap<string, Placed>;
  readonly pending = new Map<string, Pending>();
  /** Declarations at the top of the entry point. */
  readonly declared: string[] = [];
  readonly lines: string[] = [];
  #depth = 1;
  #names: ReadonlyMap<string, string> = new Map();
  readonly #used = new Set<string>();
  readonly #read = new Set<string>();
  readonly #written = new Set<string>();

  constructor(program: TileProgram, printer: Printer) {
    this.program = program;
    this.printer = printer;
    this.placed = new Map(program.buffers.map((buffer) => [buffer.name, placed(buffer)]));
  }

  line(text: string): void {
    for (const part of text.split("\n")) this.lines.push(`${"  ".repeat(this.#depth)}${part}`);
  }

  /** `head { … }` with its own scope of names. */
  block(head: string, body: () => void): void {
    const outer = this.#names;
    this.line(`${head} {`.trimStart());
    this.#depth++;
    body();
    this.#depth--;
    this.line("}");
    this.#names = outer;
  }

  /** Brings a name into scope and gives its identifier, new within the shader. */
  bind(name: string, given?: string): string {
    const made = given ?? this.fresh(identifier("v", name));
    this.#names = new Map([...this.#names, [name, made]]);
    return made;
  }

  fresh(base: string): string {
    let made = base;
    for (let n = 2; this.#used.has(made); n++) made = `${base}_${n}`;
    this.#used.add(made);
    return made;
  }

  print(x: Scalar, more: Readonly<Record<string, string>> = {}, own?: string): string {
    const names = new Map([...this.#names, ...Object.entries(more)]);
    return this.printer.print(x, this.#scope(names, own));
  }

  #scope(names: ReadonlyMap<string, string>, own: string | undefined): Scope {
    return {
      names,
      element: (buffer, [row = "0", column = "0"]) => {
        const placed = this.placed.get(buffer);
        if (!placed) return undefined;
        if (placed.place === "private") {
          if (own === undefined) fail("FOV5003", `wgsl: ${buffer} is read outside its owner's loop`);
          return registerOf(placed, own);
        }
        return this.element(placed, row, column);
      },
    };
  }

  of(buffer: string): Placed {
    const placed = this.placed.get(buffer);
    if (!placed) throw new Error(`wgsl: no buffer ${buffer}`);
    return placed;
  }

  /** An element in workgroup memory; rows are one element longer than their columns, against bank conflicts. */
  element(placed: Placed, row: string, column: string): string {
    return placed.buffer.columns
      ? `${placed.name}[(${row}) * ${placed.name}_stride + ${column}]`
      : `${placed.name}[${row}]`;
  }

  /** Says what the next operation touches; emits a barrier where it depends on what was touched before. */
  touches(reads: readonly string[], writes: readonly string[]): void {
    const depends =
      reads.some((b) => this.#written.has(b)) || writes.some((b) => this.#read.has(b) || this.#written.has(b));
    if (depends) this.barrier();
    for (const b of reads) this.#read.add(b);
    for (const b of writes) this.#written.add(b);
  }

  barrier(): void {
    if (this.#read.size + this.#written.size === 0) return;
    this.line("workgroupBarrier();");
    this.settled();
  }

  /** A barrier has just been passed. */
  settled(): void {
    this.#read.clear();
    this.#written.clear();
  }

  /** Workgroup buffers that an expression reads. */
  buffersIn(...all: readonly (Scalar | undefined)[]): readonly string[] {
    const found = new Set<string>();
    const go = (x: Scalar): void => {
      if (x.kind === "read" && this.placed.get(x.tensor)?.place === "workgroup") found.add(x.tensor);
      for (const child of children(x)) go(child);
    };
    for (const x of all) if (x) go(x);
    return [...found];
  }

  /** Remembers a load into a streamed buffer: what its expressions use is copied, for later use elsewhere. */
  remember(op: Extract<Operation, { kind: "load" }>): void {
    const keep = (base: string, type: string, value: string): string => {
      const name = this.fresh(identifier("at", `${op.to.buffer}_${base}`));
      this.declared.push(`var ${name}: ${type};`);
      this.line(`${name} = ${value};`);
      return name;
    };
    const row = keep("row", "i32", this.print(op.to.row));
    const rows = keep("rows", "i32", this.print(op.to.rows));
    const columns = keep("columns", "i32", op.to.columns ? this.print(op.to.columns) : "1");
    const names: Record<string, string> = {};
    const source = elementOf(op, undefined, "nibbles");
    for (const x of [source, ...(op.scale ? [op.scale] : [])]) {
      for (const [name, type] of freeVariables(x)) {
        if (name === "r" || name === "c" || Object.hasOwn(names, name)) continue;
        names[name] = keep(name, type, this.print({ kind: "var", type, name }));
      }
    }
    this.pending.set(op.to.buffer, {
      row,
      element: (r, c) => {
        const read = this.print(source, { ...names, r, c });
        const value = op.scale ? `${this.print(op.scale, { ...names, r, c })} * ${read}` : read;
        return `select(0.0, ${value}, ${r} >= 0 && ${r} < ${rows} && ${c} < ${columns})`;
      },
    });
  }

  /** The element of a streamed view, its rows counted from the view. */
  streamed(view: View, r: string, c: string): string {
    const pending = this.pending.get(view.buffer);
    if (!pending) fail("FOV5003", `wgsl: ${view.buffer} is used before it is loaded`);
    this.line(`let source_row = ${this.print(view.row)} - ${pending.row} + ${r};`);
    return pending.element("source_row", c);
  }
}

function placed(buffer: Buffer): Placed {
  const { space } = buffer;
  if (space === undefined || space === "workspace") fail("FOV5003", `wgsl: ${buffer.name} has no place on this device`);
  return {
    buffer,
    place: space,
    name: identifier("b", buffer.name),
    rowsPerThread: Math.ceil(settled(buffer.rows) / 8),
  };
}
