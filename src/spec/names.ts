/**
 * What a bare name means, nearest first: a parameter of the pattern being expanded, a position, a let, an input,
 * a `param`, a dimension, a pattern without parameters. Gives its value, or reports why it has none here.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { call, int, read, variable, type Scalar } from "../scalar/scalar.ts";
import { scalarTypeOf } from "../scalar/storage.ts";
import { builtins, expand } from "./calls.ts";
import { lower } from "./lowering.ts";
import { callableIn, outputNames, positionNames, report, suggestion, type Scope, type Value } from "./scope.ts";

export function lowerName(name: string, span: Span, scope: Scope): Value | undefined {
  const { resolver, place } = scope;
  const local = scope.locals.get(name);
  if (local) return local;
  if (positionNames.includes(name)) return position(name, span, scope);
  if (outputNames.includes(name) && place.variables.includes(name)) return variable(name, name === "o" ? "f32" : "i32");

  const bound = resolver.lets.get(name);
  if (bound) {
    if (scope.lets.includes(name)) return report(scope, "FOV3004", `\`${name}\` is defined by itself`, span);
    resolver.used.lets.add(name);
    const value = lower(bound.value, {
      ...scope,
      locals: new Map(),
      expansion: undefined,
      lets: [...scope.lets, name],
    });
    return value && { ...value, origin: name };
  }

  const input = resolver.inputs.get(name);
  if (input) {
    if (name === "q" || name === "k" || name === "v") {
      return report(scope, "FOV3114", `rows of \`${name}\` in an expression are not available yet`, span, {
        notes: ["available now: `s`, the scaled product of q and k, in `score`, and elements of every other input"],
      });
    }
    if (!place.inputs) return report(scope, "FOV3010", `the input \`${name}\` is not known in ${place.clause}`, span);
    return input.dims.length === 0
      ? read(input.name, scalarTypeOf(input.dtype), [])
      : { kind: "tensor", input, leading: [] };
  }

  const param = resolver.params.get(name);
  if (param) {
    resolver.used.params.add(name);
    return param;
  }

  const size = resolver.sizes.get(name);
  if (size)
    return place.sizes
      ? size
      : report(scope, "FOV3010", `the dimension \`${name}\` is not known in ${place.clause}`, span);

  const callable = callableIn(scope, name);
  if (callable) return expand(callable, [], span, scope);
  return unknown(name, span, scope);
}

function position(name: string, span: Span, scope: Scope): Scalar | undefined {
  const { place, resolver } = scope;
  if (name === "s" && place.clause === "`mask`") {
    return report(scope, "FOV3115", "`s` in a mask is not available yet", span, {
      notes: ["available now: positions, inputs and sizes in `mask`, and `s` in `score`"],
    });
  }
  if (!place.variables.includes(name)) {
    const known =
      place.variables.length > 0 ? [`${place.clause} knows ${place.variables.map((v) => `\`${v}\``).join(", ")}`] : [];
    return report(scope, "FOV3010", `\`${name}\` is not known in ${place.clause}`, span, { notes: known });
  }
  if (name === "s") return variable("s", "f32");
  if (name !== "bi" && name !== "bj") return variable(name);
  if (!resolver.blocks)
    return report(scope, "FOV3010", `\`${name}\` has no meaning without \`blocks\``, span, {
      help: "add a clause such as `blocks 32`",
    });
  return name === "bi"
    ? call("idiv", variable("i"), int(resolver.blocks.rows))
    : call("idiv", variable("j"), int(resolver.blocks.columns));
}

function unknown(name: string, span: Span, scope: Scope): undefined {
  const { resolver, place } = scope;
  if (resolver.attentions.has(name)) {
    return report(scope, "FOV3112", `the attention \`${name}\` as a value is not available yet`, span, {
      notes: ["available now: one attention a spec"],
    });
  }
  if (name === "o" || name === "c" || name === "lse" || name === "entropy")
    return report(scope, "FOV3010", `\`${name}\` is not known in ${place.clause}`, span);
  const here = [
    ...scope.locals.keys(),
    ...place.variables,
    ...resolver.lets.keys(),
    ...resolver.inputs.keys(),
    ...resolver.params.keys(),
    ...(place.sizes ? resolver.sizes.keys() : []),
    ...resolver.callables.keys(),
    ...builtins,
  ];
  return report(scope, "FOV3001", `nothing in scope is named \`${name}\``, span, suggestion(span, closest(name, here)));
}
