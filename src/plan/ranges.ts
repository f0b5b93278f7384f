/**
 * Engine A: the keys that a tile of rows can see, solved from the mask. Takes the mask (in i and j, no `row`) and its
 * surroundings; gives the Ranges of `may` and `must` over i0, i1, b, h, sizes and inputs, and whether everything was
 * solved. Guarantees: `may` covers every key that any row i0 … i1 sees, `must` only keys that all of them see.
 * A read that depends on the row is enumerated: once for each block of rows, or each row, that the tile touches.
 */
import {
  add,
  and,
  call,
  ceilDiv,
  children,
  dependsOn,
  idiv,
  int,
  isConst,
  not,
  rewrite,
  sameScalar,
  some,
  substitute,
  variable,
  type Scalar,
} from "../scalar/scalar.ts";
import { formulaScalar, normalForm, type Formula } from "./formula.ts";
import { blockVariable, linear, rankOf, times, toScalar, varies, wild, type Linear } from "./linear.ts";
import type { Range } from "./plan.ts";
import { everything, intersect, unite } from "./range-sets.ts";
import { rowFacts, solve, type Bound, type Surroundings } from "./solve.ts";
import { relate, truthOf, type Truth } from "./truth.ts";

export interface Found {
  readonly may: readonly Range[];
  readonly must: readonly Range[];
  /** Is there nothing left that a look at the tensors could narrow? */
  readonly solved: boolean;
}

export const rangesFor = (mask: Scalar, around: Surroundings): Found => rangesOf(normalForm(mask), around);

export function rangesOf(x: Formula, around: Surroundings): Found {
  switch (x.kind) {
    case "const": {
      const all = x.value ? [everything(around.key, x.origin)] : [];
      return { may: all, must: all, solved: true };
    }
    case "and":
    case "or": {
      const parts = x.parts.map((part) => rangesOf(part, around));
      const join = x.kind === "and" ? intersect : unite;
      return {
        may: parts.map((p) => p.may).reduce((a, b) => join(a, b, around.key, "may")),
        must: parts.map((p) => p.must).reduce((a, b) => join(a, b, around.key, "must")),
        solved: parts.every((p) => p.solved),
      };
    }
    case "any":
      return findAny(x.name, x.count, rangesOf(x.body, around), around);
    case "atom":
    case "opaque":
      return findLeaf(x, around);
  }
  x satisfies never;
  return unsolved("all", around);
}

const unsolved = (origin: string, around: Surroundings): Found => ({
  may: [everything(around.key, origin)],
  must: [],
  solved: false,
});

/** Some entry of a table: the ranges stand once an entry. */
function findAny(name: string, count: Scalar, body: Found, around: Surroundings): Found {
  if (["i", "j", "row"].some((v) => dependsOn(count, v))) return unsolved(body.may[0]?.origin ?? "all", around);
  const each = (range: Range): Range => ({ ...range, over: [...range.over, { name, from: int(0), to: count }] });
  return { may: body.may.map(each), must: body.must.map(each), solved: body.solved };
}

type Leaf = Extract<Formula, { kind: "atom" | "opaque" }>;

function findLeaf(leaf: Leaf, around: Surroundings): Found {
  const whole = formulaScalar(leaf);
  const by = searchesTensor(leaf) ? undefined : rowsOfRead(whole);
  if (by === undefined) return findPlain(leaf, around);
  const { name, value, from, to } = enumeration(by);
  const replace = (x: Scalar): Scalar => rewrite(x, (node) => (sameScalar(node, value) ? variable(name) : undefined));
  const each: Leaf =
    leaf.kind === "atom"
      ? { ...leaf, sum: linear(toScalarReplaced(leaf.sum, replace)) }
      : { ...leaf, value: replace(leaf.value) };
  const found = findPlain(each, around);
  const uses = ({ when, lo, hi }: Range): boolean => [when, lo, hi].some((x) => dependsOn(x, name));
  const may = found.may.map((range) =>
    uses(range) ? { ...range, over: [...range.over, { name, from, to: add(to, int(1)) }] } : range,
  );
  // All rows see what one of them sees only where there is one block of rows.
  const one = call("eq", from, to);
  const must = found.must.map((range): Range => {
    if (!uses(range)) return range;
    const at = (x: Scalar): Scalar => substitute(x, { [name]: from });
    return { ...range, when: and(one, at(range.when)), lo: at(range.lo), hi: at(range.hi) };
  });
  // Blocks mostly hold whole tiles; single rows never do, so there the verdict says where all rows agree.
  return { may, must, solved: found.solved && by > 1 };
}

const toScalarReplaced = (sum: Linear, replace: (x: Scalar) => Scalar): Scalar => replace(toScalar(sum));

/** Sorted tensors and offsets are searched for the value that the row's own entry has; that needs no enumeration. */
const searchesTensor = (leaf: Leaf): boolean =>
  leaf.kind === "atom" &&
  leaf.sum.terms.some((t) => dependsOn(t.of, "j") && (t.of.kind === "read" || rankOf(t.of) !== undefined));

