/**
 * The `return` clause: which results, under which names, stored as what. Takes the clause, the signature and the
 * weights; gives the outputs in their order, `o` in q's dtype where nothing is said, or undefined where one of them
 * does not stand. A result more is a row of `results`.
 */
import { closest } from "../diagnostics/suggest.ts";
import { printScalar } from "../scalar/print.ts";
import { sameScalar, type Scalar } from "../scalar/scalar.ts";
import { isReal, isSmall, type RealDtype } from "../scalar/storage.ts";
import type { Clause, Name, Returned } from "../syntax/ast.ts";
import { lower } from "./lowering.ts";
import { places, report, scopeOf, suggestion, type Resolver, type Scope } from "./scope.ts";
import { dtypeOf, type Signature } from "./signature.ts";
import type { Extents, Role, SpecOutput, Weights } from "./spec.ts";

interface Result {
  /** Roles of q that its dimensions have. */
  readonly roles: (q: readonly Role[]) => readonly Role[];
  /** The dtype where nothing is said. */
  readonly dtype: (q: RealDtype) => RealDtype;
}

const results: Readonly<Record<SpecOutput["value"], Result>> = {
  o: { roles: (q) => q, dtype: (q) => q },
  lse: { roles: (q) => q.filter((role) => role !== "channel"), dtype: () => "f32" },
  entropy: { roles: (q) => q.filter((role) => role !== "channel"), dtype: () => "f32" },
};
const known = Object.keys(results) as readonly SpecOutput["value"][];
const later = ["mass", "selected"];
const reserved: readonly string[] = [...known, ...later];
const now = { notes: ["available now: `o`, `lse` and `entropy`"] };

interface Around {
  readonly resolver: Resolver;
  readonly scope: Scope;
  readonly signature: Signature;
  readonly weights: Weights | undefined;
}

export function resolveReturn(
  resolver: Resolver,
  clause: (Clause & { kind: "return" }) | undefined,
  signature: Signature,
  weights: Weights | undefined,
): readonly SpecOutput[] | undefined {
  if (!clause) return [{ name: "o", value: "o", dtype: dtypeOfQ(resolver) }];
  const around: Around = { resolver, scope: scopeOf(resolver, places.sink), signature, weights };
  const outputs: SpecOutput[] = [];
  for (const returned of clause.values) {
    const output = resolveOne(around, returned, outputs);
    if (output) outputs.push(output);
  }
  return outputs.length === clause.values.length ? outputs : undefined;
}

/** That of q, which is real. */
function dtypeOfQ({ inputs }: Resolver): RealDtype {
  const dtype = inputs.get("q")?.dtype ?? "f32";
  return isReal(dtype) ? dtype : "f32";
}

function resolveOne(around: Around, returned: Returned, before: readonly SpecOutput[]): SpecOutput | undefined {
  const { resolver, scope, weights } = around;
  const { name, alias } = returned;
  if (later.includes(name.text))
    return report(scope, "FOV3109", `\`${name.text}\` is not available yet`, name.span, now);
  const value = known.find((each) => each === name.text);
  if (!value) {
    const near = suggestion(name.span, closest(name.text, reserved));
    return report(scope, "FOV3001", `no result is named \`${name.text}\``, name.span, near);
  }
  if (value !== "o" && weights && weights.kind !== "softmax") {
    return report(scope, "FOV3009", `\`${value}\` has no meaning for \`weights ${weights.kind}\``, name.span, {
      notes: [
        weights.kind === "linear"
          ? "the sum of linear weights may be negative, and its size hangs on how features are stabilised"
          : `${weights.kind} weights are a plain sum without a normaliser`,
      ],
      help: "return `o` alone",
    });
  }
  const dtype = typeOf(around, returned, value);
  if (!dtype) return undefined;
  const own: Name = alias ?? name;
  if (alias && reserved.includes(alias.text) && alias.text !== name.text) {
    return report(scope, "FOV3003", `\`${alias.text}\` is already the name of a result`, alias.span, {
      help: "choose another name",
    });
  }
  if (before.some((each) => each.name === own.text))
    return report(scope, "FOV3003", `\`${own.text}\` is returned twice`, own.span);
  if (resolver.inputs.has(own.text))
    return report(scope, "FOV3003", `\`${own.text}\` is already an input`, own.span, { help: "choose another name" });
  return { name: own.text, value, dtype };
}

/** The dtype that is said, with dimensions that must be the result's own; or the default. */
function typeOf(around: Around, { name, type }: Returned, value: SpecOutput["value"]): RealDtype | undefined {
  const { resolver, scope, signature } = around;
  if (!type) return results[value].dtype(dtypeOfQ(resolver));
  const scaled = type.scale ?? type.zero;
  if (scaled)
    return report(scope, "FOV3110", `\`${name.text}\` with a scale is not available yet`, scaled.span, {
      notes: ["available now: results without scales"],
    });
  const dtype = dtypeOf(resolver, type.dtype);
  if (!dtype) return undefined;
  if (isSmall(dtype))
    return report(scope, "FOV3111", `\`${name.text}\` stored as ${dtype} is not available yet`, type.dtype.span, {
      help: "store it as `f32`, `f16` or `bf16`",
    });
  if (!isReal(dtype))
    return report(scope, "FOV2001", `\`${name.text}\` is real, and this is ${dtype}`, type.dtype.span, {
      help: "store it as `f32`, `f16` or `bf16`",
    });
  if (!type.dims) return dtype;
  const shape = scopeOf(resolver, places.shape);
  const said = type.dims.map((dim) => lower(dim, shape));
  const made = results[value].roles(signature.roles).map((role) => extentOf(signature.extents, role));
  const fits = said.length === made.length && said.every((dim, n) => dim && sameScalar(dim, made[n]));
  if (fits) return dtype;
  if (said.includes(undefined)) return undefined;
  const text = made.map((dim) => printScalar(dim)).join(", ");
  return report(scope, "FOV2004", `\`${name.text}\` has the dimensions [${text}]`, type.dtype.span, {
    help: `write \`${name.text}: ${dtype}[${text}]\``,
  });
}

function extentOf({ batch, head, query, valueChannel }: Extents, role: Role): Scalar {
  return { batch, head, position: query, channel: valueChannel }[role];
}
