/**
 * `weights linear(phi)`: a feature map of the file as one Scalar. Takes the clause and the signature; gives feature `c`
 * of a row in terms of `c` and of the row itself, read as `featureRow`, so that nothing below the Spec knows of vectors.
 *
 * In a feature map `x` is a row of q or k (times √scale), a tensor without its last index is a vector, numbers go with
 * every element of one, and `@` sums: W @ x is a vector over W's rows, x @ x a number. Which elements a vector has is
 * read off the Scalar: those of the dimensions that `c` indexes, which must agree.
 */
import { closest } from "../diagnostics/suggest.ts";
import { printScalar } from "../scalar/print.ts";
import { call, children, dependsOn, int, isConst, mul, read, sameScalar, some, substitute } from "../scalar/scalar.ts";
import { variable, type Scalar } from "../scalar/scalar.ts";
import { scalarTypeOf } from "../scalar/storage.ts";
import type { Clause, Expr } from "../syntax/ast.ts";
import { elementOf, lower, lowerValue } from "./lowering.ts";
import { places, report, scopeOf, suggestion, type Resolver, type Scope, type TensorRef, type Value } from "./scope.ts";
import type { Signature } from "./signature.ts";
import { featureRow, type Spec, type Weights } from "./spec.ts";
import { checked, toReal, typeName } from "./typing.ts";
import { ungroup } from "./walk.ts";

type Linear = Extract<Weights, { kind: "linear" }>;
type WeightsClause = Clause & { readonly kind: "weights" };

const c = variable("c");

export function resolveFeatures(
  resolver: Resolver,
  { name, args }: WeightsClause,
  { extents }: Signature,
): Linear | undefined {
  const outside = scopeOf(resolver, places.features);
  const [first, second] = args ?? [];
  const wanted = "`linear` takes a feature map, a function of one row";
  const help = "such as `fn phi(x) = max(x, 0)` and `weights linear(phi)`";
  if (!first || second || first.name) {
    const wrong = second ?? first;
    return report(outside, "FOV2003", wanted, wrong?.name?.span ?? wrong?.value.span ?? name.span, { help });
  }
  const given = ungroup(first.value);
  if (given.kind !== "name") return report(outside, "FOV2001", wanted, given.span, { help });
  const map = resolver.callables.get(given.name);
  if (!map) {
    const near = closest(given.name, resolver.callables.keys());
    return report(
      outside,
      "FOV3002",
      `no function is named \`${given.name}\``,
      given.span,
      suggestion(given.span, near),
    );
  }
  const [param] = map.params;
  if (map.kind !== "fn" || map.params.length !== 1 || !param)
    return report(outside, "FOV2001", wanted, given.span, { help });
  if (resolver.broken.has(map)) return undefined;
  resolver.used.callables.add(map);
  resolver.rowOf = extents.channel;
  const row: TensorRef = {
    kind: "tensor",
    input: { name: featureRow, dtype: "f32", dims: [extents.channel], span: param.span },
    leading: [],
  };
  const expansion = { name: given.name, prelude: map.prelude, home: map.home, span: given.span, outer: undefined };
  const scope: Scope = { ...outside, locals: new Map([[param.text, row]]), expansion };
  const made = lower(map.body, scope);
  if (!made) return undefined;
  if (made.type === "bool")
    return report(scope, "FOV2001", `a feature is a number, and this is ${typeName(made.type)}`, map.body.span);
  const lengths = lengthsOf(resolver, made);
  const [count = int(1), other] = lengths;
  if (other)
    return report(
      scope,
      "FOV2004",
      `vectors of ${printScalar(count)} and of ${printScalar(other)} elements meet in \`${given.name}\``,
      map.body.span,
    );
  const perHead = dependsOn(made, "h") && !sameScalar(extents.head, extents.keyHead);
  if (perHead)
    return report(scope, "FOV3018", "a feature map that differs by `h` needs a key head for each head", map.body.span, {
      notes: ["keys get their features once a key head, which several heads share here"],
    });
  const feature = toReal(made);
  const exponent = feature.kind === "call" && feature.fn === "exp" ? feature.args[0] : undefined;
  return { kind: "linear", phi: given.name, feature: exponent ?? feature, exponent: exponent !== undefined, count };
}

