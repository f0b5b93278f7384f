/**
 * The inputs of an attention: dtypes, dimensions, and the roles that the names of q's dimensions tell. Takes the
 * declaration; fills the resolver's sizes and inputs and gives roles, extents and the conditions that the
 * shapes imply; undefined where the signature cannot stand.
 */
import { diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { call, int, isConst, mod, sameScalar, size, type Scalar } from "../scalar/scalar.ts";
import type { AttentionDeclaration, Clause, Expr, Input, Name } from "../syntax/ast.ts";
import { isFree, twice } from "./declarations.ts";
import { maxHeadSize } from "./inputs.ts";
import { lower } from "./lowering.ts";
import { withQuantised } from "./quantised.ts";
import { readRoles } from "./roles.ts";
import { places, push, report, scopeOf, suggestion, type Resolver } from "./scope.ts";
import type { Extents, Role, SpecInput } from "./spec.ts";
import { ungroup } from "./walk.ts";
import { printScalar } from "../scalar/print.ts";
import { dtypes, isReal, isSmall, type Dtype } from "../scalar/storage.ts";

export interface Implied {
  readonly condition: Scalar;
  readonly text: string;
  readonly span: Span;
}

export interface Signature {
  readonly inputs: readonly SpecInput[];
  readonly sizes: readonly string[];
  readonly roles: readonly Role[];
  readonly extents: Extents;
  readonly implied: readonly Implied[];
}

/** Of inputs, and of free dimensions: a kernel takes each as an argument, and engines allow a thousand. */
const maxArguments = 256;

/** The dtype of that name; what has none is reported. */
export function dtypeOf(resolver: Resolver, dtype: Name): Dtype | undefined {
  const found = dtypes.find((each) => each === dtype.text);
  if (found) return found;
  push(
    resolver.diagnostics,
    diagnostic("FOV3001", `no type is named \`${dtype.text}\``, {
      span: dtype.span,
      notes: [`the types are ${dtypes.map((each) => `\`${each}\``).join(", ")}`],
      ...suggestion(dtype.span, closest(dtype.text, [...dtypes])),
    }),
  );
  return undefined;
}

/** Bare names in shapes declare dimensions; the rest of a shape may only use them. */
function declareSizes(resolver: Resolver, inputs: readonly Input[], fixed: ReadonlyMap<string, number>): void {
  for (const input of inputs) {
    for (const dim of input.dims ?? []) {
      const bare = ungroup(dim);
      if (bare.kind !== "name" || resolver.sizes.has(bare.name) || resolver.params.has(bare.name)) continue;
      if (!isFree(resolver.diagnostics, { text: bare.name, span: bare.span })) continue;
      const value = fixed.get(bare.name);
      resolver.sizes.set(bare.name, value === undefined ? size(bare.name) : int(value));
    }
  }
}

function declareInput(resolver: Resolver, input: Input, name: Name): SpecInput | undefined {
  const dtype = dtypeOf(resolver, input.dtype);
  const scope = scopeOf(resolver, places.shape);
  const dims: Scalar[] = [];
  for (const dim of input.dims ?? []) {
    const made = lower(dim, scope);
    if (made && made.type !== "i32") report(scope, "FOV2001", "a dimension is not an integer", dim.span);
    else if (made && isConst(made) && made.value < 0)
      report(scope, "FOV2106", `a dimension is ${made.value}`, dim.span);
    else if (made) dims.push(made);
  }
  return dtype && dims.length === (input.dims ?? []).length
    ? { name: name.text, dtype, dims, span: name.span }
    : undefined;
}

export function resolveSignature(
  resolver: Resolver,
  attention: AttentionDeclaration,
  axes: (Clause & { kind: "axes" }) | undefined,
  fixed: ReadonlyMap<string, number>,
): Signature | undefined {
  const { diagnostics } = resolver;
  declareSizes(resolver, attention.inputs, fixed);
  let q: readonly Expr[] | undefined;
  let whole = true;
  const names = new Map<string, Span>();
  for (const input of attention.inputs) {
    for (const name of input.names) {
      if (names.has(name.text)) {
        twice(diagnostics, name, names.get(name.text));
        whole = false;
        continue;
      }
      if (resolver.sizes.has(name.text) || resolver.params.has(name.text)) {
        push(
          diagnostics,
          diagnostic("FOV3003", `\`${name.text}\` is an input and also a dimension or parameter`, { span: name.span }),
        );
      } else if (name.text === "o" || name.text === "lse") {
        push(
          diagnostics,
          diagnostic("FOV3003", `\`${name.text}\` is already the name of an output`, {
            span: name.span,
            help: "choose another name",
          }),
        );
      } else isFree(diagnostics, name);
      names.set(name.text, name.span);
      if (name.text === "q") q = input.dims ?? [];
      const made = declareInput(resolver, input, name);
      if (made) resolver.inputs.set(name.text, made);
      else whole = false;
    }
  }
  for (const [what, count] of [
    ["inputs", names.size],
    ["dimensions", resolver.sizes.size],
  ] as const)
    if (count > maxArguments) {
      whole = false;
      const message = `the attention \`${attention.name.text}\` has ${count} ${what}`;
      push(
        diagnostics,
        diagnostic("FOV4005", message, {
          span: attention.name.span,
          notes: [`the limit is ${maxArguments}`],
          help: "join small tensors into one and index it",
        }),
      );
    }
  for (const needed of ["q", "k", "v"]) {
    if (names.has(needed)) continue;
    whole = false;
    push(
      diagnostics,
      diagnostic("FOV3006", `the attention \`${attention.name.text}\` has no input \`${needed}\``, {
        span: attention.name.span,
        help: "every attention takes `q`, `k` and `v`",
      }),
    );
  }
  const roles = q && readRoles(resolver, q, axes, attention.name.span);
  const [tq, tk, tv] = ["q", "k", "v"].map((name) => resolver.inputs.get(name));
  const stored = withQuantised(resolver, attention);
  if (!whole || !stored || !roles || !tq || !tk || !tv) return undefined;
  const signature = fit(resolver, roles, tq, tk, tv);
  for (const input of stored) resolver.inputs.set(input.name, input);
  return signature && { ...signature, inputs: [...resolver.inputs.values()] };
}

