/**
 * Can an index of the kernel leave 32 bits? Takes a Unit; gives a C function that computes, for the sizes of a call
 * and in 64 bits, between which bounds every integer of the program lies, and refuses the call with FOVEA_OVERFLOW
 * where one could leave int32_t. What no allowed size can make too large costs no code. Over-approximates. Two kinds
 * of integers wrap instead, and are marked in the Unit: those that come from tensors, and those in truths and ranges,
 * which the planner guards itself.
 */
import { some, type Scalar } from "../../src/scalar/scalar.ts";
import { bindsOf, mapParts } from "../../src/tile/operations/index.ts";
import type { Operation, RangeTerm, Statement } from "../../src/tile/tile.ts";
import { viewsOf } from "../../src/tile/walk.ts";
import { constant, fits, Intervals, largestSize, point, whole, type Interval } from "./intervals.ts";
import type { Unit } from "./unit.ts";

type Names = ReadonlyMap<string, Interval>;

export function indicesFunction(unit: Unit): { readonly text: string; readonly call: string } | undefined {
  const walk = new Walk(unit);
  walk.block(unit.program.body, new Map());
  const lines = walk.by.needed();
  if (lines.length === 0) return undefined;
  for (const [, helper] of lines.join("\n").matchAll(/fovea_(wide_\w+)\(/g)) unit.helper(helper ?? "");
  const name = `${unit.prefix}_indices`;
  return {
    text: `/* Where the kernel's integers would leave int32_t, the sizes are too large for it. */
static int32_t ${name}(const ${unit.prefix}_args *args) {
${lines.map((line) => `  ${line}`).join("\n")}
  (void)args;
  return FOVEA_OK;
}
`,
    call: `if (${name}(args) != FOVEA_OK) return FOVEA_OVERFLOW;`,
  };
}

class Walk {
  readonly by = new Intervals();
  readonly #unit: Unit;
  /** Where the ranges of each list lie: within the extent that they were cut to. */
  readonly #lists = new Map<string, Interval>();
  constructor(unit: Unit) {
    this.#unit = unit;
  }

  block(statements: readonly Statement[], outer: Names): void {
    let names = outer;
    const bind = (name: string, interval: Interval): void => {
      names = new Map([...names, [name, interval]]);
    };
    for (const s of statements) {
      switch (s.kind) {
        case "let":
          bind(s.name, this.#of(s.value, names, s.value.type === "bool"));
          break;
        case "for":
          this.block(s.body, new Map([...names, [s.name, this.by.below(this.#of(s.to, names).hi)]]));
          break;
        case "if":
          this.#of(s.when, names, true);
          this.block(s.then, names);
          this.block(s.otherwise, names);
          break;
        case "visit": {
          for (const x of [s.slot, ...(s.within ? [s.within.lo, s.within.hi] : [])]) this.#of(x, names);
          const place = this.#lists.get(s.list) ?? whole;
          this.block(s.body, new Map([...names, [s.lo, place], [s.hi, place]]));
          break;
        }
        default:
          this.#operation(s, names);
          bindsOf(s).forEach((name) => bind(name, whole));
      }
    }
  }

  /** Every expression of an operation; those of one element for all rows and columns of its views. */
  #operation(op: Operation, names: Names): void {
    if (op.kind === "unite") {
      const extent = this.#of(op.extent, names);
      // What a tensor cuts may lie anywhere, and what is made of it wraps.
      const places = extent === whole ? whole : { lo: constant(0), hi: this.by.max(constant(0), extent.hi) };
      const before = this.#lists.get(op.list);
      const known = before === whole || places === whole ? whole : undefined;
      this.#lists.set(op.list, known ?? (before ? this.by.union(before, places) : places));
      this.#of(op.slot, names);
      for (const term of op.terms) this.#term(term, names);
      return;
    }
    const views = viewsOf(op).map(({ view }) => view);
    const rows = [...views.map((v) => v.rows), ...("rows" in op ? [op.rows] : [])];
    const columns = [...views, op].flatMap((v) => ("columns" in v && v.columns ? [v.columns] : []));
    const over = (extents: readonly Scalar[]): Interval =>
      this.by.below(extents.map((x) => this.#of(x, names).hi).reduce((a, b) => this.by.max(a, b), constant(0)));
    const inner = new Map([...names, ["r", over(rows)] as const, ["c", over(columns)] as const]);
    const see = (x: Scalar, at: Names): Scalar => {
      this.#of(x, at);
      return x;
    };
    mapParts(op, {
      view: (v) => ({ ...v, row: see(v.row, names) }),
      scalar: (x) => see(x, names),
      element: (x) => see(x, inner),
      index: (_, at) => at.map((x) => see(x, inner)),
      list: (name) => name,
    });
  }

  #term({ when, lo, hi, over }: RangeTerm, outer: Names): void {
    let names = outer;
    for (const each of over) {
      const from = this.#of(each.from, names, true);
      const { hi: last } = this.by.below(this.#of(each.to, names, true).hi);
      names = new Map([...names, [each.name, { lo: from.lo, hi: this.by.max(from.lo, last) }]]);
    }
    for (const x of [when, lo, hi]) this.#of(x, names, true);
  }

  /** The interval of an expression; checks it and everything in it, or marks what may wrap where that is `guarded`. */
  #of(x: Scalar, names: Names, guarded = false): Interval {
    const found = this.#bounds(x, names, guarded);
    if (x.type !== "i32") return found;
    if (this.#wild(x, names)) return whole;
    if (x.kind !== "call" && x.kind !== "sum") return found;
    if (!guarded) return this.by.checked(found);
    if (fits(found)) return found;
    this.#unit.wraps.add(x);
    return { ...whole };
  }

  /** Does a number of a tensor take part? */
  #wild(x: Scalar, names: Names): boolean {
    return some(x, (n) => n.type === "i32" && (n.kind === "read" || (n.kind === "var" && names.get(n.name) === whole)));
  }

  #bounds(x: Scalar, names: Names, guarded: boolean): Interval {
    switch (x.kind) {
      case "const":
        return x.type === "i32" ? point(constant(x.value)) : whole;
      case "var":
        return names.get(x.name) ?? whole;
      case "size":
        return point(this.#size(x.name));
      case "read":
        x.indices.forEach((y) => this.#of(y, names, guarded));
        return whole;
      case "any":
      case "sum": {
        const inner = new Map([...names, [x.name, this.by.below(this.#of(x.count, names, guarded).hi)] as const]);
        const body = this.#of(x.body, inner, guarded);
        if (x.kind === "any" || x.type !== "i32") return whole;
        const count = this.#of(x.count, names, guarded).hi;
        const lo = this.by.min(constant(0), this.by.mul(count, body.lo));
        return { lo, hi: this.by.max(constant(0), this.by.mul(count, body.hi)) };
      }
      case "sorted":
        x.leading.forEach((y) => this.#of(y, names, guarded));
        return whole;
      case "search": {
        [...x.leading, x.value].forEach((y) => this.#of(y, names, guarded));
        const axis = this.#unit.tensor(x.tensor).dims.at(-1);
        return { lo: constant(0), hi: axis ? this.#of(axis, names, guarded).hi : constant(0) };
      }
      case "call": {
        const args = x.args.map((y) => this.#of(y, names, guarded));
        return x.type === "i32" ? this.by.call(x, args) : whole;
      }
    }
  }

  #size(name: string): Interval["lo"] {
    const { fixed: known } = this.#unit;
    const fixed = Object.hasOwn(known, name) ? known[name] : undefined;
    if (fixed !== undefined) return constant(fixed);
    return { text: `(int64_t)${this.#unit.size(name)}`, lo: 0, hi: largestSize };
  }
}
