/**
 * Random expressions of the language as text: integers, conditions for a mask, reals for a score. What they name
 * (`doc`, `ok`, `n`, `table`, `f`, `p`, …) is declared by `specs.ts` where it occurs. Kept in bounds: reals of a mask
 * use only operations that every target rounds alike, scores stay of order 1, and products stay far from 32 bits.
 */
import fc from "fast-check";

type Text = fc.Arbitrary<string>;

/** How the parts of an expression are drawn; a place that has no blocks has no `bi`. */
export interface Place {
  readonly blocks: boolean;
}

const small = (min: number, max: number): Text => fc.integer({ min, max }).map(String);
const among = (...all: readonly string[]): Text => fc.constantFrom(...all);
const weighted = (weight: number, arbitrary: Text): { weight: number; arbitrary: Text } => ({ weight, arbitrary });
/** `a op b` in parentheses, which the formatter takes away where they are not needed. */
const joined = (op: Text, a: Text, b: Text): Text => fc.tuple(a, op, b).map(([x, sign, y]) => `(${x} ${sign} ${y})`);
const called = (name: Text, ...args: readonly Text[]): Text =>
  fc.tuple(name, ...args).map(([fn, ...parts]) => `${fn}(${parts.join(", ")})`);

const positions = (place: Place): readonly string[] =>
  place.blocks ? ["i", "j", "i", "j", "bi", "bj"] : ["i", "j", "i", "j", "(i - j)", "(j - i)"];

/** Constants that hit edges of tiles and of digits, and signs. */
const constant = fc.oneof(small(-6, 12), among("16", "31", "32", "33", "64", "0", "1"));
const divisor = fc.oneof(small(2, 9), among("1", "16", "32", "n", "w", "(h + 1)", "L", "-3"));

export interface Expressions {
  readonly integer: Text;
  readonly condition: Text;
  readonly real: Text;
}

export function expressions(place: Place): Expressions {
  const here = among(...positions(place));
  return fc.letrec<{ integer: string; condition: string; exact: string; real: string }>((tie) => ({
    integer: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      weighted(6, here),
      weighted(2, constant),
      weighted(
        2,
        among("h", "b", "row", "n", "w", "L", "D", "doc[b, i]", "doc[b, j]", "segment(cu, i)", "segment(cu, j)"),
      ),
      weighted(2, joined(among("+", "-"), tie("integer"), tie("integer"))),
      weighted(3, joined(among("div", "mod"), tie("integer"), divisor)),
      weighted(1, joined(among("*"), tie("integer"), small(-2, 4))),
      weighted(1, called(among("min", "max"), tie("integer"), tie("integer"))),
      weighted(1, called(among("abs", "f"), tie("integer"))),
      weighted(1, called(among("clamp"), tie("integer"), small(-3, 3), small(4, 20))),
      weighted(
        1,
        tie("exact").map((x) => `int(${x})`),
      ),
      weighted(
        1,
        tie("integer").map((x) => `(hash(${x}, h) mod 5)`),
      ),
      weighted(
        1,
        tie("integer").map((x) => `(-${x})`),
      ),
      weighted(
        1,
        fc.tuple(small(0, 4), tie("integer")).map(([n, x]) => `sum(t < ${n}, (t + ${x}) mod 7)`),
      ),
      weighted(1, choice(tie("condition"), tie("integer"))),
    ),
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      weighted(5, joined(among("<", "<=", "==", ">=", ">", "!="), tie("integer"), tie("integer"))),
      weighted(2, chained(tie("integer"))),
      weighted(6, pattern(place)),
      weighted(4, canvas),
      weighted(1, data(place)),
      weighted(1, joined(among("<", "<=", ">"), tie("exact"), tie("exact"))),
      weighted(
        4,
        fc
          .array(tie("condition"), { minLength: 2, maxLength: 3 })
          .chain((all) => among("and", "or").map((op) => `(${all.join(` ${op} `)})`)),
      ),
      weighted(
        2,
        tie("condition").map((x) => `(not ${x})`),
      ),
      weighted(1, joined(among("==", "!="), tie("condition"), tie("condition"))),
      weighted(1, choice(tie("condition"), tie("condition"))),
    ),
    /** Rounded alike everywhere: sums, products with powers of two, quotients. */
    exact: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("integer").map((x) => `float(${x})`),
      among("0.5", "2.25", "-1.5", "1e1"),
      joined(among("+", "-"), tie("exact"), tie("exact")),
      tie("integer").map((x) => `(${x} * 0.25)`),
      tie("integer").map((x) => `(1.0 * ${x} / 3)`),
      called(among("floor", "ceil", "abs"), tie("exact")),
    ),
    real: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      weighted(4, among("s")),
      weighted(
        1,
        among("bias[h, j - i + 5]", "gate[h]", "s / 2", "0.5 * s", "min(s, 1)", "max(s, -0.75)", "softcap(s, 3)"),
      ),
      weighted(1, among("alibi_slope(h, H) * max(j - i, -20) / 4", "-abs(i - j) / 16")),
      weighted(1, called(among("tanh", "sin", "cos"), tie("real"))),
      weighted(
        1,
        tie("real").map((x) => `exp(min(${x}, 0))`),
      ),
      weighted(
        1,
        tie("real").map((x) => `log(1 + abs(${x}))`),
      ),
      weighted(
        1,
        tie("real").map((x) => `sqrt(1 + abs(${x}))`),
      ),
      weighted(1, joined(among("+", "-"), tie("real"), among("0.5", "0.25", "gate[h]", "tanh(s)"))),
      weighted(1, choice(tie("condition"), tie("real"))),
    ),
  }));
}

