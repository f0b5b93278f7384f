/**
 * `rotate q, k by rope(…)`: takes the clauses and the signature, gives the rotation of each operand and what the sizes
 * must then fulfil. Arguments: `base` (10000) or `frequencies`, an input that holds the frequency of each pair;
 * `channels` (all) and `from` (0), which channels turn; `interleaved`, whether neighbours make a pair; `at`, the position.
 */
import { closest } from "../diagnostics/suggest.ts";
import { add, call, float, idiv, int, isConst, mul, read, variable, type Scalar } from "../scalar/scalar.ts";
import { isReal } from "../scalar/storage.ts";
import type { Clause, Expr, Name } from "../syntax/ast.ts";
import { lower, lowerValue } from "./lowering.ts";
import { places, report, scopeOf, suggestion, type Resolver } from "./scope.ts";
import type { Implied, Signature } from "./signature.ts";
import type { Rotation, SpecInput } from "./spec.ts";
import { toReal } from "./typing.ts";

type Rotate = Clause & { readonly kind: "rotate" };

const names = ["base", "frequencies", "channels", "from", "interleaved", "at"] as const;
type Argument = (typeof names)[number];
type Arguments = Partial<Readonly<Record<Argument, Expr>>>;

export interface Rotated {
  readonly rotations: readonly Rotation[];
  readonly implied: readonly Implied[];
}

export function resolveRotations(
  resolver: Resolver,
  clauses: readonly Clause[],
  signature: Signature,
): Rotated | undefined {
  const made = clauses
    .filter((clause) => clause.kind === "rotate")
    .flatMap((clause) => rotationsOf(resolver, clause, signature));
  const found = made.flatMap((x) => x ?? []);
  if (found.length < made.length) return undefined;
  return { rotations: found.map(({ rotation }) => rotation), implied: found.flatMap(({ implied }) => implied) };
}

interface One {
  readonly rotation: Rotation;
  readonly implied: readonly Implied[];
}

function rotationsOf(resolver: Resolver, clause: Rotate, signature: Signature): readonly (One | undefined)[] {
  const args = argumentsOf(resolver, clause);
  if (!args) return [undefined];
  return clause.operands.map((operand) => rotationOf(resolver, clause, operand, args, signature));
}

function argumentsOf(resolver: Resolver, { by }: Rotate): Arguments | undefined {
  const scope = scopeOf(resolver, places.rotateQueries);
  if (by.kind !== "call" || by.callee.text !== "rope") {
    const help = "write `rope(base: 10000)`";
    if (by.kind === "call" || by.kind === "name") {
      const [text, span] = by.kind === "call" ? [by.callee.text, by.callee.span] : [by.name, by.span];
      return report(scope, "FOV3002", `no rotation is named \`${text}\``, span, { help });
    }
    return report(scope, "FOV2001", "`rotate` takes a rotation", by.span, { help });
  }
  const args: Partial<Record<Argument, Expr>> = {};
  for (const { name, value } of by.args) {
    const known = names.find((each) => each === name?.text);
    if (!name || !known)
      return report(
        scope,
        "FOV2003",
        name ? `\`rope\` has no parameter \`${name.text}\`` : "an argument of `rope` has no name",
        name?.span ?? value.span,
        name ? suggestion(name.span, closest(name.text, names)) : { help: `name it: ${names.join(", ")}` },
      );
    if (args[known]) return report(scope, "FOV2003", `\`${known}\` of \`rope\` is given twice`, name.span);
    args[known] = value;
  }
  const other = args.base ?? args.channels;
  if (other && args.frequencies)
    return report(scope, "FOV2003", "`frequencies` says which channels turn, and how fast", other.span, {
      help: "leave out `frequencies`, or `base` and `channels`",
    });
  return args;
}