/** k and v stand in q's order; what their shapes must have in common becomes a condition where it can be neither proved nor refuted. */
function fit(
  resolver: Resolver,
  roles: readonly Role[],
  q: SpecInput,
  k: SpecInput,
  v: SpecInput,
): Signature | undefined {
  const scope = scopeOf(resolver, places.where);
  let fits = true;
  const refuse = (code: "FOV2001" | "FOV2004", message: string, span: Span): void => {
    fits = false;
    report(scope, code, message, span);
  };
  for (const each of [q, k, v]) {
    if (!isReal(each.dtype) && !isSmall(each.dtype))
      refuse("FOV2001", `\`${each.name}\` is ${each.dtype}, and q, k and v are real`, each.span);
    if (each.dims.length !== q.dims.length) {
      refuse("FOV2004", `\`${each.name}\` has ${each.dims.length} dimensions and q has ${q.dims.length}`, each.span);
    }
  }
  if (!fits) return undefined;
  const at = (input: SpecInput, role: Role): Scalar =>
    roles.includes(role) ? input.dims[roles.indexOf(role)] : int(1);
  const implied: Implied[] = [];
  const equal = (a: Scalar, b: Scalar, span: Span, what: string): void => {
    if (sameScalar(a, b)) return;
    const condition = call("eq", a, b);
    if (isConst(condition)) refuse("FOV2004", `${what}: ${printScalar(a)} and ${printScalar(b)}`, span);
    else implied.push({ condition, text: printScalar(condition), span });
  };
  equal(at(q, "batch"), at(k, "batch"), k.span, "q and k differ in their batch");
  equal(at(q, "batch"), at(v, "batch"), v.span, "q and v differ in their batch");
  equal(at(q, "channel"), at(k, "channel"), k.span, "q and k differ in their channels");
  equal(at(k, "position"), at(v, "position"), v.span, "k and v differ in their positions");
  equal(at(k, "head"), at(v, "head"), v.span, "k and v differ in their heads");
  const [head, keyHead] = [at(q, "head"), at(k, "head")];
  if (!sameScalar(head, keyHead) && !isConst(keyHead, 1)) {
    const condition = call("eq", mod(head, keyHead), int(0));
    if (isConst(condition, 0))
      refuse("FOV2004", `${printScalar(keyHead)} key heads do not divide ${printScalar(head)} heads`, k.span);
    else if (!isConst(condition)) implied.push({ condition, text: printScalar(condition), span: k.span });
  }
  const wide = [q, v].find((input) => {
    const extent = at(input, "channel");
    return isConst(extent) && extent.value > maxHeadSize;
  });
  if (wide)
    return report(
      scope,
      "FOV4005",
      `the head size of \`${wide.name}\` is ${printScalar(at(wide, "channel"))}`,
      wide.span,
      {
        notes: [`the limit is ${maxHeadSize}`],
        help: "give another one, or split the heads",
      },
    );
  if (!fits) return undefined;
  return {
    inputs: [...resolver.inputs.values()],
    sizes: [...resolver.sizes]
      .filter(([name, value]) => value.kind === "size" && value.name === name)
      .map(([name]) => name),
    roles,
    extents: {
      batch: at(q, "batch"),
      head,
      keyHead,
      query: at(q, "position"),
      key: at(k, "position"),
      channel: at(q, "channel"),
      valueChannel: at(v, "channel"),
    },
    implied,
  };
}