const choice = (when: Text, of: Text): Text =>
  fc.tuple(when, of, of).map(([c, a, b]) => `(if ${c} then ${a} else ${b})`);

const chained = (number: Text): Text =>
  fc
    .tuple(small(-8, 4), among("<", "<="), number, among("<", "<="), number)
    .map(([a, p, x, q, b]) => `(${a} ${p} ${x} ${q} ${b})`);

const width = fc.oneof(small(0, 40), among("w", "n", "(h + 2)", "4 * (h + 1)"));

const pattern = ({ blocks }: Place): Text =>
  fc.oneof(
    weighted(4, among("causal")),
    called(among("window", "around", "sinks", "prefix", "global"), width),
    called(among("stride", "columns", "chunk"), divisor),
    called(among("dilated"), small(1, 9), small(1, 6)),
    called(among("p"), among("i - j", "j", "n", "3")),
    ...(blocks ? [among("diagonal", "(abs(bi - bj) <= 1)", "(bj in table[h, bi])", "(bj <= bi)")] : []),
  );

/** Positions as digits: neighbours on canvases of 2 and 3 dimensions, dilated ones, sums of residues. */
const canvas: Text = fc.oneof(
  fc
    .tuple(fc.oneof(small(2, 12), among("w", "n")), small(0, 3), small(0, 3), among("<=", "<"))
    .map(([n, a, c, op]) => `(abs(i div ${n} - j div ${n}) ${op} ${a} and abs(i mod ${n} - j mod ${n}) <= ${c})`),
  fc
    .tuple(small(3, 8), small(1, 7), small(1, 3), small(1, 2))
    .map(
      ([n, w, s, d]) =>
        `(neighbour(i div ${n}, j div ${n}, 6, ${w}, ${s}, ${d}) and near(i mod ${n}, j mod ${n}, ${n}, 3, 1))`,
    ),
  fc
    .tuple(small(2, 5), small(2, 5), small(0, 2))
    .map(
      ([m, n, a]) =>
        `(abs(i div (${m} * ${n}) - j div (${m} * ${n})) <= ${a} and abs(i div ${n} mod ${m} - j div ${n} mod ${m}) <= 1 and i mod ${n} >= j mod ${n})`,
    ),
  fc.tuple(small(2, 9), small(-4, 9)).map(([n, c]) => `((i - j + ${c}) mod ${n} == 0)`),
  fc
    .tuple(small(2, 9), small(2, 6), small(0, 4))
    .map(([m, n, c]) => `(i mod ${m} == j mod ${m} and j div ${n} mod 2 != ${c} mod 2)`),
  fc.tuple(small(2, 9), small(0, 8)).map(([n, c]) => `(j mod ${n} <= ${c} and i div ${n} >= j div ${n})`),
  fc.tuple(small(2, 7), small(2, 9), small(0, 9)).map(([a, b, c]) => `(0 <= i mod ${a} - j mod ${b} <= ${c})`),
);

const data = ({ blocks }: Place): Text =>
  among(
    "(doc[b, i] == doc[b, j])",
    "ok[b, j]",
    "(ok[b, i] or ok[b, j])",
    "packed(cu)",
    "(j < live[b])",
    "bit(word[b, i], j)",
    "(j == doc[b, i])",
    ...(blocks ? ["(not bj in table[h, bi])"] : []),
  );