function rotationOf(
  resolver: Resolver,
  clause: Rotate,
  { text, span }: Name,
  args: Arguments,
  { extents }: Signature,
): One | undefined {
  if (text !== "q" && text !== "k")
    return report(
      scopeOf(resolver, places.rotateQueries),
      "FOV3001",
      `\`rotate\` takes q or k, and this is \`${text}\``,
      span,
    );
  const position = positionOf(resolver, text, args.at);
  const pairing = pairingOf(resolver, args.interleaved);
  const first = args.from ? sizeOf(resolver, args.from) : int(0);
  const frequencies = args.frequencies ? frequenciesOf(resolver, args.frequencies) : undefined;
  const channels = args.channels ? sizeOf(resolver, args.channels) : undefined;
  if (!position || !pairing || !first) return undefined;
  if ((args.frequencies && !frequencies) || (args.channels && !channels)) return undefined;
  const [count] = frequencies?.dims ?? [];
  const turned = channels ?? call("sub", extents.channel, first);
  const pairs = count ?? idiv(turned, int(2));
  const frequency = frequencies ? read(frequencies.name, "f32", [variable("t")]) : powerOf(resolver, args.base, pairs);
  if (!frequency) return undefined;
  const condition = (x: Scalar): Implied[] =>
    isConst(x, 1)
      ? []
      : [{ condition: x, text: "the channels that `rotate` turns are channels of q", span: clause.span }];
  return {
    rotation: {
      operand: text,
      angle: mul(position, frequency),
      pairs,
      first,
      pairing,
      approximate: !frequencies,
    },
    implied: condition(call("le", add(first, mul(int(2), pairs)), extents.channel)),
  };
}

/** base^(−2t / channels), by way of 2^x. */
function powerOf(resolver: Resolver, base: Expr | undefined, pairs: Scalar): Scalar | undefined {
  const scope = scopeOf(resolver, places.constant);
  const value = base ? lower(base, scope) : float(10000);
  if (!value) return undefined;
  if (base && (!isConst(value) || value.type === "bool" || !(value.value > 0)))
    return report(scope, "FOV2001", "`base` is not a positive number known at compile time", base.span);
  if (!isConst(value)) return undefined;
  const power = float(Math.fround(-Math.log2(value.value)));
  return call("exp2", call("div", mul(call("float", variable("t")), power), call("float", pairs)));
}

function positionOf(resolver: Resolver, operand: "q" | "k", at: Expr | undefined): Scalar | undefined {
  const scope = scopeOf(resolver, operand === "q" ? places.rotateQueries : places.rotateKeys);
  if (!at) return call("float", variable(operand === "q" ? "i" : "j"));
  const value = lower(at, scope);
  if (!value) return undefined;
  if (value.type === "bool")
    return report(scope, "FOV2001", "`at` takes a position, and this is a truth value", at.span);
  return toReal(value);
}

function pairingOf(resolver: Resolver, x: Expr | undefined): Rotation["pairing"] | undefined {
  if (!x) return "halves";
  const scope = scopeOf(resolver, places.constant);
  const value = lower(x, scope);
  if (!value) return undefined;
  if (!isConst(value) || value.type !== "bool")
    return report(scope, "FOV2001", "`interleaved` is not `true` or `false`", x.span);
  return value.value ? "neighbours" : "halves";
}

function sizeOf(resolver: Resolver, x: Expr): Scalar | undefined {
  const scope = scopeOf(resolver, places.shape);
  const value = lower(x, scope);
  if (!value) return undefined;
  if (value.type !== "i32" || (isConst(value) && value.value < 0))
    return report(scope, "FOV2001", "a number of channels is not a size", x.span);
  return value;
}

function frequenciesOf(resolver: Resolver, x: Expr): SpecInput | undefined {
  const scope = scopeOf(resolver, places.rotateQueries);
  const value = lowerValue(x, scope);
  if (!value) return undefined;
  if (
    value.kind !== "tensor" ||
    value.leading.length > 0 ||
    value.input.dims.length !== 1 ||
    !isReal(value.input.dtype)
  )
    return report(scope, "FOV2105", "`frequencies` is not an input of one real dimension", x.span, {
      help: "declare it as `frequencies: f32[D/2]`: a frequency for each pair of channels",
    });
  return value.input;
}
