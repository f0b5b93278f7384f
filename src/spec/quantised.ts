/**
 * Operands stored as small integers: `k: i8[B, H, S, D] scale ks zero kz`. Takes the declaration; gives the inputs that
 * are stored so, each with the granules that the dimensions of its scale and zero tell: `ks: f32[B, H, S]` is a scale a
 * token, `[B, H, D]` one a channel, `[B, H, S/32, D]` one for 32 tokens of a channel. Refuses what does not fit.
 */
import { diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { ceilDiv, int, isConst } from "../scalar/scalar.ts";
import { isReal, isSmall } from "../scalar/storage.ts";
import type { AttentionDeclaration, Expr, Input, Name } from "../syntax/ast.ts";
import { lower } from "./lowering.ts";
import { places, push, report, scopeOf, suggestion, type Resolver } from "./scope.ts";
import type { Granules, SpecInput } from "./spec.ts";
import { ungroup } from "./walk.ts";

const operands: readonly string[] = ["q", "k", "v"];

/** Every input that has a scale; undefined where one of them does not stand. */
export function withQuantised(resolver: Resolver, attention: AttentionDeclaration): readonly SpecInput[] | undefined {
  const made: SpecInput[] = [];
  let whole = true;
  for (const input of attention.inputs) {
    for (const name of input.names) {
      const known = resolver.inputs.get(name.text);
      if (!known || !(isSmall(known.dtype) || input.scale)) continue;
      const found = quantised(resolver, attention, input, name, known);
      if (found) made.push(found);
      else whole = false;
    }
  }
  return whole ? made : undefined;
}

function quantised(
  resolver: Resolver,
  attention: AttentionDeclaration,
  input: Input,
  name: Name,
  known: SpecInput,
): SpecInput | undefined {
  const scope = scopeOf(resolver, places.shape);
  const { dtype, dims } = known;
  const { scale, zero } = input;
  const operand = operands.includes(name.text);
  if (scale && !(isSmall(dtype) && operand)) {
    const why = operand ? `it is ${dtype}` : "it is not q, k or v";
    return report(scope, "FOV3017", `\`${name.text}\` takes no scale: ${why}`, scale.span, {
      notes: ["a scale says what the integers of an i8, u8 or i4 operand stand for"],
      help: "leave it out",
    });
  }
  if (!operand)
    return report(scope, "FOV3111", `\`${name.text}\` stored as ${dtype} is not available yet`, input.dtype.span, {
      notes: ["available now: q, k and v as `i8`, `u8` and `i4`, with a scale"],
      help: `declare it as \`${name.text}: i32\`, or \`f32\``,
    });
  if (!scale)
    return report(scope, "FOV3016", `\`${name.text}\` is ${dtype} and has no scale`, name.span, {
      notes: ["the integers of an operand stand for (stored − zero) · scale"],
      help: `write \`${name.text}: ${dtype}[…] scale ${name.text}s\` and declare \`${name.text}s: f32\`, or with dimensions for a scale a token, a channel or a group`,
    });
  if (dims.length === 0) return report(scope, "FOV2004", `\`${name.text}\` has no dimensions`, name.span);
  const scaleOf = granules(resolver, attention, input, name, scale, "scale");
  const zeroOf = zero && granules(resolver, attention, input, name, zero, "zero");
  if (!scaleOf || (zero && !zeroOf)) return undefined;
  const bytes = dims.map((dim, n) => (dtype === "i4" && n === dims.length - 1 ? ceilDiv(dim, int(2)) : dim));
  return { ...known, dims: bytes, quantised: { dims, scale: scaleOf, ...(zeroOf ? { zero: zeroOf } : {}) } };
}

/** Which granule an element belongs to, by the dimensions of the tensor that holds one number a granule. */
function granules(
  resolver: Resolver,
  attention: AttentionDeclaration,
  of: Input,
  operand: Name,
  by: Name,
  what: "scale" | "zero",
): Granules | undefined {
  const scope = scopeOf(resolver, places.shape);
  const known = resolver.inputs.get(by.text);
  const declared = attention.inputs.find((input) => input.names.some((name) => name.text === by.text));
  if (!declared) {
    const names = attention.inputs.flatMap((input) => input.names.map((name) => name.text));
    const near = suggestion(by.span, closest(by.text, names));
    return report(scope, "FOV3001", `no input is named \`${by.text}\``, by.span, {
      ...near,
      help: near.help ?? `declare it: \`${by.text}: f32\`, with the dimensions that have a ${what} each`,
    });
  }
  if (!known) return undefined;
  if (!isReal(known.dtype) || operands.includes(by.text))
    return report(
      scope,
      "FOV2001",
      `\`${by.text}\` cannot be a ${what}: it is ${isReal(known.dtype) ? "an operand" : known.dtype}`,
      by.span,
      { help: "declare it as `f32`, `f16` or `bf16`" },
    );
  const outer = of.dims ?? [];
  const inner = declared.dims ?? [];
  const ways = placings(resolver, outer, inner);
  const [at] = ways;
  if (ways.length === 1 && at) return { input: by.text, at };
  const span = by.span;
  if (ways.length > 1)
    return report(
      scope,
      "FOV2006",
      `it cannot be told which dimensions of \`${operand.text}\` those of \`${by.text}\` are`,
      span,
      {
        help: `give the dimensions of \`${operand.text}\` names of their own`,
      },
    );
  push(
    resolver.diagnostics,
    diagnostic("FOV2006", `the dimensions of \`${by.text}\` are not those of \`${operand.text}\``, {
      span,
      labels: [{ span: declared.span, text: "declared here" }],
      notes: [
        `a ${what} has some of the dimensions of what it belongs to, in their order, each as it is written there or divided by a number: \`S/32\``,
      ],
      help: `leave out the dimensions that share a ${what}`,
    }),
  );
  return undefined;
}

/** The ways in which the dimensions of a scale are dimensions of its operand, or parts of them, in order. */
function placings(resolver: Resolver, outer: readonly Expr[], inner: readonly Expr[], from = 0): Granules["at"][] {
  const [first, ...rest] = inner;
  if (!first) return [[]];
  const found: Granules["at"][] = [];
  for (let dimension = from; dimension < outer.length; dimension++) {
    const per = sharing(resolver, outer[dimension], first);
    if (per === undefined) continue;
    for (const more of placings(resolver, outer, rest, dimension + 1)) found.push([{ dimension, per }, ...more]);
  }
  return found;
}

/** How many neighbours share a number: 1 for the dimension itself, N for `S/N`. As written, for sizes may be fixed. */
function sharing(resolver: Resolver, dim: Expr, own: Expr): number | undefined {
  const [a, b] = [ungroup(dim), ungroup(own)];
  if (written(a) === written(b)) return 1;
  if (b.kind !== "binary" || b.op !== "/" || written(ungroup(b.left)) !== written(a)) return undefined;
  const by = lower(b.right, scopeOf(resolver, places.shape));
  return by && isConst(by) && by.type === "i32" && by.value >= 1 ? by.value : undefined;
}

function written(x: Expr): string {
  switch (x.kind) {
    case "name":
      return x.name;
    case "number":
      return String(x.value);
    case "group":
      return written(x.inner);
    case "binary":
      return `(${written(x.left)} ${x.op} ${written(x.right)})`;
    default:
      return `at ${x.span.start}`;
  }
}