/** What dimensions `c` indexes, each once. */
function lengthsOf(resolver: Resolver, x: Scalar): readonly Scalar[] {
  const found: Scalar[] = [];
  const go = (y: Scalar): void => {
    if (y.kind === "read") {
      const dims = y.tensor === featureRow ? [resolver.rowOf] : resolver.inputs.get(y.tensor)?.dims;
      y.indices.forEach((index, n) => {
        const dim = dims?.[n];
        const own = index.kind === "var" && index.name === "c";
        if (own && dim && !found.some((each) => sameScalar(each, dim))) found.push(dim);
      });
    }
    children(y).forEach(go);
  };
  go(x);
  return found;
}

const openDims = ({ input, leading }: TensorRef): readonly Scalar[] => input.dims.slice(leading.length);

function vectorOf(value: Value): Scalar | undefined {
  const x = value.kind === "tensor" ? elementOf(value) : value;
  return x && x.type !== "bool" && dependsOn(x, "c") ? toReal(x) : undefined;
}

/** `a @ b` in a feature map: a matrix and a vector, or two vectors. */
export function product(x: Expr & { kind: "binary" }, scope: Scope): Scalar | undefined {
  const { resolver } = scope;
  const [left, right] = [lowerValue(x.left, scope), lowerValue(x.right, scope)];
  if (!left || !right) return undefined;
  const b = vectorOf(right);
  const dims = left.kind === "tensor" ? openDims(left) : [];
  const t = variable(`t_${++resolver.bound}`);
  const matrix =
    left.kind === "tensor" && dims.length === 2
      ? toReal(read(left.input.name, scalarTypeOf(left.input.dtype), [...left.leading, c, t]))
      : undefined;
  const a = matrix ? undefined : vectorOf(left);
  if (!b || !(matrix ?? a) || t.kind !== "var")
    return report(scope, "FOV2001", "`@` multiplies a matrix and a vector, or two vectors", x.span, {
      notes: ["a tensor without its last index is a vector, one without its last two a matrix"],
    });
  const lengths = [...lengthsOf(resolver, b), ...(a ? lengthsOf(resolver, a) : dims.slice(1))];
  const [count = int(1)] = lengths;
  const other = lengths.find((each) => !sameScalar(each, count));
  if (other)
    return report(
      scope,
      "FOV2004",
      `\`@\` meets vectors of ${printScalar(count)} and of ${printScalar(other)} elements`,
      x.span,
    );
  const nested = [a, b].some((y) => y && some(y, (n) => n.kind === "sum" && dependsOn(n, "c")));
  if (nested)
    return report(scope, "FOV3018", "a product of a matrix is multiplied again", x.span, {
      notes: ["features are made by one product with each row; a second one would be a sum in every term of a sum"],
      help: "multiply the matrices before the call, and pass their product",
    });
  const at = { c: t };
  const body = mul(matrix ?? substitute(a ?? b, at), substitute(b, at));
  return checked(scope, { kind: "sum", type: "f32", name: t.name, count, body }, x.span);
}

/** What has no meaning beside features: a score and a mask of pairs need the pairs, which are never looked at. */
export function refusePairsOf(
  resolver: Resolver,
  clauses: readonly Clause[],
  { mask, score, scale, extents }: Pick<Spec, "mask" | "score" | "scale" | "extents">,
): void {
  const scope = scopeOf(resolver, places.features);
  const refuse = (kind: Clause["kind"], message: string, note: string, help: string): void => {
    const span = clauses.find((x) => x.kind === kind)?.span;
    if (span) report(scope, "FOV3018", message, span, { notes: [note], help });
  };
  const sums = "keys are summed once, and every query reads the sum";
  if (!(score.kind === "var" && score.name === "s"))
    refuse(
      "score",
      "`score` has no meaning for `weights linear`",
      "no product of q and k is made",
      "leave out `score`",
    );
  if (!isConst(mask, 1) && !isCausal(mask))
    refuse(
      "mask",
      "`weights linear` knows `mask causal` and no other",
      sums,
      "write `mask causal`, or leave out `mask`",
    );
  if (dependsOn(scale, "h") && !sameScalar(extents.head, extents.keyHead))
    refuse(
      "scale",
      "a scale that differs by `h` needs a key head for each head",
      "q and k are multiplied by its root before they become features, keys once a key head",
      "leave `h` out of `scale`",
    );
}

const [i, j] = [variable("i"), variable("j")];

const isCausal = (mask: Scalar): boolean => sameScalar(mask, call("le", j, i)) || sameScalar(mask, call("ge", i, j));