/** Reads that depend on the row do so through `i div n` alone: n; 1 if in some other way; undefined if none does. */
function rowsOfRead(x: Scalar): number | undefined {
  let by: number | undefined;
  some(x, (node) => {
    if (node.kind !== "read" || !dependsOn(node, "i")) return false;
    for (const index of node.indices) {
      const n = throughBlocks(index);
      if (n !== undefined) by = by === undefined || by === n ? n : 1;
    }
    return false;
  });
  return by;
}

/** The n of every `i div n` in x if i occurs in no other way, 1 if it does, undefined without i. */
function throughBlocks(x: Scalar): number | undefined {
  if (x.kind === "var") return x.name === "i" ? 1 : undefined;
  if (x.kind === "call" && x.fn === "idiv") {
    const [i, n] = x.args;
    if (i.kind === "var" && i.name === "i" && isConst(n) && n.value > 0) return n.value;
  }
  let by: number | undefined;
  for (const child of children(x)) {
    const n = throughBlocks(child);
    if (n !== undefined) by = by === undefined || by === n ? n : 1;
  }
  return by;
}

function enumeration(by: number): { name: string; value: Scalar; from: Scalar; to: Scalar } {
  const block = (x: Scalar): Scalar => idiv(x, int(by));
  return {
    name: blockVariable(by),
    value: block(variable("i")),
    from: block(variable("i0")),
    to: block(variable("i1")),
  };
}

function findPlain(leaf: Leaf, around: Surroundings): Found {
  const facts = rowFacts(around);
  const all = everything(around.key, leaf.origin);
  const onKey = leaf.kind === "atom" ? leaf.sum.terms.some((t) => dependsOn(t.of, "j")) : dependsOn(leaf.value, "j");
  if (!onKey) {
    const truth = leaf.kind === "atom" ? relate(leaf.relation, leaf.sum, facts) : truthOf(leaf.value, facts);
    return conditional(truth, all);
  }
  if (leaf.kind === "opaque") return unsolved(leaf.origin, around);
  if (leaf.relation === "eq") {
    const entry = tableEntry(leaf.sum, all, around);
    if (entry) return { may: [entry], must: [entry], solved: true };
    const up = bounded(solve(leaf.sum, around, facts), all, around);
    const down = bounded(solve(times(leaf.sum, -1), around, facts), all, around);
    return {
      may: intersect(up.may, down.may, around.key, "may"),
      must: intersect(up.must, down.must, around.key, "must"),
      solved: up.solved && down.solved,
    };
  }
  return bounded(solve(leaf.sum, around, facts), all, around);
}

/** A condition on the tile alone: every key or none. */
function conditional({ may, must }: Truth, all: Range): Found {
  const open = isConst(may, 1) && isConst(must, 0);
  const when = (condition: Scalar): readonly Range[] => (isConst(condition, 0) ? [] : [{ ...all, when: condition }]);
  return { may: when(may), must: when(must), solved: !open };
}

function bounded(bound: Bound | undefined, all: Range, around: Surroundings): Found {
  if (!bound) return unsolved(all.origin, around);
  const { side, guard } = bound;
  const range = (end: Scalar): Range => ({ ...all, when: guard, ...(side === "lo" ? { lo: end } : { hi: end }) });
  const rest: readonly Range[] = isConst(guard, 1) ? [] : [{ ...all, when: not(guard) }];
  return { may: [range(bound.may), ...rest], must: [range(bound.must)], solved: rest.length === 0 };
}

/** `j == t[…]` or `j div n == t[…]`: the entry itself, ignored outside the keys so that nothing wraps. */
function tableEntry(sum: Linear, all: Range, around: Surroundings): Range | undefined {
  const key = sum.terms.find((t) => dependsOn(t.of, "j"));
  const entry = sum.terms.find((t) => t !== key);
  if (sum.terms.length !== 2 || sum.constant !== 0 || !key || !entry || !wild(entry.of)) return undefined;
  // Rows of a table are enumerated by i alone: one that a digit of i picks is no single number here.
  if (key.coefficient !== -entry.coefficient || Math.abs(key.coefficient) !== 1 || varies(entry.of)) return undefined;
  const n = blockOfKey(key.of);
  if (n === undefined) return undefined;
  const t = entry.of;
  const blocks = ceilDiv(around.key, int(n));
  const lo = toScalar(times(linear(t), n));
  return {
    ...all,
    when: and(call("ge", t, int(0)), call("lt", t, blocks)),
    lo,
    hi: add(lo, int(n)),
  };
}

function blockOfKey(x: Scalar): number | undefined {
  if (x.kind === "var") return 1;
  if (x.kind !== "call" || x.fn !== "idiv") return undefined;
  const [j, n] = x.args;
  return j.kind === "var" && isConst(n) && n.value > 0 ? n.value : undefined;
}
